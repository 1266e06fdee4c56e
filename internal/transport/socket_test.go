package transport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
)

// peer is a client of the protocol, written against PROTOCOL.md and gorilla alone.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
}

// patience is far more than a healthy test needs.
const patience = time.Minute

func dial(t *testing.T, schema *testSchema, opts Options) *peer {
	t.Helper()
	server, _ := newTestServer(t, schema, opts)
	return dialURL(t, server.URL, protocolTransportWS)
}

func dialURL(t *testing.T, url string, protocols ...string) *peer {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: protocols}
	conn, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn}
}

func (p *peer) send(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		if err := p.conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *peer) expect(messages ...string) {
	p.t.Helper()
	for _, want := range messages {
		_ = p.conn.SetReadDeadline(time.Now().Add(patience))
		_, got, err := p.conn.ReadMessage()
		if err != nil {
			p.t.Fatalf("%v, want %s", err, want)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			p.t.Fatalf("message (-want +got):\n%s", diff)
		}
	}
}

// expectClose wants the close frame to be the next thing that comes.
func (p *peer) expectClose(code int, reason string) {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	_, got, err := p.conn.ReadMessage()
	if err == nil {
		p.t.Fatalf("message %s, want close %d", got, code)
	}
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		p.t.Fatalf("%v, want close %d", err, code)
	}
	if diff := cmp.Diff(&websocket.CloseError{Code: code, Text: reason}, closed); diff != "" {
		p.t.Fatalf("close (-want +got):\n%s", diff)
	}
}

const (
	initMessage = `{"type":"connection_init"}`
	ackMessage  = `{"type":"connection_ack"}`
	pingMessage = `{"type":"ping"}`
	pongMessage = `{"type":"pong"}`
)

func subscribeMessage(id, query string) string {
	return `{"id":"` + id + `","type":"subscribe","payload":{"query":"` + query + `"}}`
}

func (p *peer) initialise() *peer {
	p.t.Helper()
	p.send(initMessage)
	p.expect(ackMessage)
	return p
}

