package providers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Do performs an operation and lets read judge the answer. The error is nil or a [*helix.Error] with provider and
// operation filled in.
//
// read sees every answer with a status of 2xx or 4xx, other than 408 and 429; it may run once per attempt. What it
// returns decides the outcome: nil for success, a *helix.Error for what the provider put into words, any other error
// for an answer that it cannot make sense of, which counts like a 5xx and whose text, not quoting the answer, becomes
// the detail. [Client.Refused] codes a 4xx that read has no words for.
func (c *Client) Do(ctx context.Context, op Operation, req Request, read func(Response) error) error {
	timeout := op.Timeout
	if timeout == 0 {
		timeout = c.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx, done := c.observe(ctx, op)
	attempt, err := c.attempts(ctx, op, req, read)
	done(attempt, err)
	if err == nil {
		return nil
	}
	return err
}

// attempts sends the request until it succeeds, may not be repeated, or the time is up. A repetition that is not sent
// leaves the outcome of the attempt before.
func (c *Client) attempts(ctx context.Context, op Operation, req Request, read func(Response) error) (int, *helix.Error) {
	var last *helix.Error
	for attempt := 1; ; attempt++ {
		err, transient := c.attempt(ctx, op, req, read)
		if last != nil && err != nil && errors.Is(err, errNotSent) {
			return attempt - 1, last
		}
		last = err
		if err == nil || !transient || attempt == op.Safety.attempts() {
			return attempt, err
		}
		if !waitToRetry(ctx, backoff(attempt, err.RetryAfter)) {
			return attempt, err
		}
		c.log.InfoContext(ctx, "repeating an operation", "op", op.Name, "attempt", attempt+1, "code", string(err.Code), "detail", err.Detail)
	}
}

// attempt sends the request once, when its turn has come and the breaker lets it. transient reports whether sending it
// again may help, as far as that was the provider's fault; whether it is allowed is the operation's Safety.
func (c *Client) attempt(ctx context.Context, op Operation, req Request, read func(Response) error) (err *helix.Error, transient bool) {
	var connected atomic.Bool // from now on bytes may have left
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	httpReq, buildErr := build(traced, op, req)
	if buildErr != nil {
		return c.complete(op, helix.Internal(op.Name, buildErr)), false
	}
	giveBack, err := c.turn(ctx, op)
	if err != nil {
		return err, false
	}
	if err := c.admit(ctx, op); err != nil {
		giveBack()
		return err, false
	}
	began := c.now()
	answer, netErr := c.exchange(httpReq, op)
	c.learn(ctx, c.breaker.rules.verdict(answer, netErr, c.now().Sub(began)))
	if netErr != nil {
		return c.broken(ctx, op, connected.Load(), netErr), true
	}
	err, transient = c.judge(op, answer, read)
	c.heed(op, err)
	return err, transient
}

// exchange sends the request and reads the answer, up to one byte more than an answer may have.
func (c *Client) exchange(req *http.Request, op Operation) (Response, error) {
	transport := c.pooled
	if op.Safety == Once {
		transport = c.single
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return Response{}, err
	}
	defer res.Body.Close()
	answer := Response{Status: res.StatusCode, Header: res.Header}
	if readable(res.StatusCode) {
		answer.Body, err = c.readBody(res, c.maxBody(op))
	}
	return answer, err
}

// Large answers are read in portions with a pause after each: what is sent faster than it can be read would keep a single core
// from all that waits for it. A portion takes less than half a millisecond.
const (
	large   = 512 << 10
	portion = 128 << 10
	pause   = time.Millisecond
)

// readBody reads up to one byte more than limit. An answer that says how long it is gets its memory at once: growing to
// megabytes costs several times as much.
func (c *Client) readBody(res *http.Response, limit int64) ([]byte, error) {
	if res.ContentLength < 0 || res.ContentLength > limit {
		return c.readUnmeasured(io.LimitReader(res.Body, limit+1))
	}
	body := make([]byte, res.ContentLength)
	if len(body) <= large {
		_, err := io.ReadFull(res.Body, body)
		return body, err
	}
	for rest := body; ; {
		n, err := io.ReadFull(res.Body, rest[:min(len(rest), portion)])
		if rest = rest[n:]; err != nil {
			return body, err
		}
		Wait(res.Request.Context(), pause)
		if len(rest) == 0 {
			return body, nil
		}
	}
}

// readUnmeasured reads an answer of any length into room that is used again and again, and gives a copy of its own length.
func (c *Client) readUnmeasured(r io.Reader) ([]byte, error) {
	room, ok := c.rooms.Get().(*bytes.Buffer)
	if !ok {
		room = new(bytes.Buffer)
	}
	room.Reset()
	_, err := room.ReadFrom(r)
	body := bytes.Clone(room.Bytes())
	if room.Cap() <= large { // one large answer is no reason to keep as much for all others
		c.rooms.Put(room)
	}
	return body, err
}

// maxBody is how long an answer may be.
func (c *Client) maxBody(op Operation) int64 {
	if op.MaxResponse > 0 {
		return op.MaxResponse
	}
	return c.maxResponse
}

// judge turns an answer into an outcome.
func (c *Client) judge(op Operation, answer Response, read func(Response) error) (err *helix.Error, transient bool) {
	switch {
	case !readable(answer.Status):
		return c.judgeStatus(op, answer), true
	case int64(len(answer.Body)) > c.maxBody(op):
		return c.tooLarge(op), false
	}
	judged := read(answer)
	if judged == nil {
		return nil, false
	}
	var coded *helix.Error
	if errors.As(judged, &coded) {
		return c.complete(op, coded), false
	}
	return c.unreadable(op, judged.Error()), true
}

// build makes the request. Parse errors of a URL quote it, so their text is dropped.
func build(ctx context.Context, op Operation, req Request) (*http.Request, error) {
	if _, err := url.Parse(req.URL); err != nil {
		return nil, errors.New("the request's URL is malformed")
	}
	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	r, err := http.NewRequestWithContext(ctx, req.Method, req.URL, body)
	if err != nil {
		return nil, errors.New("the request's method or host is malformed")
	}
	maps.Copy(r.Header, req.Header)
	if op.Safety == Once {
		r.GetBody = nil
	}
	return r, nil
}

// waitToRetry is false, at once, when the wait would outlast ctx.
func waitToRetry(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	return Wait(ctx, d)
}

// Wait lets d pass. It is false when ctx ended first.
func Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
