package providers

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	helix "github.com/helix-engage/gateway"
)

// Defaults of [Breaker].
const (
	DefaultBreakerFailures = 10
	DefaultBreakerPause    = time.Second
	DefaultBreakerMaxPause = 30 * time.Second
	DefaultBreakerPatience = 2 * time.Second
)

// Breaker says when a provider counts as gone: requests are then refused without being sent, but for one probe after
// each pause. A zero field has its default.
//
//	          Failures in a row              pause over, one probe
//	closed ────────────────────────▶ open ────────────────────────▶ half-open
//	  ▲                               ▲                               │  │
//	  │                               └── it fails: twice the pause ──┘  │
//	  └────────────────────── it is answered, whatever the answer ───────┘
type Breaker struct {
	Failures int           // requests in a row without an answer, or answered 502, 503 or 504
	Pause    time.Duration // the first; each is jittered down to its half
	MaxPause time.Duration
	Patience time.Duration // a request that ran out of time earlier than this does not count: its caller was in a hurry
}

func (b Breaker) withDefaults() Breaker {
	if b.Failures == 0 {
		b.Failures = DefaultBreakerFailures
	}
	if b.Pause == 0 {
		b.Pause = DefaultBreakerPause
	}
	if b.MaxPause == 0 {
		b.MaxPause = DefaultBreakerMaxPause
	}
	if b.Patience == 0 {
		b.Patience = DefaultBreakerPatience
	}
	return b
}

// verdict tells what an exchange shows of the provider, or of the proxies before it.
func (b Breaker) verdict(answer Response, err error, took time.Duration) Verdict {
	if err != nil {
		var netErr net.Error
		outOfTime := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
		if errors.Is(err, context.Canceled) || outOfTime && took < b.Patience {
			return Silent
		}
		return Gone
	}
	switch answer.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Gone
	default:
		return Alive
	}
}

// admit asks the breaker.
func (c *Client) admit(ctx context.Context, op Operation) *helix.Error {
	wait, ok := c.breaker.Admit(c.now())
	if ok {
		return nil
	}
	c.countRefusal(ctx, op, "breaker")
	return c.complete(op, &helix.Error{
		Code: helix.CodeUnavailable, Message: "the provider cannot be reached", Retryable: true, RetryAfter: wait,
		Detail: "the provider failed lately, so nothing was sent", Err: errNotSent,
	})
}

// learn tells the breaker how an admitted request went.
func (c *Client) learn(ctx context.Context, v Verdict) {
	open, changed := c.breaker.Note(c.now(), v)
	if !changed {
		return
	}
	value := int64(0)
	if open {
		value = 1
		c.log.WarnContext(ctx, "the provider is gone: requests are refused until it answers a probe")
	} else {
		c.log.InfoContext(ctx, "the provider is back")
	}
	c.breakerOpen.Record(ctx, value, metric.WithAttributes(attribute.String("provider", string(c.provider))))
}
