package upstream

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/helix-engage/gateway/federation/upstream/wire"
	"github.com/helix-engage/gateway/internal/buffers"
	"github.com/helix-engage/gateway/providers"
)

// connectTimeout bounds the making of a connection with its TLS. It is given up earlier than a request, so that the two can
// be told apart.
const connectTimeout = 5 * time.Second

// Client reaches FortyTwo's records. It is safe for concurrent use. It holds memory for the requests under way and for
// their connections, and nothing else that grows.
type Client struct {
	wire        *wire.Client
	timeout     time.Duration
	maxResponse int64
	circuit     *providers.Circuit
	telemetry   *telemetry
	log         *slog.Logger
	now         func() time.Time
	flights     flights
	buffers     *buffers.Pool

	answered atomic.Int64 // when FortyTwo last answered, in nanoseconds; zero: never
	failed   atomic.Pointer[failure]
}

// New makes a client. Errors: a URL that is not an absolute HTTP one, an instrument that the MeterProvider refuses.
func New(o Options) (*Client, error) {
	endpoint, err := o.endpoint()
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	observed, err := newTelemetry(o)
	if err != nil {
		return nil, err
	}
	line, err := wire.New(wire.Options{
		URL: endpoint, Fields: fixedFields, MaxConns: o.MaxConns, MaxBody: o.MaxResponse, IdleTimeout: o.IdleTimeout,
		ConnectTimeout: min(connectTimeout, o.Timeout/2), TLS: o.TLS,
	})
	if err != nil {
		return nil, err
	}
	return &Client{
		wire: line, timeout: o.Timeout, maxResponse: o.MaxResponse, circuit: providers.NewCircuit(o.Breaker),
		telemetry: observed, log: o.Logger, now: o.Now, flights: newFlights(),
		buffers: o.Buffers,
	}, nil
}

// Close drops idle connections. Requests under way end as usual.
func (c *Client) Close() { c.wire.Close() }

// Do sends r for caller and gives FortyTwo's answer: a JSON object with data, errors or both, and its HTTP status, which is
// a hint at most (fortytwo.md 0.1). The bytes may be shared with other calls of Do and are read-only. Where ctx has a
// [buffers.Lease] they are void when that ends.
//
// The error is nil or a [*helix.Error]: UPSTREAM_UNAVAILABLE (FortyTwo did not do it; also when ctx ended), UNKNOWN_OUTCOME
// (a mutation that may have been done), UNAUTHENTICATED, FORBIDDEN, TOO_MANY_REQUESTS, LIMIT_EXCEEDED or UPSTREAM_REJECTED
// as said by a plain HTTP status.
func (c *Client) Do(ctx context.Context, caller *Caller, r *Request) (body []byte, status int, err error) {
	var out outcome
	switch refused := c.refuse(ctx, caller, r); {
	case refused != nil:
		return nil, 0, refused
	case r.Mutation:
		out = c.mutate(ctx, caller, r)
	default:
		out = c.query(ctx, caller, r)
	}
	if out.err != nil {
		own := *out.err // the flight's may go to others as well
		return nil, 0, &own
	}
	return slices.Clip(out.body), out.status, nil // what is behind it may be of another caller's answer
}

// Separate lets no query that the caller sends from now on share a request that he sent before. Do does it for his
// mutations; whoever changes FortyTwo's records in another way calls it before and after.
func (c *Client) Separate(caller *Caller) { c.flights.closeAll(caller.Key) }

// mutate sends r once, in the caller's own time.
func (c *Client) mutate(ctx context.Context, caller *Caller, r *Request) outcome {
	c.Separate(caller)
	defer c.Separate(caller)
	x := &exchange{caller: caller, request: r}
	defer onEnd(ctx, x.Abort)()
	lease := c.lend(ctx, x)
	out, _ := c.send(ctx, x)
	lease.Hold(c.buffers, out.body)
	return out
}

// query takes part in the flight that answers r, which it starts when there is none.
func (c *Client) query(ctx context.Context, caller *Caller, r *Request) outcome {
	f, first := c.flights.join(caller, r)
	if first {
		return c.fly(ctx, f)
	}
	select {
	case <-f.done:
		return f.out
	case <-ctx.Done():
		if c.flights.leave(f) == 0 {
			f.Abort()
		}
		return outcome{err: gaveUp(context.Cause(ctx))}
	}
}

// fly makes the flight's exchange for its first caller. When he leaves and others wait, another goroutine goes on with it:
// of his context it has the trace alone.
func (c *Client) fly(ctx context.Context, f *flight) outcome {
	stay := onEnd(ctx, func() {
		if c.flights.leave(f) == 0 {
			f.Abort()
		} else {
			f.Interrupt()
		}
	})
	lease := c.lend(ctx, &f.exchange)
	out, over := c.send(ctx, &f.exchange)
	if !over {
		go func() {
			out, _ := c.resume(ctx, &f.exchange)
			c.flights.land(f, out)
		}()
		return outcome{err: gaveUp(context.Cause(ctx))}
	}
	stay()
	if shared := c.flights.land(f, out); !shared {
		lease.Hold(c.buffers, out.body)
	}
	return out
}

// lend has the answer of x read into a buffer of ours when there is a lease to give it back in the end, which may be nil.
func (c *Client) lend(ctx context.Context, x *exchange) *buffers.Lease {
	lease := buffers.LeaseIn(ctx)
	if lease != nil {
		x.Room = c.buffers
	}
	return lease
}

// onEnd calls f, in a goroutine of its own, when ctx ends before stop is called.
func onEnd(ctx context.Context, f func()) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, f)
}

// Health tells how FortyTwo did lately. It costs no request.
func (c *Client) Health() providers.Health {
	var h providers.Health
	if at := c.answered.Load(); at != 0 {
		h.LastSuccess = time.Unix(0, at)
	}
	if f := c.failed.Load(); f != nil {
		h.LastFailure, h.LastError = f.at, f.err
	}
	return h
}
