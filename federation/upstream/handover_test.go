package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestARequestThatWasHandedOnIsCancelledByTheLastWhoLeaves(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url, Breaker: providers.Breaker{Failures: 1}})
	var leaves []context.CancelFunc
	var ended []<-chan error
	for range 3 {
		ctx, leave := context.WithCancel(t.Context())
		leaves = append(leaves, leave)
		ended = append(ended, asked(ctx, client, callerOf("a"), query()))
	}
	g.awaitOne(t)
	for i, leave := range leaves {
		if len(g.cancelled) != 0 {
			t.Error("it is cancelled while somebody waits")
		}
		leave()
		if got := codeOf(t, <-ended[i]); got != helix.CodeUnavailable {
			t.Errorf("got %q", got)
		}
	}
	<-g.cancelled
	wantEmpty(t, client)
	if !client.Health().OK() {
		t.Error("it counts as a failure of FortyTwo")
	}
}

func TestAFirstCallerWhoLeavesInLineHandsOnHisPlace(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url, MaxConns: 1})
	busy := asked(t.Context(), client, callerOf("b"), query())
	g.awaitOne(t)
	ctx, leave := context.WithCancel(t.Context())
	first, second := asked(ctx, client, callerOf("a"), query()), asked(t.Context(), client, callerOf("a"), query())
	leave()
	if got := codeOf(t, <-first); got != helix.CodeUnavailable {
		t.Errorf("got %q", got)
	}
	g.release <- struct{}{}
	g.release <- struct{}{}
	wantAnswered(t, busy, second)
	wantEmpty(t, client)
}

func TestACallerWithoutAnEndIsAnswered(t *testing.T) {
	t.Parallel()
	client := newClient(t, Options{URL: serve(t, jsonStatus(200, answer))})
	for _, r := range []*Request{query(), mutation()} {
		if _, _, err := client.Do(context.Background(), callerOf("a"), r); err != nil {
			t.Error(err)
		}
	}
}

func TestFortyTwoIsReachedOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(jsonStatus(200, answer)))
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	client := newClient(t, Options{URL: server.URL, TLS: &tls.Config{RootCAs: trusted}})
	for _, r := range []*Request{query(), mutation(), query()} {
		if body, _, err := client.Do(t.Context(), callerOf("a"), r); err != nil || string(body) != answer {
			t.Errorf("%q %v", body, err)
		}
	}
	stranger := newClient(t, Options{URL: server.URL})
	_, _, err := stranger.Do(t.Context(), callerOf("a"), mutation())
	if e := helix.AsError(err); e.Code != helix.CodeUnavailable || !e.Retryable || e.Detail != "the TLS certificate is not trusted" {
		t.Errorf("got %+v", e)
	}
}

func TestAnExchangeCostsFewAllocations(t *testing.T) {
	client := newClient(t, Options{URL: serveRaw(t, func(_ int, conn *rawConn) {
		request := make([]byte, 4<<10)
		text := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 35\r\n\r\n" + answer)
		for {
			if _, err := conn.Read(request); err != nil { // it comes in one piece
				return
			}
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	}), Timeout: time.Minute})
	caller, r := callerOf("a"), query()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	if n := testing.AllocsPerRun(100, func() {
		if _, _, err := client.Do(ctx, caller, r); err != nil {
			t.Error(err)
		}
	}); n > 12 {
		t.Errorf("%v allocations", n)
	}
}
