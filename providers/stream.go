package providers

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	helix "github.com/helix-engage/gateway"
)

// Stream sends a request whose answer is read as it comes and may last for hours: the caller reads and closes the body,
// and watches that it lives. ctx ends it. It has a connection of its own, which counts towards no limit: whoever opens
// streams bounds them.
//
// Neither time-out nor repetition, rate limit, breaker or health know of it. The error is a [*helix.Error] with provider
// and operation filled in; an answer of any status is none.
func (c *Client) Stream(ctx context.Context, op Operation, req Request) (*http.Response, error) {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	httpReq, err := build(traced, op, req)
	if err != nil {
		return nil, c.complete(op, helix.Internal(op.Name, err))
	}
	res, err := c.streams.RoundTrip(httpReq)
	if err != nil {
		return nil, c.broken(ctx, op, connected.Load(), err)
	}
	return res, nil
}
