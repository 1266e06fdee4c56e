package limits

import (
	"fmt"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"golang.org/x/time/rate"
)

// RateOptions bound how often one caller may ask. The zero value of each field means the default stated.
type RateOptions struct {
	PerSecond float64 // in the long run; default 20
	Burst     int     // at once after a pause; default 60
	Callers   int     // remembered; the least recently seen is forgotten, and begins anew; default 10,000
}

// Rate is a token bucket per caller, who is named by a K. It is safe for concurrent use.
type Rate[K comparable] struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	callers *lru[K, *rate.Limiter]
}

// NewRate makes buckets that are full at first.
func NewRate[K comparable](o RateOptions) *Rate[K] {
	if o.PerSecond <= 0 {
		o.PerSecond = 20
	}
	orDefault(&o.Burst, 60)
	orDefault(&o.Callers, 10_000)
	return &Rate[K]{limit: rate.Limit(o.PerSecond), burst: o.Burst, callers: newLRU[K, *rate.Limiter](o.Callers)}
}

// Allow takes one token of the caller's bucket. When there is none the error is a [helix.Error] with code
// TOO_MANY_REQUESTS, whose RetryAfter is how long to wait for one; asking in vain costs nothing. caller is any stable key: an
// identity, or an address where there is none.
func (r *Rate[K]) Allow(caller K, now time.Time) error {
	wait := r.take(caller, now)
	if wait == 0 {
		return nil
	}
	return &helix.Error{
		Code: helix.CodeTooManyRequests, Retryable: true, RetryAfter: wait,
		Message: fmt.Sprintf("too many requests: the limit is %.0f a minute; wait, then try again", float64(r.limit)*60),
	}
}

func (r *Rate[K]) take(caller K, now time.Time) time.Duration {
	r.mu.Lock()
	bucket, ok := r.callers.get(caller)
	if !ok {
		bucket = rate.NewLimiter(r.limit, r.burst)
		r.callers.add(caller, bucket)
	}
	r.mu.Unlock()
	if bucket.AllowN(now, 1) {
		return 0
	}
	token := bucket.ReserveN(now, 1)
	wait := token.DelayFrom(now)
	if wait > 0 {
		token.CancelAt(now)
	}
	return wait
}

func orDefault(v *int, def int) {
	if *v <= 0 {
		*v = def
	}
}
