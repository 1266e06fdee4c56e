package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// A socket ends when its token does, with a close code after which clients connect again; a renewed token works.
func TestASocketEndsWithItsTokenAndGoesOnWithARenewedOne(t *testing.T) {
	t.Parallel()
	const left, life = 30 * time.Second, 30 * time.Minute // of a token when it is issued, by our clock and by FortyTwo's
	var behind atomic.Int64
	behind.Store(int64(life - left))
	s := startSystemAt(t, func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) }, nil)
	s.signIn("ravi@sandbox.test") // the time of a token is not for the gateway's start
	_, data, _ := s.ask("", `mutation { signIn(input: {email: "asha@sandbox.test", password: "sandbox"}) {
		session { accessToken refreshToken expiresAt }
	} }`, nil)
	session, _ := at(data, "signIn", "session").(map[string]any)
	token, _ := session["accessToken"].(string)
	expires, err := time.Parse(time.RFC3339, textAt(session, "expiresAt"))
	if err != nil || time.Until(expires) > left {
		t.Fatalf("the token ends at %s, %v", expires, err)
	}
	listen := func(token string) (next func() socketMessage) {
		socket := openSocket(t, s)
		socket.hello(token)
		socket.subscribe("1", `subscription { agentStates { agent { id } } }`, nil)
		return socket.read
	}
	next := listen(token)
	s.ask(token, `mutation { agentLogin(input: {}) { ok } }`, nil)
	m := next()
	for m.Type == "next" {
		m = next()
	}
	if m.closed != 4403 || time.Now().Before(expires.Truncate(time.Second)) {
		t.Fatalf("closed with %d, %s before its token", m.closed, time.Until(expires))
	}
	if _, _, code := s.ask(token, `{ viewer { user { id } } }`, nil); code != unauthenticated {
		t.Fatalf("the ended token: %q", code)
	}
	behind.Store(0)
	_, data, _ = s.ask(token, `mutation($t: String!) { refreshSession(input: {refreshToken: $t}) { session { accessToken } error { code } } }`,
		map[string]any{"t": session["refreshToken"]})
	renewed, _ := at(data, "refreshSession", "session", "accessToken").(string)
	if m := listen(renewed)(); m.Type != "next" {
		t.Fatalf("renewed: %+v of %v", m, data)
	}
}

// A subscription without a filter tells an agent nothing of another one's call.
func TestAnAgentHearsNothingOfTheCallsOfOthers(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	socket := openSocket(t, st.system)
	socket.hello(st.tokens[asOther])
	_, data, _ := st.ask(st.tokens[asAgent], `query($c: ID!) { callTimeline(callId: $c) { edges { cursor } } }`, theCall(st, asAgent))
	story := listAt(data, "callTimeline", "edges")
	if len(story) == 0 {
		t.Fatalf("the call has no story: %v", data)
	}
	socket.subscribe("1", `subscription($a: Cursor) { callEvents(after: $a) { kind callId phone } }`, map[string]any{"a": at(story[0], "cursor")})
	const unknown = `{ callTimeline(callId: "7d444840-9dc0-51d1-b245-5ffdce74fad2") { edges { cursor } } }`
	if _, _, code := st.ask(st.tokens[asMember], unknown, nil); code != forbidden {
		t.Errorf("who sees no calls was told that there is none: %q", code)
	}
	hold(st, 0)
	hold(st, 1)
	st.abandon("9800000009") // nobody's in particular
	for {
		m := socket.read()
		var heard struct {
			Data struct{ CallEvents map[string]any }
		}
		if err := json.Unmarshal(m.Payload, &heard); m.Type != "next" || err != nil {
			t.Fatalf("got %+v, %v", m, err)
		}
		if heard.Data.CallEvents["callId"] == st.call {
			t.Fatalf("heard of another agent's call: %s", m.Payload)
		}
		if heard.Data.CallEvents["kind"] == "MISSED" && heard.Data.CallEvents["phone"] == "+919800000009" {
			return
		}
	}
}

