package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
)

// gate is a server that holds each request until it is told to answer it.
type gate struct {
	url       string
	arrived   chan struct{}
	cancelled chan struct{}
	release   chan struct{} // one for each answer
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan struct{}, 8), cancelled: make(chan struct{}, 8), release: make(chan struct{}, 8)}
	g.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.release:
			sendJSON(w, 200, answer)
		case <-r.Context().Done():
			g.cancelled <- struct{}{}
		}
	})
	return g
}

// awaitOne waits for a request.
func (g *gate) awaitOne(t *testing.T) {
	t.Helper()
	select {
	case <-g.arrived:
	case <-time.After(time.Minute):
		t.Fatal("no request arrives")
	}
}

// asked starts a Do and comes back once it waits for its answer.
func asked(ctx context.Context, client *Client, caller *Caller, r *Request) <-chan error {
	ended := make(chan error, 1)
	w := watch(ctx)
	go func() {
		body, _, err := client.Do(w, caller, r)
		if err == nil && string(body) != answer {
			err = fmt.Errorf("answered %q", body)
		}
		ended <- err
	}()
	<-w.waiting
	return ended
}

func wantAnswered(t *testing.T, ended ...<-chan error) {
	t.Helper()
	for i, e := range ended {
		if err := <-e; err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestIdenticalQueriesOfOneCallerShareARequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url})
	var ended []<-chan error
	for range 5 {
		ended = append(ended, asked(t.Context(), client, callerOf("a"), query()))
	}
	g.awaitOne(t)
	g.release <- struct{}{}
	wantAnswered(t, ended...)
	if len(g.arrived) != 0 {
		t.Errorf("%d more requests arrived", len(g.arrived))
	}
	again := asked(t.Context(), client, callerOf("a"), query())
	g.awaitOne(t) // what has been answered is not shared any more
	g.release <- struct{}{}
	wantAnswered(t, again)
	wantEmpty(t, client)
}

func wantEmpty(t *testing.T, client *Client) {
	t.Helper()
	client.flights.mu.Lock()
	defer client.flights.mu.Unlock()
	if n, m := len(client.flights.byHash), len(client.flights.byCaller); n+m != 0 {
		t.Errorf("%d flights of %d callers are left", n, m)
	}
}

func TestQueriesThatDifferShareNothing(t *testing.T) {
	t.Parallel()
	with := func(change func(*Caller, *Request)) (*Caller, *Request) {
		caller, r := callerOf("a"), query()
		change(caller, r)
		return caller, r
	}
	for name, change := range map[string]func(*Caller, *Request){
		"another caller":              func(c *Caller, _ *Request) { *c = *callerOf("b") },
		"a key that lies":             func(c *Caller, _ *Request) { c.Token = "b" },
		"the same token, another key": func(c *Caller, _ *Request) { c.Key = callerOf("b").Key },
		"another language":            func(c *Caller, _ *Request) { c.Language = "fr" },
		"another locale":              func(c *Caller, _ *Request) { c.Locale = "fr-FR" },
		"another document":            func(_ *Caller, r *Request) { r.Body = append([]byte(" "), document...) },
		"a mutation":                  func(_ *Caller, r *Request) { r.Mutation = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			client := newClient(t, Options{URL: g.url})
			first := asked(t.Context(), client, callerOf("a"), query())
			g.awaitOne(t)
			caller, r := with(change)
			second := asked(t.Context(), client, caller, r)
			g.awaitOne(t)
			g.release <- struct{}{}
			g.release <- struct{}{}
			wantAnswered(t, first, second)
			wantEmpty(t, client)
		})
	}
}

func TestOneWhoLeavesDoesNotDisturbTheOthers(t *testing.T) {
	t.Parallel()
	for name, leaver := range map[string]int{"the first": 0, "a later one": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			client := newClient(t, Options{URL: g.url})
			ctx, leave := context.WithCancel(t.Context())
			contexts := []context.Context{t.Context(), t.Context(), t.Context()}
			contexts[leaver] = ctx
			var ended []<-chan error
			for _, ctx := range contexts {
				ended = append(ended, asked(ctx, client, callerOf("a"), query()))
			}
			g.awaitOne(t)
			leave()
			if got := codeOf(t, <-ended[leaver]); got != helix.CodeUnavailable {
				t.Errorf("the leaver gets %q", got)
			}
			late := asked(t.Context(), client, callerOf("a"), query())
			g.release <- struct{}{}
			wantAnswered(t, append(slices.Delete(ended, leaver, leaver+1), late)...)
			if len(g.arrived)+len(g.cancelled) != 0 {
				t.Error("the request was cancelled or sent again")
			}
		})
	}
}

func TestTheLastWhoLeavesCancelsTheRequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url})
	ctx, leave := context.WithCancel(t.Context())
	ended := []<-chan error{
		asked(ctx, client, callerOf("a"), query()), asked(ctx, client, callerOf("a"), query()),
	}
	g.awaitOne(t)
	leave()
	<-g.cancelled
	for _, e := range ended {
		if got := codeOf(t, <-e); got != helix.CodeUnavailable {
			t.Errorf("got %q", got)
		}
	}
	wantEmpty(t, client)
	again := asked(t.Context(), client, callerOf("a"), query()) // nobody joins what was cancelled
	g.awaitOne(t)
	g.release <- struct{}{}
	wantAnswered(t, again)
}

func TestAMutationClosesItsCallersRequestsForNewcomers(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := newClient(t, Options{URL: g.url})
	before := asked(t.Context(), client, callerOf("a"), query())
	g.awaitOne(t)
	other := asked(t.Context(), client, callerOf("b"), query())
	g.awaitOne(t)
	write := asked(t.Context(), client, callerOf("a"), mutation())
	g.awaitOne(t)
	during := asked(t.Context(), client, callerOf("a"), query())
	g.awaitOne(t)
	shared := asked(t.Context(), client, callerOf("b"), query())
	client.Separate(callerOf("a")) // as the end of the mutation does
	after := asked(t.Context(), client, callerOf("a"), query())
	g.awaitOne(t)
	for range 5 {
		g.release <- struct{}{}
	}
	wantAnswered(t, before, other, write, during, shared, after)
	if len(g.arrived) != 0 {
		t.Error("the other caller's requests were closed too")
	}
	wantEmpty(t, client)
}

// TestFlightsAreThoseOfASimpleModel joins, leaves, lands and closes at random, with hashes that collide.
func TestFlightsAreThoseOfASimpleModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type key struct{ caller, body string }
		s := newFlights()
		open := map[key]*flight{}
		waiting := map[*flight]int{}
		anyFlight := func(t *rapid.T) *flight {
			var under []*flight
			for f := range waiting {
				under = append(under, f)
			}
			if len(under) == 0 {
				t.Skip("none is under way")
			}
			return under[rapid.IntRange(0, len(under)-1).Draw(t, "flight")]
		}
		forget := func(f *flight) {
			delete(waiting, f)
			maps.DeleteFunc(open, func(_ key, o *flight) bool { return o == f })
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				k := key{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "caller"), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "body")}
				f, first := s.join(callerOf(k.caller), &Request{Body: []byte(k.body)})
				if first != (open[k] == nil) || !first && open[k] != f {
					t.Fatalf("first is %v for %v", first, k)
				}
				open[k] = f
				waiting[f]++
			},
			"leave": func(t *rapid.T) {
				f := anyFlight(t)
				rest := s.leave(f)
				if waiting[f]--; waiting[f] != rest {
					t.Fatalf("%d are said to wait of %d", rest, waiting[f])
				}
				if rest == 0 {
					forget(f)
				}
			},
			"land": func(t *rapid.T) {
				f := anyFlight(t)
				s.land(f, outcome{})
				forget(f)
			},
			"close": func(t *rapid.T) {
				caller := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "caller")
				s.closeAll(callerOf(caller).Key)
				maps.DeleteFunc(open, func(k key, _ *flight) bool { return k.caller == caller })
			},
			"": func(t *rapid.T) {
				callers := map[[32]byte]int{}
				for k := range open {
					callers[callerOf(k.caller).Key]++
				}
				if len(s.byHash) != len(open) || len(s.byCaller) != len(callers) {
					t.Fatalf("%d flights of %d callers, want %d of %d", len(s.byHash), len(s.byCaller), len(open), len(callers))
				}
				for caller, n := range callers {
					for f := s.byCaller[caller]; f != nil; f = f.after {
						n--
					}
					if n != 0 {
						t.Fatalf("a caller's list is off by %d", n)
					}
				}
			},
		})
	})
}

