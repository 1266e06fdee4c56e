package upstream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/upstream/wire"
	"github.com/helix-engage/gateway/providers"
)

// operation is the Op of this package's errors.
const operation = "federation.upstream"

// limitPause is how long to leave FortyTwo alone after its limit was reached, when it does not say: its bucket of 100 a
// minute has refilled by eight then (fortytwo.md 12).
const limitPause = 5 * time.Second

// failure is what Health remembers.
type failure struct {
	at  time.Time
	err *helix.Error
}

// learn tells breaker and health what an exchange showed.
func (c *Client) learn(ctx context.Context, now time.Time, v providers.Verdict, err *helix.Error) {
	switch v {
	case providers.Alive:
		c.answered.Store(now.UnixNano())
	case providers.Gone:
		c.failed.Store(&failure{now, err})
	case providers.Silent:
	}
	open, changed := c.circuit.Note(now, v)
	switch {
	case changed && open:
		c.log.WarnContext(ctx, "FortyTwo is gone: composed documents are refused until it answers a probe", "detail", err.Detail)
	case changed:
		c.log.InfoContext(ctx, "FortyTwo is back")
	}
}

// refuse finds what cannot be sent.
func (c *Client) refuse(ctx context.Context, caller *Caller, r *Request) error {
	switch {
	case ctx.Err() != nil:
		return gaveUp(context.Cause(ctx))
	case caller.Token == "" || !wire.IsValue(caller.Token):
		return coded(helix.CodeUnauthenticated, textSignIn, "no token")
	case len(r.Body) > maxRequest:
		return coded(helix.CodeLimitExceeded, "the document with its variables is larger than "+megabytes(maxRequest), "request body")
	default:
		return nil
	}
}

// broken codes an exchange that did not come to its end, and says whether that was FortyTwo's fault.
func broken(ctx context.Context, x *exchange, cause error) (outcome, providers.Verdict) {
	verdict := providers.Gone
	var err *helix.Error
	switch {
	case errors.Is(cause, wire.ErrAborted):
		err, verdict = gaveUp(context.Cause(ctx)), providers.Silent
	case errors.Is(cause, wire.ErrNoConnection): // it waited for one of our own connections: whose requests tell of FortyTwo, not this one
		err, verdict = unavailable("no connection became free in time"), providers.Silent
	case errors.Is(cause, wire.ErrMalformed):
		err = unavailable(cause.Error()) // it quotes nothing
	default:
		err = unavailable(providers.Describe(cause))
	}
	if x.request.Mutation && x.Sent {
		asUnknown(err)
	}
	return outcome{err: err}, verdict
}

// judgeStatus codes an answer that is no GraphQL response.
func (c *Client) judgeStatus(answer *wire.Answer, r *Request) (*helix.Error, providers.Verdict) {
	status := answer.Status
	detail := "HTTP " + strconv.Itoa(status) + " without a GraphQL body"
	switch {
	case status == http.StatusUnauthorized:
		return coded(helix.CodeUnauthenticated, textSignIn, detail), providers.Alive
	case status == http.StatusForbidden:
		return coded(helix.CodeForbidden, textForbidden, detail), providers.Alive
	case status == http.StatusRequestEntityTooLarge, status == http.StatusRequestHeaderFieldsTooLarge:
		return coded(helix.CodeLimitExceeded, "the request is larger than FortyTwo takes", detail), providers.Alive
	case status == http.StatusTooManyRequests:
		err := coded(helix.CodeTooManyRequests, textTooMany, detail)
		err.Retryable, err.RetryAfter = true, max(c.retryAfter(answer), time.Second)
		return err, providers.Alive
	case status == http.StatusBadRequest, status == http.StatusUnsupportedMediaType, status == http.StatusUnprocessableEntity:
		return coded(helix.CodeRejected, textRejected, detail), providers.Alive
	case status/100 == 3, status/100 == 4 && status != http.StatusRequestTimeout:
		return unavailable(detail), providers.Gone // nobody there who understands the document, so nobody did it
	default:
		err := unavailable(detail)
		err.RetryAfter = c.retryAfter(answer)
		if r.Mutation {
			asUnknown(err)
		}
		return err, providers.Gone
	}
}

// retryAfter reads that header of an answer; zero when there is none.
func (c *Client) retryAfter(answer *wire.Answer) time.Duration {
	return providers.RetryAfter(http.Header{"Retry-After": {answer.RetryAfter}}, c.now())
}

// answerTooLarge codes an answer that FortyTwo gave and we do not read. A mutation was done then, most likely.
func (c *Client) answerTooLarge(r *Request) *helix.Error {
	err := coded(helix.CodeLimitExceeded, "the answer is larger than "+megabytes(c.maxResponse)+": ask for less", "answer body")
	if r.Mutation {
		asUnknown(err)
	}
	return err
}

func refusedByBreaker(wait time.Duration) *helix.Error {
	err := unavailable("FortyTwo failed lately, so nothing was sent")
	err.RetryAfter = wait
	return err
}

// gaveUp is the end of a caller's patience. It says nothing of FortyTwo.
func gaveUp(cause error) *helix.Error {
	err := unavailable("the caller gave up")
	err.Message, err.Err = "the request took too long", cause
	return err
}

func unavailable(detail string) *helix.Error {
	err := coded(helix.CodeUnavailable, textUnavailable, detail)
	err.Retryable = true
	return err
}

func asUnknown(err *helix.Error) {
	err.Code, err.Message = helix.CodeUnknownOutcome, "FortyTwo did not say whether it was done"
	err.Retryable, err.RetryAfter = false, 0
}

func coded(code helix.Code, message, detail string) *helix.Error {
	return &helix.Error{Code: code, Message: message, Provider: helix.ProviderFortyTwo, Op: operation, Detail: detail}
}

func megabytes(n int64) string { return strconv.FormatFloat(float64(n)/(1<<20), 'g', 3, 64) + " MiB" }
