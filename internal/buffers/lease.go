package buffers

import (
	"bytes"
	"context"
	"sync"
)

// Lease holds buffers until an operation's answer was written. It is safe for concurrent use; nil and the zero Lease are ready,
// nil holds nothing.
type Lease struct {
	mu    sync.Mutex
	few   [2]held // room for what most operations need
	held  []held
	ended bool
}

type held struct {
	pool *Pool
	text []byte
}

// Hold makes the lease the owner of text, which has a buffer of the pool to itself. After the end it stays with whoever has it.
func (l *Lease) Hold(pool *Pool, text []byte) {
	if l == nil || text == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if l.held == nil {
		l.held = l.few[:0]
	}
	l.held = append(l.held, held{pool, text})
}

// Around gives a text that is held and consists of head, this very data and tail; nil when there is none.
func (l *Lease) Around(head, data, tail []byte) []byte {
	if l == nil || len(data) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.held {
		if len(h.text) == len(head)+len(data)+len(tail) && &h.text[len(head)] == &data[0] &&
			bytes.HasPrefix(h.text, head) && bytes.HasSuffix(h.text, tail) {
			return h.text
		}
	}
	return nil
}

// End gives back what is held. Nobody may look at it any more.
func (l *Lease) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.held {
		h.pool.Put(h.text)
	}
	l.held, l.few, l.ended = nil, [2]held{}, true
}

// Scope is a context with a lease. It must not be copied.
type Scope struct {
	context.Context
	Lease Lease
}

type leaseKey struct{}

// Value gives the lease, or what the context before has.
func (s *Scope) Value(key any) any {
	if key == (leaseKey{}) {
		return &s.Lease
	}
	return s.Context.Value(key)
}

// LeaseIn gives the lease that a context has; nil when it has none.
func LeaseIn(ctx context.Context) *Lease {
	l, _ := ctx.Value(leaseKey{}).(*Lease)
	return l
}
