package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
)

const (
	wishBody = `{"patientData": {"id": "patient_123", "name": "राहुल शर्मा", "phoneNumber": "+919812345678", "treatmentType": "heart surgery consultation",
		"crmData": {"lastVisit": "2024-01-15", "doctor": "Dr. Smith", "department": "Cardiology"}}}`
	patientData = `{"crmData":{"doctor":"Dr. Smith"},"id":"patient_123","name":"राहुल शर्मा","phoneNumber":"+919812345678","treatmentType":"heart"}`
)

// call is a call as GraphQL shows it.
func call(state, more string) string {
	return `{"id": "c1", "state": "` + state + `", "createdAt": "2026-01-14T10:00:00.000Z", "dueAt": null, "endedAt": null, "endReason": null, "language": "hi",
		"patient": ` + patientData + `, "attempts": [` + more + `]}`
}

func answers(data string) func(map[string]any) (string, gqlerror.List) {
	return func(map[string]any) (string, gqlerror.List) { return data, nil }
}

func TestAWishToCallBecomesOneDocument(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: answers(`{"outcome": {"ok": true, "error": null, "replayed": false, "outboundCall": ` + call("INITIATING", "") + `}}`)}
	res, raw := send(t, g.handler(t), "POST", "/api/outbound-call", wishBody)
	want := `{"success":true,"message":"Outbound call accepted","data":{"success":true,"sessionId":"c1","callId":"c1","message":"Outbound call accepted",` +
		`"patientData":` + patientData + `,"callMetadata":{"patient_id":"patient_123","patient_name":"राहुल शर्मा","patient_phone":"+919812345678",` +
		`"treatment_type":"heart","call_type":"outbound","call_session_id":"c1","initiated_at":"2026-01-14T10:00:00.000Z","crm_data":{"doctor":"Dr. Smith"}}}}`
	if diff := cmp.Diff(decoded([]byte(want)), decoded([]byte(raw))); diff != "" || res.StatusCode != http.StatusOK {
		t.Fatalf("HTTP %d %s", res.StatusCode, diff)
	}
	asked := map[string]any{
		"id": "patient_123", "name": "राहुल शर्मा", "phoneNumber": "+919812345678", "treatmentType": "heart surgery consultation",
		"crmData": map[string]any{"lastVisit": "2024-01-15", "doctor": "Dr. Smith", "department": "Cardiology"},
	}
	if diff := cmp.Diff(asked, g.asked[0].variables); diff != "" {
		t.Fatal(diff)
	}
}

