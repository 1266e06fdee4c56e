package fortytwo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestWithoutConfigurationEveryCallNamesTheVariableToSet(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*Client) error{
		"SignIn":        func(c *Client) error { _, err := c.SignIn(t.Context(), "a", "b"); return err },
		"Refresh":       func(c *Client) error { _, err := c.Refresh(t.Context(), "r"); return err },
		"WhoAmI":        func(c *Client) error { _, _, err := c.WhoAmI(t.Context(), "t"); return err },
		"Workspace":     func(c *Client) error { _, err := c.Workspace(t.Context()); return err },
		"UpsertRecords": func(c *Client) error { _, err := c.UpsertRecords(t.Context(), helix.AsServer(), nil); return err },
		"ContactByPhone": func(c *Client) error {
			_, err := c.ContactByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
			return err
		},
		"FollowUpsDue": func(c *Client) error {
			_, _, err := c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 1})
			return err
		},
		"LeadsWaiting": func(c *Client) error {
			_, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 1})
			return err
		},
	}
	keyless := map[string]bool{"SignIn": true, "Refresh": true, "WhoAmI": true} // these need no server key
	s := newStrict(t)
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := call(s.unresolved(t, func(o *Options) { o.URL, o.APIKey = "", "" }))
			wantCode(t, err, helix.CodeNotConfigured)
			if !strings.Contains(err.Error(), "PLATFORM_GRAPHQL_URL") {
				t.Errorf("does not name the variable: %v", err)
			}
			if keyless[name] {
				return
			}
			err = call(s.unresolved(t, func(o *Options) { o.APIKey = "" }))
			wantCode(t, err, helix.CodeNotConfigured)
			if !strings.Contains(err.Error(), "PLATFORM_API_KEY") {
				t.Errorf("does not name the variable: %v", err)
			}
		})
	}
}

func TestTheZeroAccessNeverFallsBackToTheServerKey(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	s.documents()
	_, err := c.ContactByPhone(t.Context(), helix.Access{}, "+919812345678")
	wantCode(t, err, helix.CodeUnauthenticated)
	_, err = c.UpsertRecords(t.Context(), helix.Access{}, []helix.RecordWrite{callWrite(1, nil)})
	wantCode(t, err, helix.CodeUnauthenticated)
	if docs := s.documents(); len(docs) != 0 {
		t.Errorf("sent %q", docs)
	}
}

func TestOptionsThatCannotWorkAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"an address of another kind":       {HTTP: kit, URL: "ftp://crm.test/graphql"},
		"an address that is not /graphql":  {HTTP: kit, URL: "https://crm.test/"},
		"a field map with a word too much": {HTTP: kit, FieldMap: "nosuch=x"},
		"no HTTP client":                   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := New(o); err == nil {
				t.Error("accepted")
			}
		})
	}
	records, metadata, err := endpoints("https://crm.test/base/graphql/?x=1")
	if err != nil || records != "https://crm.test/base/graphql" || metadata != "https://crm.test/base/metadata" {
		t.Errorf("got %q and %q, %v", records, metadata, err)
	}
}

func TestFaultsOfTheWireAreUnavailableAndRetryable(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   helix.Code
	}{
		"the connection is cut": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, helix.CodeUnavailable},
		"no answer in time":     {hang, helix.CodeUnavailable},
		"a page of HTML":        {write(200, "<html>welcome</html>"), helix.CodeUnavailable},
		"JSON of another kind":  {write(200, `{"status":"ok"}`), helix.CodeUnavailable},
		"half a document":       {write(200, `{"data":{"leads":`), helix.CodeUnavailable},
		"data of another shape": {write(200, `{"data":{"currentUser":[]}}`), helix.CodeUnavailable},
		"a proxy's 404":         {write(404, "404 page not found"), helix.CodeUnavailable},
		"a server error":        {write(503, "busy"), helix.CodeUnavailable},
		"too many requests":     {write(429, "slow down"), helix.CodeTooManyRequests},
		"an expired token": {
			write(200, `{"errors":[{"message":"Token has expired.","extensions":`+
				`{"subCode":"UNAUTHENTICATED","code":"UNAUTHENTICATED","userFriendlyMessage":{"id":"z","message":"x"}}}]}`),
			helix.CodeUnauthenticated,
		},
		"an error with status 400": {write(400, `{"errors":[{"message":"x","extensions":{"code":"BAD_USER_INPUT"}}]}`), helix.CodeBadInput},
		"a refusal of the body":    {write(415, "unsupported"), helix.CodeRejected},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(tc.answer))
			defer server.Close()
			timeout := time.Minute
			if name == "no answer in time" {
				timeout = 200 * time.Millisecond
			}
			c := clientOf(t, server.URL, timeout)
			_, _, err := c.WhoAmI(t.Context(), "secret-token")
			wantCode(t, err, tc.want)
			e := helix.AsError(err)
			if e.Provider != helix.ProviderFortyTwo || e.Op != "fortytwo.whoAmI" {
				t.Errorf("provider %q, op %q", e.Provider, e.Op)
			}
			for _, secret := range []string{"secret-token", server.URL, "welcome"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error says too much: %v", err)
				}
			}
			failed := c.State().LastError != ""
			if ours := tc.want == helix.CodeUnavailable || tc.want == helix.CodeTooManyRequests; failed != ours {
				t.Errorf("state: %+v", c.State())
			}
		})
	}
}

