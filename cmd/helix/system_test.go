package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/day"
)

// system is a gateway among emulators, as `helix sandbox` runs it, on free ports and without traffic.
type system struct {
	*sandboxed
	t   *testing.T
	url string
	hc  *http.Client

	ended chan struct{} // of a gateway that is waited for
}

func startSystem(t *testing.T, environment map[string]string) *system {
	t.Helper()
	return startSystemAt(t, time.Now, environment)
}

// startSystemAt runs the emulators by a clock of their own; the gateway's is the real one.
func startSystemAt(t *testing.T, now func() time.Time, environment map[string]string) *system {
	t.Helper()
	return startSystemWith(t, now, time.Now, environment)
}

// startSystemWith lets the gateway have a clock of its own too.
func startSystemWith(t *testing.T, emulators, gateway func() time.Time, environment map[string]string) *system {
	t.Helper()
	return startSystemAmong(t, sandbox.Options{Now: emulators}, gateway, environment)
}

// startSystemStanding stops the gateway's clock: what is let in in a minute is not given back while a test asks.
func startSystemStanding(t *testing.T, environment map[string]string) *system {
	t.Helper()
	now := time.Now()
	return startSystemWith(t, time.Now, func() time.Time { return now }, environment)
}

// startSystemAmong lets the emulators be of another kind.
func startSystemAmong(t *testing.T, emulators sandbox.Options, gateway func() time.Time, environment map[string]string) *system {
	t.Helper()
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := unhurried(map[string]string{"DATA_DIR": t.TempDir(), "MISSED_QUEUE_POLL_INTERVAL_MS": "1000"})
	maps.Copy(all, environment)
	log := slog.New(slog.NewTextHandler(newTestWriter(t), &slog.HandlerOptions{Level: slog.LevelWarn}))
	emulators.Seed, emulators.Traffic, emulators.Logger = 1, sandbox.TrafficOff, log
	s, err := newSandboxedAt(t.Context(), emulators.OnFreePorts(), all, gateway, listener, log)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	sys := &system{sandboxed: s, t: t, url: "http://" + listener.Addr().String(), hc: &http.Client{Transport: transport}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, log) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return sys
}

// unhurried adds to a gateway's environment what tests need, which ask until it is so on a machine that may be busy.
func unhurried(environment map[string]string) map[string]string {
	all := map[string]string{"LIMIT_REQUESTS_PER_MINUTE": "100000", "LIMIT_REQUEST_BURST": "100000", "DRAIN_TIMEOUT": "30s"}
	maps.Copy(all, environment)
	return all
}

// testWriter puts the gateway's own log into the test's, as long as there is a test to log for.
type testWriter struct {
	mu sync.Mutex
	t  *testing.T // nil afterwards
}

func newTestWriter(t *testing.T) *testWriter {
	t.Helper()
	w := &testWriter{t: t}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t = nil
	})
	return w
}

func (w *testWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.t != nil {
		w.t.Logf("%s", bytes.TrimSpace(p))
	}
	return len(p), nil
}

// in is the system in a test of its own.
func (s *system) in(t *testing.T) *system {
	t.Helper()
	system := *s
	system.t = t
	return &system
}

// ask sends an operation with a token or key ("" for none) and answers with status and decoded body.
func (s *system) ask(token, query string, variables map[string]any) (status int, data map[string]any, code string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	status, raw := s.send(http.MethodPost, "/graphql", "application/json", token, string(body))
	var answer struct {
		Data   map[string]any `json:"data"`
		Errors []struct {
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		s.t.Fatalf("%s: %v", raw, err)
	}
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Extensions.Code
	}
	return status, answer.Data, code
}

