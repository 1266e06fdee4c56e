package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

func TestSocketCompleteStopsTheSource(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{}).initialise()
	p.send(subscribeMessage("1", "subscription { events }"))
	schema.events <- 1
	p.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
	p.send(`{"id":"1","type":"complete"}`)
	if name := <-schema.ended; name != "events" {
		t.Fatalf("ended %q", name)
	}
	p.send(pingMessage) // nothing of the operation comes before the pong, not even a complete
	p.expect(pongMessage)
}

func TestSocketCompleteCancelsAQuery(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{}).initialise()
	p.send(subscribeMessage("1", "{ held }"))
	<-schema.entered
	p.send(`{"id":"1","type":"complete"}`)
	<-schema.ended
	p.send(subscribeMessage("1", "{ hello }")) // the identifier is free, and none of its former answers comes
	p.expect(`{"type":"next","id":"1","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"1"}`)
}

func TestSocketCompletesWhenTheSourceEnds(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{}).initialise()
	p.send(subscribeMessage("1", "subscription { events }"))
	schema.events <- 7
	close(schema.events)
	p.expect(`{"type":"next","id":"1","payload":{"data":{"events":7}}}`, `{"type":"complete","id":"1"}`)
}

func TestSocketCancelsItsOperationsWhenThePeerGoes(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*peer){
		"with a close": func(p *peer) {
			_ = p.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
		},
		"without a word": func(p *peer) { _ = p.conn.NetConn().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema, closed := newTestSchema(), make(chan SocketClosed, 1)
			p := dial(t, schema, Options{Hooks: Hooks{SocketClosed: func(_ context.Context, c SocketClosed) { closed <- c }}}).initialise()
			p.send(subscribeMessage("1", "subscription { events }"), subscribeMessage("2", "{ held }"))
			<-schema.entered
			schema.events <- 1
			p.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
			leave(p)
			got := map[string]bool{<-schema.ended: true, <-schema.ended: true}
			if diff := cmp.Diff(map[string]bool{"events": true, "held": true}, got); diff != "" {
				t.Errorf("cancelled (-want +got):\n%s", diff)
			}
			if c := <-closed; c.Code != map[string]int{"with a close": 1000, "without a word": 1006}[name] {
				t.Errorf("closed %+v", c)
			}
		})
	}
}

func TestSocketReadsOnWhileOperationsRun(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{}).initialise()
	p.send(subscribeMessage("1", "{ held }"), subscribeMessage("2", "mutation { held }"))
	<-schema.entered
	<-schema.entered
	p.send(pingMessage, subscribeMessage("3", "{ hello }"))
	p.expect(pongMessage, `{"type":"next","id":"3","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"3"}`)
	close(schema.release)
	p.expectAny(`{"type":"next","id":"1","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"1"}`,
		`{"type":"next","id":"2","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"2"}`)
}

func TestSocketRefusesOneOperationTooMany(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{Socket: SocketOptions{MaxOperations: 2}}).initialise()
	p.send(subscribeMessage("1", "{ held }"), subscribeMessage("2", "{ held }"))
	<-schema.entered
	<-schema.entered
	refused := `{"type":"error","id":"3","payload":[{"message":"more than 2 operations at once on one connection","extensions":{"code":"LIMIT_EXCEEDED"}}]}`
	p.send(subscribeMessage("3", "{ hello }"))
	p.expect(refused)
	p.send(`{"id":"1","type":"complete"}`)
	<-schema.ended
	schema.release <- struct{}{}
	p.expect(`{"type":"next","id":"2","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"2"}`)
	p.send(subscribeMessage("4", "{ hello }"))
	p.expect(`{"type":"next","id":"4","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"4"}`)
}

func TestSocketIsPingedAndAnswersPings(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dial(t, schema, Options{Socket: SocketOptions{KeepAlive: 2500 * time.Millisecond}}).initialise()
	pinged, ponged := make(chan struct{}, 1), make(chan string, 1)
	answer := p.conn.PingHandler()
	p.conn.SetPingHandler(func(data string) error {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return answer(data)
	})
	p.conn.SetPongHandler(func(data string) error { ponged <- data; return nil })
	if err := p.conn.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() { // longer than a silent peer would live
		for range 3 {
			<-pinged
		}
		schema.events <- 1
	}()
	p.send(subscribeMessage("1", "subscription { events }"))
	p.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
	if got := <-ponged; got != "are you there" {
		t.Errorf("pong %q", got)
	}
}

