package fortytwo

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	helix "github.com/helix-engage/gateway"
)

// budget spends the server key's requests: FortyTwo counts 100 root fields a minute for all keys of a workspace
// together (fortytwo.md 12). Look-ups may take two thirds of it, so that write-back always has the rest.
type budget struct {
	all     *rate.Limiter
	lookups *rate.Limiter
	paused  atomic.Int64 // Unix nanoseconds before which nothing is sent, after FortyTwo said that the limit is reached
	now     func() time.Time
}

func newBudget(perMinute, burst int, now func() time.Time) *budget {
	second := rate.Limit(float64(perMinute) / 60)
	return &budget{
		all:     rate.NewLimiter(second, burst),
		lookups: rate.NewLimiter(second*2/3, max(1, burst*2/3)),
		now:     now,
	}
}

// wait takes one request from the budget. It fails at once with TOO_MANY_REQUESTS when ctx would end first.
func (b *budget) wait(ctx context.Context, lookup bool) error {
	if err := b.waitPause(ctx); err != nil {
		return err
	}
	if lookup {
		if err := b.lookups.Wait(ctx); err != nil {
			return overBudget(ctx, err)
		}
	}
	if err := b.all.Wait(ctx); err != nil {
		return overBudget(ctx, err)
	}
	return nil
}

func (b *budget) waitPause(ctx context.Context) error {
	pause := time.Duration(b.paused.Load() - b.now().UnixNano())
	if pause <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return tooManyRequests(pause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return helix.AsError(ctx.Err())
	case <-timer.C:
		return nil
	}
}

// pause stops all requests of the server key for d.
func (b *budget) pause(d time.Duration) { b.paused.Store(b.now().Add(d).UnixNano()) }

func overBudget(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return helix.AsError(ctx.Err())
	}
	e := tooManyRequests(limitPause)
	e.Err = err
	return e
}

func tooManyRequests(after time.Duration) *helix.Error {
	return &helix.Error{
		Code: helix.CodeTooManyRequests, Message: "FortyTwo takes no more requests just now", Provider: helix.ProviderFortyTwo,
		Retryable: true, RetryAfter: after,
	}
}