func (s *system) send(method, path, contentType, token, body string) (status int, answer []byte) {
	s.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = s.url + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if name, value := headerOf(token); value != "" {
		req.Header.Set(name, value)
	}
	res, err := s.hc.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// inKeyHeader begins what goes into X-Api-Key in place of a token.
const inKeyHeader = "key "

// headerOf is how a token is presented, or a key; no value for nobody.
func headerOf(token string) (name, value string) {
	if key, is := strings.CutPrefix(token, inKeyHeader); is {
		return "X-Api-Key", key
	}
	if token == "" {
		return "", ""
	}
	return "Authorization", "Bearer " + token
}

// control tells the sandbox what to do.
func (s *system) control(path, body string) map[string]any {
	s.t.Helper()
	status, raw := s.send(http.MethodPost, s.sandbox.ControlURL()+path, "application/json", "", body)
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil || status != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d %s", path, status, raw)
	}
	return out
}

// signIn answers with the access token.
func (s *system) signIn(email string) string {
	s.t.Helper()
	_, data, code := s.ask("", `mutation($e: String!) { signIn(input: {email: $e, password: "sandbox"}) { ok error { code message } session { accessToken } } }`,
		map[string]any{"e": email})
	token, _ := at(data, "signIn", "session", "accessToken").(string)
	if token == "" {
		s.t.Fatalf("not signed in: %v %s", data, code)
	}
	return token
}

// at walks into decoded JSON; nil where there is nothing.
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// patience is how long a test waits for what must come about. It costs nothing when all goes well, and a machine may have
// much else to do.
const patience = 2 * time.Minute

// listAt walks into decoded JSON to a list; empty where there is none.
func listAt(v any, path ...string) []any {
	list, _ := at(v, path...).([]any)
	return list
}

// textAt walks into decoded JSON to a text; empty where there is none.
func textAt(v any, path ...string) string {
	text, _ := at(v, path...).(string)
	return text
}

// numberAt walks into decoded JSON to a number; 0 where there is none.
func numberAt(v any, path ...string) float64 {
	number, _ := at(v, path...).(float64)
	return number
}

// until asks again until the answer fits or the patience is over.
func until(t *testing.T, what string, fits func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !fits() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s did not come about", what)
		}
	}
}

func TestAnAgentsDayRunsEndToEnd(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	err := day.Play(t.Context(), day.Options{
		GraphQL: s.url + "/graphql", Control: s.sandbox.ControlURL(), FortyTwo: s.sandbox.FortyTwoURL(), Out: newTestWriter(t),
		Patience: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha, meera := s.signIn("asha@sandbox.test"), s.signIn("meera@sandbox.test")
	for _, c := range []struct {
		name, token, query string
		code               string // of the top-level error
		path               []string
		want               any
	}{
		{"anybody may ask for the root type's name", "", `{ __typename }`, "", []string{"__typename"}, "Query"},
		{"nobody sees the viewer without a token", "", `{ viewer { user { id } } }`, "UNAUTHENTICATED", nil, nil},
		{"nobody introspects without a token", "", `{ __schema { queryType { name } } }`, "UNAUTHENTICATED", nil, nil},
		{"a caller introspects", asha, `{ __schema { queryType { name } } }`, "", []string{"__schema", "queryType", "name"}, "Query"},
		{"what is no token is refused", "abc", `{ viewer { user { id } } }`, "UNAUTHENTICATED", nil, nil},
		{"an agent has a desk", asha, `{ viewer { agent { id } } }`, "", []string{"viewer", "agent", "id"}, "agent1"},
		{"a supervisor has none", meera, `{ viewer { agent { id } } }`, "", []string{"viewer", "agent"}, nil},
		{
			"a supervisor cannot log in as an agent", meera, `mutation { agentLogin(input: {}) { error { code } } }`, "",
			[]string{"agentLogin", "error", "code"},
			"NOT_AN_AGENT",
		},
		{"nobody logs in without a token", "", `mutation { agentLogin(input: {}) { ok } }`, "UNAUTHENTICATED", nil, nil},
		{
			"a wrong password is an answer", "", `mutation { signIn(input: {email: "asha@sandbox.test", password: "x"}) { ok error { code } } }`, "",
			[]string{"signIn", "error", "code"},
			"UNAUTHENTICATED",
		},
		{
			"signing in works with a stale token in the header", "abc",
			`mutation { signIn(input: {email: "ravi@sandbox.test", password: "sandbox"}) { ok } }`, "",
			[]string{"signIn", "ok"},
			true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, data, code := s.in(t).ask(c.token, c.query, nil)
			if code != c.code {
				t.Fatalf("code %q, data %v", code, data)
			}
			if c.path != nil && at(data, c.path...) != c.want {
				t.Fatalf("got %v", data)
			}
		})
	}
}

func TestADialThatNobodyAnsweredIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"reset", "hang"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := startSystem(t, map[string]string{"OZONETEL_TIMEOUT": "10s"})
			token := s.signIn("asha@sandbox.test")
			s.ask(token, `mutation { agentLogin(input: {}) { ok } }`, nil)
			s.ask(token, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
			s.control("/sandbox/faults", `{"target": "ozonetel", "endpoint": "AgentManualDial", "kind": "`+fault+`", "count": 5}`)
			const dial = `mutation { dial(input: {phone: "+919812345678", requestId: "r1"}) { ok error { code retryable } call { id } } }`
			var call any
			for range 2 {
				_, data, _ := s.ask(token, dial, nil)
				if at(data, "dial", "error", "code") != "UNKNOWN_OUTCOME" || at(data, "dial", "error", "retryable") != false {
					t.Fatalf("got %v", data)
				}
				if id := at(data, "dial", "call", "id"); call != nil && call != id {
					t.Fatalf("another call: %v", data)
				} else {
					call = id
				}
			}
			if n := s.sandbox.Ozonetel().RequestCounts()["AgentManualDial"]; n != 1 {
				t.Fatalf("the provider was asked %d times", n)
			}
		})
	}
}

