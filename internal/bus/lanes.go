package bus

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"
)

// lanes is the order in which messages are handled: within a lane one after another, over the lanes the oldest first, so
// that those at the front of the stream are done soon and can be removed together. It holds sequences, never bodies, so that a long outage costs about 100 bytes a message. Time is a
// parameter, except in await. It is safe for concurrent use.
//
//	idle ──push──► ready ──take──► busy ──settle──► ready, idle (empty: forgotten) or waiting ──due──► ready
//
// A parked lane stays where it is and is not ready until it is unparked.
type lanes struct {
	mu      sync.Mutex
	byName  map[string]*lane
	ready   readyHeap     // each once
	waits   waitHeap      // lanes in back-off, and entries that have become void
	changed chan struct{} // holds one token when there may be something new to take
	taken   chan struct{} // holds one token when something was taken
}

type lane struct {
	name     string
	pending  []uint64 // in order; the first are being handled while busy
	queued   bool     // in lanes.ready
	busy     bool
	parked   bool
	out      int       // how many of pending are handed out
	failures int       // of the first pending message
	due      time.Time // when it may be tried again; zero when it need not wait
}

// ticket is one message to be handled.
type ticket struct {
	lane     string
	sequence uint64
	attempt  int // 1 for the first
}

func newLanes() *lanes {
	return &lanes{byName: map[string]*lane{}, changed: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// push adds a message behind its lane. Messages that are there already are ignored, so that a follower which starts
// anew may repeat.
func (l *lanes) push(name string, sequence uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byName[name]
	if ln == nil {
		ln = &lane{name: name}
		l.byName[name] = ln
	}
	if n := len(ln.pending); n > 0 && ln.pending[n-1] >= sequence {
		return
	}
	ln.pending = append(ln.pending, sequence)
	l.enqueue(ln)
}

// take hands out up to limit messages, the oldest first, at most deep of one lane. A lane that was taken from is busy until
// it is settled.
func (l *lanes) take(now time.Time, limit, deep int) (taken []ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake(now)
	signal(l.taken)
	left := 0 // of the lanes taken from, those that have more
	for len(taken) < limit && len(l.ready) > 0 {
		ln := l.ready[0]
		t := ticket{lane: ln.name, sequence: ln.pending[ln.out], attempt: 1}
		if ln.out == 0 {
			ln.queued, ln.busy = false, true
			t.attempt += ln.failures
			left++
		}
		taken = append(taken, t)
		if ln.out++; ln.out == deep || ln.out == len(ln.pending) {
			heap.Pop(&l.ready)
			left--
		} else {
			heap.Fix(&l.ready, 0)
		}
	}
	if left > 0 {
		l.leave(func(ln *lane) bool { return ln.busy })
	}
	return taken
}

// leave takes lanes out of those that are ready.
func (l *lanes) leave(which func(*lane) bool) {
	l.ready = slices.DeleteFunc(l.ready, which)
	heap.Init(&l.ready)
}

// settle ends what take began for one lane: done are the messages that leave it; retryAt, when not zero, is when its
// first one is tried again.
func (l *lanes) settle(name string, done []uint64, retryAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byName[name]
	if ln == nil || !ln.busy {
		return
	}
	ln.busy, ln.out = false, 0
	ln.due = retryAt
	if head := ln.pending[0]; slices.Contains(done, head) {
		ln.failures = 0
	}
	ln.pending = slices.DeleteFunc(ln.pending, func(s uint64) bool { return slices.Contains(done, s) })
	if !retryAt.IsZero() {
		ln.failures++
		heap.Push(&l.waits, wait{retryAt, ln})
	}
	l.enqueue(ln)
}

// park keeps a lane from being taken until it is unparked. The lane need not have messages.
func (l *lanes) park(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byName[name]
	if ln == nil {
		ln = &lane{name: name}
		l.byName[name] = ln
	}
	ln.parked = true
	if ln.queued {
		ln.queued = false
		l.leave(func(o *lane) bool { return o == ln })
	}
}

func (l *lanes) unpark(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byName[name]
	if ln == nil || !ln.parked {
		return
	}
	ln.parked, ln.failures, ln.due = false, 0, time.Time{}
	l.enqueue(ln)
}

// next says how many lanes are ready, and when the first waiting one is due, zero if none waits.
func (l *lanes) next(now time.Time) (ready int, due time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake(now)
	if len(l.waits) > 0 {
		due = l.waits[0].due
	}
	return len(l.ready), due
}

// wake makes lanes ready whose wait is over and forgets waits that have become void.
func (l *lanes) wake(now time.Time) {
	for len(l.waits) > 0 {
		w := l.waits[0]
		void := w.lane.busy || w.lane.queued || w.lane.parked || !w.lane.due.Equal(w.due)
		if !void && now.Before(w.due) {
			return
		}
		heap.Pop(&l.waits)
		if !void {
			w.lane.due = time.Time{}
			l.enqueue(w.lane)
		}
	}
}

// enqueue brings a lane to where its state belongs.
func (l *lanes) enqueue(ln *lane) {
	switch {
	case ln.busy || ln.queued || ln.parked:
	case len(ln.pending) == 0:
		delete(l.byName, ln.name)
	case ln.due.IsZero():
		ln.queued = true
		heap.Push(&l.ready, ln)
	}
	signal(l.changed)
}

// readyHeap has the lane in front whose next message is the oldest.
type readyHeap []*lane

func (h readyHeap) Len() int           { return len(h) }
func (h readyHeap) Less(i, j int) bool { return h[i].pending[h[i].out] < h[j].pending[h[j].out] }
func (h readyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *readyHeap) Push(x any)        { *h = append(*h, x.(*lane)) }
func (h *readyHeap) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}

// wait is a lane's place among those in back-off.
type wait struct {
	due  time.Time
	lane *lane
}

type waitHeap []wait

func (h waitHeap) Len() int           { return len(h) }
func (h waitHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h waitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *waitHeap) Push(x any)        { *h = append(*h, x.(wait)) }
func (h *waitHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// await waits until a lane is ready; false when ctx ended first. Back-off passes in real time, whatever clock stamps
// the messages.
func (l *lanes) await(ctx context.Context) bool {
	for ctx.Err() == nil {
		now := time.Now()
		ready, due := l.next(now)
		if ready > 0 {
			return true
		}
		var timer *time.Timer
		var alarm <-chan time.Time
		if !due.IsZero() {
			timer = time.NewTimer(due.Sub(now))
			alarm = timer.C
		}
		select {
		case <-l.changed:
		case <-alarm:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
	}
	return false
}

// awaitRoom waits until fewer lanes than most are ready; false when ctx ended first. One goroutine at a time may wait.
func (l *lanes) awaitRoom(ctx context.Context, most int) bool {
	for ctx.Err() == nil {
		if ready, _ := l.next(time.Now()); ready < most {
			return true
		}
		select {
		case <-l.taken:
		case <-ctx.Done():
		}
	}
	return false
}
