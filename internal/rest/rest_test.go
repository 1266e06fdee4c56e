package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// asked is one execution.
type asked struct {
	document  string
	variables map[string]any
}

// gateway executes by a function of the test's and notes what it was asked.
type gateway struct {
	answer func(variables map[string]any) (string, gqlerror.List)
	asked  []asked
}

func (g *gateway) execute(_ *http.Request, document string, variables map[string]any) (json.RawMessage, gqlerror.List) {
	g.asked = append(g.asked, asked{document, maps.Clone(variables)})
	data, errs := g.answer(variables)
	return json.RawMessage(data), errs
}

// handler serves the paths with identity around them. It is 04:00 on the 15th in India.
func (g *gateway) handler(t testing.TB) http.Handler {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 1, 14, 22, 30, 0, 0, time.UTC) }
	h, err := New(Options{
		Schema: graph.NewExecutableSchema(graph.Config{}).Schema(), Execute: g.execute,
		CallID:  func(_ context.Context, ucid string) (helix.CallID, error) { return helix.CallID("ours-" + ucid), nil },
		MaxBody: 1000, PageSize: 50, Zone: time.FixedZone("IST", 5*3600+1800), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, handler := range h.Routes() {
		mux.Handle(pattern, handler)
	}
	return auth.New(auth.Options{Now: now}).Middleware(0, mux)
}

// send calls a path over a real socket.
func send(t *testing.T, handler http.Handler, method, path, body string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer token")
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func fails(code helix.Code, extensions map[string]any, path ...ast.PathElement) func(map[string]any) (string, gqlerror.List) {
	all := map[string]any{"code": string(code)}
	maps.Copy(all, extensions)
	return func(map[string]any) (string, gqlerror.List) {
		return "null", gqlerror.List{{Message: "the reason", Path: path, Extensions: all}}
	}
}

func TestATableThatDoesNotFitTheSchemaIsRefused(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { worklist: Int }`})
	_, err := New(Options{Schema: schema})
	if err == nil || !strings.Contains(err.Error(), "GET /api/worklist") || strings.Contains(err.Error(), "/api/health") {
		t.Fatalf("got %v", err)
	}
}

func TestEveryPathAndEveryMemberIsDocumented(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/rest.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			rows[strings.Trim(strings.TrimSpace(cells[1]), "`")] = line
		}
	}
	for _, e := range endpoints() {
		row := rows[e.method+" "+e.path]
		if row == "" {
			t.Errorf("%s %s has no row", e.method, e.path)
		}
		for _, f := range e.fields {
			for _, name := range f.names {
				if f.in != inPath && !strings.Contains(row, "`"+name+"`") {
					t.Errorf("%s %s: %s is not documented", e.method, e.path, name)
				}
			}
		}
	}
}