func TestADispositionSurvivesFortyTwoBeingDown(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	s.ask(token, `mutation { agentLogin(input: {}) { ok } }`, nil)
	s.ask(token, `mutation { setAgentState(input: {state: READY}) { ok } }`, nil)
	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 0.5}`)
	_, data, _ := s.ask(token, `mutation { dial(input: {phone: "+919812345678", requestId: "r1"}) { ok error { code } call { id } } }`, nil)
	call, _ := at(data, "dial", "call", "id").(string)
	until(t, "the call's end", func() bool {
		_, data, _ := s.ask(token, `{ viewer { agent { state currentCall { id state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "state") == "ENDED"
	})
	s.control("/sandbox/faults", `{"target": "fortytwo", "kind": "status", "status": 503, "count": 100000}`)
	_, data, _ = s.ask(token, `mutation($c: ID!) { dispose(input: {callId: $c, disposition: "General Enquiry"}) { ok pendingSync error { code message } } }`,
		map[string]any{"c": call})
	if at(data, "dispose", "ok") != true || at(data, "dispose", "pendingSync") != true {
		t.Fatalf("got %v", data)
	}
	s.send(http.MethodDelete, s.sandbox.ControlURL()+"/sandbox/faults", "application/json", "", "")
	until(t, "the write", func() bool {
		status, raw := s.send(http.MethodPost, s.sandbox.FortyTwoURL()+"/graphql", "application/json", token,
			`{"query": "{ call(filter: {id: {eq: \"`+call+`\"}}) { disposition } }"}`)
		return status == http.StatusOK && strings.Contains(string(raw), "General Enquiry")
	})
}

