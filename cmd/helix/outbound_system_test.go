package main

import (
	"maps"
	"sync/atomic"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// outboundSystem is a system whose CRM has patients called.
type outboundSystem struct {
	*system
	crm   *deskUser
	ahead *atomic.Int64 // of the clock that gateway and emulators share, so that nobody waits for minutes
}

func startOutboundSystem(t *testing.T, environment map[string]string) *outboundSystem {
	t.Helper()
	return startOutboundSystemAmong(t, sandbox.Options{}, environment)
}

// startOutboundSystemAmong lets the emulators be of another kind.
func startOutboundSystemAmong(t *testing.T, emulators sandbox.Options, environment map[string]string) *outboundSystem {
	t.Helper()
	all := map[string]string{"OUTBOUND_CONCURRENCY": "100", "OUTBOUND_RETRY_BUSY": "1s", "OUTBOUND_RETRY_NO_ANSWER": "1s", "OUTBOUND_GREETINGS": ""}
	maps.Copy(all, environment)
	ahead := new(atomic.Int64)
	emulators.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s := startSystemAmong(t, emulators, emulators.Now, all)
	crm := &deskUser{system: s, documents: operations(t, outboundday.Documents), token: inKeyHeader + sandboxCRMKey}
	return &outboundSystem{system: s, crm: crm, ahead: ahead}
}

// in is the system in a test of its own.
func (s *outboundSystem) in(t *testing.T) *outboundSystem {
	t.Helper()
	system := s.system.in(t)
	return &outboundSystem{system: system, crm: &deskUser{system: system, documents: s.crm.documents, token: s.crm.token}, ahead: s.ahead}
}

// later lets time pass for gateway and emulators; who talks goes on in real time.
func (s *outboundSystem) later(d time.Duration) {
	s.ahead.Add(int64(d))
	s.sandbox.Advance(0) // its timers do not notice by themselves
}

// asks has a patient called, who does what the scripts say, call by call.
func (s *outboundSystem) asks(phone string, scripts ...knowlarity.Script) helix.CallID {
	s.t.Helper()
	if len(scripts) > 0 {
		if err := s.sandbox.Knowlarity().SetScripts(phone, scripts...); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.wishes(wishOfTheCRM(phone, phone))
}

// wishes asks for a call.
func (s *outboundSystem) wishes(wish map[string]any) helix.CallID {
	s.t.Helper()
	id, _ := at(s.crm.run("StartOutboundCall", wish), "outboundCall", "id").(string)
	return helix.CallID(id)
}

// becomes waits until a call fits.
func (s *outboundSystem) becomes(id helix.CallID, what string, fits func(helix.OutboundCall) bool) helix.OutboundCall {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		call, err := s.gateway.voice.outbound.Get(s.t.Context(), id)
		if err == nil && fits(call) {
			return call
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("%s did not come about: %v, %s %s, %+v", what, err, call.State, call.EndReason, call.Timeline)
		}
	}
}

// ends waits for the end of a call.
func (s *outboundSystem) ends(id helix.CallID, reason helix.OutboundReason) helix.OutboundCall {
	s.t.Helper()
	call := s.becomes(id, "the end", func(c helix.OutboundCall) bool { return c.State.Final() })
	if call.EndReason != reason {
		s.t.Fatalf("it ended with %s, not %s: %+v", call.EndReason, reason, call.Timeline)
	}
	return call
}

// active waits until patient and agent talk.
func (s *outboundSystem) active(id helix.CallID) helix.OutboundCall {
	s.t.Helper()
	return s.becomes(id, "their talk", func(c helix.OutboundCall) bool { return c.State == helix.OutboundActive && c.Conversation != "" })
}

// reached waits until a call is dialled and the provider's id of it is known.
func (s *outboundSystem) reached(id helix.CallID) helix.OutboundCall {
	s.t.Helper()
	return s.becomes(id, "the dial", func(c helix.OutboundCall) bool { return c.Attempt() != nil && c.Attempt().ProviderCallID != "" })
}

// rang are the calls that a patient's phone had.
func (s *outboundSystem) rang(phone string) []knowlarity.View {
	var calls []knowlarity.View
	for _, c := range s.sandbox.Knowlarity().Calls() {
		if c.Customer == phone {
			calls = append(calls, c)
		}
	}
	return calls
}

// lastRang is the last call that a patient's phone had.
func (s *outboundSystem) lastRang(phone string) knowlarity.View {
	s.t.Helper()
	calls := s.rang(phone)
	if len(calls) == 0 {
		s.t.Fatalf("%s did not ring", phone)
	}
	return calls[len(calls)-1]
}

// hears waits until a patient has heard the agent for a while.
func (s *outboundSystem) hears(phone string, long time.Duration) {
	s.t.Helper()
	until(s.t, "what the patient hears", func() bool {
		calls := s.rang(phone)
		return len(calls) > 0 && calls[len(calls)-1].HeardFor >= long
	})
}

// hangsUp lets a patient hang up who talks.
func (s *outboundSystem) hangsUp(phone string) {
	s.t.Helper()
	if err := s.sandbox.Knowlarity().HangUp(s.lastRang(phone).ID); err != nil {
		s.t.Fatal(err)
	}
}

// talks is a patient who answers at once, says nothing and stays until he is told to hang up.
func talks() knowlarity.Script { return soon(0) }

// soon is a patient who answers at once, says nothing and hangs up after a while; 0 means never.
func soon(after time.Duration) knowlarity.Script {
	return knowlarity.Script{Ring: 10 * time.Millisecond, Mute: true, HangUpAfter: after}
}

// ringing is a phone that nobody takes up, for as long as a test lasts.
func ringing() knowlarity.Script { return knowlarity.Script{Ring: time.Hour} }
