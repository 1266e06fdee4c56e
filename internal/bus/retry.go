package bus

import (
	"math/rand/v2"
	"time"
)

// retryPolicy says when a failed thing is tried again and when no more.
type retryPolicy struct {
	first, longest time.Duration
	maxAttempts    int
}

// defaultRetry gives up after about a week at the longest wait: an outage of FortyTwo over a weekend must not turn
// good messages into dead letters.
func defaultRetry() retryPolicy {
	return retryPolicy{first: 100 * time.Millisecond, longest: time.Minute, maxAttempts: 10_000}
}

// after is how long to wait after the nth failure: doubling, with up to a quarter less so that lanes which failed
// together do not come back together.
func (p retryPolicy) after(failures int) time.Duration {
	wait := p.longest
	if shift := failures - 1; shift < 32 {
		wait = min(p.longest, p.first<<shift)
	}
	return wait - time.Duration(rand.Int64N(int64(wait)/4+1))
}
