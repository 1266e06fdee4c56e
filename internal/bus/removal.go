package bus

import (
	"context"
	"log/slog"
	"math/bits"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// removeEvery is how long settled messages wait for company before they are removed, or maxPace while pushes wait to
	// be stored.
	removeEvery = 50 * time.Millisecond
	// removeBehind is how long a settled message waits behind an unsettled one before it is removed by itself.
	removeBehind = 5 * time.Second
	// removeAtOnce is how many of those are removed in one step.
	removeAtOnce = 256
	// maxSeen bounds the pushes that a tenure keeps in mind; the rest are read when there is room.
	maxSeen = 200_000
)

// removal takes messages out of a stream whose pushes are all settled: in one step those before the first message that is
// not, and by themselves those that have waited behind it for long. Commands of the outbox count as messages of one push.
// What it has not removed when the process dies is handled again. It is safe for concurrent use.
type removal struct {
	stream jetstream.Stream
	limits func() bool // says whether pushes wait to be stored
	log    *slog.Logger
	retry  retryPolicy

	mu      sync.Mutex
	bySeq   map[uint64]*seenMessage // seen and not removed
	order   []uint64                // of bySeq, ascending; those removed by themselves are still in it
	done    []*seenMessage          // settled, in the order of that; those removed with the front are still in it
	pushes  int                     // of bySeq
	settled int                     // of pushes
	dirty   chan struct{}           // holds a token when there may be something to remove
	room    chan struct{}           // holds a token when something was removed
}

// seenMessage is a message of the inbox with its pushes that are not settled.
type seenMessage struct {
	sequence uint64
	pushes   int
	open     uint64 // a bit for each push that is not settled
	doneAt   time.Time
	removed  bool
}

func newRemoval(stream jetstream.Stream, b *Bus) *removal {
	return &removal{
		stream: stream, limits: b.governor.limits, log: b.log, retry: b.retry, bySeq: map[uint64]*seenMessage{},
		dirty: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

// see takes in the next message of the stream. It waits while there are too many; false when ctx ended first.
func (r *removal) see(ctx context.Context, sequence uint64, pushes int) bool {
	for !r.add(sequence, pushes) {
		select {
		case <-r.room:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (r *removal) add(sequence uint64, pushes int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bySeq[sequence] != nil {
		return true
	}
	if r.pushes >= maxSeen {
		return false
	}
	r.bySeq[sequence] = &seenMessage{sequence: sequence, pushes: pushes, open: ^uint64(0) >> (maxGroup - pushes)}
	r.order = append(r.order, sequence)
	r.pushes += pushes
	return true
}

// settle notes that a push is done, and says whether it was the last of its message.
func (r *removal) settle(id pushID) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, bit := r.bySeq[id.sequence()], uint64(1)<<id.index()
	if m == nil || m.open&bit == 0 {
		return false
	}
	m.open &^= bit
	r.settled++
	if m.open != 0 {
		return false
	}
	m.doneAt = time.Now()
	r.done = append(r.done, m)
	signal(r.dirty)
	return true
}

// isSettled reports whether a push is done and only waits for its removal.
func (r *removal) isSettled(id pushID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.bySeq[id.sequence()]
	return m != nil && m.open&(1<<id.index()) == 0
}

// waiting is how many settled pushes are still in the stream.
func (r *removal) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settled
}

// run removes until ctx ends.
func (r *removal) run(ctx context.Context) {
	for failures := 0; ; {
		select {
		case <-r.dirty:
		case <-ctx.Done():
			return
		}
		wait := removeEvery
		if r.limits() {
			wait = maxPace
		}
		if failures > 0 {
			wait = max(wait, r.retry.after(failures))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		if err := r.step(ctx, time.Now().Add(-removeBehind), removeAtOnce); err != nil {
			failures++
			r.log.WarnContext(ctx, "bus: handled pushes could not be removed and may be handled again", "error", err)
			continue
		}
		failures = 0
	}
}

// flush removes everything that is settled, also when ctx has ended.
func (r *removal) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestPatience)
	defer cancel()
	if err := r.step(ctx, time.Now(), maxSeen); err != nil {
		r.log.WarnContext(ctx, "bus: handled messages could not be removed and may be handled again", "error", err)
	}
}

// step removes the settled messages at the front, and up to limit of those behind that were settled before a time.
func (r *removal) step(ctx context.Context, before time.Time, limit int) (err error) {
	front, behind := r.due(before, limit)
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.done) > 0 {
			signal(r.dirty)
		}
	}()
	if len(front) > 1 {
		last := front[len(front)-1].sequence
		if err := r.stream.Purge(ctx, jetstream.WithPurgeSequence(last+1)); err != nil {
			return err
		}
		r.forget(front)
	} else {
		behind = append(behind, front...)
	}
	for _, m := range behind {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := remove(ctx, r.stream, m.sequence); err != nil {
			return err
		}
		r.forget([]*seenMessage{m})
	}
	return nil
}

// due says what is to be removed: the settled messages at the front, and those behind.
func (r *removal) due(before time.Time, limit int) (front, behind []*seenMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tidy()
	for _, seq := range r.order {
		m := r.bySeq[seq]
		if m == nil {
			continue
		}
		if m.open != 0 {
			break
		}
		front = append(front, m)
	}
	first := len(front) // the front is removed in one request, and not once more with those behind
	for _, m := range r.done {
		if m.doneAt.After(before) || len(behind) == limit {
			break
		}
		if !m.removed && (first == 0 || m.sequence > front[first-1].sequence) {
			behind = append(behind, m)
		}
	}
	return front, behind
}

// gone takes note of a message that somebody else removed.
func (r *removal) gone(sequence uint64) {
	r.mu.Lock()
	m := r.bySeq[sequence]
	r.mu.Unlock()
	if m != nil {
		r.forget([]*seenMessage{m})
	}
}

// forget drops messages that are removed.
func (r *removal) forget(removed []*seenMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range removed {
		if m.removed {
			continue
		}
		delete(r.bySeq, m.sequence)
		m.removed = true
		r.pushes -= m.pushes
		r.settled -= m.pushes - bits.OnesCount64(m.open)
	}
	r.tidy()
	signal(r.room)
}

// tidy drops what is removed from the front of both lists, and from the middle of order when that is mostly holes.
func (r *removal) tidy() {
	for len(r.order) > 0 && r.bySeq[r.order[0]] == nil {
		r.order = r.order[1:]
	}
	for len(r.done) > 0 && r.done[0].removed {
		r.done = r.done[1:]
	}
	if len(r.order) > 2*len(r.bySeq)+removeAtOnce {
		left := make([]uint64, 0, len(r.bySeq))
		for _, seq := range r.order {
			if r.bySeq[seq] != nil {
				left = append(left, seq)
			}
		}
		r.order = left
	}
}

// signal leaves a token where there is none.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
