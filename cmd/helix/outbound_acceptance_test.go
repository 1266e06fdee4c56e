package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/outboundday"
)

// wishOfTheCRM is the example of the CRM's documents.
func wishOfTheCRM(key, phone string) map[string]any {
	return map[string]any{"input": map[string]any{
		"idempotencyKey": key, "language": "hi",
		"patient": map[string]any{
			"id": "patient_123", "name": "राहुल शर्मा", "phoneNumber": phone, "treatmentType": "heart surgery consultation",
			"crmData": map[string]any{"lastVisit": "2024-01-15", "doctor": "Dr. Smith", "department": "Cardiology"},
		},
	}}
}

// Every document of the CRM runs as written, over a call from the wish to what came of it; and so do the paths that it had.
func TestTheDocumentsOfTheCRMRunAsWritten(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	crm := &deskUser{system: s, documents: operations(t, outboundday.Documents), token: inKeyHeader + sandboxCRMKey}

	started := crm.run("StartOutboundCall", wishOfTheCRM("crm-42", "+919812345678"))
	id, _ := at(started, "outboundCall", "id").(string)
	if started["replayed"] != false || at(started, "outboundCall", "patient", "crmData", "doctor") != "Dr. Smith" {
		t.Fatalf("started: %v", started)
	}
	if again := crm.run("StartOutboundCall", wishOfTheCRM("crm-42", "+919812345678")); again["replayed"] != true || at(again, "outboundCall", "id") != id {
		t.Fatalf("again: %v", again)
	}
	updates := crm.listen("OutboundCallUpdated", map[string]any{"id": id})
	states := map[any]bool{}
	for !states["COMPLETED"] && !states["FAILED"] { // they talk for some fifteen seconds, as people do
		states[at(updates(), "outboundCall", "state")] = true
	}
	if !states["COMPLETED"] || !states["ACTIVE"] {
		t.Fatalf("its states: %v, its story: %v", states, crm.run("OutboundCall", map[string]any{"id": id})["timeline"])
	}
	var call map[string]any
	until(t, "its results", func() bool {
		call = crm.run("OutboundCall", map[string]any{"id": id})
		return call["summary"] != nil && len(listAt(call, "collectedData")) > 0
	})
	if len(listAt(call, "attempts")) != 1 || len(listAt(call, "transcript")) < 3 || at(call, "media", "framesIn") == 0.0 || call["endReason"] == nil {
		t.Errorf("the call: %v", call)
	}
	url, _ := call["recordingUrl"].(string)
	if status, sound := s.send(http.MethodGet, url, "", "", ""); status != http.StatusOK || !strings.HasPrefix(string(sound), "RIFF") {
		t.Errorf("its recording at %q: HTTP %d, %d bytes", url, status, len(sound))
	}
	if page := crm.run("OutboundCalls", map[string]any{"states": []string{"COMPLETED"}, "first": 5}); page["totalCount"] != 1.0 {
		t.Errorf("calls that are completed: %v", page)
	}
	if figures := crm.run("OutboundStatistics", nil); figures["successRate"] != 1.0 || numberAt(figures, "concurrencyLimit") < 1 {
		t.Errorf("figures: %v", figures)
	}

	status, session := s.rest(crm.token, http.MethodGet, "/api/outbound-call/"+id, "")
	if status != http.StatusOK || at(session, "status") != "completed" || at(session, "attempts") != 1.0 || at(session, "callId") == id {
		t.Errorf("the session: HTTP %d %v", status, session)
	}
}