func TestSocketWithASilentPeerEnds(t *testing.T) {
	t.Parallel()
	closed := make(chan SocketClosed, 1)
	dial(t, newTestSchema(), Options{ // reads nothing, so it answers no ping
		Socket: SocketOptions{KeepAlive: 10 * time.Millisecond},
		Hooks:  Hooks{SocketClosed: func(_ context.Context, c SocketClosed) { closed <- c }},
	})
	if c := <-closed; c.Code != websocket.CloseAbnormalClosure || c.Slow {
		t.Errorf("closed %+v", c)
	}
}

// A peer that takes nothing is disconnected, and what produced for it is cancelled. The kernel's buffers are made small so
// that they fill.
func TestSocketWithASlowPeerEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options SocketOptions
		told    bool // the peer reads again before the close frame is given up
	}{
		"when a write does not end":           {options: SocketOptions{WriteTimeout: time.Second, SlowAfter: time.Hour}},
		"when no room is made in the queue":   {options: SocketOptions{SlowAfter: 50 * time.Millisecond, MaxFrames: 4, CloseTimeout: patience}, told: true},
		"when no room is made for more bytes": {options: SocketOptions{SlowAfter: 50 * time.Millisecond, MaxQueued: 1000, CloseTimeout: patience}, told: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed, completed := make(chan SocketClosed, 1), make(chan OperationCompleted, 1)
			p := dial(t, newTestSchema(), Options{Socket: tt.options, Hooks: Hooks{
				SocketClosed:       func(_ context.Context, c SocketClosed) { closed <- c },
				OperationCompleted: func(_ context.Context, o OperationCompleted) { completed <- o },
			}}).initialise()
			if err := p.conn.NetConn().(*net.TCPConn).SetReadBuffer(smallBuffer); err != nil {
				t.Fatal(err)
			}
			p.send(subscribeMessage("1", "subscription { count(to: 1000000000) }"))
			if o := <-completed; o.Kind != "subscription" || o.Answers == 0 {
				t.Errorf("completed %+v", o)
			}
			if err := readToEnd(p.conn); tt.told != websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
				t.Errorf("the peer saw %v", err)
			}
			if c := <-closed; !c.Slow {
				t.Errorf("closed %+v", c)
			}
		})
	}
}