func TestWhatRequestsBecome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, path, body string
		want                     map[string]any
	}{
		{
			"what old clients send beside is passed over", "POST", "/api/ozonetel/agent-login",
			`{"agentId": "agent1", "password": "p", "phoneNumber": 521811, "mode": "blended"}`,
			map[string]any{"sipExtension": "521811"},
		},
		{"nothing may be posted", "POST", "/api/ozonetel/agent-login", ` `, map[string]any{}},
		{"null and blanks are nothing", "POST", "/api/ozonetel/agent-ready", `{"phoneNumber": null, "sipId": " "}`, map[string]any{}},
		{"the first name that is given counts", "POST", "/api/ozonetel/agent-ready", `{"sipId": "2", "phoneNumber": "1"}`, map[string]any{"sipExtension": "1"}},
		{"the provider's words for states", "POST", "/api/ozonetel/agent-state", `{"state": "Pause", "pauseReason": "Tea"}`, map[string]any{"state": "PAUSED", "reason": "Tea"}},
		{"our words for states", "POST", "/api/ozonetel/agent-state", `{"state": "READY"}`, map[string]any{"state": "READY"}},
		{
			"a provider's id beyond 2^53, and a time of the account", "POST", "/api/ozonetel/dispose",
			`{"ucid": 21799900000000457, "disposition": " Booked ", "comments": "x", "callBackTime": "2026-01-15 10:40"}`,
			map[string]any{"callId": "ours-21799900000000457", "disposition": "Booked", "notes": "x", "callbackAt": "2026-01-15T05:10:00Z"},
		},
		{
			"our id, and a time with a zone", "POST", "/api/ozonetel/dispose",
			`{"callId": "6f1f4c1e-8f0a-5c57-9d3e-0d6f5a2b7c11", "disposition": "x", "callbackAt": "2026-01-15T10:40:00+05:30"}`,
			map[string]any{"callId": "6f1f4c1e-8f0a-5c57-9d3e-0d6f5a2b7c11", "disposition": "x", "callbackAt": "2026-01-15T05:10:00Z"},
		},
		{"a client's own id of a dial", "POST", "/api/ozonetel/dial", `{"phone": "98", "requestId": "r1"}`, map[string]any{"phone": "98", "requestId": "r1"}},
		{
			"an action spelled otherwise", "POST", "/api/ozonetel/call-control", `{"ucid": "1", "action": "kick-call", "conferenceNumber": "98"}`,
			map[string]any{"callId": "ours-1", "action": "KICK_CALL", "number": "98"},
		},
		{"the provider's word for going on", "POST", "/api/ozonetel/recording", `{"ucid": "1", "action": "unPause"}`, map[string]any{"callId": "ours-1", "paused": false}},
		{"a flag goes before a word", "POST", "/api/ozonetel/recording", `{"ucid": "1", "paused": true, "action": "resume"}`, map[string]any{"callId": "ours-1", "paused": true}},
		{"a day of the account's", "GET", "/api/ozonetel/missed-calls?date=2026-01-14", "", map[string]any{"from": "2026-01-13T18:30:00Z", "to": "2026-01-14T18:30:00Z"}},
		{"today, by the account's clock", "GET", "/api/ozonetel/missed-calls", "", map[string]any{"from": "2026-01-14T18:30:00Z", "to": "2026-01-15T18:30:00Z"}},
		{"a list in pages of what the operator allows", "GET", "/api/ozonetel/call-history?callType=Inbound", "", map[string]any{"date": "2026-01-15", "direction": "INBOUND", "first": 50}},
		{"a member of the path", "PATCH", "/api/worklist/missed-queue/7/status", `{"status": "wrong number"}`, map[string]any{"id": "7", "status": "WRONG_NUMBER"}},
		{"HEAD asks what GET does", "HEAD", "/api/search?q=+an", "", map[string]any{"query": "an", "first": 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := &gateway{answer: func(map[string]any) (string, gqlerror.List) { return `{}`, nil }}
			res, answer := send(t, g.handler(t), c.method, c.path, c.body)
			if res.StatusCode != http.StatusOK || len(g.asked) != 1 {
				t.Fatalf("HTTP %d %s", res.StatusCode, answer)
			}
			if diff := cmp.Diff(c.want, g.asked[0].variables); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func TestEachDialWithoutAnIDIsItsOwn(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(map[string]any) (string, gqlerror.List) { return `{}`, nil }}
	handler := g.handler(t)
	for range 2 {
		send(t, handler, "POST", "/api/ozonetel/dial", `{"phone": "98"}`)
	}
	if a, b := g.asked[0].variables["requestId"], g.asked[1].variables["requestId"]; a == b || a == nil {
		t.Fatalf("%v and %v", a, b)
	}
}

func TestAListIsReadToABound(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(v map[string]any) (string, gqlerror.List) {
		after, _ := v["after"].(string)
		return `{"worklist": {"totalCount": 70, "pageInfo": {"hasNextPage": true, "endCursor": "` + after + `x"},
			"edges": [{"node": {"kind": "LEAD", "id": "` + after + `"}}]}}`, nil
	}}
	_, raw := send(t, g.handler(t), "GET", "/api/worklist", "")
	var answer struct {
		MarketingLeads []struct{ ID string }
		MissedCalls    []any
		Total          int
	}
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, lead := range answer.MarketingLeads {
		got = append(got, lead.ID)
	}
	if diff := cmp.Diff([]string{"", "x", "xx", "xxx", "xxxx"}, got); diff != "" || answer.Total != 70 || answer.MissedCalls == nil {
		t.Fatalf("%s\n%s", raw, diff)
	}
}

func TestEveryListOfTheQueueIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	group := func(status, id string, more bool) string {
		return fmt.Sprintf(`{"status": %q, "items": {"pageInfo": {"hasNextPage": %t, "endCursor": %q}, "edges": [{"node": {"id": %q}}]}}`, status, more, id, id)
	}
	pages := map[any]string{
		nil: group("INVALID", "a1", true) + "," + group("WRONG_NUMBER", "b1", true), "a1": group("INVALID", "a2", true),
		"a2": group("INVALID", "a3", false), "b1": group("WRONG_NUMBER", "b2", false),
	}
	g := &gateway{answer: func(v map[string]any) (string, gqlerror.List) {
		return `{"missedCallQueue": {"groups": [` + pages[v["after"]] + `]}}`, nil
	}}
	_, raw := send(t, g.handler(t), "GET", "/api/worklist/missed-queue", "")
	want := `{"INVALID":[{"id":"a1"},{"id":"a2"},{"id":"a3"}],"WRONG_NUMBER":[{"id":"b1"},{"id":"b2"}]}`
	if strings.TrimSpace(raw) != want || g.asked[1].variables["status"] != "INVALID" || g.asked[3].variables["status"] != "WRONG_NUMBER" {
		t.Fatalf("%s after %v", raw, g.asked)
	}
}

