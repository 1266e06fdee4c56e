package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	sandboxfaults "github.com/helix-engage/gateway/sandbox/faults"
)

// A dial is repeated only when the provider proved that it did not place it, and said that another may work. Whatever leaves
// that open is found out, never dialled again.
func TestWhatFollowsADialThatGoesWrong(t *testing.T) {
	t.Parallel()
	refused := func(text string) sandboxfaults.Request {
		return sandboxfaults.Request{Kind: sandboxfaults.KindBody, Body: `{"error":{"message":"` + text + `"}}`}
	}
	status := func(code int) sandboxfaults.Request {
		return sandboxfaults.Request{Kind: sandboxfaults.KindStatus, Status: code, Body: `{"message":"no"}`}
	}
	const refusal, unknown = helix.ReasonRefused, helix.ReasonUnknownOutcome
	for _, c := range []struct {
		name     string
		fault    sandboxfaults.Request
		requests int
		outcome  helix.OutboundReason
	}{
		{"200 with an error that stays", refused("customer_number is invalid"), 1, refusal},
		{"200 with an error that passes", refused("No channel is available"), 3, refusal},
		{"200 with an error about itself", refused("Internal exception"), 1, unknown},
		{"401", status(http.StatusUnauthorized), 1, refusal},
		{"403", status(http.StatusForbidden), 1, refusal},
		{"429", status(http.StatusTooManyRequests), 3, refusal},
		{"500", status(http.StatusInternalServerError), 1, unknown},
		{"no JSON", sandboxfaults.Request{Kind: sandboxfaults.KindGarbage}, 1, unknown},
		{"a reset before the body", sandboxfaults.Request{Kind: sandboxfaults.KindReset}, 1, unknown},
		{"no answer in time", sandboxfaults.Request{Kind: sandboxfaults.KindHang}, 1, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startOutboundSystem(t, map[string]string{"OUTBOUND_DIAL_TIMEOUT": "5m", "OUTBOUND_PATIENCE": "20m"})
			c.fault.Endpoint, c.fault.Count = "flow", 10
			if err := s.sandbox.Knowlarity().Fail(c.fault); err != nil {
				t.Fatal(err)
			}
			const phone = "+919800000100"
			id := s.asks(phone)
			if c.outcome == unknown {
				s.becomes(id, "the provider's silence", saysNothing)
				s.later(20 * time.Minute) // the patience
			} else {
				for n := 1; n <= c.requests; n++ {
					s.becomes(id, "an attempt's end", func(call helix.OutboundCall) bool {
						return len(call.Attempts) >= n && call.Attempts[n-1].Outcome == c.outcome
					})
					s.later(time.Minute) // the longest wait before the next
				}
			}
			call := s.ends(id, c.outcome)
			if n := s.sandbox.Knowlarity().RequestCounts()["flow"]; n != c.requests || len(call.Attempts) != n || call.State != helix.OutboundFailed {
				t.Errorf("%d requests and %d attempts, not %d: %+v", n, len(call.Attempts), c.requests, call.Timeline)
			}
			if calls := s.rang(phone); len(calls) != 0 {
				t.Errorf("the phone rang %d times", len(calls))
			}
		})
	}
}

// saysNothing tells whether the provider's silence on a dial is noted. The deadlines of the call may have been noted after it.
func saysNothing(call helix.OutboundCall) bool {
	return slices.ContainsFunc(call.Timeline, func(e helix.OutboundEntry) bool {
		return e.Kind == helix.OutboundProvider && strings.Contains(e.Detail, "not known")
	})
}

// The answer to a dial is lost, and the call goes on all the same: the audio and the callbacks tell.
func TestACallWhoseAcceptanceIsLostIsHeldAndNotRepeated(t *testing.T) {
	t.Parallel()
	s := startOutboundSystem(t, nil)
	for i, kind := range []sandboxfaults.Kind{sandboxfaults.KindReset, sandboxfaults.KindStatus, sandboxfaults.KindGarbage} {
		phone := "+91980000011" + string(rune('0'+i))
		if err := s.sandbox.Knowlarity().Fail(sandboxfaults.Request{Endpoint: "flow", Kind: kind, Status: 500, AfterEffect: true}); err != nil {
			t.Fatal(err)
		}
		id := s.asks(phone, talks())
		s.active(id)
		s.hangsUp(phone)
		call := s.ends(id, helix.ReasonPatientHungUp)
		if calls := s.rang(phone); len(calls) != 1 || call.State != helix.OutboundCompleted || !call.Attempts[0].KnownAs(calls[0].ID) {
			t.Errorf("%s: the phone rang %d times: %+v", kind, len(calls), call.Timeline)
		}
	}
	if n := s.sandbox.Knowlarity().RequestCounts()["flow"]; n != 3 {
		t.Errorf("%d requests", n)
	}
}