func TestSocketConversations(t *testing.T) {
	t.Parallel()
	init := func(p *peer) { p.initialise() }
	tests := map[string]func(p *peer){
		"init is acknowledged":         init,
		"init with a payload":          func(p *peer) { p.send(`{"type":"connection_init","payload":{"a":1}}`); p.expect(ackMessage) },
		"init with null for a payload": func(p *peer) { p.send(`{"type":"connection_init","payload":null}`); p.expect(ackMessage) },
		"ping is answered before init": func(p *peer) { p.send(pingMessage); p.expect(pongMessage) },
		"a ping's payload comes back": func(p *peer) {
			p.send(`{"type":"ping","payload":{"n":1.50}}`)
			p.expect(`{"type":"pong","payload":{"n":1.50}}`)
		},
		"a pong needs no answer":            func(p *peer) { p.send(pongMessage, `{"type":"pong","payload":{}}`, pingMessage); p.expect(pongMessage) },
		"unknown members are passed over":   func(p *peer) { p.send(`{"type":"ping","extra":[1]}`); p.expect(pongMessage) },
		"completing nothing is passed over": func(p *peer) { p.initialise().send(`{"id":"1","type":"complete"}`, pingMessage); p.expect(pongMessage) },
		"a query gives one answer": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "{ hello }"))
			p.expect(`{"type":"next","id":"1","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"1"}`)
		},
		"a mutation gives one answer": func(p *peer) {
			p.initialise().send(subscribeMessage("a", "mutation { bump }"))
			p.expect(`{"type":"next","id":"a","payload":{"data":{"bump":1}}}`, `{"type":"complete","id":"a"}`)
		},
		"variables and operation name are taken": func(p *peer) {
			p.initialise().send(`{"id":"1","type":"subscribe","payload":{"query":"query A($n:String){hello(name:$n)} query B{hello}",` +
				`"operationName":"A","variables":{"n":"you"},"extensions":{}}}`)
			p.expect(`{"type":"next","id":"1","payload":{"data":{"hello":"hello you"}}}`, `{"type":"complete","id":"1"}`)
		},
		"an identifier is any text and comes back as it was": func(p *peer) {
			p.initialise().send(subscribeMessage(`\"ид/\\\u0001`, "{ hello }"))
			p.expect(`{"type":"next","id":"\"ид/\\\u0001","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"\"ид/\\\u0001"}`)
		},
		"a subscription gives many answers": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "subscription { count(to:2) }"))
			p.expect(`{"type":"next","id":"1","payload":{"data":{"count":1}}}`, `{"type":"next","id":"1","payload":{"data":{"count":2}}}`,
				`{"type":"complete","id":"1"}`)
		},
		"a subscription without events completes": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "subscription { count(to:0) }"))
			p.expect(`{"type":"complete","id":"1"}`)
		},
		"an identifier is free again after complete": func(p *peer) {
			p.initialise()
			for range 50 {
				p.send(subscribeMessage("1", "subscription { count(to:1) }"))
				p.expect(`{"type":"next","id":"1","payload":{"data":{"count":1}}}`, `{"type":"complete","id":"1"}`)
			}
		},
		"a document that does not parse is an error, without complete": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "{"), pingMessage)
			p.expectAny(pongMessage, `{"type":"error","id":"1","payload":[{"message":"Expected Name, found \u003cEOF\u003e",`+
				`"locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`)
		},
		"a document that is not valid is an error, and its identifier is free": func(p *peer) {
			p.initialise()
			for range 2 {
				p.send(subscribeMessage("1", "{ nothing }"))
				p.expect(`{"type":"error","id":"1","payload":[{"message":"Cannot query field \"nothing\" on type \"Query\".",` +
					`"locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`)
			}
		},
		"variables that do not fit are an error": func(p *peer) {
			p.initialise().send(`{"id":"1","type":"subscribe","payload":{"query":"subscription($n:Int!){count(to:$n)}","variables":{}}}`)
			p.expect(`{"type":"error","id":"1","payload":[{"message":"$n must be defined","locations":[{"line":1,"column":14}],"extensions":{"code":"BAD_USER_INPUT"}}]}`)
		},
		"a subscription that its resolver refuses is an error": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "subscription { refused }"))
			p.expect(`{"type":"error","id":"1","payload":[{"message":"supervisors only","extensions":{"code":"FORBIDDEN"}}]}`)
		},
		"an error beside data is an answer": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "{ secret }"))
			p.expect(`{"type":"next","id":"1","payload":{"errors":[{"message":"something went wrong on our side",`+
				`"extensions":{"code":"INTERNAL"}}],"data":{"secret":null}}}`, `{"type":"complete","id":"1"}`)
		},
		"a panic in a query is an error and the socket lives": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "{ boom }"))
			p.expect(`{"type":"error","id":"1","payload":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}]}`)
			p.send(pingMessage)
			p.expect(pongMessage)
		},
		"a panic in an event costs that event": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "subscription { faulty(on:[2]) }"))
			p.expect(`{"type":"next","id":"1","payload":{"data":{"faulty":1}}}`,
				`{"type":"next","id":"1","payload":{"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}],"data":null}}`,
				`{"type":"next","id":"1","payload":{"data":{"faulty":3}}}`, `{"type":"complete","id":"1"}`)
		},
		"a subscription that does nothing but panic ends": func(p *peer) {
			p.initialise().send(subscribeMessage("1", "subscription { faulty(on:[1,2,3]) }"))
			event := `{"type":"next","id":"1","payload":{"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}],"data":null}}`
			p.expect(event, event,
				`{"type":"error","id":"1","payload":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL"}}]}`)
		},
	}
	for name, converse := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, newTestSchema(), Options{})
			converse(p)
			_ = p.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
			p.expectClose(websocket.CloseNormalClosure, "")
		})
	}
}

