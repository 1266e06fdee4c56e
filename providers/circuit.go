package providers

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Verdict is what one request showed of its provider.
type Verdict int

// The verdicts.
const (
	Silent Verdict = iota // nothing: the caller gave up, or was in a hurry
	Alive                 // it answered, be it with a refusal
	Gone                  // it did not
)

// Circuit is the state of one provider's Breaker. It is safe for concurrent use. A [Client] has its own; whoever reaches
// a provider without one may keep another.
type Circuit struct {
	rules Breaker

	mu       sync.Mutex
	failures int           // in a row
	pause    time.Duration // the present one; zero while closed
	until    time.Time     // end of the pause
	probing  bool
}

// NewCircuit makes a closed one.
func NewCircuit(rules Breaker) *Circuit { return &Circuit{rules: rules.withDefaults()} }

// Admit reports whether a request may be sent, and else when to try again. What was admitted must be noted.
func (b *Circuit) Admit(now time.Time) (retryAfter time.Duration, ok bool) {
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

// Note takes in what an admitted request showed. changed reports whether the breaker opened or closed by it.
func (b *Circuit) Note(now time.Time, v Verdict) (open, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen := b.pause > 0
	switch v {
	case Silent:
		b.probing = false
	case Alive:
		b.failures, b.pause, b.probing = 0, 0, false
	case Gone:
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
