package resolvers

import (
	"errors"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

func TestWhatTheCallerCanActOnIsDataAndTheRestIsNot(t *testing.T) {
	t.Parallel()
	for _, code := range graph.AllErrorCode {
		data, err := operation(&helix.Error{Code: helix.Code(code), Message: "no", Provider: helix.ProviderOzonetel, Retryable: true})
		switch code {
		case graph.ErrorCodeUnauthenticated, graph.ErrorCodeForbidden, graph.ErrorCodeInternal:
			if data != nil || err == nil {
				t.Errorf("%s is data", code)
			}
		default:
			if err != nil || data.Code != code || data.Message != "no" || !data.Retryable || *data.Provider != graph.ProviderOzonetel {
				t.Errorf("%s: %+v, %v", code, data, err)
			}
		}
	}
	if data, err := operation(nil); data != nil || err != nil {
		t.Errorf("nothing wrong: %+v, %v", data, err)
	}
	if data, err := operation(errors.New("boom")); data != nil || err == nil {
		t.Errorf("a fault without a code is data: %+v", data)
	}
}

// Values that cross the border by a cast must have the same spelling on both sides.
func TestTheWordsOfTheBusinessAreTheSchemasOwn(t *testing.T) {
	t.Parallel()
	for _, kind := range []helix.EventKind{
		helix.EventIncoming, helix.EventDialing, helix.EventRinging, helix.EventAnswered, helix.EventEnded, helix.EventMissed,
		helix.EventMissedCallAssigned, helix.EventControlled, helix.EventRecordingChanged, helix.EventDisposed, helix.EventDetails,
		helix.EventOutboundState, helix.EventOutboundUpdated, helix.EventCheckpoint, helix.EventCursorExpired,
	} {
		e := &helix.CallEvent{Kind: kind, Disposition: &helix.Disposition{Label: "Booked"}}
		if shown := callEvent(e); shown.GetKind() != graph.CallEventKind(kind) || !shown.GetKind().IsValid() {
			t.Errorf("%s is shown as %s", kind, shown.GetKind())
		}
	}
	for _, code := range []helix.Code{
		helix.CodeBadInput, helix.CodeUnauthenticated, helix.CodeForbidden, helix.CodeNotFound, helix.CodeConflict, helix.CodeNotAnAgent,
		helix.CodeNotLoggedIn, helix.CodeAgentBusy, helix.CodeAgentTaken, helix.CodeAlreadyDisposed, helix.CodeTooManyRequests,
		helix.CodeLimitExceeded, helix.CodeNotConfigured, helix.CodeRejected, helix.CodeUnavailable, helix.CodeUnknownOutcome,
		helix.CodeCursorExpired, helix.CodeInternal, helix.CodeIdempotencyConflict,
	} {
		if !graph.ErrorCode(code).IsValid() {
			t.Errorf("%s is not in the schema", code)
		}
	}
	for _, state := range []helix.AgentState{
		helix.AgentOffline, helix.AgentIdle, helix.AgentReady, helix.AgentPaused, helix.AgentRinging, helix.AgentBusy,
		helix.AgentAfterCallWork, helix.AgentUnknown,
	} {
		if !graph.AgentState(state).IsValid() {
			t.Errorf("%s is not in the schema", state)
		}
	}
}

func TestHowUrgentADueTimeIs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		in      time.Duration
		want    graph.WorklistPriority
		overdue bool
		words   string
	}{
		{"long overdue", -50 * time.Hour, graph.WorklistPriorityOverdue, true, "overdue by 2 days"},
		{"just overdue", -time.Minute, graph.WorklistPriorityOverdue, true, "overdue by 1 minute"},
		{"due now", 0, graph.WorklistPriorityDueSoon, false, "due in 0 minutes"},
		{"due soon", 14 * time.Minute, graph.WorklistPriorityDueSoon, false, "due in 14 minutes"},
		{"due today", time.Hour, graph.WorklistPriorityDueToday, false, "due in 1 hour"},
		{"due later", 24 * time.Hour, graph.WorklistPriorityLater, false, "due in 1 day"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if u := urgencyOf(now.Add(c.in), now); u.priority != c.want || u.overdue != c.overdue || u.words != c.words {
				t.Fatalf("got %+v", u)
			}
		})
	}
}

func TestHitsOfAllKindsAreOneListTheBestFirst(t *testing.T) {
	t.Parallel()
	found := helix.SearchResults{
		helix.SearchLeads:        {Hits: []helix.SearchHit{{Kind: helix.SearchLeads, ID: "l", Score: 2}}, Total: 1},
		helix.SearchPatients:     {Hits: []helix.SearchHit{{Kind: helix.SearchPatients, ID: "p", Score: 3}}, Total: 5},
		helix.SearchAppointments: {Err: &helix.Error{Code: helix.CodeForbidden, Message: "not yours"}},
	}
	out := searchConnection(found, 10)
	if out.TotalCount != 6 || len(out.Edges) != 2 || out.Edges[0].Node.GetID() != "p" || out.Edges[1].Node.GetID() != "l" {
		t.Fatalf("got %+v", out)
	}
	if len(out.Errors) != 1 || out.Errors[0].Kind != graph.SearchKindAppointment || out.Errors[0].Code != graph.ErrorCodeForbidden {
		t.Fatalf("errors %+v", out.Errors)
	}
}
