package transport

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
)

const kaMessage = `{"type":"ka"}`

func startMessage(id, query string) string {
	return `{"id":"` + id + `","type":"start","payload":{"query":"` + query + `"}}`
}

func dialLegacy(t *testing.T, schema *testSchema, opts Options) *peer {
	t.Helper()
	server, _ := newTestServer(t, schema, opts)
	return dialURL(t, server.URL, protocolLegacy)
}

func (p *peer) initialiseLegacy() *peer {
	p.t.Helper()
	p.send(initMessage)
	p.expect(ackMessage, kaMessage)
	return p
}

func TestLegacySocketConversations(t *testing.T) {
	t.Parallel()
	tests := map[string]func(p *peer){
		"an init is acknowledged and kept alive": func(p *peer) { p.initialiseLegacy() },
		"a query gives one answer": func(p *peer) {
			p.initialiseLegacy().send(startMessage("1", "{ hello }"))
			p.expect(`{"type":"data","id":"1","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"1"}`)
		},
		"a start need not wait for the ack": func(p *peer) {
			p.send(initMessage, startMessage("1", "subscription { count(to:2) }"))
			p.expect(ackMessage, kaMessage, `{"type":"data","id":"1","payload":{"data":{"count":1}}}`,
				`{"type":"data","id":"1","payload":{"data":{"count":2}}}`, `{"type":"complete","id":"1"}`)
		},
		"a document that is not valid is one error, and its identifier is free": func(p *peer) {
			p.initialiseLegacy()
			for range 2 {
				p.send(startMessage("1", "{ nothing }"))
				p.expect(`{"type":"error","id":"1","payload":{"message":"Cannot query field \"nothing\" on type \"Query\".",` +
					`"locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}}`)
			}
		},
		"a start before init is an error": func(p *peer) {
			p.send(startMessage("1", "{ hello }"))
			p.expect(`{"type":"error","id":"1","payload":{"message":"connection_init must come first","extensions":{"code":"UNAUTHENTICATED"}}}`)
			p.initialiseLegacy()
		},
		"a start without a document is an error": func(p *peer) {
			p.initialiseLegacy().send(`{"id":"1","type":"start","payload":{}}`)
			p.expect(`{"type":"error","id":"1","payload":{"message":"payload: query is missing: it must be a string that holds a GraphQL document",` +
				`"extensions":{"code":"BAD_USER_INPUT"}}}`)
		},
		"what is no message is told and passed over": func(p *peer) {
			for _, m := range []string{`[]`, `{}`, `{"type":"subscribe","id":"1"}`, `{"type":"start"}`, `{"type":"connection_init","payload":1}`} {
				p.send(m)
				if kind, _ := p.receive()["type"].(string); kind != "connection_error" {
					p.t.Fatalf("%s was answered by %q", m, kind)
				}
			}
			p.initialiseLegacy()
		},
		"a second init is told and passed over": func(p *peer) {
			p.initialiseLegacy().send(initMessage)
			p.expect(`{"type":"connection_error","payload":{"message":"the connection is initialised already","extensions":{"code":"BAD_USER_INPUT"}}}`)
		},
		"stopping nothing is passed over": func(p *peer) {
			p.initialiseLegacy().send(`{"id":"1","type":"stop"}`, startMessage("1", "{ hello }"))
			p.expect(`{"type":"data","id":"1","payload":{"data":{"hello":"hello world"}}}`, `{"type":"complete","id":"1"}`)
		},
	}
	for name, converse := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dialLegacy(t, newTestSchema(), Options{})
			converse(p)
			p.send(`{"type":"connection_terminate"}`)
			p.expectClose(websocket.CloseNormalClosure, "")
		})
	}
}

// receive answers the next message.
func (p *peer) receive() (message map[string]any) {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	if err := p.conn.ReadJSON(&message); err != nil {
		p.t.Fatal(err)
	}
	return message
}

func TestLegacySocketStopEndsTheSourceAndCompletes(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	p := dialLegacy(t, schema, Options{}).initialiseLegacy()
	p.send(startMessage("1", "subscription { events }"))
	schema.events <- 1
	p.expect(`{"type":"data","id":"1","payload":{"data":{"events":1}}}`)
	p.send(startMessage("1", "subscription { others }")) // takes the place of the first
	<-schema.ended
	schema.others <- 2
	p.expect(`{"type":"data","id":"1","payload":{"data":{"others":2}}}`)
	p.send(`{"id":"1","type":"stop"}`)
	p.expect(`{"type":"complete","id":"1"}`)
	if name := <-schema.ended; name != "others" {
		t.Errorf("ended %q", name)
	}
}

