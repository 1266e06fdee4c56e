package upstream

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/helix-engage/gateway/providers"
)

// A connection that cannot be made is given up earlier than a request, so that the two can be told apart.
const (
	dialTimeout = 3 * time.Second
	tlsTimeout  = 3 * time.Second
)

// Client reaches FortyTwo's records. It is safe for concurrent use. It holds memory for the requests under way and for
// their connections, and nothing else that grows.
type Client struct {
	transport   *http.Transport
	template    *http.Request // what all requests have in common
	timeout     time.Duration
	maxResponse int64
	circuit     *providers.Circuit
	telemetry   *telemetry
	log         *slog.Logger
	now         func() time.Time
	flights     flights

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
	return &Client{
		transport: newTransport(o), template: newTemplate(endpoint), timeout: o.Timeout, maxResponse: o.MaxResponse,
		circuit: providers.NewCircuit(o.Breaker), telemetry: observed, log: o.Logger, now: o.Now, flights: newFlights(),
	}, nil
}

// newTransport never speaks HTTP/2, which has rules of its own for what is sent again, and asks for no compression: the
// network to FortyTwo is fast, and plain bytes can be handed through.
func newTransport(o Options) *http.Transport {
	t := &http.Transport{}
	if o.Transport != nil {
		t = o.Transport.Clone()
	}
	if t.DialContext == nil {
		t.DialContext = (&net.Dialer{Timeout: min(dialTimeout, o.Timeout)}).DialContext
	}
	t.TLSHandshakeTimeout = min(tlsTimeout, o.Timeout)
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost, t.MaxIdleConns = o.MaxConns, o.MaxConns, o.MaxConns
	t.IdleConnTimeout = o.IdleTimeout
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.MaxResponseHeaderBytes = 64 << 10
	t.WriteBufferSize = 8 << 10 // headers with a token, and a usual document: one packet or two, one system call
	return t
}

// Close drops idle connections. Requests under way end as usual.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Do sends r for caller and gives FortyTwo's answer: a JSON object with data, errors or both, and its HTTP status, which is
// a hint at most (fortytwo.md 0.1). The bytes may be shared with other calls of Do and are read-only.
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
	return out.body, out.status, nil
}

// Separate lets no query that the caller sends from now on share a request that he sent before. Do does it for his
// mutations; whoever changes FortyTwo's records in another way calls it before and after.
func (c *Client) Separate(caller *Caller) { c.flights.closeAll(caller.Key) }

// mutate sends r once, in the caller's own time.
func (c *Client) mutate(ctx context.Context, caller *Caller, r *Request) outcome {
	c.Separate(caller)
	defer c.Separate(caller)
	limited, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	return c.send(limited, ctx, &exchange{caller: caller, request: r})
}

// query takes part in the flight that answers r, which it starts when there is none.
func (c *Client) query(ctx context.Context, caller *Caller, r *Request) outcome {
	f, first := c.flights.join(caller, r)
	if first {
		limited, cancel := context.WithTimeoutCause(context.Background(), c.timeout, errTimeout)
		f.cancel = cancel
		go c.fly(limited, ctx, f)
	}
	select {
	case <-f.done:
		return f.out
	case <-ctx.Done():
		c.flights.leave(f)
		return outcome{err: gaveUp(context.Cause(ctx))}
	}
}

// fly makes the flight's exchange. Of the first caller's context it takes the trace alone: it outlives him if others wait.
func (c *Client) fly(limited, first context.Context, f *flight) {
	out := c.send(limited, first, &f.exchange)
	f.cancel()
	c.flights.land(f, out)
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
