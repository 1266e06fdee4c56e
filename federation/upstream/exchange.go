package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// maxRequest is what FortyTwo takes; beyond it answers 500 (fortytwo.md 1), which would look like a fault of its own.
const maxRequest = 10 << 20

// exchange is one request to FortyTwo with what belongs to it, in one piece of memory.
type exchange struct {
	caller    *Caller
	request   *Request
	payload   bytes.Reader
	header    [4]string // the values of headers that differ between requests
	parent    traceparent
	hooks     httptrace.ClientTrace
	connected bool // it was given a connection: from then on bytes may have left
	repeated  bool
}

// outcome is how an exchange ended. With err the rest is empty.
type outcome struct {
	body   []byte
	status int
	err    *helix.Error
}

// Headers that are the same in each request. They are shared with net/http, which does not change them.
var (
	jsonOnly  = []string{"application/json"}
	userAgent = []string{"helix-engage-gateway"}
)

// newTemplate makes the request that all others are copied from, so that the URL is read once.
func newTemplate(endpoint *url.URL) *http.Request {
	return &http.Request{
		Method: http.MethodPost, URL: endpoint, Host: endpoint.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// send makes the exchange if the breaker lets it, and tells breaker, health and telemetry how it went. ctx ends it; the
// trace is that of traced.
func (c *Client) send(ctx, traced context.Context, x *exchange) outcome {
	began := c.now()
	wait, ok := c.circuit.Admit(began)
	if !ok {
		return outcome{err: refusedByBreaker(wait)}
	}
	span := c.telemetry.start(traced, x)
	out, verdict := c.roundTrip(ctx, x)
	ended := c.now()
	c.learn(traced, ended, verdict, out.err)
	c.telemetry.end(traced, span, x.request.Name, ended.Sub(began), out.err)
	return out
}

// roundTrip sends the request and reads the answer.
func (c *Client) roundTrip(ctx context.Context, x *exchange) (outcome, providers.Verdict) {
	res, err := c.transport.RoundTrip(c.build(ctx, x))
	if err != nil {
		return c.broken(ctx, x, err)
	}
	defer res.Body.Close()
	body, err := c.read(res)
	switch {
	case errors.Is(err, errTooLarge):
		return outcome{err: c.answerTooLarge(x.request)}, providers.Alive
	case err != nil:
		return c.broken(ctx, x, err)
	case isGraphQL(res.Header, body):
		return outcome{body: body, status: res.StatusCode}, providers.Alive
	default:
		refusal, verdict := c.judgeStatus(res, x.request)
		return outcome{err: refusal}, verdict
	}
}

// build makes the HTTP request: of the caller's headers the four that go along, and nothing else.
func (c *Client) build(ctx context.Context, x *exchange) *http.Request {
	x.hooks.GotConn = func(httptrace.GotConnInfo) { x.connected = true }
	r := c.template.WithContext(httptrace.WithClientTrace(ctx, &x.hooks)) // a copy
	r.Body, r.ContentLength = x.body(), int64(len(x.request.Body))
	header := make(http.Header, 8)
	header["Content-Type"], header["Accept"], header["User-Agent"] = jsonOnly, jsonOnly, userAgent
	x.set(header, 0, "Authorization", "Bearer "+x.caller.Token)
	x.set(header, 1, "Accept-Language", x.caller.Language)
	x.set(header, 2, "X-Locale", x.caller.Locale)
	x.set(header, 3, "Traceparent", x.parent.value)
	if !x.request.Mutation {
		// With both of these net/http sends a request again whose connection turned out to be closed by the server. The
		// header is a mark for net/http; without a value it is not sent.
		header["X-Idempotency-Key"] = nil
		r.GetBody = x.again
	}
	r.Header = header
	return r
}

func (x *exchange) set(header http.Header, i int, name, value string) {
	if value == "" || !isHeaderValue(value) {
		return
	}
	x.header[i] = value
	header[name] = x.header[i : i+1 : i+1]
}

// isHeaderValue reports whether s can be a header's value. A header from a WebSocket's first message may be anything; net/http
// would refuse the request.
func isHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// errSentTwice ends a query that lost two connections.
var errSentTwice = fmt.Errorf("upstream: a query is sent twice at most: %w", io.ErrUnexpectedEOF)

// body gives the body from its beginning. It is of a type that net/http knows to be in memory: of any other it would send
// the headers by themselves before.
func (x *exchange) body() io.ReadCloser {
	x.payload.Reset(x.request.Body)
	return io.NopCloser(&x.payload)
}

// again gives the body for one repetition.
func (x *exchange) again() (io.ReadCloser, error) {
	if x.repeated {
		return nil, errSentTwice
	}
	x.repeated = true
	return io.NopCloser(bytes.NewReader(x.request.Body)), nil // who read the first may not be done with it
}
