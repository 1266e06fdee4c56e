package providers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "KKsecret0123456789"

// newClient makes a client with a short time-out that is closed with the test.
func newClient(t *testing.T, change ...func(*providers.Options)) *providers.Client {
	t.Helper()
	o := providers.Options{Provider: helix.ProviderOzonetel, Timeout: 10 * time.Second, MaxResponse: 4 << 10}
	for _, f := range change {
		f(&o)
	}
	c, err := providers.NewHTTP(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// peer is an HTTP server that counts what reaches it.
type peer struct {
	*httptest.Server
	requests atomic.Int32
	conns    atomic.Int32 // opened
}

func newPeer(t *testing.T, serve http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
		p.requests.Add(1)
		serve(w, r)
	}))
	p.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.conns.Add(1)
		}
	}
	p.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func operation(s providers.Safety) providers.Operation {
	return providers.Operation{Name: "test.operation", Family: "test", Safety: s}
}

// send posts to url with a secret in header, query and body.
func send(ctx context.Context, c *providers.Client, op providers.Operation, url string) (providers.Response, error) {
	var got providers.Response
	err := c.Do(ctx, op, providers.Request{
		Method: http.MethodPost, URL: url + "/path?apiKey=" + secret,
		Header: http.Header{"apiKey": {secret}}, Body: []byte(secret),
	}, func(r providers.Response) error {
		got = r
		return nil
	})
	return got, err
}

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func halfABody(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte("half"))
	_ = http.NewResponseController(w).Flush()
	reset(w, r)
}

func halfTheHeaders(w http.ResponseWriter, r *http.Request) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Ty")
	_ = buf.Flush()
	_, _ = io.Copy(io.Discard, conn) // until the client gives up
}

func garbage(w http.ResponseWriter, _ *http.Request) {
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = buf.WriteString("patient " + secret + " is no HTTP\r\n\r\n")
	_ = buf.Flush()
}

func hugeBody(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
}

// TestFaults holds, for each fault of a peer, how often an operation is sent and as what it fails.
func TestFaults(t *testing.T) {
	t.Parallel()
	type want struct {
		requests  int32
		code      helix.Code
		retryable bool
	}
	once := want{1, helix.CodeUnknownOutcome, false}
	for name, c := range map[string]struct {
		serve                  http.HandlerFunc
		timeout                time.Duration
		once, idempotent, safe want
	}{
		"a reset after the request was read": {
			serve: reset, once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
		},
		"a hang until the time-out": {
			serve: hang, timeout: 150 * time.Millisecond, once: once,
			idempotent: want{1, helix.CodeUnavailable, true}, safe: want{1, helix.CodeUnavailable, true},
		},
		"headers that never end": {
			serve: halfTheHeaders, timeout: 150 * time.Millisecond, once: once,
			idempotent: want{1, helix.CodeUnavailable, true}, safe: want{1, helix.CodeUnavailable, true},
		},
		"half a body": {
			serve: halfABody, once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
		},
		"an answer that is no HTTP": {
			serve: garbage, once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
		},
		"a body beyond the limit": {
			serve: hugeBody, once: once,
			idempotent: want{1, helix.CodeUnavailable, true}, safe: want{1, helix.CodeUnavailable, true},
		},
		"status 500": {
			serve: status(500), once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
		},
		"status 408": {
			serve: status(408), once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
		},
		"status 429 without a time": {
			serve: status(429), once: want{1, helix.CodeTooManyRequests, true},
			idempotent: want{2, helix.CodeTooManyRequests, true}, safe: want{3, helix.CodeTooManyRequests, true},
		},
	} {
		for safety, want := range map[providers.Safety]want{
			providers.Once: c.once, providers.Idempotent: c.idempotent, providers.Safe: c.safe,
		} {
			t.Run(name+[]string{" sent once", " sent as a command", " sent as a read"}[safety], func(t *testing.T) {
				t.Parallel()
				p := newPeer(t, c.serve)
				op := operation(safety)
				op.Timeout = c.timeout
				_, err := send(t.Context(), newClient(t), op, p.URL)
				checkError(t, err, want.code, want.retryable)
				if n := p.requests.Load(); n != want.requests {
					t.Errorf("%d requests arrived, want %d", n, want.requests)
				}
			})
		}
	}
}

// checkError holds what every error of the kit promises.
func checkError(t *testing.T, err error, code helix.Code, retryable bool) {
	t.Helper()
	var e *helix.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v has no code, want %s", err, code)
	}
	if e.Code != code || e.Retryable != retryable {
		t.Errorf("error %v, retryable %t; want %s, %t", e, e.Retryable, code, retryable)
	}
	if e.Provider != helix.ProviderOzonetel || e.Op != "test.operation" || e.Message == "" {
		t.Errorf("error %#v lacks provider, operation or message", e)
	}
	if text := e.Error(); strings.Contains(text, secret) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("error %q gives away an address or a secret", text)
	}
}

func TestNothingWasWritten(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	noTLS := newRefuser(t)
	for name, url := range map[string]string{
		"the connection is refused":     closed.URL,
		"the host does not exist":       "http://host.invalid",
		"the TLS handshake breaks":      "https://" + noTLS,
		"the TLS handshake never comes": "https://" + newListener(t).Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := operation(providers.Once)
			op.Timeout = 2 * time.Second
			if strings.HasSuffix(name, "never comes") {
				op.Timeout = 150 * time.Millisecond
			}
			_, err := send(t.Context(), newClient(t), op, url)
			checkError(t, err, helix.CodeUnavailable, true)
		})
	}
}