func TestARefusedWriteThatTheConnectionLostIsSafeToRepeat(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	s.intercept = func(http.ResponseWriter, string) bool {
		s.intercept = nil
		panic(http.ErrAbortHandler)
	}
	write := callWrite(1, map[string]any{"name": "Call"})
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{write})
	if err != nil || results[0].Err != nil || len(s.rows["calls"]) != 1 {
		t.Errorf("%v %v: %v", err, results, s.rows["calls"])
	}
}

func TestFortyTwoDownAtStartIsUnavailableUntilItIsThere(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.intercept = func(w http.ResponseWriter, _ string) bool { w.WriteHeader(http.StatusBadGateway); return true }
	c := s.unresolved(t, func(o *Options) { o.RefreshInterval = time.Millisecond })
	_, err := c.ContactByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
	wantCode(t, err, helix.CodeUnavailable)
	if !helix.IsRetryable(err) || c.State().ModelReady {
		t.Errorf("not retryable, or ready: %v, %+v", err, c.State())
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	s.mu.Lock()
	s.intercept = nil
	s.mu.Unlock()
	waitFor(t, func() bool { return c.State().ModelReady })
	if _, err := c.ContactByPhone(t.Context(), helix.AsUser("u"), "+919812345678"); err != nil {
		t.Error(err)
	}

	s.mu.Lock()
	s.objects = edit(s.objects, "call", "notes", nil)
	s.version++
	s.mu.Unlock()
	waitFor(t, func() bool { return c.State().ModelVersion == 8 })
	if state := c.State(); len(state.Missing) != 1 || state.Missing[0] != "call.notes" || !state.Configured || state.LastSuccess.IsZero() {
		t.Errorf("state: %+v", state)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

func TestAnUnchangedModelIsNotReadAgain(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	c := s.client(t, nil)
	first := c.model.Load()
	if err := c.Resolve(t.Context()); err != nil || c.model.Load() != first {
		t.Errorf("read again: %v", err)
	}
}

// noticing is a context that tells when somebody begins to wait for its end.
type noticing struct {
	context.Context
	once    sync.Once
	waiting chan struct{}
}

func (n *noticing) Done() <-chan struct{} {
	n.once.Do(func() { close(n.waiting) })
	return n.Context.Done()
}

func TestALookAtTheModelThatBeganBeforeAChangeWasHeardOfIsNotTakenForOneAfterIt(t *testing.T) {
	t.Parallel()
	var version atomic.Int64
	version.Store(7)
	first, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "currentWorkspace") {
			write(200, `{"data":{"objects":{"edges":[],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}`)(w, r)
			return
		}
		seen := version.Load()
		once.Do(func() {
			close(first)
			<-answer
		})
		write(200, fmt.Sprintf(`{"data":{"currentWorkspace":{"id":"w","metadataVersion":%d}}}`, seen))(w, r)
	}))
	t.Cleanup(server.Close)
	c := clientOf(t, server.URL, time.Minute)
	ended := make(chan error, 2)
	go func() { ended <- c.Resolve(t.Context()) }()
	<-first
	version.Store(8)
	heard := &noticing{Context: t.Context(), waiting: make(chan struct{})}
	go func() { ended <- c.Resolve(heard) }()
	<-heard.waiting
	close(answer)
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if got := c.State().ModelVersion; got != 8 {
		t.Errorf("who heard of version 8 has version %d", got)
	}
}

func TestAnObjectThatIsGoneIsNotTakenForATokenThatOpensNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gone bool
		want helix.Code
	}{
		"the object is gone":      {true, helix.CodeNotConfigured},
		"the token opens nothing": {false, helix.CodeUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStrict(t)
			c := s.client(t, nil)
			s.mu.Lock()
			if tc.gone {
				s.version++
				s.objects = slices.DeleteFunc(s.objects, func(o map[string]any) bool { return o["nameSingular"] == "lead" })
			}
			s.intercept = func(w http.ResponseWriter, doc string) bool {
				if strings.Contains(doc, "leads") {
					fail(w, `Cannot query field "leads" on type "Query".`, nil)
					return true
				}
				return false
			}
			s.mu.Unlock()
			_, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 1})
			wantCode(t, err, tc.want)
		})
	}
}

// clientOf gives a client of any server.
func clientOf(t *testing.T, url string, timeout time.Duration) *Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	c, err := New(Options{URL: url + "/graphql", APIKey: "server-key", HTTP: kit, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hang answers nothing until the client gives up, which a server only notices once it has read the body.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func write(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// waitFor polls, since what it waits for happens in Run's goroutine.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("did not happen within a minute")
		case <-tick.C:
		}
	}
}
