package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
)

// shareByText shares what has the same text and variables, for callers of the same class.
func shareByText(ctx context.Context, oc *graphql.OperationContext) (Sharing, bool) {
	class, _ := ctx.Value(callerKey{}).(string)
	return Sharing{
		Key: fmt.Sprint(class, oc.OperationName, oc.RawQuery, oc.Variables),
		Follow: func(ctx context.Context, _ bool) (context.Context, func() (uint64, bool)) {
			return context.WithValue(ctx, callerKey{}, class), func() (uint64, bool) { return 0, false }
		},
	}, true
}

// classOf makes the payload of connection_init the caller's class.
func classOf(ctx context.Context, payload map[string]any) (context.Context, error) {
	class, _ := payload["class"].(string)
	return context.WithValue(ctx, callerKey{}, class), nil
}

// membersOf counts those whom the handler's shared runs answer.
func membersOf(h *Handler) (n int) {
	h.hubs.mu.Lock()
	defer h.hubs.mu.Unlock()
	for _, u := range h.hubs.byKey {
		u.mu.Lock()
		n += len(u.members)
		u.mu.Unlock()
	}
	return n
}

// await waits for a condition that other goroutines bring about.
func await(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

func awaitMembers(t *testing.T, h *Handler, n int) {
	t.Helper()
	await(t, fmt.Sprint(n, " members"), func() bool { return membersOf(h) == n })
}

func TestSubscribersOfOneSelectionGetTheBytesOfOneRun(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{Share: shareByText})
	a := dialURL(t, server.URL, protocolTransportWS).initialise()
	b := dialURL(t, server.URL, protocolLegacy)
	b.send(initMessage)
	b.expect(ackMessage, `{"type":"ka"}`)
	a.send(subscribeMessage("1", "subscription { events }"), subscribeMessage("2", "subscription { events }"))
	b.send(`{"id":"x","type":"start","payload":{"query":"subscription { events }"}}`)
	awaitMembers(t, h, 3)
	schema.events <- 7 // taken once: the channel has no second one to give
	a.expectAny(`{"type":"next","id":"1","payload":{"data":{"events":7}}}`, `{"type":"next","id":"2","payload":{"data":{"events":7}}}`)
	b.expect(`{"type":"data","id":"x","payload":{"data":{"events":7}}}`)

	a.send(`{"id":"1","type":"complete"}`)
	b.send(`{"id":"x","type":"stop"}`)
	b.expect(`{"type":"complete","id":"x"}`)
	awaitMembers(t, h, 1)
	schema.events <- 8
	a.expect(`{"type":"next","id":"2","payload":{"data":{"events":8}}}`)
	a.send(subscribeMessage("1", "subscription { events }")) // the identifier is free again
	awaitMembers(t, h, 2)
	a.send(`{"id":"2","type":"complete"}`)
	awaitMembers(t, h, 1)
	schema.events <- 9
	a.expect(`{"type":"next","id":"1","payload":{"data":{"events":9}}}`)
	a.send(`{"id":"1","type":"complete"}`, pingMessage)
	a.expect(pongMessage)
	if name := <-schema.ended; name != "events" { // with its last member, the run ends
		t.Fatalf("ended %q", name)
	}
}

