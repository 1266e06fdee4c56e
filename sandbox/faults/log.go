package faults

import (
	"maps"
	"sync"
)

const (
	maxLogged  = 1_000
	maxCounted = 1_000
)

// Log is the latest requests received and how often each name was asked for since the start. Records must hold no secret.
type Log[R any] struct {
	mu     sync.Mutex
	ring   []R
	next   int // where the oldest record of a full ring is
	counts map[string]int
}

// Add notes a request and counts the names that it asked for.
func (l *Log[R]) Add(record R, names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = make(map[string]int)
	}
	for _, name := range names {
		if _, known := l.counts[name]; !known && len(l.counts) >= maxCounted {
			name = "…"
		}
		l.counts[name]++
	}
	if len(l.ring) < maxLogged {
		l.ring = append(l.ring, record)
		return
	}
	l.ring[l.next] = record
	l.next = (l.next + 1) % maxLogged
}

// Latest are the latest requests, oldest first, at most 1,000.
func (l *Log[R]) Latest() []R {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]R{}, l.ring[l.next:]...), l.ring[:l.next]...)
}

// Count is how often a name was asked for.
func (l *Log[R]) Count(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[name]
}

// Counts is Count of every name that was asked for.
func (l *Log[R]) Counts() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}
