package providers

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
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

// verdict is what one request showed of its provider.
type verdict int

const (
	silent verdict = iota // nothing: the caller gave up, or was in a hurry
	alive                 // it answered, be it with a refusal
	gone                  // it did not
)

// breaker is the state of one provider's Breaker.
type breaker struct {
	rules Breaker

	mu       sync.Mutex
	failures int           // in a row
	pause    time.Duration // the present one; zero while closed
	until    time.Time     // end of the pause
	probing  bool
}

// admit reports whether a request may be sent, and else when to try again.
func (b *breaker) admit(now time.Time) (retryAfter time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.pause == 0:
		return 0, true
	case now.Before(b.until):
		return b.until.Sub(now), false
	case b.probing:
		return b.rules.Pause, false
	default:
		b.probing = true
		return 0, true
	}
}

// note takes in what an admitted request showed. changed reports whether the breaker opened or closed by it.
func (b *breaker) note(now time.Time, v verdict) (open, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen := b.pause > 0
	switch v {
	case silent:
		b.probing = false
	case alive:
		b.failures, b.pause, b.probing = 0, 0, false
	case gone:
		b.failures++
		switch {
		case b.probing:
			b.pause = min(2*b.pause, b.rules.MaxPause)
		case wasOpen: // it was sent before the breaker opened
			return true, false
		case b.failures >= b.rules.Failures:
			b.pause = b.rules.Pause
		default:
			return false, false
		}
		b.probing = false
		b.until = now.Add(b.pause/2 + rand.N(b.pause/2+1))
	}
	return b.pause > 0, wasOpen != (b.pause > 0)
}

// verdict tells what an exchange shows of the provider, or of the proxies before it.
func (b *breaker) verdict(answer Response, err error, took time.Duration) verdict {
	if err != nil {
		var netErr net.Error
		outOfTime := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
		if errors.Is(err, context.Canceled) || outOfTime && took < b.rules.Patience {
			return silent
		}
		return gone
	}
	switch answer.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return gone
	default:
		return alive
	}
}

// admit asks the breaker.
func (c *Client) admit(ctx context.Context, op Operation) *helix.Error {
	wait, ok := c.breaker.admit(c.now())
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
func (c *Client) learn(ctx context.Context, v verdict) {
	open, changed := c.breaker.note(c.now(), v)
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
