package faults

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxArmed bounds a book.
const maxArmed = 100

// Book holds armed faults of one kind of thing.
type Book[F any] struct {
	mu    sync.Mutex
	armed []armed[F]
}

type armed[F any] struct {
	fault F
	left  int
}

// Arm adds a fault to be taken count times, 0 meaning once. It is false, and nothing is armed, when the book is full.
func (b *Book[F]) Arm(fault F, count int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.armed) >= maxArmed {
		return false
	}
	b.armed = append(b.armed, armed[F]{fault, max(count, 1)})
	return true
}

// Clear disarms what is not used up.
func (b *Book[F]) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = nil
}

// Take uses the first armed fault that matches, once; nil when there is none. What it points to is the taker's own.
func (b *Book[F]) Take(matches func(F) bool) *F {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.armed {
		fault := b.armed[i].fault
		if !matches(fault) {
			continue
		}
		if b.armed[i].left--; b.armed[i].left == 0 {
			b.armed = slices.Delete(b.armed, i, i+1)
		}
		return &fault
	}
	return nil
}

// Check says what makes no sense in a fault of a request: an unknown kind, a status (0 apart) that is no final one of HTTP, a negative
// count or delay.
func Check[K ~string](kind K, known []K, status, count int, delay time.Duration) error {
	switch {
	case !slices.Contains(known, kind):
		return fmt.Errorf("unknown fault kind %q", kind)
	case status != 0 && (status < 200 || status > 599):
		return fmt.Errorf("%d is no final HTTP status", status)
	case count < 0 || delay < 0:
		return errors.New("count and delay cannot be negative")
	default:
		return nil
	}
}
