package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
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
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	socket, res, err := dialer.DialContext(d.t.Context(), "ws"+strings.TrimPrefix(d.url, "http")+"/graphql", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	_ = res.Body.Close()
	d.t.Cleanup(func() { _ = socket.Close() })
	query, err := json.Marshal(map[string]any{"query": d.documents[name], "variables": variables})
	if err != nil {
		d.t.Fatal(err)
	}
	write := func(m map[string]any) {
		if err := socket.WriteJSON(m); err != nil {
			d.t.Fatal(err)
		}
	}
	header, value := headerOf(d.token)
	write(map[string]any{"type": "connection_init", "payload": map[string]string{header: value}})
	var ack struct {
		Type string `json:"type"`
	}
	if err := socket.ReadJSON(&ack); err != nil || ack.Type != "connection_ack" {
		d.t.Fatalf("%s: %s, %v", name, ack.Type, err)
	}
	write(map[string]any{"id": "1", "type": "subscribe", "payload": json.RawMessage(query)})
	return func() map[string]any {
		d.t.Helper()
		for {
			var m struct {
				Type    string `json:"type"`
				Payload struct {
					Data map[string]map[string]any `json:"data"`
				} `json:"payload"`
			}
			_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
			if err := socket.ReadJSON(&m); err != nil {
				d.t.Fatalf("%s: %v", name, err)
			}
			switch m.Type {
			case "next":
				for _, payload := range m.Payload.Data {
					return payload
				}
			case "error", "complete":
				d.t.Fatalf("%s: %s", name, m.Type)
			}
		}
	}
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
	states, events, work := meera.listen("AgentStates", nil), asha.listen("CallEvents", nil), asha.listen("WorklistChanged", nil)

	asha.run("AgentLogin", nil)
	for at(states(), "agent", "id") != "agent1" {
	}
	lead := s.sandbox.FortyTwo().SeedFacts().SampleLead
	known := "+91" + lead.Phone[max(0, len(lead.Phone)-10):]
	rung := s.control("/sandbox/calls", `{"phone": "`+known[3:]+`"}`)
	s.control("/sandbox/calls/"+rung["ucid"].(string)+"/abandon", `{}`)
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
	if page := asha.run("Worklist", map[string]any{"first": 10}); len(page["edges"].([]any)) != 10 || len(page["errors"].([]any)) != 0 {
		t.Fatalf("the work list: %v", page)
	}
	if groups := asha.run("MissedCallQueue", map[string]any{"first": 5})["groups"].([]any); len(groups) != 5 || at(groups[0], "count") != 1.0 {
		t.Fatalf("the queue: %v", groups)
	}
	if found := asha.run("Search", map[string]any{"query": lead.Phone[len(lead.Phone)-6:]}); found["totalCount"].(float64) < 1 {
		t.Fatalf("the search: %v", found)
	}
	if profile := asha.run("CallerProfile", map[string]any{"phone": known}); profile["known"] != true || at(profile, "insight", "status") != "NOT_CONFIGURED" {
		t.Fatalf("the profile: %v", profile)
	}

	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 60}`)
	call, _ := at(asha.run("Dial", map[string]any{"phone": known, "requestId": "r1", "missedCallId": missed}), "call", "id").(string)
	until(t, "the answer", func() bool { return at(events(), "kind") == "ANSWERED" })
	if live := asha.run("LiveCalls", nil)[""].([]any); len(live) != 1 || at(live[0], "id") != call {
		t.Fatalf("live calls: %v", live)
	}
	if held := asha.run("CallControl", map[string]any{"callId": call, "action": "HOLD"}); at(held, "call", "onHold") != true {
		t.Fatalf("hold: %v", held)
	}
	asha.run("CallControl", map[string]any{"callId": call, "action": "UNHOLD"})
	if paused := asha.run("SetCallRecording", map[string]any{"callId": call, "paused": true}); at(paused, "call", "recordingPaused") != true {
		t.Fatalf("recording: %v", paused)
	}
	calls := s.sandbox.Ozonetel().Calls()
	s.control("/sandbox/calls/"+calls[len(calls)-1].UCID+"/hangup", `{}`)
	until(t, "the end", func() bool { return at(events(), "kind") == "ENDED" })
	disposed := asha.run("Dispose", map[string]any{
		"callId": call, "disposition": "Appointment Booked", "notes": "mornings", "callbackAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	if at(disposed, "missedCall", "callbackStatus") != "CALLBACK_COMPLETED" || at(disposed, "followUp", "id") == nil {
		t.Fatalf("disposed: %v", disposed)
	}
	if got := asha.run("UpdateMissedCall", map[string]any{"id": missed, "status": "WRONG_NUMBER"}); at(got, "missedCall", "callbackStatus") != "WRONG_NUMBER" {
		t.Fatalf("updated: %v", got)
	}
	if story := asha.run("CallTimeline", map[string]any{"callId": call})["edges"].([]any); len(story) < 7 {
		t.Fatalf("the story has %d events: %v", len(story), story)
	}

	now := time.Now().UTC()
	abandoned := asha.run("AbandonedCalls", map[string]any{"from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Hour).Format(time.RFC3339)})
	if rows := abandoned[""].([]any); len(rows) != 1 || at(rows[0], "phone") != known {
		t.Fatalf("abandoned calls: %v", rows)
	}
	if labels := asha.run("Dispositions", nil)[""].([]any); len(labels) < 5 {
		t.Fatalf("dispositions: %v", labels)
	}
	today := now.In(time.FixedZone("IST", 5*3600+1800)).Format(time.DateOnly)
	// Records of today were read when the gateway began and are kept for two minutes, so this call may be missing.
	if history := asha.run("CallHistory", map[string]any{"date": today}); history["totalCount"].(float64) > 1 {
		t.Fatalf("history: %v", history)
	}
	if figures := asha.run("AgentPerformance", map[string]any{"date": today}); figures["agentId"] != "agent1" || figures["date"] != today {
		t.Fatalf("figures: %v", figures)
	}
	if agents := meera.run("Agents", nil)[""].([]any); len(agents) != 2 {
		t.Fatalf("agents: %v", agents)
	}
	asha.run("ForceAgentReady", nil)
	asha.run("AgentLogout", nil)
}