func TestMalformedRequestsAreRefusedAndNothingPanics(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	deep := strings.Repeat("{a", 40) + strings.Repeat("}", 40)
	for _, c := range []struct {
		name, path, contentType, body string
		status                        int
		says                          string
	}{
		{"JSON that is cut off", "/graphql", "application/json", `{"query": "{`, 400, ""},
		{"a query that is a number", "/graphql", "application/json", `{"query": 7}`, 400, ""},
		{"variables that are a list", "/graphql", "application/json", `{"query": "{__typename}", "variables": []}`, 400, ""},
		{"a form, which any page could send", "/graphql", "application/x-www-form-urlencoded", `query={__typename}`, 415, ""},
		{"a huge body", "/graphql", "application/json", `{"query": "` + strings.Repeat("x", 2<<20) + `"}`, 413, ""},
		{"a deep document", "/graphql", "application/json", `{"query": "` + deep + `"}`, 200, "LIMIT_EXCEEDED"},
		{"a list argument out of range", "/graphql", "application/json", `{"query": "{worklist(first: 1000) {totalCount}}"}`, 200, "LIMIT_EXCEEDED"},
		{"a number that is none", "/graphql", "application/json", `{"query": "mutation{dial(input:{phone:\"abc\",requestId:\"r\"}){ok}}"}`, 200, "BAD_USER_INPUT"},
		{"a path that does not exist", "/nothing", "application/json", ``, 404, ""},
		{"a push with a wrong secret", "/webhooks/ozonetel/cdr/wrong", "application/json", `{}`, 404, ""},
		{"an empty push", "/webhooks/ozonetel/cdr/" + sandboxWebhookSecret, "application/json", ``, 400, ""},
		{"a push of garbage is kept for an operator", "/webhooks/ozonetel/cdr/" + sandboxWebhookSecret, "text/plain", "\x00\xff garbage", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, raw := s.in(t).send(http.MethodPost, c.path, c.contentType, token, c.body)
			if status != c.status || !strings.Contains(string(raw), c.says) {
				t.Fatalf("HTTP %d %.300s", status, raw)
			}
		})
	}
	until(t, "the dead letter", func() bool {
		letters, err := s.gateway.bus.DeadLetters(t.Context(), "", "", 1)
		return err == nil && len(letters) == 1
	})
}

func TestCallersAreLimitedAndToldTheLimit(t *testing.T) {
	t.Parallel()
	s := startSystemStanding(t, map[string]string{"LIMIT_REQUESTS_PER_MINUTE": "6", "LIMIT_REQUEST_BURST": "3", "LIMIT_SIGN_INS_PER_MINUTE": "1"})
	token := s.signIn("asha@sandbox.test")
	const signIn = `mutation { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) { error { code message } } }`
	if _, data, _ := s.ask("", signIn, nil); at(data, "signIn", "error", "code") != "TOO_MANY_REQUESTS" {
		t.Errorf("a second sign-in with one e-mail: %v", data)
	}
	if other := s.signIn("ravi@sandbox.test"); other == "" {
		t.Error("another member could not sign in")
	}
	for range 3 {
		if status, _, code := s.ask(token, `{ __typename }`, nil); status != http.StatusOK || code != "" {
			t.Fatalf("within the burst: HTTP %d %s", status, code)
		}
	}
	status, raw := s.send(http.MethodPost, "/graphql", "application/json", token, `{"query": "{ __typename }"}`)
	if status != http.StatusTooManyRequests || !strings.Contains(string(raw), "the limit is 6 a minute") {
		t.Fatalf("beyond the burst: HTTP %d %s", status, raw)
	}
}

func TestAScreenPopTellsThatACallIsOffered(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	const query = "?ucid=21799900000000777&monitorUcid=21799900000000777&callerID=9812345678&agentID=agent1&type=InBound&did=918041763265"
	for range 2 { // the browser's and the server's hit
		if status, raw := s.send(http.MethodGet, pathPop+"/"+sandboxWebhookSecret+query, "", "", ""); status != http.StatusOK || strings.Contains(string(raw), "98123") {
			t.Fatalf("HTTP %d %s", status, raw)
		}
	}
	until(t, "the call", func() bool {
		call, err := s.gateway.calls.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", "21799900000000777")))
		return err == nil && call.State == helix.CallRinging && call.Sequence == 1
	})
}

func TestTheOperatorsPages(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	for path, says := range map[string]string{
		"/healthz": `"alive"`, "/readyz": `"ozonetel"`, "/metrics": "helix_inbox_waiting", "/graphiql": "<html",
	} {
		until(t, path+" with "+says, func() bool { // what /readyz asks has little time to answer
			status, raw := s.send(http.MethodGet, path, "", "", "")
			return status == http.StatusOK && strings.Contains(string(raw), says)
		})
	}
}