// expectAny wants these messages in any order.
func (p *peer) expectAny(messages ...string) {
	p.t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, m := range messages {
		want[m] = true
		_ = p.conn.SetReadDeadline(time.Now().Add(patience))
		_, b, err := p.conn.ReadMessage()
		if err != nil {
			p.t.Fatal(err)
		}
		got[string(b)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Fatalf("messages (-want +got):\n%s", diff)
	}
}

func TestSocketIsClosedOn(t *testing.T) {
	t.Parallel()
	const invalid = "Invalid message: "
	tests := map[string]struct {
		messages []string
		init     bool
		code     int
		reason   string
	}{
		"text that is no JSON":              {messages: []string{`nonsense`}, code: 4400, reason: invalid + "the message is not a JSON object: syntax error at byte 2"},
		"JSON that is no object":            {messages: []string{`"ping"`}, code: 4400, reason: invalid + "the message is not a JSON object: it is a JSON string"},
		"null":                              {messages: []string{`null`}, code: 4400, reason: invalid + "the message is not a JSON object: it is null"},
		"an object and more":                {messages: []string{pingMessage + pingMessage}, code: 4400, reason: invalid + "the message is not a JSON object: syntax error at byte 16"},
		"text that is not UTF-8":            {messages: []string{"{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"}, code: 4400, reason: invalid + "the message is not valid UTF-8"},
		"a message without a type":          {messages: []string{`{"id":"1"}`}, code: 4400, reason: invalid + "type must be a string that is not empty"},
		"a type in capitals":                {messages: []string{`{"Type":"ping"}`}, code: 4400, reason: invalid + "type must be a string that is not empty"},
		"a type that is no string":          {messages: []string{`{"type":1}`}, code: 4400, reason: invalid + "type must be a string that is not empty"},
		"an unknown type":                   {messages: []string{`{"type":"start"}`}, code: 4400, reason: invalid + "type is none that a client may send"},
		"a message of the server's":         {messages: []string{`{"type":"next","id":"1","payload":{}}`}, code: 4400, reason: invalid + "type is none that a client may send"},
		"an init whose payload is no map":   {messages: []string{`{"type":"connection_init","payload":"x"}`}, code: 4400, reason: invalid + "payload must be a JSON object or null"},
		"a ping whose payload is no map":    {messages: []string{`{"type":"ping","payload":[]}`}, code: 4400, reason: invalid + "payload must be a JSON object or null"},
		"a pong whose payload is no map":    {messages: []string{`{"type":"pong","payload":3}`}, code: 4400, reason: invalid + "payload must be a JSON object or null"},
		"subscribe without an id":           {init: true, messages: []string{`{"type":"subscribe","payload":{"query":"{hello}"}}`}, code: 4400, reason: invalid + "id must be a string that is not empty"},
		"subscribe with an empty id":        {init: true, messages: []string{subscribeMessage("", "{hello}")}, code: 4400, reason: invalid + "id must be a string that is not empty"},
		"subscribe with a number as id":     {init: true, messages: []string{`{"id":1,"type":"subscribe","payload":{"query":"{hello}"}}`}, code: 4400, reason: invalid + "id must be a string that is not empty"},
		"subscribe with an endless id":      {init: true, messages: []string{subscribeMessage(strings.Repeat("a", 257), "{hello}")}, code: 4400, reason: invalid + "id is longer than 256 bytes"},
		"subscribe without a payload":       {init: true, messages: []string{`{"id":"1","type":"subscribe"}`}, code: 4400, reason: invalid + "payload is missing"},
		"subscribe without a document":      {init: true, messages: []string{`{"id":"1","type":"subscribe","payload":{}}`}, code: 4400, reason: invalid + "payload: query is missing: it must be a string that holds a GraphQL document"},
		"subscribe with a list as document": {init: true, messages: []string{`{"id":"1","type":"subscribe","payload":{"query":[]}}`}, code: 4400, reason: invalid + "payload: query must be a string"},
		"subscribe with text as variables":  {init: true, messages: []string{`{"id":"1","type":"subscribe","payload":{"query":"{hello}","variables":"x"}}`}, code: 4400, reason: invalid + "payload: variables must be a JSON object or null"},
		"complete without an id":            {init: true, messages: []string{`{"type":"complete"}`}, code: 4400, reason: invalid + "id must be a string that is not empty"},
		"subscribe before init":             {messages: []string{subscribeMessage("1", "{hello}")}, code: 4401, reason: "Unauthorized"},
		"a second init":                     {init: true, messages: []string{initMessage}, code: 4429, reason: "Too many initialisation requests"},
		"an identifier in use":              {init: true, messages: []string{subscribeMessage("one", "subscription{events}"), subscribeMessage("one", "{hello}")}, code: 4409, reason: "Subscriber for one already exists"},
		"the identifier of a query in use":  {init: true, messages: []string{subscribeMessage("q", "{held}"), subscribeMessage("q", "{hello}")}, code: 4409, reason: "Subscriber for q already exists"},
		"a message that is too large":       {messages: []string{`{"type":"ping","payload":{"a":"` + strings.Repeat("a", 1<<20) + `"}}`}, code: 1009},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan SocketClosed, 1)
			p := dial(t, newTestSchema(), Options{
				Socket: SocketOptions{MaxMessage: 64 << 10, CloseTimeout: patience}, // so that the peer has time to read why
				Hooks:  Hooks{SocketClosed: func(_ context.Context, c SocketClosed) { closed <- c }},
			})
			if tt.init {
				p.initialise()
			}
			p.send(tt.messages...)
			p.expectClose(tt.code, tt.reason)
			_ = p.conn.Close() // or the server would go on reading a message that is too large
			if c := <-closed; c.Code != tt.code || c.Slow {
				t.Errorf("closed %+v", c)
			}
		})
	}
}

