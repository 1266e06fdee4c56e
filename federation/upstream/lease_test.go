package upstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/helix-engage/gateway/internal/buffers"
)

// spoiling is a pool that makes what comes back unreadable, and counts it.
func spoiling() (pool *buffers.Pool, back *atomic.Int64) {
	pool, back = buffers.NewPool(1<<20), new(atomic.Int64)
	pool.Spoil(func(b []byte) {
		back.Add(1)
		for i := range b {
			b[i] = '!'
		}
	})
	return pool, back
}

// leased is an operation that asks once.
type leased struct {
	scope *buffers.Scope
	leave context.CancelFunc
	ended chan struct{}
	body  []byte // valid once ended
	err   error
}

// askLeased comes back once the operation waits for its answer.
func askLeased(t *testing.T, client *Client, caller *Caller, r *Request) *leased {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	w := watch(ctx)
	l := &leased{scope: &buffers.Scope{Context: w}, leave: leave, ended: make(chan struct{})}
	go func() {
		l.body, _, l.err = client.Do(l.scope, caller, r)
		close(l.ended)
	}()
	<-w.waiting
	return l
}

func TestAnAnswerIsThereUntilItsLeaseEnds(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Request{"a query": query(), "a mutation": mutation()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, back := spoiling()
			client := newClient(t, Options{URL: serve(t, jsonStatus(200, answer)), Buffers: pool})
			for n := range int64(3) {
				scope := &buffers.Scope{Context: t.Context()}
				body, _, err := client.Do(scope, callerOf("a"), r)
				if err != nil || string(body) != answer || back.Load() != n {
					t.Fatalf("%q %v, %d buffers came back", body, err, back.Load())
				}
				scope.Lease.End()
				if strings.Trim(string(body), "!") != "" || back.Load() != n+1 {
					t.Fatalf("after the end: %q, %d buffers came back", body, back.Load())
				}
			}
			body, _, err := client.Do(t.Context(), callerOf("a"), r)
			if err != nil || string(body) != answer || back.Load() != 3 {
				t.Errorf("without a lease: %q %v", body, err)
			}
		})
	}
}

func TestAnAnswerOfSeveralIsNeverGivenBack(t *testing.T) {
	t.Parallel()
	for name, leaver := range map[string]int{"all wait": -1, "the first leaves": 0, "another leaves": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, back := spoiling()
			g := newGate(t)
			client := newClient(t, Options{URL: g.url, Buffers: pool})
			var all []*leased
			for range 3 {
				all = append(all, askLeased(t, client, callerOf("a"), query()))
			}
			g.awaitOne(t)
			if leaver >= 0 {
				all[leaver].leave()
				<-all[leaver].ended
			}
			g.release <- struct{}{}
			for i, l := range all {
				if <-l.ended; i != leaver && (l.err != nil || string(l.body) != answer) {
					t.Errorf("%d: %q %v", i, l.body, l.err)
				}
				l.scope.Lease.End()
			}
			for i, l := range all {
				if i != leaver && string(l.body) != answer {
					t.Errorf("%d, after the end of all leases: %q", i, l.body)
				}
			}
			if back.Load() != 0 {
				t.Errorf("%d buffers came back", back.Load())
			}
		})
	}
}

func TestAnAnswerThatOthersHaveLeftIsNotGivenBack(t *testing.T) {
	t.Parallel()
	pool, back := spoiling()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url, Buffers: pool})
	first, second := askLeased(t, client, callerOf("a"), query()), askLeased(t, client, callerOf("a"), query())
	g.awaitOne(t)
	second.leave()
	<-second.ended
	g.release <- struct{}{}
	<-first.ended
	first.scope.Lease.End()
	if first.err != nil || string(first.body) != answer || back.Load() != 0 {
		t.Errorf("%q %v, %d buffers came back", first.body, first.err, back.Load())
	}
}

func TestWhatComesToNothingIsNotHeld(t *testing.T) {
	t.Parallel()
	for name, serves := range map[string]http.HandlerFunc{
		"no GraphQL":      jsonStatus(200, `[]`),
		"a plain refusal": jsonStatus(403, `{"statusCode":403}`),
		"it breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, answer)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, _ := spoiling()
			client := newClient(t, Options{URL: serve(t, serves), Buffers: pool})
			scope := &buffers.Scope{Context: t.Context()}
			body, _, err := client.Do(scope, callerOf("a"), query())
			if err == nil || body != nil {
				t.Fatalf("%q %v", body, err)
			}
			scope.Lease.End()
		})
	}
}

// Callers share, leave and read at their own pace, while every buffer that is given back becomes rubbish at once.
func TestNobodyReadsWhatAnotherWasAnswered(t *testing.T) {
	t.Parallel()
	expected := func(token string, body []byte) []byte {
		text := fmt.Sprintf(`{"data":{"of":%q,"asked":%s,"pad":"`, token, body)
		return []byte(text + strings.Repeat(token, len(text)*int(body[len(body)-2]-'0')*90) + `"}}`)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(expected(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), body))
	}))
	t.Cleanup(server.Close)
	pool, back := spoiling()
	client := newClient(t, Options{URL: server.URL, Buffers: pool, MaxConns: 4})
	var answered atomic.Int64
	var all sync.WaitGroup
	for worker := range 8 {
		random := rand.New(rand.NewPCG(7, uint64(worker)))
		all.Go(func() {
			for range 60 {
				token := string(rune('a' + random.IntN(3)))
				r := &Request{Body: fmt.Appendf(nil, `{"n":%d}`, random.IntN(4)), Mutation: random.IntN(8) == 0}
				ctx, leave := context.WithCancel(t.Context())
				if random.IntN(4) == 0 {
					go leave()
				}
				scope := &buffers.Scope{Context: ctx}
				body, _, err := client.Do(scope, callerOf(token), r)
				if err == nil {
					answered.Add(1)
					want := expected(token, r.Body)
					for range random.IntN(4) {
						runtime.Gosched()
					}
					if !bytes.Equal(body, want) {
						t.Errorf("%s asked %s and reads %.80q…, %d bytes", token, r.Body, body, len(body))
					}
					scope.Lease.End()
				}
				leave()
			}
		})
	}
	all.Wait()
	wantEmpty(t, client)
	if answered.Load() == 0 || back.Load() == 0 {
		t.Fatalf("%d answers, %d buffers given back: nothing was tried", answered.Load(), back.Load())
	}
}
