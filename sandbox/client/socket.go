package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Socket is one caller's graphql-transport-ws connection. The subscriptions on it are told apart by their names. What came is
// kept, so that one can look back.
type Socket struct {
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

// Subscription is what to listen to.
type Subscription struct {
	Name      string
	Query     string
	Variables map[string]any
}

// Listen connects to a GraphQL URL, waits until the credential is acknowledged, and subscribes. ctx bounds the connecting alone; the
// socket is the caller's to close.
func Listen(ctx context.Context, url string, credential Credential, subscriptions ...Subscription) (*Socket, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	conn, res, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	s := &Socket{conn: conn, seen: map[string][]json.RawMessage{}, news: make(chan struct{})}
	hello, _ := json.Marshal(map[string]string{credential.Name: credential.Value})
	if err := conn.WriteJSON(message{Type: "connection_init", Payload: hello}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var ack message
	if err := conn.ReadJSON(&ack); err != nil || ack.Type != "connection_ack" {
		return nil, errors.Join(fmt.Errorf("the socket was not acknowledged: %q, %w", ack.Type, err), conn.Close())
	}
	for _, wanted := range subscriptions {
		query, err := json.Marshal(map[string]any{"query": wanted.Query, "variables": wanted.Variables})
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		if err := conn.WriteJSON(message{ID: wanted.Name, Type: "subscribe", Payload: query}); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	go s.read()
	return s, nil
}

// read takes messages in until the socket ends.
func (s *Socket) read() {
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
func (s *Socket) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	s.tell()
}

func (s *Socket) take(m message) error {
	switch m.Type {
	case "ping":
		return s.conn.WriteJSON(message{Type: "pong"})
	case "next":
		var payload struct {
			Data   map[string]json.RawMessage `json:"data"`
			Errors []GraphQLError             `json:"errors"`
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
func (s *Socket) tell() {
	close(s.news)
	s.news = make(chan struct{})
}

// Close drops the connection.
func (s *Socket) Close() { _ = s.conn.Close() }

// Heard gives what a subscription has told so far.
func Heard[T any](s *Socket, subscription string) ([]T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]T, len(s.seen[subscription]))
	for i, raw := range s.seen[subscription] {
		if err := json.Unmarshal(raw, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Await gives the first thing a subscription told that fits, whether it has come or is yet to come; what names it in the error.
func Await[T any](ctx context.Context, s *Socket, subscription, what string, fits func(T) bool) (T, error) {
	var all []T
	at := -1
	err := s.until(ctx, func() (bool, error) {
		var err error
		all, err = Heard[T](s, subscription)
		at = slices.IndexFunc(all, fits)
		return at >= 0, err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("%s did not come: %w; %s told %+v", what, err, subscription, all)
	}
	return all[at], nil
}

// More awaits that a subscription has told more than so many things.
func (s *Socket) More(ctx context.Context, subscription string, than int) error {
	return s.until(ctx, func() (bool, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.seen[subscription]) > than, nil
	})
}

// until waits for news until they are enough.
func (s *Socket) until(ctx context.Context, enough func() (bool, error)) error {
	for {
		s.mu.Lock()
		news, failed := s.news, s.failed
		s.mu.Unlock()
		if done, err := enough(); done || err != nil {
			return err
		}
		if failed != nil {
			return fmt.Errorf("the socket ended: %w", failed)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