func TestLegacySocketInit(t *testing.T) {
	t.Parallel()
	t.Run("that is refused is told why, then closed", func(t *testing.T) {
		t.Parallel()
		p := dialLegacy(t, newTestSchema(), Options{
			Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
				return ctx, helix.Forbidden("agents only")
			},
		})
		p.send(initMessage)
		p.expect(`{"type":"connection_error","payload":{"message":"agents only","extensions":{"code":"FORBIDDEN"}}}`)
		p.expectClose(closeForbidden, "agents only")
	})
	t.Run("holds back a bounded number of messages", func(t *testing.T) {
		t.Parallel()
		p := dialLegacy(t, newTestSchema(), Options{
			Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
				<-ctx.Done()
				return ctx, ctx.Err()
			},
			Socket: SocketOptions{MaxOperations: 2},
		})
		p.send(initMessage, startMessage("1", "{ hello }"), `{"id":"1","type":"stop"}`, startMessage("2", "{ hello }"))
		p.expectClose(closeBadRequest, "too many messages before connection_ack")
	})
	t.Run("that does not come closes", func(t *testing.T) {
		t.Parallel()
		p := dialLegacy(t, newTestSchema(), Options{Socket: SocketOptions{InitTimeout: 20 * time.Millisecond}})
		p.expectClose(closeInitTimeout, "Connection initialisation timeout")
	})
}

func TestLegacySocketIsKeptAliveAndEndsWithTheToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	p := dialLegacy(t, newTestSchema(), Options{
		Now:     func() time.Time { return now },
		Expires: func(context.Context) (time.Time, bool) { return now.Add(5 * time.Second), true },
		Socket:  SocketOptions{KeepAlive: time.Second},
	}).initialiseLegacy()
	p.expect(kaMessage, kaMessage)
	for {
		_, data, err := p.conn.ReadMessage()
		if err == nil && string(data) == kaMessage {
			continue
		}
		if !websocket.IsCloseError(err, closeForbidden) {
			t.Fatalf("message %q, error %v", data, err)
		}
		return
	}
}

func TestSocketPrefersTheNewerProtocol(t *testing.T) {
	t.Parallel()
	server, _ := newTestServer(t, newTestSchema(), Options{})
	p := dialURL(t, server.URL, protocolTransportWS, protocolLegacy)
	if got := p.conn.Subprotocol(); got != protocolTransportWS {
		t.Errorf("protocol %q", got)
	}
}

func TestLegacySocketAtShutdown(t *testing.T) {
	t.Parallel()
	schema := newTestSchema()
	server, h := newTestServer(t, schema, Options{})
	p := dialURL(t, server.URL, protocolLegacy).initialiseLegacy()
	p.send(startMessage("1", "subscription { events }"), startMessage("2", "mutation { held }"))
	<-schema.entered
	schema.events <- 1
	p.expect(`{"type":"data","id":"1","payload":{"data":{"events":1}}}`)
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(t.Context()) }()
	schema.release <- struct{}{}
	p.expect(`{"type":"data","id":"2","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"2"}`)
	p.expectClose(websocket.CloseGoingAway, closeShutdownReason)
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if resp := request(t, http.MethodPost, server.URL, `{"query":"{ hello }"}`); resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func FuzzParseLegacy(f *testing.F) {
	for _, m := range []string{
		initMessage, startMessage("1", "{hello}"), `{"id":"1","type":"stop"}`, `{"type":"connection_terminate"}`, `{"id":"1","type":"start"}`,
	} {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseLegacy(data)
		if err != nil {
			if !helix.IsCode(err, helix.CodeBadInput) {
				t.Fatalf("error without a code: %v", err)
			}
			if !json.Valid(connectionErrorFrame(err)) {
				t.Fatalf("frame %q", connectionErrorFrame(err))
			}
			return
		}
		if (m.kind == messageStart) != (m.params != nil) || (m.kind == messageStart || m.kind == messageStop) != (m.id != "") {
			t.Fatalf("message %+v", m)
		}
	})
}
