package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// subscriber is one WebSocket with one subscription. It looks for the marks of events in messages and decodes nothing
// else, since thousands of them share the machine with what they measure.
type subscriber struct {
	socket *websocket.Conn
	sheet  *sheet
	seen   []atomic.Int32 // by event: microseconds from push to receipt, 0 while it has not come
	twice  atomic.Int64   // events that came again
	failed error          // why reading ended; to be read after the reader has returned
}

const (
	// socketBuffer holds a whole message of an event.
	socketBuffer = 2 << 10
	helloWithin  = 10 * time.Second
)

// socketMessage is a message of graphql-transport-ws.
type socketMessage struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// subscribe opens a socket and sends the subscription; the protocol does not say when it is in force.
func subscribe(ctx context.Context, url, token string, s *sheet) (*subscriber, error) {
	dialer := websocket.Dialer{
		Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: helloWithin, ReadBufferSize: socketBuffer, WriteBufferSize: socketBuffer,
	}
	socket, res, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	if err := greet(socket, token); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return &subscriber{socket: socket, sheet: s, seen: make([]atomic.Int32, len(s.sent))}, nil
}

func greet(socket *websocket.Conn, token string) error {
	hello, err := json.Marshal(map[string]string{"Authorization": "Bearer " + token})
	if err != nil {
		return err
	}
	if err := socket.WriteJSON(socketMessage{Type: "connection_init", Payload: hello}); err != nil {
		return err
	}
	_ = socket.SetReadDeadline(time.Now().Add(helloWithin))
	var ack socketMessage
	if err := socket.ReadJSON(&ack); err != nil {
		return err
	}
	if ack.Type != "connection_ack" {
		return fmt.Errorf("the socket was answered %q", ack.Type)
	}
	_ = socket.SetReadDeadline(time.Time{})
	query, err := json.Marshal(map[string]string{"query": documentCallEvents})
	if err != nil {
		return err
	}
	return socket.WriteJSON(socketMessage{ID: "1", Type: "subscribe", Payload: query})
}

// read notes events until the socket ends.
func (s *subscriber) read() {
	message := make([]byte, 0, socketBuffer)
	for {
		var r io.Reader
		if _, r, s.failed = s.socket.NextReader(); s.failed != nil {
			return
		}
		if message, s.failed = appendAll(message[:0], r); s.failed != nil {
			return
		}
		if event, found := eventIn(message); found {
			s.note(event)
			continue
		}
		if s.failed = s.other(message); s.failed != nil {
			return
		}
	}
}

func (s *subscriber) note(event int) {
	if event >= len(s.seen) {
		return
	}
	sent := s.sheet.sent[event].Load()
	if sent == 0 {
		return
	}
	took := max((s.sheet.now()-sent)/int64(time.Microsecond), 1)
	if !s.seen[event].CompareAndSwap(0, int32(min(took, 1<<31-1))) {
		s.twice.Add(1)
		return
	}
	s.sheet.received[event].Add(1)
}

// other answers pings and takes the end of a subscription for what it is.
func (s *subscriber) other(message []byte) error {
	var m socketMessage
	if err := json.Unmarshal(message, &m); err != nil {
		return err
	}
	switch m.Type {
	case "ping":
		return s.socket.WriteJSON(socketMessage{Type: "pong"})
	case "error", "complete":
		return fmt.Errorf("the subscription ended: %s", m.Type)
	}
	return nil // an event that is not one of ours
}

// appendAll reads r to its end behind what buffer holds.
func appendAll(buffer []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}

// kindOf is how the event that a step of a call causes is spelled.
var kindOf = [stepsOfCall]string{stepOffered: "INCOMING", stepAnswered: "ANSWERED", stepEnded: "ENDED", stepRecord: "DETAILS"}

// eventIn finds which of our events a message tells: its call by the phone, its step by the kind.
func eventIn(message []byte) (event int, found bool) {
	call, ok := callOf(member(message, `"phone":"`))
	if !ok {
		return 0, false
	}
	kind := member(message, `"kind":"`)
	for step, name := range kindOf {
		if string(kind) == name {
			return call*stepsOfCall + step, true
		}
	}
	return 0, false
}

// member gives what stands between a member's name and the next quotation mark.
func member(message []byte, name string) []byte {
	_, rest, _ := bytes.Cut(message, []byte(name))
	value, _, closed := bytes.Cut(rest, []byte{'"'})
	if !closed {
		return nil
	}
	return value
}

// sheet is when events were pushed and how many subscribers have each.
type sheet struct {
	began    time.Time
	sent     []atomic.Int64 // nanoseconds after began; 0 while it was not
	received []atomic.Int64
}

func newSheet(events int) *sheet {
	return &sheet{began: time.Now(), sent: make([]atomic.Int64, events), received: make([]atomic.Int64, events)}
}

func (s *sheet) now() int64 { return max(int64(time.Since(s.began)), 1) }

// markSent says that an event is pushed now.
func (s *sheet) markSent(event int) { s.sent[event].Store(s.now()) }
