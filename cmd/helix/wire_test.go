package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// wire is a client's end of a WebSocket. It is read all the time, as clients do: the gateway lets go of a peer that answers
// no pings, however busy a test is elsewhere. Its methods belong to the goroutine of the test.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
	news chan struct{} // holds one when something came, or nothing comes any more

	mu    sync.Mutex
	came  []socketMessage
	ended error // why nothing more comes
}

// socketMessage is what a socket said; closed is the code it was closed with.
type socketMessage struct {
	ID      string
	Type    string
	Payload json.RawMessage
	closed  int
}

func openSocket(t *testing.T, s *system) *wire {
	t.Helper()
	return openSocketWith(t, s, nil)
}

// openSocketWith sends a header with the request that opens the socket.
func openSocketWith(t *testing.T, s *system, opening http.Header) *wire {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, res, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/graphql", opening)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	w := &wire{t: t, conn: conn, news: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.listen()
	}()
	t.Cleanup(func() {
		w.close()
		<-done
	})
	return w
}

func (w *wire) listen() {
	for err := error(nil); err == nil; {
		var m socketMessage
		err = w.conn.ReadJSON(&m)
		w.mu.Lock()
		if err == nil {
			w.came = append(w.came, m)
		} else {
			w.ended = err
		}
		w.mu.Unlock()
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}

func (w *wire) close() { _ = w.conn.Close() }

// hello presents a token, which must be welcome.
func (w *wire) hello(token string) {
	w.t.Helper()
	header, value := headerOf(token)
	w.write(map[string]any{"type": "connection_init", "payload": map[string]string{header: value}})
	if m := w.read(); m.Type != "connection_ack" {
		w.t.Fatalf("not acknowledged: %+v", m)
	}
}

func (w *wire) subscribe(id, document string, variables map[string]any) {
	w.t.Helper()
	w.write(map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": document, "variables": variables}})
}

func (w *wire) write(m any) {
	w.t.Helper()
	if err := w.conn.WriteJSON(m); err != nil {
		w.t.Fatal(err)
	}
}

// heard tells whether something came that was not read yet.
func (w *wire) heard() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.came) > 0
}

// read waits for the next message, or for the code that the socket is closed with.
func (w *wire) read() socketMessage {
	w.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		m, come, err := w.next()
		if come {
			return m
		}
		if closed, is := errors.AsType[*websocket.CloseError](err); is {
			return socketMessage{closed: closed.Code}
		}
		if err != nil {
			w.t.Fatal(err)
		}
		select {
		case <-w.news:
		case <-deadline.C:
			w.t.Fatal("nothing came")
		}
	}
}

func (w *wire) next() (m socketMessage, come bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.came) == 0 {
		return m, false, w.ended
	}
	m, w.came = w.came[0], w.came[1:]
	return m, true, nil
}

// meanwhile does something again and again beside the test, until the function that it answers with is called, which is to
// be deferred: nothing goes on when the test has ended, however it did.
func meanwhile(every time.Duration, do func(i int)) (stop func()) {
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for i := 0; ; i++ {
			do(i)
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(over)
		<-stopped
	})
}