func TestAListThatChangesWhileItIsReadIsAskedForAgain(t *testing.T) {
	t.Parallel()
	g := &gateway{}
	g.answer = func(map[string]any) (string, gqlerror.List) {
		if len(g.asked) > 1 {
			return fails(helix.CodeBadInput, nil)(nil)
		}
		return `{"worklist": {"pageInfo": {"hasNextPage": true}, "edges": []}}`, nil
	}
	if res, raw := send(t, g.handler(t), "GET", "/api/worklist", ""); res.StatusCode != http.StatusConflict {
		t.Fatalf("HTTP %d %s", res.StatusCode, raw)
	}
}

func TestAPageThatFailsFailsTheList(t *testing.T) {
	t.Parallel()
	g := &gateway{}
	g.answer = func(map[string]any) (string, gqlerror.List) {
		if len(g.asked) > 1 {
			return fails(helix.CodeUnavailable, map[string]any{"retryAfter": 3})(nil)
		}
		return `{"worklist": {"pageInfo": {"hasNextPage": true}, "edges": []}}`, nil
	}
	res, raw := send(t, g.handler(t), "GET", "/api/worklist", "")
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "3" || !strings.Contains(raw, "the reason") {
		t.Fatalf("HTTP %d %v %s", res.StatusCode, res.Header, raw)
	}
}

func TestTheStatusOfAnError(t *testing.T) {
	t.Parallel()
	ofProvider := map[string]any{"provider": "OZONETEL"}
	for _, c := range []struct {
		name                string
		code                helix.Code
		extensions          map[string]any
		telephony, anywhere int
	}{
		{"a wrong request", helix.CodeBadInput, nil, 400, 400},
		{"too much", helix.CodeLimitExceeded, nil, 400, 400},
		{"no token", helix.CodeUnauthenticated, nil, 401, 401},
		{"no right", helix.CodeForbidden, nil, 403, 403},
		{"no desk", helix.CodeNotAnAgent, nil, 200, 403},
		{"nothing there", helix.CodeNotFound, nil, 200, 404},
		{"somebody was first", helix.CodeConflict, nil, 200, 409},
		{"a call in the way", helix.CodeAgentBusy, nil, 200, 409},
		{"our own limit", helix.CodeTooManyRequests, nil, 429, 429},
		{"a provider's limit", helix.CodeTooManyRequests, ofProvider, 200, 503},
		{"a provider that refused", helix.CodeRejected, ofProvider, 200, 502},
		{"a provider that is away", helix.CodeUnavailable, ofProvider, 200, 503},
		{"an unknown outcome", helix.CodeUnknownOutcome, ofProvider, 200, 502},
		{"a provider that nobody configured", helix.CodeNotConfigured, ofProvider, 200, 503},
		{"a fault of ours", helix.CodeInternal, nil, 500, 500},
		{"a document that the executor refuses", "GRAPHQL_VALIDATION_FAILED", nil, 500, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			handler := (&gateway{answer: fails(c.code, c.extensions)}).handler(t)
			for path, want := range map[string]int{"/api/ozonetel/performance": c.telephony, "/api/worklist": c.anywhere} {
				res, raw := send(t, handler, "GET", path, "")
				var answer struct{ Status, Message, Code string }
				if err := json.Unmarshal([]byte(raw), &answer); err != nil {
					t.Fatalf("%s: %v", raw, err)
				}
				if res.StatusCode != want || answer.Status != "error" || answer.Message == "" || !known(helix.Code(answer.Code)) {
					t.Errorf("%s: HTTP %d %s", path, res.StatusCode, raw)
				}
				if (want == http.StatusUnauthorized) != (res.Header.Get("WWW-Authenticate") == "Bearer") {
					t.Errorf("%s: %v", path, res.Header)
				}
			}
		})
	}
}

func TestAFailureThatLeftACallTellsIt(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(map[string]any) (string, gqlerror.List) {
		return `{"outcome": {"ok": false, "error": {"code": "UNKNOWN_OUTCOME", "message": "it may ring", "provider": "OZONETEL"}, "call": {"id": "c1"}}}`, nil
	}}
	res, raw := send(t, g.handler(t), "POST", "/api/ozonetel/dial", `{"phone": "98"}`)
	want := `{"call":{"id":"c1"},"code":"UNKNOWN_OUTCOME","message":"it may ring","status":"error","ucid":"c1"}`
	if res.StatusCode != http.StatusOK || strings.TrimSpace(raw) != want {
		t.Fatalf("HTTP %d %s", res.StatusCode, raw)
	}
}

