package providers_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

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
		once, idempotent, safe want
	}{
		"a reset after the request was read": {
			serve: reset, once: once,
			idempotent: want{2, helix.CodeUnavailable, true}, safe: want{3, helix.CodeUnavailable, true},
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
				_, err := send(t.Context(), newClient(t), operation(safety), p.URL)
				checkError(t, err, want.code, want.retryable)
				if n := p.requests.Load(); n != want.requests {
					t.Errorf("%d requests arrived, want %d", n, want.requests)
				}
			})
		}
	}
}

// TestAnAnswerThatDoesNotComeInTime has a clock of its own: the time-out begins when there is nothing left to do but wait.
func TestAnAnswerThatDoesNotComeInTime(t *testing.T) {
	t.Parallel()
	const timeout = 8 * time.Second
	for name, serve := range map[string]http.HandlerFunc{"a hang": hang, "headers that never end": halfTheHeaders} {
		for safety, code := range map[providers.Safety]helix.Code{
			providers.Once: helix.CodeUnknownOutcome, providers.Idempotent: helix.CodeUnavailable, providers.Safe: helix.CodeUnavailable,
		} {
			t.Run(name+[]string{" sent once", " sent as a command", " sent as a read"}[safety], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p, transport := newPeerInMemory(t, serve)
					op, began := operation(safety), time.Now()
					op.Timeout = timeout
					_, err := send(t.Context(), newClient(t, over(transport)), op, p.URL)
					checkError(t, err, code, code == helix.CodeUnavailable)
					if n, waited := p.requests.Load(), time.Since(began); n != 1 || waited != timeout {
						t.Errorf("%d requests arrived and %v passed, want 1 and %v", n, waited, timeout)
					}
				})
			})
		}
	}
}

func TestNothingWasWritten(t *testing.T) {
	t.Parallel()
	noTLS := newRefuser(t)
	for name, url := range map[string]string{
		"the connection is refused":     "http://127.0.0.1:1",
		"the host does not exist":       "http://host.invalid",
		"the TLS handshake breaks":      "https://" + noTLS,
		"the TLS handshake never comes": "https://" + newListener(t).Addr().String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := operation(providers.Once)
			op.Timeout = 2 * time.Second // a time-out means the same
			if strings.HasSuffix(name, "never comes") {
				op.Timeout = 150 * time.Millisecond
			}
			_, err := send(t.Context(), newClient(t), op, url)
			checkError(t, err, helix.CodeUnavailable, true)
		})
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