func TestWhatIsNotTheSameIsNotShared(t *testing.T) {
	t.Parallel()
	subscribe := func(query, name, variables string) string {
		return `{"id":"1","type":"subscribe","payload":{"query":"` + query + `","operationName":"` + name + `","variables":` + variables + `}}`
	}
	const document = "subscription A($n:Int! = 2) { count(to:$n) } subscription B($n:Int! = 2) { count(to:$n) }"
	for name, tt := range map[string]struct {
		class, message string
		runs           int64
	}{
		"the same":                            {"a", subscribe(document, "A", `{"n":3}`), 1},
		"the same variables, spelt in full":   {"a", subscribe(document, "A", `{"n":3,"other":1}`), 1},
		"other variables":                     {"a", subscribe(document, "A", `{"n":4}`), 2},
		"a default":                           {"a", subscribe(document, "A", `{}`), 2},
		"another operation of the document":   {"a", subscribe(document, "B", `{"n":3}`), 2},
		"another document":                    {"a", subscribe(document+" ", "A", `{"n":3}`), 2},
		"a caller who may see something else": {"b", subscribe(document, "A", `{"n":3}`), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema, runs, release := newTestSchema(), &atomic.Int64{}, make(chan struct{})
			exec := schema.executor()
			exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
				runs.Add(1)
				<-release // both have subscribed
				return next(ctx)
			})
			server, h := newTestServerOf(t, exec, Options{Share: shareByText, Init: classOf})
			for _, p := range []struct{ class, message string }{{"a", subscribe(document, "A", `{"n":3}`)}, {tt.class, tt.message}} {
				c := dialURL(t, server.URL, protocolTransportWS)
				c.send(`{"type":"connection_init","payload":{"class":"` + p.class + `"}}`)
				c.expect(ackMessage)
				c.send(p.message)
			}
			awaitMembers(t, h, 2)
			await(t, "runs", func() bool { return runs.Load() == tt.runs })
			close(release)
		})
	}
}

func TestTheEndOfASharedRunReachesEverySubscriber(t *testing.T) {
	t.Parallel()
	fault := `"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}]`
	for name, tt := range map[string]struct {
		query string
		want  []string
	}{
		"its source ends": {"subscription { count(to:2) }", []string{
			`{"type":"next","id":"1","payload":{"data":{"count":1}}}`, `{"type":"next","id":"1","payload":{"data":{"count":2}}}`,
			`{"type":"complete","id":"1"}`,
		}},
		"it is refused": {"subscription { refused }", []string{
			`{"type":"error","id":"1","payload":[{"message":"supervisors only","extensions":{"code":"FORBIDDEN"}}]}`,
		}},
		"one event panics": {"subscription { faulty(on:[2]) }", []string{
			`{"type":"next","id":"1","payload":{"data":{"faulty":1}}}`, `{"type":"next","id":"1","payload":{` + fault + `,"data":null}}`,
			`{"type":"next","id":"1","payload":{"data":{"faulty":3}}}`, `{"type":"complete","id":"1"}`,
		}},
		"every event panics": {"subscription { faulty(on:[1,2,3,4]) }", []string{
			`{"type":"next","id":"1","payload":{` + fault + `,"data":null}}`, `{"type":"next","id":"1","payload":{` + fault + `,"data":null}}`,
			`{"type":"error","id":"1","payload":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}]}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema, release := newTestSchema(), make(chan struct{})
			exec := schema.executor()
			exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
				<-release
				return next(ctx)
			})
			var completed sync.Map
			server, h := newTestServerOf(t, exec, Options{Share: shareByText, Hooks: Hooks{
				OperationCompleted: func(ctx context.Context, o OperationCompleted) { completed.Store(ctx, o.Answers) },
			}})
			a, b := dialURL(t, server.URL, protocolTransportWS).initialise(), dialURL(t, server.URL, protocolTransportWS).initialise()
			a.send(subscribeMessage("1", tt.query))
			b.send(subscribeMessage("1", tt.query))
			awaitMembers(t, h, 2)
			close(release)
			a.expect(tt.want...)
			b.expect(tt.want...)
			a.send(subscribeMessage("1", "{ hello }")) // the identifier is free
			a.expect(`{"type":"next","id":"1","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"1"}`)
			await(t, "reports of three operations", func() bool {
				n := 0
				completed.Range(func(any, any) bool { n++; return true })
				return n == 3
			})
		})
	}
}

func TestSharedOperationsCountAndAreNotWaitedForAtShutdown(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{Share: shareByText, Socket: SocketOptions{MaxOperations: 2}})
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	p.send(subscribeMessage("1", "subscription { events }"), subscribeMessage("2", "subscription { events }"))
	awaitMembers(t, h, 2)
	p.send(subscribeMessage("3", "subscription { events }"))
	p.expect(`{"type":"error","id":"3","payload":[{"message":"more than 2 operations at once on one connection",` +
		`"extensions":{"code":"LIMIT_EXCEEDED"}}]}`)
	p.send(subscribeMessage("1", "subscription { others }"))
	p.expectClose(4409, "Subscriber for 1 already exists")
	awaitMembers(t, h, 0)
	<-schema.ended

	q := dialURL(t, server.URL, protocolTransportWS).initialise()
	q.send(subscribeMessage("1", "subscription { events }"))
	awaitMembers(t, h, 1)
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.expectClose(1001, closeShutdownReason) // and no complete before it
	awaitMembers(t, h, 0)
}

func TestAStalledReaderIsCutOffWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	log := newLogSchema(8 << 10)
	closed := make(chan SocketClosed, 2)
	socket := SocketOptions{MaxFrames: 4, CloseTimeout: 10 * time.Millisecond} // the stuck write is given up at once
	server, h := newTestServerOf(t, log.exec, Options{Share: log.share, Socket: socket, Hooks: Hooks{
		SocketClosed: func(_ context.Context, c SocketClosed) { closed <- c },
	}})
	stalled, quick := dialURL(t, server.URL, protocolTransportWS).initialise(), dialURL(t, server.URL, protocolTransportWS).initialise()
	_ = stalled.conn.NetConn().(*net.TCPConn).SetReadBuffer(smallBuffer)
	stalled.send(subscribeMessage("1", "subscription { events }"))
	quick.send(subscribeMessage("1", "subscription { events }"))
	log.awaitMembers(t, h, 2)
	for i := 1; len(closed) == 0; i++ {
		log.append()
		if got := quick.event(); got != i {
			t.Fatalf("event %d, want %d", got, i)
		}
		if i > 4000 {
			t.Fatal("32 MB are buffered")
		}
	}
	if c := <-closed; !c.Slow || c.Code != websocket.CloseTryAgainLater {
		t.Fatalf("closed %+v", c)
	}
	awaitMembers(t, h, 1)
}

func TestAPeerThatIsAloneIsWaitedFor(t *testing.T) {
	t.Parallel()
	log := newLogSchema(8 << 10)
	server, h := newTestServerOf(t, log.exec, Options{Share: log.share, Socket: SocketOptions{MaxFrames: 2}})
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	_ = p.conn.NetConn().(*net.TCPConn).SetReadBuffer(smallBuffer)
	p.send(subscribeMessage("1", "subscription { events }"))
	log.awaitMembers(t, h, 1)
	for range 60 { // more than the network and the hub hold
		log.append()
	}
	for want := 1; want <= 60; want++ {
		if got := p.event(); got != want {
			t.Fatalf("event %d, want %d", got, want)
		}
	}
}

func TestASubscriberThatResumesJoinsWithoutAGapOrARepeat(t *testing.T) {
	t.Parallel()
	log := newLogSchema(0)
	server, h := newTestServerOf(t, log.exec, Options{Share: log.share})
	for range 10 {
		log.append()
	}
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	p.send(resumeMessage("1", 3))
	for want := 4; want <= 10; want++ {
		if got := p.event(); got != want {
			t.Fatalf("event %d, want %d", got, want)
		}
	}
	for want := 11; membersOf(h) == 0; want++ { // it joins at the first event that both have
		log.append()
		if got := p.event(); got != want {
			t.Fatalf("event %d, want %d", got, want)
		}
	}
	q := dialURL(t, server.URL, protocolTransportWS).initialise()
	q.send(subscribeMessage("1", "subscription { events }"))
	log.awaitMembers(t, h, 2)
	log.append()
	if a, b := p.event(), q.event(); a != b {
		t.Fatalf("events %d and %d", a, b)
	}
	await(t, "one run", func() bool { return log.running.Load() == 1 })
	p.send(`{"id":"1","type":"complete"}`)
	awaitMembers(t, h, 1)
}