func TestSocketIsClosedOnABinaryMessage(t *testing.T) {
	t.Parallel()
	p := dial(t, newTestSchema(), Options{})
	if err := p.conn.WriteMessage(websocket.BinaryMessage, []byte(pingMessage)); err != nil {
		t.Fatal(err)
	}
	p.expectClose(4400, "Invalid message: it must be text")
}

func TestSocketIsClosedWithoutACommonProtocol(t *testing.T) {
	t.Parallel()
	for name, offered := range map[string][]string{"none": nil, "another": {"soap"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := newTestServer(t, newTestSchema(), Options{})
			p := dialURL(t, server.URL, offered...)
			p.expectClose(4406, "Subprotocol not acceptable")
		})
	}
}

func TestSocketChoosesItsProtocolAmongMany(t *testing.T) {
	t.Parallel()
	server, _ := newTestServer(t, newTestSchema(), Options{})
	p := dialURL(t, server.URL, "soap", protocolTransportWS)
	if got := p.conn.Subprotocol(); got != protocolTransportWS {
		t.Fatalf("protocol %q", got)
	}
	p.initialise()
}

func TestSocketIsClosedWhenInitDoesNotCome(t *testing.T) {
	t.Parallel()
	p := dial(t, newTestSchema(), Options{Socket: SocketOptions{InitTimeout: 20 * time.Millisecond}})
	p.expectClose(4408, "Connection initialisation timeout")
}

