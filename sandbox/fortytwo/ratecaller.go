package fortytwo

import (
	"net"
	"sync"
	"time"
)

// maxCounted bounds the callers whose requests are counted; beyond it all are forgotten.
const maxCounted = 10_000

// callerLimiter counts the root fields of each user, or of each address where there is no user: API keys share theirs (fortytwo.md 12).
type callerLimiter struct {
	rate RateLimit
	now  func() time.Time

	mu      sync.Mutex
	windows map[string]*window
}

// window is what was asked for since it began.
type window struct {
	began time.Time
	used  int
}

// take counts n root fields, or refuses the whole request.
func (l *callerLimiter) take(c *caller, address string, n int) *apiError {
	if l.rate.Off {
		return nil
	}
	key, _, _ := net.SplitHostPort(address)
	if c.user != nil {
		key = c.user.id
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[key]
	if w == nil || now.Sub(w.began) >= l.rate.CallerWindow {
		if l.windows == nil || len(l.windows) >= maxCounted {
			l.windows = map[string]*window{}
		}
		w = &window{began: now}
		l.windows[key] = w
	}
	if w.used += n; w.used > l.rate.PerCaller {
		return errTooMany()
	}
	return nil
}

func errTooMany() *apiError { return database("Too many requests.") }