func TestARefusedValueIsNamedAsTheRequestHasIt(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: fails(helix.CodeBadInput, nil, ast.PathName("outcome"), ast.PathName("input"), ast.PathName("phone"))}
	if _, raw := send(t, g.handler(t), "POST", "/api/ozonetel/dial", `{"phone": "98"}`); !strings.Contains(raw, `"phoneNumber: the reason"`) {
		t.Fatal(raw)
	}
}

func TestPartsThatFailAreNamedBesideTheRest(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(map[string]any) (string, gqlerror.List) {
		return `{"leads": {"errors": [{"kind": "LEAD", "code": "UPSTREAM_UNAVAILABLE", "message": "away"}], "edges": []},
			"patients": {"errors": [], "edges": [{"node": {"id": "p1"}}]}, "appointments": {"errors": [], "edges": []}}`, nil
	}}
	_, raw := send(t, g.handler(t), "GET", "/api/search?q=an", "")
	want := `{"appointments":[],"errors":[{"code":"UPSTREAM_UNAVAILABLE","kind":"LEAD","message":"away"}],"leads":[],"patients":[{"id":"p1"}]}`
	if strings.TrimSpace(raw) != want {
		t.Fatal(raw)
	}
}

func TestALookupTellsTheFirstSuggestion(t *testing.T) {
	t.Parallel()
	g := &gateway{answer: func(map[string]any) (string, gqlerror.List) {
		return `{"callerProfile": {"phone": "+919812345678", "known": true, "displayName": "Asha", "lead": null, "patient": {"id": "p1"},
			"insight": {"summary": "s", "suggestedActions": [{"title": "first"}, {"title": "second"}]}, "errors": []}}`, nil
	}}
	_, raw := send(t, g.handler(t), "POST", "/api/call/lookup", `{"phoneNumber": "98"}`)
	want := `{"aiSuggestedAction":"first","aiSummary":"s","lead":null,"matched":true,` +
		`"patient":{"id":"p1","name":"Asha","phone":"+919812345678"}}`
	if strings.TrimSpace(raw) != want {
		t.Fatal(raw)
	}
}

// decoded is what a body says: nil for what is not one JSON object in UTF-8.
func decoded(body []byte) map[string]any {
	object, err := decodeBody(bytes.TrimSpace(body))
	if err != nil {
		return nil
	}
	return object
}

// FuzzRequest posts anything to every path: the answer is JSON, and a refusal is the request's fault and repeats nothing.
func FuzzRequest(f *testing.F) {
	f.Add(`{"ucid": 21799900000000457, "disposition": "Booked", "callbackAt": "2026-01-15 10:40"}`, "q=an&date=2026-01-14", "application/json")
	f.Add(`{"phone": ["98"], "state": {"a": 1}, "paused": "true"}`, "date=%zz", "application/json; charset=utf-8")
	f.Add(`{} {}`, "callType=\xff", "text/plain")
	f.Add(`{"patientData": {"name": "राहुल", "phoneNumber": 9812345678, "crmData": {"a": [1e400, null]}}, "scheduleAt": 7}`, "", "application/json")
	f.Add(`{"patientData": [{"name": "x"}], "idempotencyKey": {}}`, "", "application/json")
	g := &gateway{answer: func(map[string]any) (string, gqlerror.List) { return `{}`, nil }}
	handler := g.handler(f)
	f.Fuzz(func(t *testing.T, body, query, contentType string) {
		g.asked = nil
		for _, e := range endpoints() {
			path := strings.NewReplacer("{id}", "7", "{sessionId}", "7").Replace(e.path)
			r := httptest.NewRequest(e.method, path, strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Authorization", "Bearer token")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s: %q", e.path, w.Body)
			}
			switch w.Code {
			case http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
			case http.StatusNotFound:
				if e.absent == "" {
					t.Fatalf("%s: HTTP %d", e.path, w.Code)
				}
			default:
				t.Fatalf("%s: HTTP %d", e.path, w.Code)
			}
			refusal := w.Body.Bytes()
			if e.failure != nil && w.Code == http.StatusBadRequest {
				var answer struct{ Error, Received json.RawMessage }
				if err := json.Unmarshal(refusal, &answer); err != nil {
					t.Fatal(err)
				}
				if got := decoded(answer.Received); got != nil && !reflect.DeepEqual(got, decoded([]byte(body))) {
					t.Fatalf("%s: %s", e.path, refusal)
				}
				refusal = answer.Error
			}
			if w.Code != http.StatusOK && len(refusal) > 300 {
				t.Fatalf("%s: a long refusal: %s", e.path, w.Body)
			}
		}
	})
}