func TestFlightsWhoseHashesCollideAreToldApart(t *testing.T) {
	t.Parallel()
	s := newFlights()
	var all []*flight
	for i := range 4 {
		f, _ := s.join(callerOf("a"), &Request{Body: fmt.Append(nil, i)})
		s.unchain(f)
		f.hash, f.next = 1, s.byHash[1]
		s.byHash[1] = f
		all = append(all, f)
	}
	for _, i := range []int{1, 3, 0, 2} {
		s.land(all[i], outcome{})
	}
	if len(s.byHash)+len(s.byCaller) != 0 {
		t.Errorf("%d and %d are left", len(s.byHash), len(s.byCaller))
	}
}

// ledger is a server on which each caller has a counter. A mutation adds one; a query reads it when it arrives and tells it
// after a while.
type ledger struct {
	mu       sync.Mutex
	counters map[string]int
	requests int
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	token := r.Header.Get("Authorization")
	l.mu.Lock()
	l.requests++
	if strings.Contains(string(body), "add") {
		l.counters[token]++
	}
	n := l.counters[token]
	l.mu.Unlock()
	timer := time.NewTimer(time.Duration(rand.IntN(int(2 * time.Millisecond))))
	defer timer.Stop()
	select {
	case <-timer.C:
		sendJSON(w, 200, fmt.Sprintf(`{"data":{"token":%q,"body":%q,"n":%d}}`, token, body, n))
	case <-r.Context().Done():
	}
}

// TestNobodySeesAnothersAnswerNorOneFromBeforeHisMutation lets callers ask, write and leave at once, several of each at the same time.
func TestNobodySeesAnothersAnswerNorOneFromBeforeHisMutation(t *testing.T) {
	t.Parallel()
	l := &ledger{counters: map[string]int{}}
	server := httptest.NewServer(l)
	defer server.Close()
	client := newClient(t, Options{URL: server.URL, MaxConns: 32})
	bodies := []string{`{"query":"{x}"}`, `{"query":"{y}"}`}
	written := make([]atomic.Int64, 3) // what each caller's ended mutations have reached at least
	var asks atomic.Int64
	var all sync.WaitGroup
	for worker := range 24 {
		all.Go(func() {
			who := worker % len(written)
			caller := callerOf(fmt.Sprint("token", who))
			for range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				r := &Request{Body: []byte(bodies[rand.IntN(len(bodies))])}
				switch rand.IntN(10) {
				case 0:
					r = &Request{Body: []byte(`{"query":"mutation{add}"}`), Mutation: true}
				case 1, 2:
					time.AfterFunc(time.Duration(rand.IntN(int(time.Millisecond))), cancel)
				}
				atLeast := written[who].Load()
				asks.Add(1)
				body, _, err := client.Do(ctx, caller, r)
				left := ctx.Err() != nil
				cancel()
				if err != nil {
					if !left {
						t.Errorf("who stayed got %v", err)
					}
					continue
				}
				var got struct {
					Data struct {
						Token, Body string
						N           int64
					}
				}
				if err := json.Unmarshal(body, &got); err != nil {
					t.Error(err)
				}
				if got.Data.Token != "Bearer "+caller.Token || got.Data.Body != string(r.Body) {
					t.Errorf("%s asked %s and got %+v", caller.Token, r.Body, got.Data)
				}
				if got.Data.N < atLeast {
					t.Errorf("%s sees %d after he wrote %d", caller.Token, got.Data.N, atLeast)
				}
				if r.Mutation {
					raise(&written[who], got.Data.N)
				}
			}
		})
	}
	all.Wait()
	wantEmpty(t, client)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.requests >= int(asks.Load()) {
		t.Errorf("%d requests for %d questions: nothing was shared", l.requests, asks.Load())
	}
}

func raise(to *atomic.Int64, n int64) {
	for old := to.Load(); old < n && !to.CompareAndSwap(old, n); old = to.Load() {
	}
}
