package day

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one person's graphql-transport-ws connection. The subscriptions on it are told apart by the names of their
// operations. What came is kept for as long as the day lasts, so that steps can look back.
type socket struct {
	conn *websocket.Conn

	mu     sync.Mutex
	seen   map[string][]json.RawMessage // the one root field of each payload, by operation
	news   chan struct{}                // closed and replaced when something came or the socket ended
	failed error                        // why it ended
}

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// listen connects, waits until the token is acknowledged, and subscribes to operations of the documents.
func listen(ctx context.Context, url, token string, operations ...string) (*socket, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	conn, res, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	s := &socket{conn: conn, seen: map[string][]json.RawMessage{}, news: make(chan struct{})}
	hello, _ := json.Marshal(map[string]string{"Authorization": "Bearer " + token})
	if err := conn.WriteJSON(message{Type: "connection_init", Payload: hello}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var ack message
	if err := conn.ReadJSON(&ack); err != nil || ack.Type != "connection_ack" {
		return nil, errors.Join(fmt.Errorf("the socket was not acknowledged: %q, %w", ack.Type, err), conn.Close())
	}
	for _, operation := range operations {
		query, _ := json.Marshal(map[string]string{"query": document(operation)})
		if err := conn.WriteJSON(message{ID: operation, Type: "subscribe", Payload: query}); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	go s.read()
	return s, nil
}

// read takes messages in until the socket ends.
func (s *socket) read() {
	for {
		var m message
		err := s.conn.ReadJSON(&m)
		if err == nil {
			err = s.take(m)
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

// end notes why the socket ended.
func (s *socket) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	s.tell()
}

func (s *socket) take(m message) error {
	switch m.Type {
	case "ping":
		return s.conn.WriteJSON(message{Type: "pong"})
	case "next":
		var payload struct {
			Data   map[string]json.RawMessage `json:"data"`
			Errors []graphQLError             `json:"errors"`
		}
		if err := json.Unmarshal(m.Payload, &payload); err != nil {
			return err
		}
		if len(payload.Errors) > 0 {
			return payload.Errors[0]
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, field := range payload.Data {
			s.seen[m.ID] = append(s.seen[m.ID], field)
		}
		s.tell()
	case "error", "complete":
		return fmt.Errorf("%s ended: %s %s", m.ID, m.Type, m.Payload)
	}
	return nil
}

// tell wakes those who wait. mu is held.
func (s *socket) tell() {
	close(s.news)
	s.news = make(chan struct{})
}

func (s *socket) close() { _ = s.conn.Close() }

// heard gives what a subscription has told so far.
func heard[T any](s *socket, operation string) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]T, len(s.seen[operation]))
	for i, raw := range s.seen[operation] {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// await gives the first thing a subscription told that fits, whether it has come or is yet to come.
func await[T any](ctx context.Context, s *socket, operation, what string, fits func(T) bool) (T, error) {
	var none T
	for {
		s.mu.Lock()
		news, failed := s.news, s.failed
		s.mu.Unlock()
		all, err := heard[T](s, operation)
		if err != nil {
			return none, err
		}
		for _, one := range all {
			if fits(one) {
				return one, nil
			}
		}
		if failed != nil {
			return none, fmt.Errorf("the socket ended while waiting for %s: %w", what, failed)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return none, fmt.Errorf("%s did not come; %s told %+v", what, operation, all)
		}
	}
}
