package day

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Documents is what a desk's frontend sends: every operation of an agent and of a supervisor.
//
//go:embed desk.graphql
var Documents string

// Document cuts one operation out of [Documents]; each begins a line. It is "" for a name that is not there.
func Document(name string) string {
	begins := regexp.MustCompile(`(?m)^(?:query|mutation|subscription) (\w+)`).FindAllStringSubmatchIndex(Documents, -1)
	for i, at := range begins {
		if Documents[at[2]:at[3]] != name {
			continue
		}
		end := len(Documents)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		return Documents[at[0]:end]
	}
	return ""
}

// client speaks GraphQL and plain JSON over HTTP.
type client struct {
	http  *http.Client
	token string
}

type graphQLAnswer struct {
	Data   json.RawMessage `json:"data"`
	Errors []graphQLError  `json:"errors"`
}

type graphQLError struct {
	Message    string         `json:"message"`
	Extensions map[string]any `json:"extensions"`
}

// run sends an operation and reads its data into out.
func (c *client) run(ctx context.Context, url, query string, variables map[string]any, out any) error {
	var answer graphQLAnswer
	if err := c.post(ctx, url, map[string]any{"query": query, "variables": variables}, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("the answer has an error: %s (%v)", answer.Errors[0].Message, answer.Errors[0].Extensions["code"])
	}
	return json.Unmarshal(answer.Data, out)
}

// post sends JSON and reads JSON.
func (c *client) post(ctx context.Context, url string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPost, url, bytes.NewReader(raw), out)
}

func (c *client) get(ctx context.Context, url string, out any) error {
	return c.send(ctx, http.MethodGet, url, nil, out)
}

func (c *client) send(ctx context.Context, method, url string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: HTTP %d: %s", method, url, res.StatusCode, raw)
	}
	return json.Unmarshal(raw, out)
}

// event is a call event as the CallEvents document selects it, with the fields of every kind.
type event struct {
	Cursor   string `json:"cursor"`
	Sequence int    `json:"sequence"`
	Kind     string `json:"kind"`
	CallID   string `json:"callId"`
	Phone    string `json:"phone"`
	Agent    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"agent"`
	DurationSeconds int    `json:"durationSeconds"`
	Reason          string `json:"reason"`
	Disposition     string `json:"disposition"`
	MissedCall      struct {
		ID          string `json:"id"`
		MissedCount int    `json:"missedCount"`
	} `json:"missedCall"`
}

// subscription is an open CallEvents subscription over graphql-transport-ws.
type subscription struct {
	socket *websocket.Conn
	events chan event // closed when the socket ends; the reader waits for whoever plays the day
	failed error      // why, once closed
}

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// subscribe opens the subscription and waits until it is acknowledged.
func subscribe(ctx context.Context, url, token string) (*subscription, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	socket, res, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	s := &subscription{socket: socket, events: make(chan event)}
	hello, _ := json.Marshal(map[string]string{"Authorization": "Bearer " + token})
	if err := socket.WriteJSON(message{Type: "connection_init", Payload: hello}); err != nil {
		return nil, err
	}
	var ack message
	if err := socket.ReadJSON(&ack); err != nil || ack.Type != "connection_ack" {
		return nil, fmt.Errorf("the socket was not acknowledged: %q, %w", ack.Type, err)
	}
	query, _ := json.Marshal(map[string]string{"query": Document("CallEvents")})
	if err := socket.WriteJSON(message{ID: "1", Type: "subscribe", Payload: query}); err != nil {
		return nil, err
	}
	go s.read(ctx)
	return s, nil
}

func (s *subscription) read(ctx context.Context) {
	defer close(s.events)
	for {
		var m message
		if s.failed = s.socket.ReadJSON(&m); s.failed != nil {
			return
		}
		switch m.Type {
		case "ping":
			if s.failed = s.socket.WriteJSON(message{Type: "pong"}); s.failed != nil {
				return
			}
		case "next":
			var payload struct {
				Data struct {
					CallEvents event `json:"callEvents"`
				} `json:"data"`
				Errors []graphQLError `json:"errors"`
			}
			if s.failed = json.Unmarshal(m.Payload, &payload); s.failed != nil {
				return
			}
			if len(payload.Errors) > 0 {
				s.failed = errors.New(payload.Errors[0].Message)
				return
			}
			select {
			case s.events <- payload.Data.CallEvents:
			case <-ctx.Done():
				return
			}
		case "error", "complete":
			s.failed = fmt.Errorf("the subscription ended: %s %s", m.Type, m.Payload)
			return
		}
	}
}

func (s *subscription) close() { _ = s.socket.Close() }
