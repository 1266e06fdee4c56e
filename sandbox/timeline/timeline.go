package timeline

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Timeline is a clock with timers. Safe for concurrent use.
type Timeline struct {
	clock func() time.Time
	wake  chan struct{} // capacity 1: a nearer timer was set while Run sleeps

	firing sync.Mutex // held by the one goroutine that fires timers

	mu      sync.Mutex
	reached time.Time // the latest instant fired or advanced to; Now never goes back before it
	running bool      // a timer is running: Now is its due instant, whatever the clock says
	timers  timerHeap
	serial  uint64
}

// New makes a timeline over a clock; nil means time.Now.
func New(clock func() time.Time) *Timeline {
	if clock == nil {
		clock = time.Now
	}
	return &Timeline{clock: clock, wake: make(chan struct{}, 1), reached: clock()}
}

// Now is the clock's time, or the due instant of the timer that runs at this moment. It never goes back.
func (t *Timeline) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now()
}

func (t *Timeline) now() time.Time {
	if t.running {
		return t.reached
	}
	if now := t.clock(); now.After(t.reached) {
		return now
	}
	return t.reached
}

// After runs fn once d has passed. A d of zero or less is due at once, but fn still runs from Run or Advance, never inside After.
func (t *Timeline) After(d time.Duration, fn func()) *Timer {
	t.mu.Lock()
	t.serial++
	timer := &Timer{line: t, due: t.now().Add(max(d, 0)), serial: t.serial, fn: fn}
	heap.Push(&t.timers, timer)
	first := t.timers[0] == timer
	t.mu.Unlock()
	if first {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	return timer
}

// Advance moves the timeline by d and fires, in order, every timer that falls due on the way, those set by fired timers included.
func (t *Timeline) Advance(d time.Duration) {
	t.fireUntil(t.Now().Add(d))
}

// Run fires timers as the clock reaches them, until ctx ends. It returns nil then.
func (t *Timeline) Run(ctx context.Context) error {
	for {
		t.fireUntil(t.clock())
		sleep := time.NewTimer(t.untilNext())
		select {
		case <-ctx.Done():
			sleep.Stop()
			return nil
		case <-t.wake:
			sleep.Stop()
		case <-sleep.C:
		}
	}
}

// untilNext is how long Run may sleep. It is floored at a millisecond so that a clock that stands still (a test's) costs no busy loop.
func (t *Timeline) untilNext() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.timers) == 0 {
		return time.Hour
	}
	return max(t.timers[0].due.Sub(t.clock()), time.Millisecond)
}

func (t *Timeline) fireUntil(until time.Time) {
	t.firing.Lock()
	defer t.firing.Unlock()
	for {
		timer := t.takeDue(until)
		if timer == nil {
			return
		}
		timer.fn()
	}
}

// takeDue removes the next timer due by until. With none left the timeline stands at until.
func (t *Timeline) takeDue(until time.Time) *Timer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = false
	if len(t.timers) == 0 || t.timers[0].due.After(until) {
		if until.After(t.reached) {
			t.reached = until
		}
		return nil
	}
	timer := heap.Pop(&t.timers).(*Timer)
	if timer.due.After(t.reached) {
		t.reached = timer.due
	}
	t.running = true
	return timer
}

// Timer is one pending function of a Timeline.
type Timer struct {
	line   *Timeline
	due    time.Time
	serial uint64
	place  int // index in the heap, -1 once taken or stopped
	fn     func()
}

// Stop forgets the timer. Stopping one that has fired, or a nil one, does nothing.
func (t *Timer) Stop() {
	if t == nil {
		return
	}
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	if t.place >= 0 {
		heap.Remove(&t.line.timers, t.place)
	}
}

// timerHeap orders by due instant, then by the order of scheduling.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].due.Equal(h[j].due) {
		return h[i].serial < h[j].serial
	}
	return h[i].due.Before(h[j].due)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *timerHeap) Push(x any) {
	timer := x.(*Timer)
	timer.place = len(*h)
	*h = append(*h, timer)
}

func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	last.place = -1
	return last
}