// newListener accepts connections into its backlog and never serves them.
func newListener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// newRefuser closes every connection at once, and gives its address.
func newRefuser(t *testing.T) string {
	t.Helper()
	l := newListener(t)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return l.Addr().String()
}

func TestADialNeverTravelsOnAUsedConnection(t *testing.T) {
	t.Parallel()
	p := newPeer(t, status(200))
	c := newClient(t)
	for i, step := range []struct {
		safety providers.Safety
		conns  int32
	}{{providers.Safe, 1}, {providers.Safe, 1}, {providers.Once, 2}, {providers.Once, 3}, {providers.Safe, 3}} {
		if _, err := send(t.Context(), c, operation(step.safety), p.URL); err != nil {
			t.Fatal(err)
		}
		if n := p.conns.Load(); n != step.conns {
			t.Errorf("after request %d there were %d connections, want %d", i+1, n, step.conns)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const parallel = 12
	var arrived sync.WaitGroup
	p := newPeer(t, func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait() // all of a round are under way at once
	})
	c := newClient(t)
	for range 3 {
		arrived.Add(parallel)
		var round sync.WaitGroup
		for range parallel {
			round.Go(func() {
				if _, err := send(t.Context(), c, operation(providers.Safe), p.URL); err != nil {
					t.Error(err)
				}
			})
		}
		round.Wait()
	}
	if n := p.conns.Load(); n > parallel {
		t.Errorf("%d connections for rounds of %d requests", n, parallel)
	}
}

func TestAReadSucceedsAfterTransientFaults(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			reset(w, r)
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte("fine"))
		}
	})
	c := newClient(t)
	got, err := send(t.Context(), c, operation(providers.Safe), p.URL)
	if err != nil || string(got.Body) != "fine" {
		t.Fatalf("got %q, %v", got.Body, err)
	}
	if h := c.Health(); !h.OK() || h.LastSuccess.IsZero() {
		t.Errorf("health is %+v after a success", h)
	}
}

func TestALongRetryAfterIsHandedOn(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	began := time.Now()
	_, err := send(t.Context(), newClient(t), operation(providers.Safe), p.URL)
	checkError(t, err, helix.CodeTooManyRequests, true)
	if e := helix.AsError(err); e.RetryAfter != 2*time.Minute || p.requests.Load() != 1 {
		t.Errorf("retry after %v, %d requests; want 2m, 1", e.RetryAfter, p.requests.Load())
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("waited %v for a pause that does not fit the deadline", waited)
	}
}

func TestACallerGivesUp(t *testing.T) {
	t.Parallel()
	for safety, want := range map[providers.Safety]helix.Code{
		providers.Once: helix.CodeUnknownOutcome, providers.Safe: helix.CodeUnavailable,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		p := newPeer(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		c := newClient(t)
		_, err := send(ctx, c, operation(safety), p.URL)
		checkError(t, err, want, want == helix.CodeUnavailable)
		if !errors.Is(err, context.Canceled) || p.requests.Load() != 1 {
			t.Errorf("error %v after %d requests", err, p.requests.Load())
		}
		if h := c.Health(); !h.OK() {
			t.Errorf("the provider is called unhealthy because a caller gave up: %+v", h)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := newPeer(t, status(200))
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	_, err := send(t.Context(), newClient(t), operation(providers.Once), p.URL)
	checkError(t, err, helix.CodeUnknownOutcome, false)
	if other.requests.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestTheReaderDecides(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte("no"))
	})
	for name, c := range map[string]struct {
		judged   func(*providers.Client, providers.Response) error
		code     helix.Code
		requests int32
		healthy  bool
	}{
		"a coded error stands": {
			func(*providers.Client, providers.Response) error {
				return &helix.Error{Code: helix.CodeAgentBusy, Message: "busy"}
			},
			helix.CodeAgentBusy, 1, true,
		},
		"a refusal of credentials makes the provider unhealthy": {
			func(c *providers.Client, r providers.Response) error { return c.Refused(operation(providers.Safe), r) },
			helix.CodeRejected, 1, false,
		},
		"nonsense is repeated": {
			func(*providers.Client, providers.Response) error { return errors.New("no sense") },
			helix.CodeUnavailable, 3, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t)
			before := p.requests.Load()
			err := client.Do(t.Context(), operation(providers.Safe), providers.Request{Method: http.MethodGet, URL: p.URL},
				func(r providers.Response) error { return c.judged(client, r) })
			checkError(t, err, c.code, c.code == helix.CodeUnavailable)
			if n := p.requests.Load() - before; n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			if got := client.Health().OK(); got != c.healthy {
				t.Errorf("healthy %t, want %t", got, c.healthy)
			}
		})
	}
}

func TestAMalformedRequestIsOurFault(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://bad host/?apiKey=" + secret, "://", "http://127.0.0.1:1/\x7f"} {
		c := newClient(t)
		err := c.Do(t.Context(), operation(providers.Once), providers.Request{Method: http.MethodGet, URL: url}, nil)
		checkError(t, err, helix.CodeInternal, false)
		if h := c.Health(); !h.OK() {
			t.Errorf("health %+v after a fault of ours", h)
		}
	}
}

func TestGetCarriesABody(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- r.Method + " " + string(b)
	}))
	t.Cleanup(server.Close)
	err := newClient(t).Do(t.Context(), operation(providers.Safe),
		providers.Request{Method: http.MethodGet, URL: server.URL, Body: []byte(`{"a":1}`)},
		func(providers.Response) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := <-bodies; got != `GET {"a":1}` {
		t.Errorf("the server saw %q", got)
	}
}
