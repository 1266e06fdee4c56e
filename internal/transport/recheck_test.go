package transport

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
)

// ranks is what callers may do, whoever they are.
type ranks struct {
	answer atomic.Pointer[func() (string, error)]
}

func (r *ranks) set(name string, err error) {
	answer := func() (string, error) { return name, err }
	r.answer.Store(&answer)
}

func (r *ranks) standing(context.Context) (string, error) { return (*r.answer.Load())() }

const (
	changedError = `[{"message":"what you may see has changed; subscribe again","extensions":{"code":"FORBIDDEN"}}]`
	nobodyError  = `[{"message":"sign in first","extensions":{"code":"UNAUTHENTICATED"}}]`
)

func TestASubscriptionEndsWhenItsCallersStandingIsAnother(t *testing.T) {
	t.Parallel()
	nobody := &helix.Error{Code: helix.CodeUnauthenticated, Message: "sign in first"}
	for name, tt := range map[string]struct {
		rank string
		err  error
		told string // "" when it goes on
	}{
		"the role was withdrawn":     {"agent", nil, changedError},
		"the token was withdrawn":    {"", nobody, nobodyError},
		"nothing has changed":        {"supervisor", nil, ""},
		"nobody knows at the moment": {"", &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}, ""},
		"asking is at fault":         {"", errors.New("a fault of ours"), ""},
	} {
		for how, share := range map[string]bool{"alone": false, "shared": true} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				schema, ranks := newTestSchema(), &ranks{}
				ranks.set("supervisor", nil)
				opts := Options{Standing: ranks.standing}
				if share {
					opts.Share = shareByText
				}
				server, h := newTestServer(t, schema, opts)
				p := dialURL(t, server.URL, protocolTransportWS).initialise()
				p.send(subscribeMessage("1", "subscription { events }"), subscribeMessage("q", "{ held }"))
				<-schema.entered
				schema.events <- 1
				p.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
				ranks.set(tt.rank, tt.err)
				h.Recheck(t.Context())
				if tt.told != "" {
					p.expect(`{"type":"error","id":"1","payload":` + tt.told + `}`)
					<-schema.ended
					p.send(subscribeMessage("1", "subscription { events }")) // the identifier is free again
				}
				schema.events <- 2
				p.expect(`{"type":"next","id":"1","payload":{"data":{"events":2}}}`)
				schema.release <- struct{}{} // a query is not a subscription
				p.expect(`{"type":"next","id":"q","payload":{"data":{"held":"released"}}}`, `{"type":"complete","id":"q"}`)
				ranks.set("supervisor", nil)
				p.send(`{"id":"1","type":"complete"}`)
				<-schema.ended
				p.send(pingMessage)
				p.expect(pongMessage)
			})
		}
	}
}

func TestASubscriptionThatBeganWithTheNewStandingGoesOn(t *testing.T) {
	t.Parallel()
	schema, ranks := newTestSchema(), &ranks{}
	ranks.set("supervisor", nil)
	server, h := newTestServer(t, schema, Options{Standing: ranks.standing, Share: shareByText})
	p := dialURL(t, server.URL, protocolTransportWS).initialise()
	ranks.set("agent", nil)
	h.Recheck(t.Context()) // there is nothing to end
	p.send(subscribeMessage("1", "subscription { events }"))
	schema.events <- 1
	p.expect(`{"type":"next","id":"1","payload":{"data":{"events":1}}}`)
	h.Recheck(t.Context())
	schema.events <- 2
	p.expect(`{"type":"next","id":"1","payload":{"data":{"events":2}}}`)
}

func TestEventStreamsAreRecheckedToo(t *testing.T) {
	t.Parallel()
	schema, ranks := newTestSchema(), &ranks{}
	ranks.set("supervisor", nil)
	server, h := newTestServer(t, schema, Options{Standing: ranks.standing})
	one := listen(t, "POST", server.URL, `{"query":"subscription { events }"}`)
	schema.events <- 1
	one.expect(`next {"data":{"events":1}}`)
	token := reserve(t, server.URL)
	many := listen(t, "GET", server.URL, "", headerStreamToken, token)
	expectStatus(t, 202, request(t, "POST", server.URL, identified("s", "subscription { others }"), headerStreamToken, token))
	schema.others <- 1
	many.expect(`next {"id":"s","payload":{"data":{"others":1}}}`)
	ranks.set("agent", nil)
	h.Recheck(t.Context())
	one.expect(`next {"errors":`+changedError+`}`, "complete ", "")
	many.expect(`next {"id":"s","payload":{"errors":`+changedError+`}}`, `complete {"id":"s"}`)
}

func TestCallersAreRecheckedEveryTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		h, err := New(Options{
			Executor: func() graphql.GraphExecutor { return newTestSchema().executor() },
			Standing: func(context.Context) (string, error) { asked.Add(1); return "", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		s := &session{h: h}
		s.begin(t.Context())
		s.admit(t.Context())
		h.sessions.add(s)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || asked.Load() != 7 { // once when the session began
			t.Errorf("asked %d times, %v", asked.Load(), err)
		}
		s.cancel(nil)
	})
}
