package upstream

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// conduct says what a server's conduct is to the one who asks.
type conduct struct {
	serve    func(w http.ResponseWriter, r *http.Request)
	query    helix.Code // "": it succeeds
	mutation helix.Code
	faulty   bool // it counts as a failure of FortyTwo's
	endless  bool // only the time-out ends it
	after    time.Duration
}

// toward gives a client of a server with this conduct to a test, and how many requests have arrived. Where only the time-out
// ends a request, the two meet in a bubble, so that it begins when there is nothing left to do but wait.
func (c conduct) toward(t *testing.T, o Options, test func(t *testing.T, client *Client, arrived *atomic.Int32)) {
	t.Helper()
	var arrived atomic.Int32
	handler := func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		c.serve(w, r)
	}
	o.MaxResponse = maxAnswer
	if !c.endless {
		o.URL = serve(t, handler)
		test(t, newClient(t, o), &arrived)
		return
	}
	synctest.Test(t, func(t *testing.T) { test(t, newClientInMemory(t, o, handler), &arrived) })
}

var (
	unavailableUnknown = conduct{query: helix.CodeUnavailable, mutation: helix.CodeUnknownOutcome, faulty: true}
	neverEnds          = conduct{query: helix.CodeUnavailable, mutation: helix.CodeUnknownOutcome, faulty: true, endless: true}
)

func (c conduct) of(serve func(w http.ResponseWriter, r *http.Request)) conduct {
	c.serve = serve
	return c
}

func status(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, body, code) }
}

func jsonStatus(code int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, code, body) }
}

// hijack talks on the bare connection.
func hijack(talk func(conn net.Conn)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		talk(conn)
	}
}