func TestAnOutboundCallIsAskedForShownAndCancelledOverTheRESTPaths(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	crm := &deskUser{system: s, documents: operations(t, outboundday.Documents), token: inKeyHeader + sandboxCRMKey}
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	body := `{"scheduleAt": "` + tomorrow + `", "patientData": {"id": "p1", "name": "राहुल शर्मा", "phoneNumber": "098123 45678", "crmData": {"doctor": "Dr. Smith"}}}`
	status, answer := s.rest(crm.token, http.MethodPost, "/api/outbound-call", body)
	id, _ := at(answer, "data", "sessionId").(string)
	if status != http.StatusOK || id == "" || at(answer, "success") != true || at(answer, "data", "patientData", "phoneNumber") != "+919812345678" ||
		at(answer, "data", "callMetadata", "crm_data", "doctor") != "Dr. Smith" {
		t.Fatalf("asked for: HTTP %d %v", status, answer)
	}
	if _, again := s.rest(crm.token, http.MethodPost, "/api/outbound-call", body); at(again, "data", "sessionId") != id {
		t.Errorf("again, without a key: %v", again)
	}
	status, list := s.rest(crm.token, http.MethodGet, "/api/outbound-calls", "")
	if calls, _ := at(list, "activeCalls").([]any); status != http.StatusOK || len(calls) != 1 || at(calls[0], "status") != "initiating" || at(list, "stats", "queued") != 1.0 {
		t.Errorf("the list: HTTP %d %v", status, list)
	}
	if cancelled := crm.run("CancelOutboundCall", map[string]any{"id": id}); at(cancelled, "outboundCall", "endReason") != "CANCELLED" {
		t.Errorf("cancelled: %v", cancelled)
	}
	if _, session := s.rest(crm.token, http.MethodGet, "/api/outbound-call/"+id, ""); at(session, "status") != "failed" || at(session, "endTime") == nil {
		t.Errorf("the session: %v", session)
	}

	agent := s.signIn("asha@sandbox.test")
	for _, c := range []struct {
		name, token, method, path, body string
		status                          int
		member, want                    string
	}{
		{"no name", crm.token, "POST", "/api/outbound-call", `{"patientData": {"phoneNumber": "98"}}`, 400, "error", "patientData.name is missing"},
		{"a number that is none", crm.token, "POST", "/api/outbound-call", `{"patientData": {"name": "A", "phoneNumber": "98"}}`, 400, "received", ""},
		{"no such session", crm.token, "GET", "/api/outbound-call/none", "", 404, "error", "Call session not found"},
		{"no key", "", "POST", "/api/outbound-call", body, 401, "code", unauthenticated},
		{"a wrong key", inKeyHeader + "wrong", "POST", "/api/outbound-call", body, 401, "code", unauthenticated},
		{"an agent", agent, "GET", "/api/outbound-calls", "", 403, "code", forbidden},
		{"a key where users work", crm.token, "GET", "/api/worklist", "", 403, "code", forbidden},
		{"a push that names no call", "", "POST", "/api/knowlarity/webhook/" + sandboxWebhookSecret, `{"status": "busy"}`, 400, "error", "call_session_id is required"},
		{"a push", "", "POST", "/api/knowlarity/webhook/" + sandboxWebhookSecret, `{"call_session_id": "` + id + `", "status": "busy"}`, 200, "message", "Status updated"},
		{"a push without the secret", "", "POST", "/api/knowlarity/webhook", `{"call_session_id": "` + id + `", "status": "busy"}`, 404, "code", "NOT_FOUND"},
	} {
		status, answer := s.rest(c.token, c.method, c.path, c.body)
		if got := at(answer, c.member); status != c.status || got == nil || (c.want != "" && got != c.want) {
			t.Errorf("%s: HTTP %d %v", c.name, status, answer)
		}
	}
	if _, session := s.rest(crm.token, http.MethodGet, "/api/outbound-call/"+id, ""); at(session, "endReason") != "CANCELLED" {
		t.Errorf("after a push that came late: %v", session)
	}
}

func TestOutboundCallsRunEndToEnd(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	err := outboundday.Play(t.Context(), outboundday.Options{
		GraphQL: s.url + "/graphql", Key: sandboxCRMKey, Control: s.sandbox.ControlURL(), FortyTwo: s.sandbox.FortyTwoURL(),
		FortyTwoKey: s.sandbox.FortyTwoAPIKey(), Out: newTestWriter(t), Patience: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
}
