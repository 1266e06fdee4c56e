package knowlarity

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// State is where a call stands.
type State string

// The states.
const (
	Placed   State = "placed"
	Ringing  State = "ringing"
	Answered State = "answered"
	Ended    State = "ended"
)

// Result is how a call ended.
type Result string

// The results.
const (
	ResultCompleted Result = "completed"
	ResultBusy      Result = "busy"
	ResultNoAnswer  Result = "no_answer"
	ResultRejected  Result = "rejected"
)

// MomentKind is what happened on a phone.
type MomentKind string

// The kinds.
const (
	HeardPrompt   MomentKind = "prompt"     // the play node; Text is its
	StreamOpened  MomentKind = "stream"     // the socket is open
	StreamRefused MomentKind = "refused"    // it was not; Text says why
	HeardSpeech   MomentKind = "heard"      // speech of the other side; Duration without the silence after it
	HeardSilence  MomentKind = "silence"    // no audio for Duration, one second or more, while the stream is open
	Spoke         MomentKind = "spoke"      // the patient did
	Killed        MomentKind = "killed"     // killAudio; Duration of what was not played
	Pressed       MomentKind = "pressed"    // a key
	Disconnected  MomentKind = "disconnect" // we asked for the end
	Transferred   MomentKind = "transfer"   // Text is the number
	StreamClosed  MomentKind = "closed"     // Text is the close code
	HungUp        MomentKind = "hung-up"    // the patient did
)

// Moment is one thing that happened, At after the answer.
type Moment struct {
	At       time.Duration `json:"at"`
	Kind     MomentKind    `json:"kind"`
	Duration time.Duration `json:"duration,omitempty"`
	Text     string        `json:"text,omitempty"`
}

// View is what an observer sees of a call.
type View struct {
	ID         string        `json:"callId"`
	Session    string        `json:"session,omitempty"` // what we gave it
	Via        string        `json:"via"`               // the endpoint that placed it
	Customer   string        `json:"customer"`
	Number     string        `json:"number"` // virtual
	State      State         `json:"state"`
	Result     Result        `json:"result,omitempty"`
	PlacedAt   time.Time     `json:"placedAt"`
	AnsweredAt time.Time     `json:"answeredAt,omitzero"`
	EndedAt    time.Time     `json:"endedAt,omitzero"`
	Moments    []Moment      `json:"moments"`
	HeardFor   time.Duration `json:"heardFor"` // audio played to the patient, its silences included
	Unheard    time.Duration `json:"unheard"`  // queued when the call ended
	// LongestGap is the longest time without any audio to play while the stream was open, from the first audio on.
	LongestGap time.Duration `json:"longestGap"`
	Played     int           `json:"played"`              // playAudio messages
	CloseCode  int           `json:"closeCode,omitempty"` // of the stream by us; 1006: without one
	Transfer   string        `json:"transfer,omitempty"`
	Violations []string      `json:"violations,omitempty"`
}

// call is one dialled call. What is below mu is shared.
type call struct {
	script  Script
	id      string
	caller  string // caller_id
	flow    flow
	levers  chan func(*talk)
	over    chan struct{} // closed when nobody talks any more
	overNow sync.Once

	mu   sync.Mutex
	view View
	kept []int16
}

// place dials. It is false when too many calls are open. s.mu is held.
func (s *Server) place(via, customer, number, caller, session string, f flow) (*call, bool) {
	open := 0
	for _, c := range s.calls {
		if c.state() != Ended {
			open++
		}
	}
	if open >= maxOpen {
		return nil, false
	}
	if len(s.calls) >= maxRemembered {
		if i := slices.IndexFunc(s.calls, func(c *call) bool { return c.state() == Ended }); i >= 0 {
			s.calls = slices.Delete(s.calls, i, i+1)
		}
	}
	c := &call{script: s.nextScript(customer), id: s.nextID(), caller: caller, flow: f, levers: make(chan func(*talk)), over: make(chan struct{})}
	c.view = View{
		ID: c.id, Session: session, Via: via, Customer: customer, Number: number, State: Placed, PlacedAt: s.line.Now(),
		Violations: slices.Clone(f.violations),
	}
	if c.flow.url == "" {
		c.flow.url = s.urls[number]
	}
	if c.script.Stream == nil {
		settings := s.stream
		c.script.Stream = &settings
	}
	s.calls = append(s.calls, c)
	s.report(c, "initiated", s.callbacks)
	s.line.After(s.timing.Place, func() { s.ring(c) })
	return c, true
}

// move changes the state unless the call has ended. The change may do more.
func (c *call) move(to State, change func(*View)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.view.State == Ended {
		return false
	}
	c.view.State = to
	if change != nil {
		change(&c.view)
	}
	return true
}

func (s *Server) ring(c *call) {
	if !c.move(Ringing, nil) {
		return
	}
	s.announce(c, "ringing", "ORIGINATE")
	wait := s.timing.Ring
	if c.script.Ring != 0 {
		wait = c.script.Ring
	}
	s.line.After(wait, func() {
		switch c.script.Outcome {
		case Busy:
			s.end(c, ResultBusy)
		case NoAnswer:
			s.end(c, ResultNoAnswer)
		case Rejects:
			s.end(c, ResultRejected)
		default:
			s.pickUp(c)
		}
	})
}

func (s *Server) pickUp(c *call) {
	if !c.move(Answered, func(v *View) { v.AnsweredAt = s.line.Now() }) {
		return
	}
	s.announce(c, "answered", "ANSWER")
	select {
	case s.picked <- c:
	default: // as many wait as may be open
		s.end(c, ResultCompleted)
	}
}

// end is the end of a call; callbacks and the record follow.
func (s *Server) end(c *call, result Result) {
	if !c.move(Ended, func(v *View) { v.Result, v.EndedAt = result, s.line.Now() }) {
		return
	}
	c.overNow.Do(func() { close(c.over) })
	status := string(result)
	if result == ResultRejected {
		status = "failed"
	}
	s.announce(c, status, "HANGUP")
	s.line.After(s.timing.CDR, func() { s.reportRecord(c) })
}

// pull gives a lever to the goroutine that talks.
func (c *call) pull(lever func(*talk)) error {
	if c.state() != Answered {
		return ErrNotTalking
	}
	select {
	case c.levers <- lever:
		return nil
	case <-c.over:
		return ErrNotTalking
	}
}

func (c *call) look() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.view
	v.Moments, v.Violations = slices.Clone(v.Moments), slices.Clone(v.Violations)
	return v
}

func (c *call) state() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view.State
}

func (c *call) change(apply func(*View)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply(&c.view)
}

func (c *call) moment(m Moment) {
	c.change(func(v *View) {
		if len(v.Moments) < maxMoments {
			v.Moments = append(v.Moments, m)
		}
	})
}

// wrongf writes down what we did wrong.
func (c *call) wrongf(format string, values ...any) {
	c.change(func(v *View) {
		if len(v.Violations) < maxViolations {
			v.Violations = append(v.Violations, fmt.Sprintf(format, values...))
		}
	})
}
