package main

import (
	"maps"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	sandboxfaults "github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// Where the stream's address does not travel with the dial, a call comes about, is tried again and is left alone as it is with
// the flow.
func TestEveryStrategyOfDiallingCarriesCalls(t *testing.T) {
	t.Parallel()
	for strategy, c := range map[string]struct {
		environment map[string]string
		begins      time.Duration // after it was asked for, the provider rings
	}{
		"makecall": {map[string]string{"KNOWLARITY_AGENT_NUMBER": "+918035550009"}, 0},
		"campaign": {map[string]string{"KNOWLARITY_IVR_ID": "ivr_sandbox"}, 90 * time.Second}, // it begins with a minute
	} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{"KNOWLARITY_STRATEGY": strategy, "OUTBOUND_PATIENCE": "5m"}
			maps.Copy(environment, c.environment)
			s := startOutboundSystem(t, environment)
			provider := s.sandbox.Knowlarity()
			until(t, "the announced address", func() bool { return provider.RequestCounts()["update_wss_url"] > 0 })
			asked := 0
			dialled := func() {
				t.Helper()
				asked++
				until(t, "the dial", func() bool { return provider.RequestCounts()[strategy] == asked })
				s.later(c.begins)
			}
			fails := func(f sandboxfaults.Request) {
				t.Helper()
				f.Endpoint = strategy
				if err := provider.Fail(f); err != nil {
					t.Fatal(err)
				}
			}
			expect := func(call helix.OutboundCall, state helix.OutboundState, attempts, rings int) {
				t.Helper()
				rang := s.rang(string(call.Request.Patient.Phone))
				if call.State != state || len(call.Attempts) != attempts || len(rang) != rings {
					t.Errorf("%s after %d attempts, the phone rang %d times: %+v", call.State, len(call.Attempts), len(rang), call.Timeline)
				}
				for i, r := range rang {
					if r.Via != strategy || !call.Attempts[i].KnownAs(r.ID) {
						t.Errorf("call %d came by %s and is not known by its id: %+v", i, r.Via, call.Attempts)
					}
				}
				if provider.RequestCounts()[strategy] != asked {
					t.Errorf("%d requests, not %d", provider.RequestCounts()[strategy], asked)
				}
			}

			const answers, busy, lost, nobody = "+919800001001", "+919800001002", "+919800001003", "+919800001004"
			id := s.asks(answers, talks())
			dialled()
			s.hears(answers, time.Second)
			s.hangsUp(answers)
			expect(s.ends(id, helix.ReasonPatientHungUp), helix.OutboundCompleted, 1, 1)

			id = s.asks(busy, knowlarity.Script{Outcome: knowlarity.Busy, Ring: 10 * time.Millisecond}, talks())
			dialled()
			s.becomes(id, "the end of the first attempt", func(c helix.OutboundCall) bool { return c.Attempts[0].Outcome == helix.ReasonBusy })
			s.later(time.Minute) // until the next
			dialled()
			s.hears(busy, time.Second)
			s.hangsUp(busy)
			expect(s.ends(id, helix.ReasonPatientHungUp), helix.OutboundCompleted, 2, 2)

			fails(sandboxfaults.Request{Kind: sandboxfaults.KindReset, AfterEffect: true})
			id = s.asks(lost, talks())
			dialled()
			s.hears(lost, time.Second)
			s.hangsUp(lost)
			expect(s.ends(id, helix.ReasonPatientHungUp), helix.OutboundCompleted, 1, 1)

			fails(sandboxfaults.Request{Kind: sandboxfaults.KindReset})
			id = s.asks(nobody)
			dialled()
			s.becomes(id, "the provider's silence", saysNothing)
			s.later(5 * time.Minute) // the patience
			expect(s.ends(id, helix.ReasonUnknownOutcome), helix.OutboundFailed, 1, 0)
		})
	}
}
