package fortytwo

import (
	"sync"
	"time"
)

// limiter holds the token buckets that the API keys of a workspace share. Its size is the number of workspaces.
type limiter struct {
	rate RateLimit
	now  func() time.Time

	mu      sync.Mutex
	buckets map[string][2]*bucket
}

// bucket refills evenly.
type bucket struct {
	size   int
	window time.Duration
	tokens float64
	filled time.Time
}

func newLimiter(rate RateLimit, now func() time.Time) *limiter {
	return &limiter{rate: rate, now: now, buckets: map[string][2]*bucket{}}
}

// take spends one token of both buckets of a workspace (fortytwo.md 12).
func (l *limiter) take(workspaceID string) *apiError {
	if l.rate.Off {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	pair, known := l.buckets[workspaceID]
	if !known {
		pair = [2]*bucket{
			{size: l.rate.Short, window: l.rate.ShortWindow, tokens: float64(l.rate.Short), filled: now},
			{size: l.rate.Long, window: l.rate.LongWindow, tokens: float64(l.rate.Long), filled: now},
		}
		l.buckets[workspaceID] = pair
	}
	for _, b := range pair {
		b.refill(now)
		if b.tokens < 1 {
			return errLimit(b.size, b.window)
		}
	}
	for _, b := range pair {
		b.tokens--
	}
	return nil
}

func (b *bucket) refill(now time.Time) {
	share := float64(now.Sub(b.filled)) / float64(b.window)
	b.tokens = min(float64(b.size), b.tokens+max(share, 0)*float64(b.size))
	b.filled = now
}

func errLimit(size int, window time.Duration) *apiError {
	return badInput(subLimit, "Rate limit reached. Please try again later.",
		"Limit reached (%d tokens per %d ms)", size, window.Milliseconds())
}
