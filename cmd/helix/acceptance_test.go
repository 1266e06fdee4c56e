package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/sandbox/day"
	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// operations cuts the documents that a frontend sends into one document each.
func operations(t *testing.T, text string) map[string]string {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	out, characters := map[string]string{}, []rune(text) // of which the parser tells places
	for i, op := range doc.Operations {
		end := len(characters)
		if i+1 < len(doc.Operations) {
			end = doc.Operations[i+1].Position.Start
		}
		out[op.Name] = strings.TrimSpace(string(characters[op.Position.Start:end]))
	}
	return out
}

func TestTheDocumentsOfTheDeskAndOfTheCRMFitTheSchema(t *testing.T) {
	t.Parallel()
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, documents := range []string{day.Documents, outboundday.Documents} {
		for name, document := range operations(t, documents) {
			if _, errs := gqlparser.LoadQueryWithRules(schema, document, nil); errs != nil {
				t.Errorf("%s: %v", name, errs)
			}
		}
	}
}

// deskUser is an agent, a supervisor or the CRM, who sends the documents as they are written.
type deskUser struct {
	*system
	documents map[string]string
	token     string
}

// run sends an operation and answers with its one root field.
func (d *deskUser) run(name string, variables map[string]any) map[string]any {
	d.t.Helper()
	document := d.documents[name]
	if document == "" {
		d.t.Fatalf("no operation %s", name)
	}
	status, data, code := d.ask(d.token, document, variables)
	if status != http.StatusOK || code != "" {
		d.t.Fatalf("%s: HTTP %d %s %v", name, status, code, data)
	}
	for _, field := range data {
		if object, ok := field.(map[string]any); ok {
			if ok, is := object["ok"].(bool); is && !ok {
				d.t.Fatalf("%s: %v", name, object["error"])
			}
			return object
		}
		return map[string]any{"": field}
	}
	d.t.Fatalf("%s: no data", name)
	return nil
}

// listen opens a subscription and answers with a function that waits for its next payload.
func (d *deskUser) listen(name string, variables map[string]any) (next func() map[string]any) {
	d.t.Helper()
	w := openSocket(d.t, d.system)
	w.hello(d.token)
	w.subscribe("1", d.documents[name], variables)
	return func() map[string]any {
		d.t.Helper()
		m := w.read()
		var answer struct {
			Data map[string]map[string]any `json:"data"`
		}
		if err := json.Unmarshal(m.Payload, &answer); m.Type != "next" || err != nil {
			d.t.Fatalf("%s: %s %d %s", name, m.Type, m.closed, m.Payload)
		}
		for _, payload := range answer.Data {
			return payload
		}
		d.t.Fatalf("%s: no data: %s", name, m.Payload)
		return nil
	}
}

