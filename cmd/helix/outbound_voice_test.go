package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
	"github.com/helix-engage/gateway/sandbox"
	sandboxfaults "github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/speech"
)

// losesItsAgent lets a patient and an agent talk, and the agent be lost for good in the middle.
func (s *outboundSystem) losesItsAgent(phone string) helix.CallID {
	s.t.Helper()
	call := s.active(s.asks(phone, talks()))
	voice := s.sandbox.ElevenLabs()
	gone := sandboxfaults.Request{Endpoint: "conversation/get-signed-url", Kind: sandboxfaults.KindStatus, Status: 503, Count: 100}
	if err := voice.Fail(gone); err != nil {
		s.t.Fatal(err)
	}
	if err := voice.End(call.Conversation, 0, ""); err != nil {
		s.t.Fatal(err)
	}
	return call.ID
}

func TestAPersonTakesOverWhenTheAgentIsLostForGood(t *testing.T) {
	t.Parallel()
	const phone, person = "+919800001201", "+918035550009"
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_TRANSFER_TO": person})
	call := s.ends(s.losesItsAgent(phone), helix.ReasonTransferred)
	if heard := s.lastRang(phone); heard.Transfer != person || len(exceptLate(heard.Violations)) > 0 {
		t.Errorf("handed over to %q, violations %q", heard.Transfer, heard.Violations)
	}
	if call.State != helix.OutboundCompleted || asksForCallBack(call) {
		t.Errorf("%s: %+v", call.State, call.Timeline)
	}
}

func TestWithoutAPersonThePatientHearsAGoodbyeAndIsCalledBack(t *testing.T) {
	t.Parallel()
	const phone = "+919800001202"
	goodbye := speech.Say("hi", "tomorrow") // any sentence that no agent says
	file := filepath.Join(t.TempDir(), "goodbye.wav")
	if err := os.WriteFile(file, speech.WAV(goodbye, speech.Rate), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startOutboundSystem(t, map[string]string{"OUTBOUND_GOODBYE_FILE": file})
	call := s.ends(s.losesItsAgent(phone), helix.ReasonVoiceFailed)
	if call.State != helix.OutboundFailed || !asksForCallBack(call) {
		t.Errorf("%s: %+v", call.State, call.Timeline)
	}
	// The recording has it in any case; the patient's phone only if the machine lets it play in time.
	if found, pieces := echoes(goodbye, s.recordedOfAgent(call.Recording)); found < 3 {
		t.Errorf("of %d pieces of the good-bye the recording has %d; left unheard was %v", pieces, found, s.lastRang(phone).Unheard)
	}
	s.waitsForCallBack(phone)
}

// recordedOfAgent is the agent's side of a recording: the second of two channels at speech.Rate.
func (s *outboundSystem) recordedOfAgent(name string) []int16 {
	s.t.Helper()
	file, _, err := s.gateway.ownRecordings()(name)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(file)
	if err != nil {
		s.t.Fatal(err)
	}
	clip, err := audio.ParseWAV(data)
	if err != nil || clip.Channels != 2 || clip.Format.Rate != speech.Rate {
		s.t.Fatalf("the recording is of %d channels and %v: %v", clip.Channels, clip.Format, err)
	}
	var agent []int16
	for i, sample := range speech.Samples(clip.Samples) {
		if i%2 == 1 {
			agent = append(agent, sample)
		}
	}
	return agent
}

func asksForCallBack(call helix.OutboundCall) bool {
	return slices.ContainsFunc(call.Timeline, func(e helix.OutboundEntry) bool { return e.Detail == "a call back was asked for" })
}

// waitsForCallBack waits until an agent sees that a patient is to be called back.
func (s *outboundSystem) waitsForCallBack(phone string) {
	s.t.Helper()
	asha := s.signIn("asha@sandbox.test")
	until(s.t, "the call back in the agent's queue", func() bool {
		_, data, _ := s.ask(asha, `{ missedCallQueue { groups { items(first: 5) { edges { node { phone } } } } } }`, nil)
		groups, _ := at(data, "missedCallQueue", "groups").([]any)
		return slices.ContainsFunc(groups, func(group any) bool {
			edges, _ := at(group, "items", "edges").([]any)
			return slices.ContainsFunc(edges, func(edge any) bool { return at(edge, "node", "phone") == phone })
		})
	})
}

// Where killAudio takes back what is queued, nothing of what the agent was saying is heard from then on.
func TestKillAudioSilencesTheAgent(t *testing.T) {
	t.Parallel()
	s := startOutboundSystemAmong(t, sandbox.Options{Stream: knowlarity.StreamSettings{KillAll: true}}, nil)
	const phone = "+919800001203"
	// He cuts short whatever the agent says, in case the machine is too slow for the first time.
	script := knowlarity.Script{Ring: 10 * time.Millisecond, Lines: slices.Repeat([]knowlarity.Line{{Say: "wait", When: knowlarity.OverAgent, After: 300 * time.Millisecond}}, 3)}
	id := s.asks(phone, script)
	var killed time.Duration
	until(t, "killAudio", func() bool {
		for _, call := range s.rang(phone) {
			i := slices.IndexFunc(call.Moments, func(m knowlarity.Moment) bool { return m.Kind == knowlarity.Killed })
			if i >= 0 {
				killed = call.Moments[i].At
				return true
			}
		}
		return false
	})
	until(t, "the end of what the patient heard", func() bool {
		return slices.ContainsFunc(s.lastRang(phone).Moments, func(m knowlarity.Moment) bool { return m.Kind == knowlarity.HeardSpeech })
	})
	call := s.lastRang(phone)
	if call.State != knowlarity.Ended {
		if err := s.sandbox.Knowlarity().HangUp(call.ID); err != nil {
			t.Fatal(err)
		}
	}
	s.becomes(id, "the end", func(c helix.OutboundCall) bool { return c.State.Final() && c.Media != nil && c.Media.Interruptions > 0 })
	for _, m := range s.lastRang(phone).Moments {
		if m.Kind == knowlarity.HeardSpeech && m.At < killed && m.At+m.Duration > killed+100*time.Millisecond {
			t.Errorf("heard from %v to %v, killAudio at %v", m.At, m.At+m.Duration, killed)
		}
	}
}
