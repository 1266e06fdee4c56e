package providers_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestADialNeverTravelsOnAUsedConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // net/http keeps no connection whose writer is 50 ms late
		p, transport := newPeerInMemory(t, status(200))
		c := newClient(t, over(transport))
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
	})
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // net/http keeps no connection whose writer is 50 ms late
		const parallel = 12
		var arrived sync.WaitGroup
		p, transport := newPeerInMemory(t, func(http.ResponseWriter, *http.Request) {
			arrived.Done()
			arrived.Wait() // all of a round are under way at once
		})
		c := newClient(t, over(transport))
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
	})
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
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	began := time.Now()
	_, err := send(t.Context(), newClient(t), operation(providers.Safe), p.URL)
	checkError(t, err, helix.CodeTooManyRequests, true)
	if e := helix.AsError(err); e.RetryAfter != time.Hour || p.requests.Load() != 1 {
		t.Errorf("retry after %v, %d requests; want 1h, 1", e.RetryAfter, p.requests.Load())
	}
	if waited := time.Since(began); waited >= patience {
		t.Errorf("waited %v for a pause that does not fit the deadline", waited)
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

func TestAnOperationMayHaveItsOwnBoundOfAnswers(t *testing.T) {
	t.Parallel()
	p := newPeer(t, hugeBody)
	c := newClient(t)
	for bound, fits := range map[int64]bool{0: false, 1<<20 - 1: false, 1 << 20: true} {
		op := operation(providers.Safe)
		op.MaxResponse = bound
		got, err := send(t.Context(), c, op, p.URL)
		if fits && (err != nil || len(got.Body) != 1<<20) || !fits && !errors.Is(err, providers.ErrTooLarge) {
			t.Errorf("a MiB within a bound of %d: %d bytes, %v", bound, len(got.Body), err)
		}
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