func TestTheKeyOfAWishComesFromTheHeaderOrTheBody(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"from-the-header": "from-the-header", "": "from-the-body"} {
		g := &gateway{answer: answers(`{"outcome": {"ok": true, "replayed": true, "outboundCall": ` + call("ACTIVE", "") + `}}`)}
		r := httptest.NewRequest(http.MethodPost, "/api/outbound-call",
			strings.NewReader(`{"idempotencyKey": "from-the-body", "patientData": {"name": "A", "phoneNumber": 9812345678}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Api-Key", "key")
		r.Header.Set("Idempotency-Key", header)
		w := httptest.NewRecorder()
		g.handler(t).ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "asked for before") {
			t.Fatalf("HTTP %d %s", w.Code, w.Body)
		}
		if diff := cmp.Diff(map[string]any{"key": want, "name": "A", "phoneNumber": "9812345678"}, g.asked[0].variables); diff != "" {
			t.Error(diff)
		}
	}
}

func TestASessionIsShownAsItWas(t *testing.T) {
	t.Parallel()
	const attempts = `{"number": 1, "state": "FAILED", "providerCallId": "p1", "outcome": "BUSY"}, {"number": 2, "state": "ACTIVE", "providerCallId": null}`
	more := `"summary": "s", "conversationId": null, "recordingUrl": null, "talkSeconds": 5, "transcript": [], "timeline": [{"sequence": 1}],
		"collectedData": [{"key": "time", "value": {"from": 10}}, {"key": "fasting", "value": null}]}`
	whole := strings.TrimSuffix(call("ACTIVE", attempts), "}") + ", " + more
	res, raw := send(t, (&gateway{answer: answers(`{"outboundCall": ` + whole + `}`)}).handler(t), "GET", "/api/outbound-call/c1", "")
	want := `{"id":"c1","callId":"p1","status":"active","patientData":` + patientData + `,"attempts":2,"attemptDetails":[
		{"number":1,"status":"failed","providerCallId":"p1","outcome":"BUSY"},{"number":2,"status":"active","providerCallId":null}],
		"startTime":"2026-01-14T10:00:00.000Z","nextAttemptTime":null,"endTime":null,"endReason":null,"language":"hi","conversationId":null,"summary":"s",
		"recordingUrl":null,"talkSeconds":5,"transcript":[],"timeline":[{"sequence":1}],"collectedData":{"time":{"from":10},"fasting":null}}`
	if diff := cmp.Diff(decoded([]byte(want)), decoded([]byte(raw))); diff != "" || res.StatusCode != http.StatusOK {
		t.Fatalf("HTTP %d %s", res.StatusCode, diff)
	}
}

func TestCallsThatAreNotOverAreListedWithFigures(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(v map[string]any) (string, gqlerror.List) {
		return `{"outboundCalls": {"pageInfo": {"hasNextPage": ` + map[bool]string{true: "true", false: "false"}[v["after"] == nil] + `, "endCursor": "x"},
			"edges": [{"node": ` + call("DIALING", "") + `}]},
			"outboundStatistics": {"active": 1, "queued": 0, "concurrencyLimit": 10, "successRate": null, "averageDurationSeconds": 61.5,
				"byState": [{"state": "DIALING", "count": 1}], "byOutcome": [{"outcome": "BUSY", "count": 2}]}}`, nil
	}}
	_, raw := send(t, g.handler(t), "GET", "/api/outbound-calls", "")
	answer := decoded([]byte(raw))
	if calls, _ := answer["activeCalls"].([]any); len(calls) != 2 || len(g.asked) != 2 {
		t.Fatalf("%s after %v", raw, g.asked)
	}
	want := `{"active":1,"queued":0,"concurrencyLimit":10,"successRate":null,"averageDurationSeconds":61.5,"byState":{"dialing":1},"byOutcome":{"BUSY":2}}`
	if diff := cmp.Diff(any(decoded([]byte(want))), answer["stats"]); diff != "" {
		t.Fatal(diff)
	}
}

func TestHowWishesAndSessionsAreRefused(t *testing.T) {
	t.Parallel()
	refuses := func(code helix.Code) func(map[string]any) (string, gqlerror.List) {
		return answers(`{"outcome": {"ok": false, "error": {"code": "` + string(code) + `", "message": "the reason"}, "outboundCall": null}}`)
	}
	for _, c := range []struct {
		name, method, path, body string
		answer                   func(map[string]any) (string, gqlerror.List)
		status                   int
		want                     string
	}{
		{
			"no name", "POST", "/api/outbound-call", `{"patientData": {"phoneNumber": "98"}, "x": 1}`, nil, 400,
			`{"error":"patientData.name is missing","received":{"patientData":{"phoneNumber":"98"},"x":1}}`,
		},
		{
			"no number", "POST", "/api/outbound-call", `{"patientData": {"name": "राहुल", "phoneNumber": " "}}`, nil, 400,
			`{"error":"patientData.phoneNumber is missing","received":{"patientData":{"name":"राहुल","phoneNumber":" "}}}`,
		},
		{"no patient", "POST", "/api/outbound-call", `{"patientData": "x"}`, nil, 400, `{"error":"patientData.name is missing","received":{"patientData":"x"}}`},
		{"nothing", "POST", "/api/outbound-call", ``, nil, 400, `{"error":"patientData.name is missing","received":null}`},
		{
			"no JSON", "POST", "/api/outbound-call", `{"patientData"`, nil, 400,
			`{"error":"the request body must be one JSON object","received":null}`,
		},
		{
			"a wish that the service refuses", "POST", "/api/outbound-call", `{"patientData": {"name": "A", "phoneNumber": "98"}}`, refuses(helix.CodeBadInput), 400,
			`{"error":"the reason","received":{"patientData":{"name":"A","phoneNumber":"98"}}}`,
		},
		{
			"another wish under a key", "POST", "/api/outbound-call", wishBody, refuses(helix.CodeIdempotencyConflict), 409,
			`{"error":"the reason","code":"IDEMPOTENCY_CONFLICT"}`,
		},
		{"a store that is away", "POST", "/api/outbound-call", wishBody, refuses(helix.CodeUnavailable), 503, `{"error":"the reason","code":"UPSTREAM_UNAVAILABLE"}`},
		{"a user", "POST", "/api/outbound-call", wishBody, fails(helix.CodeForbidden, nil), 403, `{"error":"the reason","code":"FORBIDDEN"}`},
		{"no such session", "GET", "/api/outbound-call/c2", "", answers(`{"outboundCall": null}`), 404, `{"error":"Call session not found"}`},
		{"a wrong key", "GET", "/api/outbound-calls", "", fails(helix.CodeUnauthenticated, nil), 401, `{"error":"the reason","code":"UNAUTHENTICATED"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res, raw := send(t, (&gateway{answer: c.answer}).handler(t), c.method, c.path, c.body)
			if diff := cmp.Diff(decoded([]byte(c.want)), decoded([]byte(raw))); diff != "" || res.StatusCode != c.status {
				t.Fatalf("HTTP %d %s %s", res.StatusCode, raw, diff)
			}
		})
	}
}

func TestWithoutAKeyTheRequestIsNotRead(t *testing.T) {
	t.Parallel()
	for method, path := range map[string]string{"POST": "/api/outbound-call", "GET": "/api/outbound-calls"} {
		w := httptest.NewRecorder()
		(&gateway{}).handler(t).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(wishBody)))
		var answer struct{ Error, Code string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusUnauthorized || answer.Error == "" || answer.Code != "UNAUTHENTICATED" {
			t.Errorf("%s: HTTP %d %s", path, w.Code, w.Body)
		}
	}
}

func TestHowPushesAreAnsweredInTheOldWords(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusOK:                 `{"success":true,"message":"Status updated"}`,
		http.StatusBadRequest:         `{"error":"call_session_id is required"}`,
		http.StatusServiceUnavailable: `{"error":"call_session_id is required"}`,
		http.StatusNotFound:           `{"status":"error","message":"no such path","code":"NOT_FOUND"}`,
	} {
		w := httptest.NewRecorder()
		AnswerCallback(w, status, CallbackLacksID)
		if diff := cmp.Diff(decoded([]byte(want)), decoded(w.Body.Bytes())); diff != "" || w.Code != status {
			t.Errorf("HTTP %d %s", w.Code, diff)
		}
	}
}
