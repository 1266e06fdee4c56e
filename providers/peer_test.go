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
	"github.com/helix-engage/gateway/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "KKsecret0123456789"

// patience is how long what must happen may take on a busy machine.
const patience = time.Minute

// newClient makes a client that is closed with the test.
func newClient(t *testing.T, change ...func(*providers.Options)) *providers.Client {
	t.Helper()
	o := providers.Options{Provider: helix.ProviderOzonetel, Timeout: patience, MaxResponse: 4 << 10}
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
	p := unstartedPeer(serve)
	p.Start()
	t.Cleanup(p.Close)
	return p
}

// newPeerInMemory is for tests inside a synctest bubble. The client's transport leads to the peer.
func newPeerInMemory(t *testing.T, serve http.HandlerFunc) (*peer, *http.Transport) {
	t.Helper()
	p, memory := unstartedPeer(serve), providertest.NewMemory()
	_ = p.Listener.Close()
	p.Listener = memory
	p.Start()
	t.Cleanup(p.Close)
	return p, &http.Transport{DialContext: memory.Dial}
}

// over makes the client's connections those of a transport.
func over(transport *http.Transport) func(*providers.Options) {
	return func(o *providers.Options) { o.Transport = transport }
}

func unstartedPeer(serve http.HandlerFunc) *peer {
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

func halfTheHeaders(w http.ResponseWriter, _ *http.Request) {
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