// now is where the log of calls is at. What a subscription is told after it misses nothing of what happens next, however
// late the subscription begins.
func (s *system) now() string {
	s.t.Helper()
	stream, err := s.gateway.calls.Stream(s.t.Context(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return stream.Checkpoint().Cursor.String()
}

// Every document of the desk runs as written, in the order of a day in which each has something to show.
func TestTheDocumentsOfTheDeskRunAsWritten(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha := &deskUser{system: s, documents: operations(t, day.Documents)}
	meera := &deskUser{system: s, documents: asha.documents, token: s.signIn("meera@sandbox.test")}
	asha.token, _ = at(asha.run("SignIn", map[string]any{"email": "asha@sandbox.test", "password": "sandbox"}), "session", "accessToken").(string)
	if got := at(asha.run("Viewer", nil), "agent", "id"); got != "agent1" {
		t.Fatalf("the viewer is %v", got)
	}
	states, events, work := meera.listen("AgentStates", nil), asha.listen("CallEvents", map[string]any{"after": s.now()}), s.workChanges(asha.token)

	asha.run("AgentLogin", nil)
	for at(states(), "agent", "id") != "agent1" {
	}
	lead := s.sandbox.FortyTwo().SeedFacts().SampleLead
	known := "+91" + lead.Phone[max(0, len(lead.Phone)-10):]
	s.abandon(known[3:])
	var missed string
	for missed == "" {
		if e := events(); e["kind"] == "MISSED" {
			missed, _ = at(e, "missedCall", "id").(string)
		}
	}
	if got := at(asha.run("SetAgentState", map[string]any{"state": "READY"}), "claimedMissedCall", "id"); got != missed {
		t.Fatalf("claimed %v, not %s", got, missed)
	}
	if change := work(); change["reason"] != "ADDED" || change["itemId"] != missed {
		t.Fatalf("the work list changed: %v", change)
	}
	if page := asha.run("Worklist", map[string]any{"first": 10}); len(listAt(page, "edges")) != 10 || len(listAt(page, "errors")) != 0 {
		t.Fatalf("the work list: %v", page)
	}
	if groups := listAt(asha.run("MissedCallQueue", map[string]any{"first": 5}), "groups"); len(groups) != 5 || at(groups[0], "count") != 1.0 {
		t.Fatalf("the queue: %v", groups)
	}
	if found := asha.run("Search", map[string]any{"query": lead.Phone[len(lead.Phone)-6:]}); numberAt(found, "totalCount") < 1 {
		t.Fatalf("the search: %v", found)
	}
	if profile := asha.run("CallerProfile", map[string]any{"phone": known}); profile["known"] != true || at(profile, "insight", "status") != "NOT_CONFIGURED" {
		t.Fatalf("the profile: %v", profile)
	}

	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 600}`)
	call, _ := at(asha.run("Dial", map[string]any{"phone": known, "requestId": "r1", "missedCallId": missed}), "call", "id").(string)
	for at(events(), "kind") != "ANSWERED" {
	}
	if live := listAt(asha.run("LiveCalls", nil), ""); len(live) != 1 || at(live[0], "id") != call {
		t.Fatalf("live calls: %v", live)
	}
	if held := asha.run("CallControl", map[string]any{"callId": call, "action": "HOLD"}); at(held, "call", "onHold") != true {
		t.Fatalf("hold: %v", held)
	}
	asha.run("CallControl", map[string]any{"callId": call, "action": "UNHOLD"})
	if paused := asha.run("SetCallRecording", map[string]any{"callId": call, "paused": true}); at(paused, "call", "recordingPaused") != true {
		t.Fatalf("recording: %v", paused)
	}
	s.control("/sandbox/calls/"+s.latestCall()+"/hangup", `{}`)
	for at(events(), "kind") != "ENDED" {
	}
	disposed := asha.run("Dispose", map[string]any{
		"callId": call, "disposition": "Appointment Booked", "notes": "mornings", "callbackAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	if at(disposed, "missedCall", "callbackStatus") != "CALLBACK_COMPLETED" || at(disposed, "followUp", "id") == nil {
		t.Fatalf("disposed: %v", disposed)
	}
	if got := asha.run("UpdateMissedCall", map[string]any{"id": missed, "status": "WRONG_NUMBER"}); at(got, "missedCall", "callbackStatus") != "WRONG_NUMBER" {
		t.Fatalf("updated: %v", got)
	}
	if story := listAt(asha.run("CallTimeline", map[string]any{"callId": call}), "edges"); len(story) < 7 {
		t.Fatalf("the story has %d events: %v", len(story), story)
	}

	now := time.Now().UTC()
	abandoned := asha.run("AbandonedCalls", map[string]any{"from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Hour).Format(time.RFC3339)})
	if rows := listAt(abandoned, ""); len(rows) != 1 || at(rows[0], "phone") != known {
		t.Fatalf("abandoned calls: %v", rows)
	}
	if labels := listAt(asha.run("Dispositions", nil), ""); len(labels) < 5 {
		t.Fatalf("dispositions: %v", labels)
	}
	today := now.In(time.FixedZone("IST", 5*3600+1800)).Format(time.DateOnly)
	// Records of today were read when the gateway began and are kept for two minutes, so this call may be missing.
	if history := asha.run("CallHistory", map[string]any{"date": today}); numberAt(history, "totalCount") > 1 {
		t.Fatalf("history: %v", history)
	}
	if figures := asha.run("AgentPerformance", map[string]any{"date": today}); figures["agentId"] != "agent1" || figures["date"] != today {
		t.Fatalf("figures: %v", figures)
	}
	if agents := listAt(meera.run("Agents", nil), ""); len(agents) != 2 {
		t.Fatalf("agents: %v", agents)
	}
	asha.run("ForceAgentReady", nil)
	asha.run("AgentLogout", nil)
}
