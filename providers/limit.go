package providers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	helix "github.com/helix-engage/gateway"
)

// errNotSent is the cause of an error that we raised ourselves instead of sending a request: it says nothing new about
// the provider.
var errNotSent = errors.New("the request was not sent")

// Limit is how many requests of one family a provider takes within any stretch of time so long.
type Limit struct {
	Requests int
	Per      time.Duration
}

// WithLimits gives a client that keeps to a provider's limits by family; families that are not named have none. It
// shares connections, health and breaker with c. A request beyond a limit waits for its turn, first come, first served;
// one whose turn comes after its deadline is refused at once with TOO_MANY_REQUESTS and the time to wait.
//
// The limits hold for this process. Replicas that together exceed one learn it from the provider: its refusal stops the
// family for as long as it asks, or else for a whole Per.
func (c *Client) WithLimits(limits map[string]Limit) *Client {
	limited := *c
	limited.limiters = make(map[string]*limiter, len(limits))
	for family, limit := range limits {
		limited.limiters[family] = &limiter{limit: limit}
	}
	return &limited
}

// Backlog is how long a request of the family would wait for its turn if it came now.
func (c *Client) Backlog(family string) time.Duration {
	l := c.limiters[family]
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := c.now()
	return l.next(now).Sub(now)
}

// turn waits until the operation's family may send. giveBack is for a request that is not sent after all.
func (c *Client) turn(ctx context.Context, op Operation) (giveBack func(), err *helix.Error) {
	l := c.limiters[op.Family]
	if l == nil {
		return func() {}, nil
	}
	began := c.now()
	for {
		deadline, _ := ctx.Deadline() // every operation has one
		at, wait, ok := l.book(c.now(), time.Until(deadline))
		if !ok {
			c.countRefusal(ctx, op, "limit")
			return nil, c.complete(op, &helix.Error{
				Code: helix.CodeTooManyRequests, Message: "too many requests: try again in a moment",
				Retryable: true, RetryAfter: wait, Detail: "the limit of " + op.Family + " is reached", Err: errNotSent,
			})
		}
		if wait > 0 && !Wait(ctx, wait) {
			l.giveBack(at)
			return nil, c.broken(ctx, op, false, ctx.Err())
		}
		if l.open(c.now()) {
			c.limitWait.Record(ctx, c.now().Sub(began).Seconds(), metric.WithAttributes(
				attribute.String("provider", string(c.provider)), attribute.String("family", op.Family)))
			return func() { l.giveBack(at) }, nil
		}
		l.giveBack(at) // the provider stopped the family meanwhile
	}
}

// heed stops the family after the provider's own refusal.
func (c *Client) heed(op Operation, err *helix.Error) {
	l := c.limiters[op.Family]
	if l == nil || err == nil || err.Code != helix.CodeTooManyRequests {
		return
	}
	if err.RetryAfter == 0 {
		err.RetryAfter = l.limit.Per
	}
	l.stop(c.now().Add(err.RetryAfter))
}

// limiter is the queue of one family. Its length is bounded by the deadlines of those who wait.
type limiter struct {
	limit Limit

	mu      sync.Mutex
	booked  []time.Time // when requests left or will leave, in order; those older than limit.Per are dropped
	stopped time.Time   // until then nothing leaves
}

// next is the first time at which another request may leave. mu is held.
func (l *limiter) next(now time.Time) time.Time {
	l.booked = slices.DeleteFunc(l.booked, func(at time.Time) bool { return now.Sub(at) >= l.limit.Per })
	at := now
	if l.stopped.After(at) {
		at = l.stopped
	}
	if n := len(l.booked); n > 0 && l.booked[n-1].After(at) {
		at = l.booked[n-1]
	}
	if before := len(l.booked) - l.limit.Requests; before >= 0 {
		if free := l.booked[before].Add(l.limit.Per); free.After(at) {
			at = free
		}
	}
	return at
}

// book takes the next turn, unless that is further away than patience.
func (l *limiter) book(now time.Time, patience time.Duration) (at time.Time, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at = l.next(now)
	wait = at.Sub(now)
	if wait > 0 && wait >= patience {
		return at, wait, false
	}
	l.booked = append(l.booked, at)
	return at, wait, true
}

func (l *limiter) giveBack(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.IndexFunc(l.booked, at.Equal); i >= 0 {
		l.booked = slices.Delete(l.booked, i, i+1)
	}
}

func (l *limiter) stop(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.stopped) {
		l.stopped = until
	}
}

func (l *limiter) open(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !now.Before(l.stopped)
}
