package transport

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
)

const acceptEvents = "text/event-stream"

// listener reads an event stream, written against the specification of Server-Sent Events alone.
type listener struct {
	t      *testing.T
	lines  *bufio.Scanner
	body   io.Closer
	status int
	header http.Header
}

// request sends one request; header is pairs of names and values.
func request(t *testing.T, method, url, body string, header ...string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentJSON)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func listen(t *testing.T, method, url, body string, header ...string) *listener {
	t.Helper()
	resp := request(t, method, url, body, append([]string{"Accept", acceptEvents}, header...)...)
	l := &listener{t: t, lines: bufio.NewScanner(resp.Body), body: resp.Body, status: resp.StatusCode, header: resp.Header}
	return l
}

// expect wants these events, "name data", and comments between them at most.
func (l *listener) expect(events ...string) {
	l.t.Helper()
	for _, want := range events {
		if diff := cmp.Diff(want, l.event()); diff != "" {
			l.t.Fatalf("event (-want +got):\n%s", diff)
		}
	}
}

// event answers "" at the end of the stream.
func (l *listener) event() string {
	var fields []string
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ":")
		switch {
		case name == "" && len(fields) > 0:
			return strings.Join(fields, " ")
		case name != "":
			fields = append(fields, strings.TrimPrefix(value, " "))
		}
	}
	return ""
}

func TestEventStreamOfOneOperation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query  string
		events []string
	}{
		"a query gives one answer":          {"{ hello }", []string{`next {"data":{"hello":"hello world"}}`, "complete ", ""}},
		"a subscription gives many answers": {"subscription { count(to:2) }", []string{`next {"data":{"count":1}}`, `next {"data":{"count":2}}`, "complete ", ""}},
		"a document that is not valid is told in the stream": {"{ nothing }", []string{
			`next {"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],` +
				`"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`, "complete ", "",
		}},
		"a subscription that its resolver refuses is told in the stream": {"subscription { refused }", []string{
			`next {"errors":[{"message":"supervisors only","extensions":{"code":"FORBIDDEN"}}]}`, "complete ", "",
		}},
		"a panic in an event costs that event": {"subscription { faulty(on:[2]) }", []string{
			`next {"data":{"faulty":1}}`,
			`next {"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}],"data":null}`,
			`next {"data":{"faulty":3}}`, "complete ", "",
		}},
	}
	for name, tt := range tests {
		for _, method := range []string{"POST", "GET"} {
			t.Run(name+" by "+method, func(t *testing.T) {
				t.Parallel()
				server, _ := newTestServer(t, newTestSchema(), Options{})
				url, body := server.URL, `{"query":"`+tt.query+`"}`
				if method == "GET" {
					url, body = url+"?query="+strings.ReplaceAll(tt.query, " ", "%20"), ""
				}
				l := listen(t, method, url, body)
				if got := l.header.Get("Content-Type"); l.status != 200 || got != "text/event-stream; charset=utf-8" {
					t.Fatalf("status %d, type %q", l.status, got)
				}
				l.expect(tt.events...)
			})
		}
	}
}

func TestEventStreamIsChosenBy(t *testing.T) {
	t.Parallel()
	server, _ := newTestServer(t, newTestSchema(), Options{})
	const query, subscription = `{"query":"{ hello }"}`, `{"query":"subscription { count(to:1) }"}`
	tests := map[string]struct {
		method, body, accept string
		status               int
		content              string
	}{
		"preferring it":                    {"POST", query, "text/event-stream, application/json;q=0.5", 200, "text/event-stream"},
		"allowing it for a subscription":   {"POST", subscription, "application/json, text/event-stream", 200, "text/event-stream"},
		"allowing it, but not for a query": {"POST", query, "application/json, text/event-stream", 200, "application/json"},
		"naming it, not by a wildcard":     {"POST", subscription, "*/*", 406, "application/json"},
		"not excluding it":                 {"POST", query, "text/event-stream;q=0, */*", 200, "application/json"},
		"asking without an operation":      {"GET", "", acceptEvents, 400, "application/json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := request(t, tt.method, server.URL, tt.body, "Accept", tt.accept)
			content, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
			if resp.StatusCode != tt.status || content != tt.content {
				t.Errorf("status %d, type %q", resp.StatusCode, content)
			}
		})
	}
	t.Run("nothing that would mutate by GET", func(t *testing.T) {
		t.Parallel()
		if l := listen(t, "GET", server.URL+"?query=mutation{bump}", ""); l.status != 405 {
			t.Errorf("status %d", l.status)
		}
	})
}

func TestEventStreamStopsItsSourceWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	completed := make(chan OperationCompleted, 1)
	server, _ := newTestServer(t, schema, Options{Hooks: Hooks{OperationCompleted: func(_ context.Context, o OperationCompleted) { completed <- o }}})
	l := listen(t, "POST", server.URL, `{"query":"subscription { events }"}`)
	schema.events <- 1
	l.expect(`next {"data":{"events":1}}`)
	l.body.Close()
	<-schema.ended
	if o := <-completed; o.Transport != transportEvents || o.Kind != "subscription" || o.Answers != 1 {
		t.Errorf("completed %+v", o)
	}
}

func TestEventStreamOutlivesTheServersTimeouts(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	exec := schema.executor()
	h, err := New(Options{
		Executor: func() graphql.GraphExecutor { return exec },
		Socket:   SocketOptions{KeepAlive: 200 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadTimeout: time.Second, WriteTimeout: time.Second}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Close() })
	l := listen(t, "POST", "http://"+ln.Addr().String(), `{"query":"subscription { events }"}`)
	for comments := 0; comments < 20; { // twenty keep-alives take four times those timeouts
		if !l.lines.Scan() {
			t.Fatal("the stream has ended")
		}
		if l.lines.Text() == ":" {
			comments++
		}
	}
	schema.events <- 1
	l.expect(`next {"data":{"events":1}}`)
	l.body.Close()
	<-schema.ended
}

// clock stands still a tenth of a second before its end, which comes about in real time all the same, until it is late.
type clock struct{ late atomic.Bool }

func (c *clock) now() time.Time {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	if c.late.Load() {
		now = now.Add(time.Minute)
	}
	return now
}

func (c *clock) end(context.Context) (time.Time, bool) {
	return time.Date(2026, 3, 1, 9, 0, 0, 1e8, time.UTC), true
}

func TestEventStreamEndsWithTheTokenAndWithoutAComplete(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	clk := &clock{}
	server, _ := newTestServer(t, schema, Options{Now: clk.now, Expires: clk.end})
	listen(t, "POST", server.URL, `{"query":"subscription { events }"}`).expect("")
	<-schema.ended
	clk.late.Store(true)
	if late := listen(t, "POST", server.URL, `{"query":"subscription { events }"}`); late.status != 401 {
		t.Errorf("status %d after the end", late.status)
	}
}

func TestEventStreamOfASlowClientEnds(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]SocketOptions{
		"when a write does not end":         {WriteTimeout: time.Second, SlowAfter: time.Hour},
		"when no room is made in the queue": {WriteTimeout: time.Second, SlowAfter: 50 * time.Millisecond, MaxFrames: 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			completed := make(chan OperationCompleted, 1)
			server, h := newTestServer(t, newTestSchema(), Options{Socket: options, Hooks: Hooks{
				OperationCompleted: func(_ context.Context, o OperationCompleted) { completed <- o },
			}})
			l := listen(t, "POST", server.URL, `{"query":"subscription { count(to: 1000000000) }"}`)
			if o := <-completed; o.Answers == 0 {
				t.Errorf("completed %+v", o)
			}
			l.body.Close()
			if err := h.Shutdown(t.Context()); err != nil { // waits until it is gone
				t.Error(err)
			}
		})
	}
}

func TestEventStreamsAtShutdown(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{})
	subscriber := listen(t, "POST", server.URL, `{"query":"subscription { events }"}`)
	schema.events <- 1
	subscriber.expect(`next {"data":{"events":1}}`)
	busy := listen(t, "POST", server.URL, `{"query":"mutation { held }"}`)
	<-schema.entered
	waiting := reserve(t, server.URL)
	connected := listen(t, "GET", server.URL, "", headerStreamToken, reserve(t, server.URL))
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(t.Context()) }()
	subscriber.expect("")
	connected.expect("")
	schema.release <- struct{}{}
	busy.expect(`next {"data":{"held":"released"}}`, "complete ", "")
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	for what, resp := range map[string]*http.Response{
		"a stream":      request(t, "POST", server.URL, `{"query":"{ hello }"}`, "Accept", acceptEvents),
		"a reservation": request(t, "PUT", server.URL, ""),
	} {
		if resp.StatusCode != 503 {
			t.Errorf("%s after Shutdown: %d", what, resp.StatusCode)
		}
	}
	if resp := request(t, "GET", server.URL, "", headerStreamToken, waiting, "Accept", acceptEvents); resp.StatusCode != 404 {
		t.Errorf("a former reservation: %d", resp.StatusCode)
	}
}

