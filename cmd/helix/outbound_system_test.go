package main

import (
	"maps"
	"sync/atomic"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// outboundSystem is a system whose CRM has patients called.
type outboundSystem struct {
	*system
	crm   *deskUser
	ahead *atomic.Int64 // of the gateway's clock, so that nobody waits for minutes
}

func startOutboundSystem(t *testing.T, environment map[string]string) *outboundSystem {
	t.Helper()
	all := map[string]string{"OUTBOUND_CONCURRENCY": "100", "OUTBOUND_RETRY_BUSY": "1s", "OUTBOUND_RETRY_NO_ANSWER": "1s", "OUTBOUND_GREETINGS": ""}
	maps.Copy(all, environment)
	ahead := new(atomic.Int64)
	s := startSystemWith(t, time.Now, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, all)
	crm := &deskUser{system: s, documents: operations(t, outboundday.Documents), token: inKeyHeader + sandboxCRMKey}
	return &outboundSystem{system: s, crm: crm, ahead: ahead}
}

// in is the system in a test of its own.
func (s *outboundSystem) in(t *testing.T) *outboundSystem {
	system := *s.system
	system.t = t
	return &outboundSystem{system: &system, crm: &deskUser{system: &system, documents: s.crm.documents, token: s.crm.token}, ahead: s.ahead}
}

// later lets time pass for the gateway.
func (s *outboundSystem) later(d time.Duration) { s.ahead.Add(int64(d)) }

// asks has a patient called, who does what the scripts say, call by call.
func (s *outboundSystem) asks(phone string, scripts ...knowlarity.Script) helix.CallID {
	s.t.Helper()
	if len(scripts) > 0 {
		if err := s.sandbox.Knowlarity().SetScripts(phone, scripts...); err != nil {
			s.t.Fatal(err)
		}
	}
	id, _ := at(s.crm.run("StartOutboundCall", wishOfTheCRM(phone, phone)), "outboundCall", "id").(string)
	return helix.CallID(id)
}

// becomes waits until a call fits.
func (s *outboundSystem) becomes(id helix.CallID, what string, fits func(helix.OutboundCall) bool) helix.OutboundCall {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(40 * time.Second)
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

// soon is a patient who answers at once, says nothing and hangs up after a while; 0 means never.
func soon(after time.Duration) knowlarity.Script {
	return knowlarity.Script{Ring: 10 * time.Millisecond, Mute: true, HangUpAfter: after}
}

// ringing is a phone that nobody takes up, for as long as a test lasts.
func ringing() knowlarity.Script { return knowlarity.Script{Ring: time.Hour} }