// Who works at a desk is what AGENTS_FILE says, from the next start on; a desk that somebody is logged in at is not taken
// from him in silence.
func TestADeskBelongsToOneMemberAtATime(t *testing.T) {
	t.Parallel()
	box := startSandbox(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "agents.json")
	start := func(ctx context.Context, seats map[string]string) *system {
		entries := map[string]map[string]string{}
		for email, id := range seats {
			for _, a := range box.Agents() {
				if a.ID == id {
					entries[email] = map[string]string{"agentId": a.ID, "password": a.Password, "sipExtension": a.Extension}
				}
			}
		}
		text, err := json.Marshal(entries)
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		environment := sandboxEnvironment(box, unhurried(map[string]string{"DATA_DIR": filepath.Join(dir, "data"), "HOST": "127.0.0.1"}))
		environment["AGENTS_FILE"] = file
		return gatewayAmong(ctx, t, box, environment, nil)
	}
	code := func(s *system, token, mutation string) any {
		t.Helper()
		_, data, top := s.ask(token, `mutation { `+mutation+` { error { code } } }`, nil)
		for _, payload := range data {
			if e := at(payload, "error", "code"); e != nil {
				return e
			}
		}
		return top
	}

	ctx, stop := context.WithCancel(t.Context())
	s := start(ctx, map[string]string{"asha@sandbox.test": "agent1", "ravi@sandbox.test": "agent2"})
	asha, ravi := s.signIn("asha@sandbox.test"), s.signIn("ravi@sandbox.test")
	if got := code(s, asha, `agentLogin(input: {})`); got != allowed {
		t.Fatalf("asha's login: %v", got)
	}
	stop()
	s.wait()

	s = start(t.Context(), map[string]string{"ravi@sandbox.test": "agent1"})
	for _, mutation := range []string{`agentLogin(input: {})`, `setAgentState(input: {state: READY})`, `agentLogout(input: {})`} {
		if got := code(s, asha, mutation); got != notAnAgent {
			t.Errorf("%s by who was removed: %v", mutation, got)
		}
	}
	_, data, _ := s.ask(asha, `{ viewer { agent { id } roles permissions } }`, nil)
	if at(data, "viewer", "agent") != nil || len(listAt(data, "viewer", "roles")) != 0 {
		t.Errorf("who was removed is %v", data)
	}
	for _, mutation := range []string{
		`agentLogin(input: {})`, `setAgentState(input: {state: READY})`, `dial(input: {phone: "+919800000001", requestId: "1"})`,
	} {
		if got := code(s, ravi, mutation); got != "AGENT_TAKEN" {
			t.Errorf("%s at a desk where another member is logged in: %v", mutation, got)
		}
	}
	if got := code(s, ravi, `forceAgentReady(input: {})`); got != allowed {
		t.Fatalf("taking the desk over on purpose: %v", got)
	}
	if got := code(s, ravi, `setAgentState(input: {state: PAUSED})`); got != allowed {
		t.Fatalf("after taking over: %v", got)
	}
}

// startSandbox runs emulators without a gateway.
func startSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	return startSandboxOf(t, fortytwo.Line27)
}

func startSandboxOf(t *testing.T, line fortytwo.Line) *sandbox.Sandbox {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{
		Seed: 1, Traffic: sandbox.TrafficOff, FortyTwoLine: line, Logger: slog.New(slog.DiscardHandler),
		FortyTwoAddr: "127.0.0.1:0", OzonetelAddr: "127.0.0.1:0", KnowlarityAddr: "127.0.0.1:0", ElevenLabsAddr: "127.0.0.1:0", ControlAddr: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return box
}

// gatewayAmong runs a gateway among emulators, otherwise wired where prepare says so, until ctx or the test ends;
// [system.wait] waits for that.
func gatewayAmong(
	ctx context.Context, t *testing.T, box *sandbox.Sandbox, environment map[string]string, prepare func(*Gateway, net.Listener) error,
) *system {
	t.Helper()
	cfg, err := LoadConfig(environment)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGateway(t.Context(), cfg, listener, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if prepare != nil {
		if err := prepare(g, listener); err != nil {
			t.Fatal(err)
		}
	}
	transport := &http.Transport{}
	s := &system{
		sandboxed: &sandboxed{gateway: g, sandbox: box}, t: t, url: "http://" + listener.Addr().String(), hc: &http.Client{Transport: transport},
		ended: make(chan struct{}),
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		defer close(s.ended)
		if err := g.Run(ctx); err != nil {
			t.Error(err)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		s.wait()
	})
	return s
}

// wait waits until a gateway of [gatewayAmong] has ended.
func (s *system) wait() { <-s.ended }

// The CRM's key may come in any case of its name, and with the request that opens the socket.
func TestASocketOfTheCRMIsOpenedByItsKey(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	ask := func(opening http.Header, payload map[string]string) socketMessage {
		t.Helper()
		socket := openSocketWith(t, s, opening)
		defer socket.close()
		socket.write(map[string]any{"type": "connection_init", "payload": payload})
		if m := socket.read(); m.closed != 0 {
			return m
		}
		socket.subscribe("1", `{ outboundCalls { totalCount } }`, nil)
		return socket.read()
	}
	const none = `{"data":{"outboundCalls":{"totalCount":0}}}`
	for name, m := range map[string]socketMessage{
		"in the payload":            ask(nil, map[string]string{"X-Api-Key": sandboxCRMKey}),
		"in lower case":             ask(nil, map[string]string{"x-api-key": sandboxCRMKey}),
		"in a header":               ask(http.Header{"X-Api-Key": {sandboxCRMKey}}, nil),
		"the payload's goes before": ask(http.Header{"X-Api-Key": {"wrong"}}, map[string]string{"x-api-key": sandboxCRMKey}),
	} {
		if m.Type != "next" || string(m.Payload) != none {
			t.Errorf("%s: %+v %s", name, m, m.Payload)
		}
	}
	for name, payload := range map[string]map[string]string{
		"a wrong key": {"X-Api-Key": "wrong"}, "a key as a token": {"Authorization": "Bearer " + sandboxCRMKey}, "nothing": {},
	} {
		if m := ask(nil, payload); m.closed != 4403 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