func TestSocketInit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		code   int
		reason string
	}{
		"a bad token":             {&helix.Error{Code: helix.CodeUnauthenticated, Message: "sign in"}, 4403, "sign in"},
		"a caller not allowed":    {helix.Forbidden("agents only"), 4403, "agents only"},
		"an upstream that fails":  {&helix.Error{Code: helix.CodeUnavailable, Message: "FortyTwo does not answer"}, 1013, "FortyTwo does not answer"},
		"too many sockets a user": {&helix.Error{Code: helix.CodeTooManyRequests, Message: "wait"}, 1013, "wait"},
		"a fault of ours":         {errors.New("nil map at 10.0.0.7"), 1011, "something went wrong on our side"},
		"a reason that is long":   {helix.Forbidden(strings.Repeat("ж", 100)), 4403, strings.Repeat("ж", 60) + "…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, newTestSchema(), Options{
				Init: func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, tt.err },
			})
			p.send(initMessage)
			p.expectClose(tt.code, tt.reason)
		})
	}
	t.Run("a panic", func(t *testing.T) {
		t.Parallel()
		p := dial(t, newTestSchema(), Options{
			Init: func(context.Context, map[string]any) (context.Context, error) { panic("oh") },
		})
		p.send(initMessage)
		p.expectClose(1011, "something went wrong on our side")
	})
	t.Run("no answer in time", func(t *testing.T) {
		t.Parallel()
		p := dial(t, newTestSchema(), Options{
			Socket: SocketOptions{InitTimeout: 2 * time.Second}, // the init itself must have come by then
			Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			},
		})
		p.send(initMessage)
		p.expectClose(1013, "the request took too long")
	})
}

func TestSocketWhileInitIsAsked(t *testing.T) {
	t.Parallel()
	pending := func(t *testing.T) *peer {
		return dial(t, newTestSchema(), Options{
			Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
	}
	t.Run("subscribing is unauthorised", func(t *testing.T) {
		t.Parallel()
		p := pending(t)
		p.send(initMessage, subscribeMessage("1", "{hello}"))
		p.expectClose(4401, "Unauthorized")
	})
	t.Run("a second init is one too many", func(t *testing.T) {
		t.Parallel()
		p := pending(t)
		p.send(initMessage, initMessage)
		p.expectClose(4429, "Too many initialisation requests")
	})
	t.Run("ping is answered", func(t *testing.T) {
		t.Parallel()
		p := pending(t)
		p.send(initMessage, pingMessage)
		p.expect(pongMessage)
	})
}

type callerKey struct{}

func TestSocketOperationsRunInTheContextOfInit(t *testing.T) {
	t.Parallel()
	p := dial(t, newTestSchema(), Options{
		Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
			return context.WithValue(ctx, callerKey{}, payload["token"]), nil
		},
		Admit: func(ctx context.Context) error {
			if ctx.Value(callerKey{}) != "valid" {
				return helix.Forbidden("nobody")
			}
			return &helix.Error{Code: helix.CodeTooManyRequests, Message: "slow down", RetryAfter: time.Second}
		},
	})
	p.send(`{"type":"connection_init","payload":{"token":"valid"}}`)
	p.expect(ackMessage)
	p.send(subscribeMessage("1", "{hello}"))
	p.expect(`{"type":"error","id":"1","payload":[{"message":"slow down","extensions":{"code":"TOO_MANY_REQUESTS","retryAfter":1}}]}`)
}

func TestSocketEndsWithTheToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for name, left := range map[string]time.Duration{"while it is open": 2 * time.Second, "before it opened": -time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, newTestSchema(), Options{
				Now:     func() time.Time { return now },
				Expires: func(context.Context) (time.Time, bool) { return now.Add(left), true },
			})
			p.send(initMessage)
			if left > 0 {
				p.expect(ackMessage)
			}
			p.expectClose(4403, closeExpiredReason)
		})
	}
}

func TestSocketOrigins(t *testing.T) {
	t.Parallel()
	server, _ := newTestServer(t, newTestSchema(), Options{
		AllowOrigin: func(origin string) bool { return origin == "https://desk.example" },
	})
	tests := map[string]struct {
		origin string
		status int
	}{
		"no page":          {"", 101},
		"our own page":     {server.URL, 101},
		"an allowed page":  {"https://desk.example", 101},
		"any other page":   {"https://evil.example", 403},
		"a look-alike":     {"https://desk.example.evil.example", 403},
		"a sandboxed page": {"null", 403},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			dialer := websocket.Dialer{Subprotocols: []string{protocolTransportWS}}
			conn, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), header)
			if err == nil {
				defer conn.Close()
			}
			if resp == nil || resp.StatusCode != tt.status {
				t.Fatalf("response %v, error %v", resp, err)
			}
			resp.Body.Close()
		})
	}
}