// readToEnd answers how the connection ended.
func readToEnd(conn *websocket.Conn) error {
	for {
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, _, err := conn.ReadMessage(); err != nil {
			return err
		}
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	text := func(s string) frame { return frame{data: []byte(s)} }
	t.Run("keeps the order and the bounds while one writes and many push", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(3, 100)
			const pushers, each = 4, 50
			for p := range pushers {
				go func() {
					for n := range each {
						if err := q.push(t.Context(), text(fmt.Sprintf("%d %d", p, n)), time.Minute); err != nil {
							t.Error(err)
						}
					}
				}()
			}
			next := make([]int, pushers)
			for got := 0; got < pushers*each; {
				<-q.ready
				for {
					f, ok, _ := q.pop()
					if !ok {
						break
					}
					var p, n int
					_, _ = fmt.Sscan(string(f.data), &p, &n)
					if next[p] != n {
						t.Fatalf("pusher %d: frame %d, want %d", p, n, next[p])
					}
					next[p]++
					got++
				}
				q.mu.Lock()
				waiting := len(q.frames)
				q.mu.Unlock()
				if waiting > 3 {
					t.Fatalf("%d frames wait", waiting)
				}
			}
		})
	})
	t.Run("waits for room no longer than it is patient", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(10, 4)
			_ = q.push(t.Context(), text("larger than all bytes allowed"), 0)
			began := time.Now()
			if err := q.push(t.Context(), text("x"), time.Minute); !errors.Is(err, errQueueSlow) || time.Since(began) != time.Minute {
				t.Errorf("push = %v after %v", err, time.Since(began))
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := q.push(ctx, text("x"), time.Minute); !errors.Is(err, context.Canceled) {
				t.Errorf("push = %v", err)
			}
		})
	})
	t.Run("closing wakes who waits, and flushes what is queued", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			q := newQueue(1, 100)
			_ = q.push(t.Context(), text("a"), 0)
			waiting := make(chan error)
			go func() { waiting <- q.push(t.Context(), text("b"), time.Minute) }()
			synctest.Wait()
			if !q.close(closing{code: 1001}, true) || q.close(closing{code: 4400}, false) {
				t.Error("the first close does not count alone")
			}
			if err := <-waiting; !errors.Is(err, errQueueClosed) {
				t.Errorf("push = %v", err)
			}
			if f, ok, end := q.pop(); !ok || string(f.data) != "a" || end != nil {
				t.Errorf("pop = %q %v %v", f.data, ok, end)
			}
			if _, ok, end := q.pop(); ok || end == nil || end.code != 1001 {
				t.Errorf("pop = %v %v", ok, end)
			}
		})
	})
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{Socket: SocketOptions{InitTimeout: patience}})
	idle := dialURL(t, server.URL, protocolTransportWS)
	subscriber := dialURL(t, server.URL, protocolTransportWS).initialise()
	subscriber.send(subscribeMessage("1", "subscription { events }"))
	schema.events <- 1
	subscriber.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
	busy := dialURL(t, server.URL, protocolTransportWS).initialise()
	busy.send(subscribeMessage("1", "mutation { held }"), subscribeMessage("2", "subscription { others }"))
	<-schema.entered
	schema.others <- 2
	busy.expect(`{"type":"next","id":"2","payload":{"data":{"others":2}}}`)

	done := make(chan error, 1)
	go func() { done <- h.Shutdown(t.Context()) }()

	// Subscriptions get no complete, so that their clients subscribe again elsewhere.
	idle.expectClose(websocket.CloseGoingAway, closeShutdownReason)
	subscriber.expectClose(websocket.CloseGoingAway, closeShutdownReason)

	// What has one answer gives it first; what is new is not begun, and a source that ends by itself is not reported.
	busy.send(subscribeMessage("3", "mutation { bump }"), pingMessage)
	busy.expect(pongMessage)
	close(schema.others)
	schema.release <- struct{}{}
	busy.expect(`{"type":"next","id":"1","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"1"}`)
	busy.expectClose(websocket.CloseGoingAway, closeShutdownReason)
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if n := schema.bumps.Load(); n != 0 {
		t.Errorf("an operation was begun while draining")
	}

	dialer := websocket.Dialer{Subprotocols: []string{protocolTransportWS}}
	_, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a socket was opened after Shutdown: %v, %v", resp, err)
	}
	resp.Body.Close()
}

func TestShutdownCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{})
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	p.send(subscribeMessage("1", "{ held }"))
	<-schema.entered
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(ctx) }()
	p.expectClose(websocket.CloseGoingAway, closeShutdownReason)
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown = %v", err)
	}
	<-schema.ended
}

func TestSocketsAreBounded(t *testing.T) {
	t.Parallel()
	server, _ := newTestServer(t, newTestSchema(), Options{Socket: SocketOptions{MaxSockets: 1}})
	dialURL(t, server.URL, protocolTransportWS).initialise()
	dialer := websocket.Dialer{Subprotocols: []string{protocolTransportWS}}
	_, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("response %v, error %v", resp, err)
	}
	resp.Body.Close()
}

func TestHooksSeeOperations(t *testing.T) {
	t.Parallel()
	completed := make(chan OperationCompleted, 1)
	started := make(chan string, 1)
	server, _ := newTestServer(t, newTestSchema(), Options{Hooks: Hooks{
		OperationStarted:   func(_ context.Context, transport string) { started <- transport },
		OperationCompleted: func(_ context.Context, o OperationCompleted) { o.Took = 0; completed <- o },
	}})
	tests := []struct {
		document string
		want     OperationCompleted
	}{
		{"query Greet { hello }", OperationCompleted{Kind: "query", Name: "Greet", Answers: 1}},
		{"query Pry { secret }", OperationCompleted{Kind: "query", Name: "Pry", Code: "INTERNAL", Answers: 1}},
		{"{", OperationCompleted{Code: "GRAPHQL_PARSE_FAILED", Answers: 1}},
	}
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	for i, tt := range tests {
		resp, err := server.Client().Post(server.URL, contentJSON, strings.NewReader(`{"query":"`+tt.document+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		p.send(subscribeMessage(strconv.Itoa(i), tt.document))
		for range 2 {
			want := tt.want
			want.Transport = <-started
			got := <-completed
			if got.Transport != want.Transport { // both run at the same time
				want.Transport = got.Transport
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.document, diff)
			}
		}
	}
}
