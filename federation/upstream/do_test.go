package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestNothingButTheNamedHeadersGoesAlong(t *testing.T) {
	t.Parallel()
	type seen struct {
		Method, URI, Body string
		Header            http.Header
		Length            int64
	}
	var got seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.RequestURI, string(body), r.Header, r.ContentLength}
		sendJSON(w, 200, answer)
	}))
	defer server.Close()
	client := newClient(t, Options{URL: server.URL + "/graphql?x=1"})
	caller := callerOf("secret")
	caller.Language, caller.Locale = "fr, en;q=0.5", "fr-FR"
	body, code, err := client.Do(t.Context(), caller, query())
	if err != nil || code != 200 || string(body) != answer {
		t.Fatalf("%d %s %v", code, body, err)
	}
	want := seen{
		Method: "POST", URI: "/graphql?x=1", Body: string(document), Length: int64(len(document)),
		Header: http.Header{
			"Authorization": {"Bearer secret"}, "Accept-Language": {"fr, en;q=0.5"}, "X-Locale": {"fr-FR"},
			"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {"helix-engage-gateway"},
			"Content-Length": got.Header["Content-Length"],
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeSentIsRefusedBefore(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived.Add(1)
		sendJSON(w, 200, answer)
	})
	client := newClient(t, Options{URL: url})
	gone, leave := context.WithCancel(t.Context())
	leave()
	for name, c := range map[string]struct {
		ctx    context.Context
		caller *Caller
		body   []byte
		want   helix.Code
	}{
		"no token":                        {t.Context(), callerOf(""), document, helix.CodeUnauthenticated},
		"a token that would add a header": {t.Context(), callerOf("a\r\nX-Admin: 1"), document, helix.CodeUnauthenticated},
		"a document beyond FortyTwo's":    {t.Context(), callerOf("a"), make([]byte, maxRequest+1), helix.CodeLimitExceeded},
		"a caller who has left":           {gone, callerOf("a"), document, helix.CodeUnavailable},
	} {
		for _, mutates := range []bool{false, true} {
			_, _, err := client.Do(c.ctx, c.caller, &Request{Body: c.body, Mutation: mutates})
			if got := codeOf(t, err); got != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	}
	if arrived.Load() != 0 {
		t.Errorf("%d requests arrived", arrived.Load())
	}
}

func TestALanguageThatIsNoHeaderIsLeftOut(t *testing.T) {
	t.Parallel()
	var header http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		sendJSON(w, 200, answer)
	})
	caller := callerOf("a")
	caller.Language, caller.Locale = "en\r\nX-Admin: 1", "de\x00"
	if _, _, err := newClient(t, Options{URL: url}).Do(t.Context(), caller, query()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Accept-Language", "X-Locale", "X-Admin"} {
		if header.Values(name) != nil {
			t.Errorf("%s: %q", name, header.Values(name))
		}
	}
}

func TestAURLThatIsNoneIsRefusedWithoutBeingQuoted(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "crm.local/graphql?key=secret", "ftp://crm.local/secret", "http://%zz/secret"} {
		if _, err := New(Options{URL: url}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAUserWhoGoesAwayIsNotFortyTwosFailure(t *testing.T) {
	t.Parallel()
	arrived, cancelled := make(chan struct{}), make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
		cancelled <- struct{}{}
	})
	client := newClient(t, Options{URL: url, Breaker: providers.Breaker{Failures: 1}})
	for _, c := range []struct {
		request *Request
		want    helix.Code
	}{{query(), helix.CodeUnavailable}, {mutation(), helix.CodeUnknownOutcome}, {query(), helix.CodeUnavailable}} {
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, _, err := client.Do(ctx, callerOf("a"), c.request)
			ended <- err
		}()
		<-arrived
		leave()
		err := <-ended
		if codeOf(t, err) != c.want || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		<-cancelled
	}
	if h := client.Health(); !h.OK() || !h.LastSuccess.IsZero() {
		t.Errorf("health %+v", h)
	}
}

func TestAQueryIsSentAgainWhenItsConnectionWasClosed(t *testing.T) {
	t.Parallel()
	url := serveRaw(t, func(number int, conn *rawConn) {
		for served := 0; conn.request(); served++ {
			if number == 1 && served == 1 {
				return
			}
			conn.answer()
		}
	})
	client := newClient(t, Options{URL: url})
	for range 3 {
		if _, _, err := client.Do(t.Context(), callerOf("a"), query()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMutationIsNotSentAgainWhenItsConnectionWasClosed(t *testing.T) {
	t.Parallel()
	var requests, connections atomic.Int32
	url := serveRaw(t, func(_ int, conn *rawConn) {
		connections.Add(1)
		for served := 0; conn.request(); served++ {
			requests.Add(1)
			if served == 1 {
				return
			}
			conn.answer()
		}
	})
	client := newClient(t, Options{URL: url})
	if _, _, err := client.Do(t.Context(), callerOf("a"), mutation()); err != nil {
		t.Fatal(err)
	}
	_, _, err := client.Do(t.Context(), callerOf("a"), mutation())
	if codeOf(t, err) != helix.CodeUnknownOutcome {
		t.Errorf("got %v", err)
	}
	if requests.Load() != 2 || connections.Load() != 1 {
		t.Errorf("%d requests on %d connections", requests.Load(), connections.Load())
	}
}

func TestAQueryIsSentTwiceAtMost(t *testing.T) {
	t.Parallel()
	const connections = 4
	var requests atomic.Int32
	together := make(chan struct{}) // closed when each connection has its first request
	url := serveRaw(t, func(number int, conn *rawConn) {
		if !conn.request() {
			return
		}
		switch requests.Add(1) {
		case connections:
			close(together)
		case connections + 2:
			if number <= connections {
				t.Error("it was sent again on a connection that may be as stale")
			}
			return
		}
		<-together
		conn.answer()
		if conn.request() {
			requests.Add(1)
		}
	})
	client := newClient(t, Options{URL: url, Timeout: time.Minute})
	errs := make(chan error, connections)
	for i := range connections {
		go func() {
			_, _, err := client.Do(t.Context(), callerOf(string(rune('a'+i))), query())
			errs <- err
		}()
	}
	for range connections {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := client.Do(t.Context(), callerOf("a"), query())
	if codeOf(t, err) != helix.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	if again := requests.Load() - connections; again != 2 {
		t.Errorf("it was sent %d times", again)
	}
}