// reserve answers the token of a new reservation.
func reserve(t *testing.T, url string, header ...string) string {
	t.Helper()
	resp := request(t, "PUT", url, "", header...)
	token, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 201 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") || len(token) < 20 {
		t.Fatalf("reservation: %d %q %v", resp.StatusCode, token, err)
	}
	return string(token)
}

func identified(id, query string) string {
	return `{"query":"` + query + `","extensions":{"operationId":"` + id + `"}}`
}

func expectStatus(t *testing.T, want int, resp *http.Response) {
	t.Helper()
	if resp.StatusCode != want {
		body, _ := io.ReadAll(resp.Body)
		t.Errorf("status %d, want %d: %s", resp.StatusCode, want, body)
	}
}

func TestEventStreamOfManyOperations(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, _ := newTestServer(t, schema, Options{Socket: SocketOptions{MaxOperations: 2}})
	token := reserve(t, server.URL)
	send := func(method, query, body string) *http.Response {
		return request(t, method, server.URL+query, body, headerStreamToken, token)
	}
	expectStatus(t, 202, send("POST", "", identified("early", "{ hello }"))) // waits for the connection
	l := listen(t, "GET", server.URL+"?token="+token, "")
	l.expect(`next {"id":"early","payload":{"data":{"hello":"hello world"}}}`, `complete {"id":"early"}`)

	expectStatus(t, 202, send("GET", "?query={hello}&extensions="+`{"operationId":"get"}`, ""))
	l.expect(`next {"id":"get","payload":{"data":{"hello":"hello world"}}}`, `complete {"id":"get"}`)

	expectStatus(t, 202, send("POST", "", identified("s", "subscription { events }")))
	schema.events <- 1
	l.expect(`next {"id":"s","payload":{"data":{"events":1}}}`)
	expectStatus(t, 409, send("POST", "", identified("s", "{ hello }")))
	expectStatus(t, 202, send("POST", "", identified("h", "{ held }")))
	<-schema.entered
	expectStatus(t, 429, send("POST", "", identified("three", "{ hello }")))

	expectStatus(t, 200, send("DELETE", "?operationId=s", ""))
	<-schema.ended
	expectStatus(t, 200, send("DELETE", "?operationId=s", "")) // it has ended: as good as stopped
	schema.release <- struct{}{}
	l.expect(`next {"id":"h","payload":{"data":{"held":"released"}}}`, `complete {"id":"h"}`)

	for why, tt := range map[string]struct {
		status       int
		method, path string
		body         string
	}{
		"a document that is not valid": {200, "POST", "", identified("x", "{ nothing }")},
		"no operationId":               {400, "POST", "", `{"query":"{ hello }"}`},
		"no operationId to stop":       {400, "DELETE", "", ""},
		"an endless operationId":       {400, "POST", "", identified(strings.Repeat("x", 257), "{ hello }")},
		"a mutation by GET":            {405, "GET", "?query=mutation{bump}&extensions=" + `{"operationId":"m"}`, ""},
		"a method of no meaning":       {405, "PATCH", "", ""},
	} {
		t.Run("answered at once: "+why, func(t *testing.T) { expectStatus(t, tt.status, send(tt.method, tt.path, tt.body)) })
	}
	if second := listen(t, "GET", server.URL, "", headerStreamToken, token); second.status != 409 {
		t.Errorf("a second connection: %d", second.status)
	}
	expectStatus(t, 202, send("POST", "", identified("x", "subscription { events }"))) // "x" was never taken
	schema.events <- 2
	l.expect(`next {"id":"x","payload":{"data":{"events":2}}}`)
	l.body.Close()
	<-schema.ended
}

