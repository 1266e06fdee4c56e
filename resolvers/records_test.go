package resolvers

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// recordedCalls is a log with a call of each of two agents and one of nobody, all under one lead and one patient.
func recordedCalls(t *testing.T) *Resolver {
	t.Helper()
	log := callsOf(t, busOf(t))
	began := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	for i, agent := range []helix.AgentID{"", "agent1", "agent2"} {
		id := helix.CallID(helix.NewID("call", string(agent)))
		_, err := log.Append(t.Context(), id, func(*helix.Call) ([]helix.CallEvent, error) {
			return []helix.CallEvent{
				{Kind: helix.EventIncoming, At: began.Add(time.Duration(i) * time.Minute), Phone: "+919812345678", Agent: agent, AgentName: string(agent)},
				{Kind: helix.EventEnded, At: began.Add(time.Hour), Phone: "+919812345678", Agent: agent, EndReason: helix.EndOther},
			}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		write := helix.RecordWrite{Object: helix.ObjectCall, Record: string(id), Fields: map[string]any{"leadId": idA, "patientId": idB}}
		if err := log.Link(t.Context(), write); err != nil {
			t.Fatal(err)
		}
	}
	return New(Options{Calls: log, PageSize: 100})
}

func TestALeadsCallsAreToldToThoseWhoSeeThem(t *testing.T) {
	t.Parallel()
	root := recordedCalls(t)
	const document = `query($r: [_Any!]!, $first: Int, $after: Cursor) { _entities(representations: $r) { ... on Lead {
		callTimeline(first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { cursor node { kind at callId } } }
	} } }`
	type page struct {
		Entities []struct {
			CallTimeline *struct {
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
				Edges []struct {
					Cursor string
					Node   struct{ CallID string }
				}
			}
		} `json:"_entities"`
	}
	ask := func(t *testing.T, who string, variables map[string]any) (p page, code string) {
		t.Helper()
		variables["r"] = []any{ref("Lead", idA)}
		response := answerTo(t, Trusted(as(t, who)), root, document, variables)
		if err := json.Unmarshal(response.Data, &p); err != nil {
			t.Fatal(err)
		}
		if len(response.Errors) > 0 {
			code = codeOf(response.Errors[0])
		}
		return p, code
	}
	for who, want := range map[string]int{"agent1/asha": 4, "agent2/ravi": 4, "supervisor/meera": 6, "agent3/new": 2} {
		got, code := ask(t, who, map[string]any{})
		if code != "" || len(got.Entities[0].CallTimeline.Edges) != want {
			t.Errorf("%s is told %+v %s", who, got, code)
		}
	}
	for who, want := range map[string]string{"nobody/x": "FORBIDDEN", "key:crm": "FORBIDDEN", "": "UNAUTHENTICATED", "router:": "UNAUTHENTICATED"} {
		if got, code := ask(t, who, map[string]any{}); code != want || got.Entities[0].CallTimeline != nil {
			t.Errorf("%s is told %+v %s", who, got, code)
		}
	}
	first, _ := ask(t, "supervisor/meera", map[string]any{"first": 4})
	timeline := first.Entities[0].CallTimeline
	rest, _ := ask(t, "supervisor/meera", map[string]any{"first": 4, "after": timeline.PageInfo.EndCursor})
	if len(timeline.Edges) != 4 || !timeline.PageInfo.HasNextPage || len(rest.Entities[0].CallTimeline.Edges) != 2 ||
		rest.Entities[0].CallTimeline.PageInfo.HasNextPage || rest.Entities[0].CallTimeline.Edges[0].Cursor == timeline.PageInfo.EndCursor {
		t.Errorf("paged: %+v, then %+v", first, rest)
	}
	for name, variables := range map[string]map[string]any{"too many": {"first": 101}, "none": {"first": 0}, "a cursor that is none": {"after": "what"}} {
		if got, code := ask(t, "supervisor/meera", variables); code == "" || got.Entities[0].CallTimeline != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAPatientsLastCallIsTheLastThatTheViewerSees(t *testing.T) {
	t.Parallel()
	root := recordedCalls(t)
	for who, want := range map[string]string{
		"agent1/asha":      `{"_entities":[{"lastCall":{"agent":{"id":"agent1"},"record":{"__typename":"Call"}},"insight":{"status":"NOT_CONFIGURED"}},{"lastCall":null,"insight":{"status":"NOT_CONFIGURED"}}]}`,
		"supervisor/meera": `{"_entities":[{"lastCall":{"agent":{"id":"agent2"},"record":{"__typename":"Call"}},"insight":{"status":"NOT_CONFIGURED"}},{"lastCall":null,"insight":{"status":"NOT_CONFIGURED"}}]}`,
		"nobody/x":         `{"_entities":[{"lastCall":null,"insight":null},{"lastCall":null,"insight":null}]}`,
	} {
		response := answerTo(t, Trusted(as(t, who)), root, `query($r: [_Any!]!) { _entities(representations: $r) { ... on Patient {
			lastCall { agent { id } record { __typename } } insight { status }
		} } }`, map[string]any{"r": []any{ref("Patient", idB), ref("Patient", idC)}})
		if diff := cmp.Diff(want, string(response.Data)); diff != "" {
			t.Errorf("%s: %s %v", who, diff, response.Errors)
		}
	}
}

func TestAGatewayThatDoesNotFollowRecordsSaysSo(t *testing.T) {
	t.Parallel()
	root := New(Options{})
	for who, want := range map[string]string{"agent1/asha": "NOT_CONFIGURED", "nobody/x": "NOT_CONFIGURED", "key:crm": "FORBIDDEN", "": "UNAUTHENTICATED"} {
		response := answerTo(t, as(t, who), root, `subscription($id: UUID!) { recordChanged(object: "lead", id: $id) { action } }`, map[string]any{"id": idA})
		if len(response.Errors) != 1 || codeOf(response.Errors[0]) != want {
			t.Errorf("%q: %v", who, response.Errors)
		}
	}
}