func say(text string) func(http.ResponseWriter, *http.Request) {
	return hijack(func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
}

func reset(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }

func both(code helix.Code, faulty bool) conduct {
	return conduct{query: code, mutation: code, faulty: faulty}
}

const graphQLErrors = `{"errors":[{"message":"Forbidden resource"}],"data":null}`

var conducts = map[string]conduct{
	"an answer":                       both("", false).of(jsonStatus(200, answer)),
	"an answer in another order":      both("", false).of(jsonStatus(200, "\n {\"extensions\":{},\n\"data\":{}} \n")),
	"an answer of unknown length":     both("", false).of(chunked(answer)),
	"errors with 200":                 both("", false).of(jsonStatus(200, graphQLErrors)),
	"errors with 400":                 both("", false).of(jsonStatus(400, graphQLErrors)),
	"errors with 429":                 both("", false).of(jsonStatus(429, graphQLErrors)),
	"errors with 500":                 both("", false).of(jsonStatus(500, graphQLErrors)),
	"no answer":                       neverEnds.of(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
	"a body that comes too slowly":    neverEnds.of(drip),
	"a connection that is closed":     unavailableUnknown.of(hijack(func(net.Conn) {})),
	"a connection that is reset":      unavailableUnknown.of(hijack(reset)),
	"a reset in the middle of a body": unavailableUnknown.of(hijack(resetInBody)),
	"a body shorter than said":        unavailableUnknown.of(say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n" + answer)),
	"a body longer than said":         unavailableUnknown.of(say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" + answer)),
	"a broken chunk":                  unavailableUnknown.of(say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")),
	"something that is not HTTP":      unavailableUnknown.of(say("SSH-2.0-OpenSSH_9.9\r\n")),
	"headers without end":             unavailableUnknown.of(say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 80<<10))),
	"a web page with 200":             unavailableUnknown.of(status(200, "<html>welcome</html>")),
	"a web page that says it is JSON": unavailableUnknown.of(jsonStatus(200, "<html>welcome</html>")),
	"an empty answer":                 unavailableUnknown.of(jsonStatus(200, "")),
	"nothing with 204":                unavailableUnknown.of(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }),
	"an array":                        unavailableUnknown.of(jsonStatus(200, `[{"data":{}}]`)),
	"an object of something else":     unavailableUnknown.of(jsonStatus(200, `{"status":"ok","error":{}}`)),
	"half an object":                  unavailableUnknown.of(jsonStatus(200, `{"data":{"calls":`)),
	"compression nobody asked for":    unavailableUnknown.of(gzipped),
	"500 as text":                     unavailableUnknown.of(status(500, "Internal server error")),
	"502 from a proxy":                unavailableUnknown.of(status(502, "Bad gateway")),
	"500 as another server's JSON":    unavailableUnknown.of(jsonStatus(500, `{"statusCode":500,"message":"Internal server error"}`)),
	"503 with a time":                 {serve: withRetryAfter(503), query: helix.CodeUnavailable, mutation: helix.CodeUnknownOutcome, faulty: true, after: 7 * time.Second},
	"no such page":                    both(helix.CodeUnavailable, true).of(status(404, "not found")),
	"a redirect": both(helix.CodeUnavailable, true).of(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login", http.StatusTemporaryRedirect)
	}),
	"400 as another server's JSON":     both(helix.CodeRejected, false).of(jsonStatus(400, `{"message":"Unexpected token","error":"Bad Request","statusCode":400}`)),
	"an unsupported type":              both(helix.CodeRejected, false).of(status(415, "")),
	"401 as text":                      both(helix.CodeUnauthenticated, false).of(status(401, "who are you")),
	"403 as text":                      both(helix.CodeForbidden, false).of(status(403, "no")),
	"413 as text":                      both(helix.CodeLimitExceeded, false).of(status(413, "too large")),
	"429 with a time":                  {serve: withRetryAfter(429), query: helix.CodeTooManyRequests, mutation: helix.CodeTooManyRequests, after: 7 * time.Second},
	"an answer that is said too large": {serve: jsonStatus(200, huge), query: helix.CodeLimitExceeded, mutation: helix.CodeUnknownOutcome},
	"an answer that grows too large":   {serve: chunked(huge), query: helix.CodeLimitExceeded, mutation: helix.CodeUnknownOutcome},
}

const maxAnswer = 100 << 10

var huge = `{"data":"` + strings.Repeat("x", maxAnswer) + `"}`

func chunked(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, body)
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "99")
	_, _ = io.WriteString(w, `{"data":`)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func resetInBody(conn net.Conn) {
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"data\":")
	reset(conn)
}

func gzipped(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = io.WriteString(z, answer)
	_ = z.Close()
}

func withRetryAfter(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, "later", code)
	}
}

func TestEachConductOfTheServerHasItsCode(t *testing.T) {
	t.Parallel()
	for name, c := range conducts {
		for kind, r := range map[string]*Request{"query": query(), "mutation": mutation()} {
			t.Run(kind+" meets "+name, func(t *testing.T) {
				t.Parallel()
				c.toward(t, Options{}, func(t *testing.T, client *Client, arrived *atomic.Int32) {
					body, _, err := client.Do(t.Context(), callerOf("a"), r)
					want := c.query
					if r.Mutation {
						want = c.mutation
					}
					if got := codeOf(t, err); got != want {
						t.Fatalf("got %v, want %q", err, want)
					}
					if (err == nil) != (len(body) > 0) {
						t.Errorf("error %v comes with body %q", err, body)
					}
					if arrived.Load() != 1 {
						t.Errorf("it was sent %d times", arrived.Load())
					}
					if e, failed := errors.AsType[*helix.Error](err); failed {
						checkFailure(t, e, c)
					}
					if h := client.Health(); h.OK() == c.faulty || h.LastSuccess.IsZero() != c.faulty {
						t.Errorf("health %+v", h)
					}
				})
			})
		}
	}
}