func TestReservation(t *testing.T) {
	t.Parallel()
	t.Run("is of use to its caller alone", func(t *testing.T) {
		t.Parallel()
		server, _ := newTestServer(t, newTestSchema(), Options{})
		token := reserve(t, server.URL, "Authorization", "Bearer a")
		for _, other := range []string{"", "Bearer b"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				resp := request(t, method, server.URL+"?operationId=1", identified("1", "{ hello }"), "Authorization", other,
					headerStreamToken, token, "Accept", map[string]string{"GET": acceptEvents}[method])
				expectStatus(t, 404, resp)
			}
		}
		if l := listen(t, "GET", server.URL, "", headerStreamToken, token, "Authorization", "Bearer a"); l.status != 200 {
			t.Errorf("status %d for its caller", l.status)
		}
	})
	t.Run("lapses when nobody connects", func(t *testing.T) {
		t.Parallel()
		schema := newTestSchema()
		server, _ := newTestServer(t, schema, Options{Socket: SocketOptions{InitTimeout: 2 * time.Second}})
		token := reserve(t, server.URL)
		expectStatus(t, 202, request(t, "POST", server.URL, identified("1", "subscription { events }"), headerStreamToken, token))
		<-schema.ended
		expectStatus(t, 404, request(t, "POST", server.URL, identified("2", "{ hello }"), headerStreamToken, token))
	})
	t.Run("is bounded in number for each caller, until it is connected", func(t *testing.T) {
		t.Parallel()
		server, _ := newTestServer(t, newTestSchema(), Options{Socket: SocketOptions{MaxReservations: 1}})
		token := reserve(t, server.URL)
		expectStatus(t, 429, request(t, "PUT", server.URL, ""))
		reserve(t, server.URL, "Authorization", "Bearer other")
		listen(t, "GET", server.URL, "", headerStreamToken, token)
		reserve(t, server.URL)
	})
	t.Run("counts as a connection", func(t *testing.T) {
		t.Parallel()
		server, _ := newTestServer(t, newTestSchema(), Options{Socket: SocketOptions{MaxSockets: 1}})
		reserve(t, server.URL)
		expectStatus(t, 503, request(t, "PUT", server.URL, ""))
		expectStatus(t, 503, request(t, "POST", server.URL, `{"query":"{ hello }"}`, "Accept", acceptEvents))
	})
	t.Run("must be admitted", func(t *testing.T) {
		t.Parallel()
		server, _ := newTestServer(t, newTestSchema(), Options{Admit: func(context.Context) error {
			return &helix.Error{Code: helix.CodeTooManyRequests, Message: "wait", RetryAfter: time.Second}
		}})
		expectStatus(t, 429, request(t, "PUT", server.URL, ""))
	})
	t.Run("ends with the token it was made with", func(t *testing.T) {
		t.Parallel()
		clk := &clock{}
		server, _ := newTestServer(t, newTestSchema(), Options{Now: clk.now, Expires: clk.end})
		l := listen(t, "GET", server.URL, "", headerStreamToken, reserve(t, server.URL))
		l.expect("")
		clk.late.Store(true)
		expectStatus(t, 401, request(t, "PUT", server.URL, ""))
	})
}

func TestEventsKeepAnAnswerOnOneLine(t *testing.T) {
	t.Parallel()
	answer := encode(&graphql.Response{Data: []byte("{\"a\":\r\n\"ж\\n\"}\n")})
	if diff := cmp.Diff("event: next\ndata: {\"data\":{\"a\":  \"ж\\n\"} }\n\n", string(events{}.next(nil, answer))); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}
}

func FuzzEventsWish(f *testing.F) {
	f.Add("text/event-stream")
	f.Add("application/json;q=0.1, TEXT/event-stream;q=0.9, */*;q=0")
	f.Add("text/event-stream;q=nan,,;")
	f.Fuzz(func(t *testing.T, accept string) {
		wish := eventsIn(http.Header{"Accept": {accept}})
		if wish != eventsUnwanted && !strings.Contains(strings.ToLower(accept), acceptEvents) {
			t.Fatalf("wish %d without the name", wish)
		}
	})
}

func FuzzOperationID(f *testing.F) {
	f.Add("1")
	f.Add(strings.Repeat("a", 257))
	f.Fuzz(func(t *testing.T, given string) {
		id, err := operationID(given)
		if (err == nil) != (given != "" && len(given) <= maxIdentifier) || err == nil && id != given {
			t.Fatalf("id %q, error %v", id, err)
		}
	})
}
