package main

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/speech"
)

// Whatever formats the line and the agent have, each hears the other's very words, at their pitch and speed.
func TestSpeechArrivesInEveryFormat(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		hears, plays int // of the line, samples a second
		agents       []elevenlabs.Agent
	}{
		{8000, 8000, []elevenlabs.Agent{{Input: "pcm_16000", Output: "ulaw_8000"}, {Input: "pcm_8000", Output: "pcm_24000"}}},
		{16000, 24000, []elevenlabs.Agent{{Input: "ulaw_8000", Output: "pcm_8000"}, {Input: "pcm_24000", Output: "pcm_16000"}}},
	} {
		t.Run(fmt.Sprintf("a line of %d and %d Hz", c.hears, c.plays), func(t *testing.T) {
			t.Parallel()
			for n := range c.agents {
				c.agents[n].ID, c.agents[n].Language = fmt.Sprintf("agent_%d", n), "hi"
			}
			s := startOutboundSystemAmong(t, sandbox.Options{KeepAudio: true, VoiceAgents: c.agents}, map[string]string{
				"KNOWLARITY_SAMPLE_RATE": strconv.Itoa(c.hears), "KNOWLARITY_PLAY_RATE": strconv.Itoa(c.plays),
			})
			for n, agent := range c.agents {
				t.Run("an agent of "+agent.Input+" and "+agent.Output, func(t *testing.T) {
					t.Parallel()
					s.in(t).talksWith(agent, fmt.Sprintf("+9198000011%d%d", i, n))
				})
			}
		})
	}
}

// talksWith has an agent greet a patient who answers, and compares what both heard with what was said.
func (s *outboundSystem) talksWith(agent elevenlabs.Agent, phone string) {
	s.t.Helper()
	dialler, voice := s.sandbox.Knowlarity(), s.sandbox.ElevenLabs()
	script := knowlarity.Script{Ring: 10 * time.Millisecond, Lines: []knowlarity.Line{{Say: "knee"}}}
	if err := dialler.SetScripts(phone, script); err != nil {
		s.t.Fatal(err)
	}
	wish := wishOfTheCRM(phone, phone)
	wish["input"].(map[string]any)["agentId"] = agent.ID
	call := s.active(s.wishes(wish))
	until(s.t, "the patient's answer", func() bool {
		view, err := voice.Conversation(call.Conversation)
		return err == nil && len(view.Transcript) > 1 && view.Transcript[1].Role == "user"
	})
	rang := s.rang(phone)[0]
	if err := dialler.HangUp(rang.ID); err != nil {
		s.t.Fatal(err)
	}
	s.ends(call.ID, helix.ReasonPatientHungUp)
	for _, c := range []struct {
		listener, speaker, sentence string
		heard                       func() ([]int16, error)
	}{
		{"patient", speech.Agent, "greeting", func() ([]int16, error) { return dialler.Heard(rang.ID) }},
		{"agent", speech.Patient, "knee", func() ([]int16, error) { return voice.Heard(call.Conversation) }},
	} {
		said, _ := speech.Find("hi", c.speaker, c.sentence)
		heard, err := c.heard()
		if err != nil {
			s.t.Fatal(err)
		}
		found, pieces := echoes(said.Samples(), heard)
		if found < 5 {
			s.t.Errorf("of the %d pieces of %q the %s heard %d, of %v in all", pieces, c.sentence, c.listener, found, speech.Duration(len(heard)))
		}
	}
}

// echoes counts the loud pieces of a sentence that are found in what was heard: in their order, and none sooner after the one
// before than it was said. A busy machine may put silence between and into pieces.
func echoes(said, heard []int16) (found, pieces int) {
	const (
		piece = 960 // 120 ms at half of speech.Rate
		near  = 160
		far   = 2 * speech.Rate / 2
	)
	words, sound := halved(said), halved(heard)
	at := 0 // where the piece before was found, less where it was said
	for from := 0; from+piece <= len(words); from += piece {
		if !speech.Loud(said[2*from : 2*from+2*piece]) {
			continue
		}
		pieces++
		window, expected, latest := words[from:from+piece], at+from, at+from+far
		if found == 0 {
			latest = len(sound)
		}
		place, ok := locate(window, sound, expected-near, expected+near)
		if !ok {
			place, ok = locate(window, sound, expected+near, latest)
		}
		if ok {
			found++
			at = place - from
		}
	}
	return found, pieces
}

// halved is sound at half of its rate.
func halved(samples []int16) []float64 {
	half := make([]float64, len(samples)/2)
	for i := range half {
		half[i] = float64(samples[2*i]) + float64(samples[2*i+1])
	}
	return half
}

// locate finds where a piece begins between two places, if anything there is like it.
func locate(piece, sound []float64, from, to int) (at int, ok bool) {
	const alike = 0.9
	from, to = max(from, 0), min(to, len(sound)-len(piece)+1)
	if from >= to {
		return 0, false
	}
	loudness, around := energy(piece), energy(sound[from:from+len(piece)])
	most := alike
	for place := from; place < to; place++ {
		likeness := 0.0
		if around > loudness/4 { // else nobody speaks there
			product := 0.0
			for i, x := range piece {
				product += x * sound[place+i]
			}
			likeness = product / math.Sqrt(loudness*around)
		}
		if likeness > most {
			most, at, ok = likeness, place, true
		} else if ok && likeness < alike {
			break // the peak is passed
		}
		if next := place + len(piece); next < len(sound) {
			around += sound[next]*sound[next] - sound[place]*sound[place]
		}
	}
	return at, ok
}

func energy(sound []float64) float64 {
	sum := 0.0
	for _, x := range sound {
		sum += x * x
	}
	return sum
}
