package upstream

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/upstream/wire"
	"github.com/helix-engage/gateway/providers"
)

// maxRequest is what FortyTwo takes; beyond it answers 500 (fortytwo.md 1), which would look like a fault of its own.
const maxRequest = 10 << 20

// fixedFields are the header fields that are the same in each request.
const fixedFields = "User-Agent: helix-engage-gateway\r\nContent-Type: application/json\r\nAccept: application/json\r\n"

// exchange is one request to FortyTwo with what belongs to it, in one piece of memory.
type exchange struct {
	wire.Exchange
	caller  *Caller
	request *Request
	parent  traceparent
	span    trace.Span // nil: none
	began   time.Time
}

// outcome is how an exchange ended. With err the rest is empty.
type outcome struct {
	body   []byte
	status int
	err    *helix.Error
}

// send makes the exchange if the breaker lets it, and tells breaker, health and telemetry how it went. The trace is that of
// ctx, which does not end the exchange: that is done by Abort. over is false after an Interrupt; then resume goes on.
func (c *Client) send(ctx context.Context, x *exchange) (out outcome, over bool) {
	x.began = c.now()
	wait, ok := c.circuit.Admit(x.began)
	if !ok {
		return outcome{err: refusedByBreaker(wait)}, true
	}
	x.span = c.telemetry.start(ctx, x)
	c.prepare(x)
	return c.resume(ctx, x)
}

// resume makes the exchange or goes on with it.
func (c *Client) resume(ctx context.Context, x *exchange) (out outcome, over bool) {
	err := c.wire.Do(&x.Exchange)
	if errors.Is(err, wire.ErrInterrupted) {
		return outcome{}, false
	}
	out, verdict := c.judge(ctx, x, err)
	ended := c.now()
	c.learn(ctx, ended, verdict, out.err)
	c.telemetry.end(ctx, x.span, x.request.Name, ended.Sub(x.began), out.err)
	return out, true
}

// prepare fills in the request: of the caller's headers the four that go along, and nothing else.
func (c *Client) prepare(x *exchange) {
	x.Body, x.Once, x.Deadline = x.request.Body, x.request.Mutation, time.Now().Add(c.timeout)
	x.Fields = [...]wire.Field{
		{Start: "Authorization: Bearer ", Value: x.caller.Token},
		{Start: "Accept-Language: ", Value: sendable(x.caller.Language)},
		{Start: "X-Locale: ", Value: sendable(x.caller.Locale)},
		{Start: "Traceparent: ", Value: sendable(x.parent.value)},
	}
}

// sendable gives "" for what cannot be a header's value. A header from a WebSocket's first message may be anything.
func sendable(value string) string {
	if !wire.IsValue(value) {
		return ""
	}
	return value
}

// judge reads the answer, or why there is none.
func (c *Client) judge(ctx context.Context, x *exchange, err error) (outcome, providers.Verdict) {
	answer := &x.Answer
	switch {
	case errors.Is(err, wire.ErrTooLarge):
		return outcome{err: c.answerTooLarge(x.request)}, providers.Alive
	case err != nil:
		return broken(ctx, x, err)
	case isGraphQL(answer):
		return outcome{body: answer.Body, status: answer.Status}, providers.Alive
	default:
		refusal, verdict := c.judgeStatus(answer, x.request)
		return outcome{err: refusal}, verdict
	}
}
