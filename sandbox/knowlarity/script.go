package knowlarity

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/helix-engage/gateway/sandbox/speech"
)

// Outcome is what becomes of a ringing phone.
type Outcome string

// The outcomes.
const (
	Answers  Outcome = "answer"
	Busy     Outcome = "busy"
	NoAnswer Outcome = "no_answer"
	Rejects  Outcome = "rejected"
)

// Script is what a patient does with a call. The zero value answers, is attentive and stays.
type Script struct {
	Outcome     Outcome       // "" means Answers
	Ring        time.Duration // until the outcome; 0 means Timing.Ring
	HangUpAfter time.Duration // after the answer; 0 means never, a negative one at once
	Language    string        // "" means hi
	// Lines are said in order. Without any the patient is attentive: he answers the questions of the sandbox's voice agent.
	Lines  []Line
	Mute   bool            // says nothing
	Stream *StreamSettings // instead of the account's
}

// When tells what a line waits for.
type When string

// What lines wait for.
const (
	AfterAgent When = ""      // the other side has spoken, and then been silent for 700 ms
	OverAgent  When = "over"  // the other side begins to speak: with Line.After, an interruption
	AtTime     When = "start" // the stream's beginning
)

// Line is one sentence of a patient.
type Line struct {
	Say   string  // name of a patient's sentence of package speech
	Sound []int16 // instead, at speech.Rate
	When  When
	After time.Duration // since then
}

// answersTo is what the attentive patient answers to the agent's sentences.
var answersTo = map[string]string{"greeting": "age", "symptom": "knee", "time": "tomorrow"}

// Dialect is a form of the stream's first message (knowlarity.md 6.4).
type Dialect string

// The dialects.
const (
	DialectV        Dialect = "V" // uuid, from, to
	DialectH        Dialect = "H" // the flow's metadata, echoed
	DialectT        Dialect = "T" // callid and customer_number
	DialectPython   Dialect = "python"
	DialectBroken   Dialect = "broken" // cut in the middle
	DialectMissing  Dialect = "missing"
	DialectNotFirst Dialect = "late" // V, after half a second of audio
)

// Framing is how the caller's audio is cut into messages.
type Framing string

// The framings.
const (
	Frames20ms  Framing = ""
	FramesOdd   Framing = "odd"   // odd numbers of bytes
	FramesGlued Framing = "glued" // three at a time
)

// StreamSettings are the stream of a call, and what disturbs it.
type StreamSettings struct {
	Dialect       Dialect // "" means H for a call with a flow, else V
	Binary        bool    // the first message has the binary opcode
	Rate          int     // 8000 or 16000; 0: what the flow says, else 16000
	NoSubprotocol bool    // audio.drachtio.org is not offered
	Framing       Framing
	NoAudio       bool          // the caller sends nothing
	Garbage       bool          // messages that are none among the good ones
	NeverReads    bool          // what we send stays in the socket
	StallAfter    time.Duration // half-open from then on: neither reads nor writes, and does not close
	ResetAfter    time.Duration // the connection is reset then
	Abrupt        bool          // a hang-up closes the connection without a close frame
	KillAll       bool          // killAudio stops queued files too
}

func (s StreamSettings) check() error {
	dialects := []Dialect{"", DialectV, DialectH, DialectT, DialectPython, DialectBroken, DialectMissing, DialectNotFirst}
	switch {
	case !slices.Contains(dialects, s.Dialect):
		return fmt.Errorf("unknown dialect %q", s.Dialect)
	case !slices.Contains([]Framing{Frames20ms, FramesOdd, FramesGlued}, s.Framing):
		return fmt.Errorf("unknown framing %q", s.Framing)
	case !slices.Contains([]int{0, 8_000, 16_000}, s.Rate):
		return fmt.Errorf("%d samples a second are not offered", s.Rate)
	case s.StallAfter < 0 || s.ResetAfter < 0:
		return errors.New("a duration cannot be negative")
	default:
		return nil
	}
}

func (s *Script) check() error {
	orDefault(&s.Outcome, Answers)
	orDefault(&s.Language, "hi")
	if !slices.Contains([]Outcome{Answers, Busy, NoAnswer, Rejects}, s.Outcome) {
		return fmt.Errorf("unknown outcome %q", s.Outcome)
	}
	if s.Ring < 0 {
		return errors.New("a duration cannot be negative")
	}
	for _, line := range s.Lines {
		if line.Sound == nil && speech.Say(s.Language, line.Say) == nil {
			return fmt.Errorf("no sentence %q in %q", line.Say, s.Language)
		}
		if !slices.Contains([]When{AfterAgent, OverAgent, AtTime}, line.When) || line.After < 0 {
			return fmt.Errorf("a line cannot come %v after %q", line.After, line.When)
		}
	}
	if s.Stream != nil {
		return s.Stream.check()
	}
	return nil
}

const maxScripts = 100

// SetScripts says what a patient does, call by call; the last script holds for all further ones. The number "" means all others. Without any
// script the number's are forgotten. Errors: a script that makes no sense, too many numbers.
func (s *Server) SetScripts(number string, scripts ...Script) error {
	scripts = slices.Clone(scripts)
	for i := range scripts {
		if err := scripts[i].check(); err != nil {
			return fmt.Errorf("knowlarity emulator: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(scripts) == 0 {
		delete(s.scripts, number)
		return nil
	}
	if _, known := s.scripts[number]; !known && len(s.scripts) >= maxScripts {
		return ErrFull
	}
	s.scripts[number] = scripts
	return nil
}

// nextScript is what the patient does with the next call; s.mu is held.
func (s *Server) nextScript(number string) Script {
	scripts := s.scripts[number]
	if scripts == nil {
		number = ""
		scripts = s.scripts[""]
	}
	if scripts == nil {
		return Script{Outcome: Answers, Language: "hi"}
	}
	if len(scripts) > 1 {
		s.scripts[number] = scripts[1:]
	}
	return scripts[0]
}
