package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/helix-engage/gateway/internal/server"
)

func TestRequestsInFlightAreWaitedFor(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}), make(chan struct{})
	draining := make(chan struct{})
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := &port{Listener: bound}
	srv := start(t, server.Options{
		Listener: port,
		OnDrain:  func(context.Context) { close(draining) },
		Routes: []server.Route{route("GET /slow", func(w http.ResponseWriter, r *http.Request) {
			close(begun)
			<-goOn
			fmt.Fprint(w, r.Context().Err())
		})},
	})
	answered := make(chan string, 1)
	go func() {
		_, text := srv.do(t, http.MethodGet, "/slow")
		answered <- text
	}()
	<-begun
	srv.stop()
	<-draining
	close(goOn)
	if text := <-answered; text != "<nil>" {
		t.Errorf("the request's context ended: %s", text)
	}
	if err := srv.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !port.closed.Load() {
		t.Error("the port is still open")
	}
}

// port knows whether it is closed; asking by a connection might reach somebody else who has it by then.
type port struct {
	net.Listener

	closed atomic.Bool
}

func (p *port) Close() error {
	p.closed.Store(true)
	return p.Listener.Close()
}

func TestRequestsThatOutliveTheDrainAreEnded(t *testing.T) {
	t.Parallel()
	begun, cause := make(chan struct{}), make(chan error, 1)
	srv := start(t, server.Options{
		DrainTimeout: 50 * time.Millisecond,
		Routes: []server.Route{route("GET /endless", func(_ http.ResponseWriter, r *http.Request) {
			close(begun)
			<-r.Context().Done()
			cause <- context.Cause(r.Context())
		})},
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if res, err := srv.client.Get(srv.url + "/endless"); err == nil {
			res.Body.Close()
		}
	}()
	<-begun
	srv.stop()
	if err := srv.wait(t); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not end within 50ms") {
		t.Errorf("Run: %v", err)
	}
	if err := <-cause; !errors.Is(err, server.ErrStopping) {
		t.Errorf("the request ended because of %v", err)
	}
	<-ended
}

func TestLoadBalancersAreToldBeforeThePortCloses(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{DrainDelay: 3 * time.Second})
	if res, _ := srv.do(t, http.MethodGet, "/readyz"); res.StatusCode != http.StatusOK {
		t.Fatalf("status %d before", res.StatusCode)
	}
	srv.stop()
	status, text := 0, ""
	for status != http.StatusServiceUnavailable { // each turn is a request; draining begins at once
		var res *http.Response
		res, text = srv.do(t, http.MethodGet, "/readyz")
		status = res.StatusCode
	}
	if text != `{"status":"draining","checks":{}}`+"\n" {
		t.Errorf("got %s", text)
	}
	if res, _ := srv.do(t, http.MethodGet, "/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("a draining process is not alive: %d", res.StatusCode)
	}
	if err := srv.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestAConnectionOnWhichNothingIsAskedHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{DrainTimeout: 4 * time.Second}) // net/http alone would wait for five
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(srv.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	srv.do(t, http.MethodGet, "/healthz") // by which the other connection was accepted too
	srv.stop()
	if err := srv.wait(t); err != nil {
		t.Error(err)
	}
}

func TestSocketsAreGivenTheDrainAndNoMore(t *testing.T) {
	t.Parallel()
	told := make(chan bool, 1)
	srv := start(t, server.Options{DrainTimeout: 50 * time.Millisecond, OnDrain: func(ctx context.Context) {
		_, bounded := ctx.Deadline()
		told <- bounded
		<-ctx.Done()
	}})
	srv.stop()
	if err := srv.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if bounded := <-told; !bounded {
		t.Error("the drain of sockets has no deadline")
	}
}

func TestAListenerCanBeInjected(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := start(t, server.Options{Listener: listener})
	if want := "http://" + listener.Addr().String(); srv.url != want {
		t.Errorf("listens on %s, want %s", srv.url, want)
	}
	if res, _ := srv.do(t, http.MethodGet, "/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{})
	addr := strings.TrimPrefix(srv.url, "http://")
	second, err := server.New(server.Options{Addr: addr})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "cannot listen on "+addr) {
		t.Errorf("Run: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("given up"))
	if _, err := second.Addr(ctx); err == nil || err.Error() != "given up" {
		t.Errorf("Addr: %v", err)
	}
}

func TestBadRoutesAreErrors(t *testing.T) {
	t.Parallel()
	nothing := func(http.ResponseWriter, *http.Request) {}
	for pattern, routes := range map[string][]server.Route{
		"GET /a/{":       {route("GET /a/{", nothing)},
		"GET /a":         {route("GET /a", nothing), route("GET /a", nothing)},
		"/healthz/{x} y": {route("/healthz/{x} y", nothing)},
	} {
		_, err := server.New(server.Options{Routes: routes})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("route %q", pattern)) {
			t.Errorf("%s: error is %v", pattern, err)
		}
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{})
	res, _ := srv.do(t, http.MethodGet, "/healthz", "X-Long", strings.Repeat("x", 64<<10))
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}