func TestWhatASubscriberResumedWithGoesBeforeWhatIsShared(t *testing.T) {
	t.Parallel()
	log := newLogSchema(0)
	h, err := New(Options{Executor: func() graphql.GraphExecutor { return log.exec }})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{h: h, dialect: modern{}}
	s.begin(t.Context())
	st, _ := s.start(s.ctx, "1")
	u := &hub{h: h, cancel: func() {}, room: make(chan struct{}, 1), last: &post{}, begun: true, users: 1}
	u.taken.Store(u.last)

	s.send([]byte("the last of its own"))
	at := uint64(1)
	if !s.join(st, h.newOperation(st.ctx, log.exec, transportWebSocket), u, &at, func() { s.ended(st) }) {
		t.Fatal("did not join")
	}
	u.publish(&post{place: 1}, true)
	u.publish(&post{place: 2}, true)
	collected := func() (places []uint64) {
		s.collect(func(_ []byte, p *post) bool { places = append(places, p.place); return false })
		return places
	}
	if got := collected(); got != nil {
		t.Errorf("%d overtook", got)
	}
	s.out.pop()
	if diff := cmp.Diff([]uint64{2}, collected()); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	s.finish()
}

// Whoever comes, goes and comes again, from wherever he was: what he sees has no gap and no repeat.
func TestEverySubscriberSeesASuffixWithoutGaps(t *testing.T) {
	t.Parallel()
	log := newLogSchema(0)
	server, h := newTestServerOf(t, log.exec, Options{Share: log.share})
	done := make(chan struct{})
	var writer, readers sync.WaitGroup
	writer.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				log.append()
			case <-done:
				return
			}
		}
	})
	for n := range 8 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			seen := -1
			for round := range 6 {
				if err := visit(server.URL, random, strconv.Itoa(round), &seen); err != nil {
					t.Errorf("reader %d, round %d: %v", n, round, err)
					return
				}
			}
		})
	}
	readers.Wait()
	close(done)
	writer.Wait()
	awaitMembers(t, h, 0)
	await(t, "no run", func() bool { return log.running.Load() == 0 })
}