func checkFailure(t *testing.T, e *helix.Error, c conduct) {
	t.Helper()
	if e.Provider != helix.ProviderFortyTwo || e.Op == "" || e.Detail == "" || e.Message == "" {
		t.Errorf("%+v is not complete", e)
	}
	if strings.Contains(e.Error(), "127.0.0.1") || strings.Contains(e.Error(), "html") {
		t.Errorf("%v tells too much", e)
	}
	if wantRetry := e.Code == helix.CodeUnavailable || e.Code == helix.CodeTooManyRequests; e.Retryable != wantRetry {
		t.Errorf("retryable is %v of %v", e.Retryable, e)
	}
	if e.Retryable && e.RetryAfter != c.after {
		t.Errorf("retry after %v, want %v", e.RetryAfter, c.after)
	}
}

func TestAMutationThatFoundNobodyWasNotDone(t *testing.T) {
	t.Parallel()
	client := newClient(t, Options{URL: "http://127.0.0.1:1"})
	_, _, err := client.Do(t.Context(), callerOf("a"), mutation())
	if codeOf(t, err) != helix.CodeUnavailable || !helix.IsRetryable(err) {
		t.Errorf("got %v", err)
	}
	if client.Health().OK() {
		t.Error("health does not tell")
	}
}

func TestAMutationThatGotNoConnectionWasNotDone(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	patient := newClient(t, Options{URL: url, MaxConns: 1})
	hasty := newClient(t, Options{URL: url, Timeout: 100 * time.Millisecond})
	hasty.wire = patient.wire
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, _, err := patient.Do(ctx, callerOf("a"), mutation())
		first <- err
	}()
	<-arrived
	_, _, err := hasty.Do(t.Context(), callerOf("b"), mutation())
	if codeOf(t, err) != helix.CodeUnavailable || !helix.IsRetryable(err) {
		t.Errorf("the one that waited: %v", err)
	}
	if !hasty.Health().OK() {
		t.Error("waiting for a connection of ours counts as a failure of FortyTwo")
	}
	leave()
	if got := codeOf(t, <-first); got != helix.CodeUnknownOutcome {
		t.Errorf("the one that was sent: %v", got)
	}
	if len(arrived) != 0 {
		t.Error("the one that waited arrived")
	}
}

func TestTheBreakerOpensForFortyTwosFailuresAlone(t *testing.T) {
	t.Parallel()
	for name, c := range conducts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			breaker := providers.Breaker{Failures: 2, Pause: 2 * time.Hour}
			c.toward(t, Options{Breaker: breaker}, func(t *testing.T, client *Client, arrived *atomic.Int32) {
				for range 2 {
					_, _, _ = client.Do(t.Context(), callerOf("a"), query())
				}
				_, _, err := client.Do(t.Context(), callerOf("a"), mutation())
				if refused := arrived.Load() == 2; refused != c.faulty {
					t.Fatalf("%d requests arrived", arrived.Load())
				}
				if !c.faulty {
					return
				}
				e := helix.AsError(err)
				if e.Code != helix.CodeUnavailable || !e.Retryable || e.RetryAfter < 30*time.Minute {
					t.Errorf("refused with %+v", e)
				}
			})
		})
	}
}

func TestAProbeThatIsAnsweredClosesTheBreaker(t *testing.T) {
	t.Parallel()
	var well atomic.Bool
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		sendJSON(w, 200, answer)
	})
	var now atomic.Int64
	client := newClient(t, Options{
		URL: url, Now: func() time.Time { return time.Unix(now.Load(), 0) }, Breaker: providers.Breaker{Failures: 1, Pause: time.Minute},
	})
	ask := func() helix.Code {
		_, _, err := client.Do(t.Context(), callerOf("a"), query())
		return codeOf(t, err)
	}
	_ = ask()
	well.Store(true)
	if ask() != helix.CodeUnavailable {
		t.Fatal("the breaker did not open")
	}
	now.Add(61)
	if got := ask(); got != "" {
		t.Fatalf("the probe: %s", got)
	}
	if got := ask(); got != "" {
		t.Fatalf("after the probe: %s", got)
	}
}