// visit reads some events on a socket of its own, twice under one identifier, from after *seen if it is not negative.
func visit(url string, random *rand.Rand, id string, seen *int) error {
	dialer := websocket.Dialer{Subprotocols: []string{protocolTransportWS}}
	conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	resp.Body.Close()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_ = conn.WriteMessage(websocket.TextMessage, []byte(initMessage))
	if _, _, err := conn.ReadMessage(); err != nil {
		return err
	}
	for range 2 {
		message := subscribeMessage(id, "subscription { events }")
		if *seen >= 0 && random.IntN(4) > 0 {
			message = resumeMessage(id, *seen)
		} else {
			*seen = -1
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(message))
		for range random.IntN(40) + 1 {
			got, err := readEvent(conn)
			if err != nil {
				return err
			}
			if *seen >= 0 && got != *seen+1 {
				return fmt.Errorf("event %d after %d", got, *seen)
			}
			*seen = got
		}
		// What is on its way before the complete is read must not be taken for that of the next subscription: a ping parts them.
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"`+id+`","type":"complete"}`))
		_ = conn.WriteMessage(websocket.TextMessage, []byte(pingMessage))
		for {
			got, err := readEvent(conn)
			if errors.Is(err, errPong) {
				break
			}
			if err != nil {
				return err
			}
			if *seen >= 0 && got != *seen+1 {
				return fmt.Errorf("event %d after %d", got, *seen)
			}
			*seen = got
		}
	}
	return nil
}

var errPong = errors.New("a pong")

func readEvent(conn *websocket.Conn) (int, error) {
	_, data, err := conn.ReadMessage()
	if err != nil {
		return 0, err
	}
	var m struct {
		Type    string
		Payload struct{ Data struct{ Events int } }
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return 0, err
	}
	switch m.Type {
	case "next":
		return m.Payload.Data.Events, nil
	case "pong":
		return 0, errPong
	}
	return 0, fmt.Errorf("message %s", data)
}

func (p *peer) event() int {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := readEvent(p.conn)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// logSchema is a log of numbered events that any number of runs read, each from its own place, as call events are read.
type logSchema struct {
	*testSchema
	exec    graphql.GraphExecutor
	padding string // makes events large
	running atomic.Int64

	mu   sync.Mutex
	head int
	news chan struct{}
}

func newLogSchema(padding int) *logSchema {
	l := &logSchema{testSchema: newTestSchema(), padding: strings.Repeat("p", padding), news: make(chan struct{})}
	exec := l.executor()
	exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		oc := graphql.GetOperationContext(ctx)
		if oc.Operation.Operation != ast.Subscription {
			return next(ctx)
		}
		return l.read(ctx, oc)
	})
	l.exec = exec
	return l
}

func (l *logSchema) append() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head++
	close(l.news)
	l.news = make(chan struct{})
}

// awaitMembers waits also until the run reads, since it sees what is appended from then on.
func (l *logSchema) awaitMembers(t *testing.T, h *Handler, n int) {
	t.Helper()
	awaitMembers(t, h, n)
	await(t, "a run", func() bool { return l.running.Load() == 1 })
}

func (l *logSchema) state() (head int, news <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head, l.news
}

// course is what a run and the transport tell each other: the places, in their order.
type course struct {
	shared bool
	places chan uint64
}

func resumeMessage(id string, after int) string {
	return `{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { events }","extensions":{"after":` + strconv.Itoa(after) + `}}}`
}

func afterOf(oc *graphql.OperationContext) (int, bool) {
	number, ok := oc.Extensions["after"].(json.Number)
	n, _ := strconv.Atoi(number.String())
	return n, ok
}

func (l *logSchema) share(_ context.Context, oc *graphql.OperationContext) (Sharing, bool) {
	_, resumes := afterOf(oc)
	return Sharing{
		Key: oc.RawQuery, Resumes: resumes,
		Follow: func(ctx context.Context, shared bool) (context.Context, func() (uint64, bool)) {
			c := &course{shared: shared, places: make(chan uint64, 2)}
			return context.WithValue(ctx, course{}, c), func() (uint64, bool) { return <-c.places, true }
		},
	}, true
}

func (l *logSchema) read(ctx context.Context, oc *graphql.OperationContext) graphql.ResponseHandler {
	c := ctx.Value(course{}).(*course)
	place, _ := l.state()
	l.running.Add(1)
	context.AfterFunc(ctx, func() { l.running.Add(-1) })
	if after, resumes := afterOf(oc); resumes && !c.shared {
		place = after
	}
	c.places <- uint64(place)
	return func(ctx context.Context) *graphql.Response {
		for {
			head, news := l.state()
			if place < head {
				place++
				c.places <- uint64(place)
				return &graphql.Response{Data: fmt.Appendf(nil, `{"events":%d,"padding":%q}`, place, l.padding)}
			}
			select {
			case <-news:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func TestALargeMessageIsFramedInEveryLength(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 40, 125, 126, 65_535, 65_536, 200_000} {
		log := newLogSchema(size)
		server, h := newTestServerOf(t, log.exec, Options{Share: log.share})
		p := dialURL(t, server.URL, protocolTransportWS).initialise()
		p.send(subscribeMessage("1", "subscription { events }"))
		log.awaitMembers(t, h, 1)
		log.append()
		log.append()
		if diff := cmp.Diff([]int{1, 2}, []int{p.event(), p.event()}); diff != "" {
			t.Fatal(diff)
		}
		p.expectPing(size)
	}
}

// expectPing asks for an echo of n bytes, which is a frame of the socket's own.
func (p *peer) expectPing(n int) {
	p.t.Helper()
	payload := `{"a":"` + strings.Repeat("a", n) + `"}`
	p.send(`{"type":"ping","payload":` + payload + `}`)
	p.expect(`{"type":"pong","payload":` + payload + `}`)
}

func newTestServerOf(t *testing.T, exec graphql.GraphExecutor, opts Options) (*httptest.Server, *Handler) {
	t.Helper()
	opts.Executor = func() graphql.GraphExecutor { return exec }
	return newTestServer(t, nil, opts)
}
