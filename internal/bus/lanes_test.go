package bus

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLanesAreOrderedWhateverHappens drives lanes against a model that says what may be handed out.
func TestLanesAreOrderedWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLanes()
		now := time.Unix(0, 0)
		pending := map[string][]uint64{} // of each lane, in order
		busy := map[string][]ticket{}
		waiting := map[string]time.Time{}
		parked := map[string]bool{}
		var sequence uint64
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				lane := name.Draw(t, "lane")
				sequence++
				l.push(lane, sequence)
				l.push(lane, sequence) // a repetition changes nothing
				pending[lane] = append(pending[lane], sequence)
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "seconds")) * time.Second)
			},
			"take": func(t *rapid.T) {
				limit, deep := rapid.IntRange(1, 5).Draw(t, "limit"), rapid.IntRange(1, 3).Draw(t, "deep")
				free := 0
				for lane, left := range pending {
					if len(left) > 0 && len(busy[lane]) == 0 && !parked[lane] && !waiting[lane].After(now) {
						free++
					}
				}
				if ready, _ := l.next(now); ready != free {
					t.Fatalf("%d lanes are ready, want %d", ready, free)
				}
				taken := l.take(now, limit, deep)
				if len(taken) > limit || len(taken) < min(limit, free) {
					t.Fatalf("%d were taken; %d lanes were free and the limit is %d", len(taken), free, limit)
				}
				if !slices.IsSortedFunc(taken, func(a, b ticket) int { return cmp.Compare(a.sequence, b.sequence) }) {
					t.Fatalf("%v were taken, which is not the order of age", taken)
				}
				batch := map[string][]ticket{}
				for _, tk := range taken {
					batch[tk.lane] = append(batch[tk.lane], tk)
				}
				for lane, part := range batch {
					switch {
					case len(busy[lane]) > 0:
						t.Fatalf("lane %s was handed out twice", lane)
					case parked[lane]:
						t.Fatalf("lane %s is parked", lane)
					case waiting[lane].After(now):
						t.Fatalf("lane %s must wait", lane)
					case len(part) > deep:
						t.Fatalf("%d of lane %s were taken, want at most %d", len(part), lane, deep)
					}
					for i, tk := range part {
						if tk.sequence != pending[lane][i] {
							t.Fatalf("lane %s gave %d when %d was due", lane, tk.sequence, pending[lane][i])
						}
					}
					busy[lane] = part
				}
			},
			"settle": func(t *rapid.T) {
				lane := name.Draw(t, "lane")
				if len(busy[lane]) == 0 {
					t.Skip()
				}
				var done []uint64
				for _, tk := range busy[lane] {
					if rapid.Bool().Draw(t, "done") {
						done = append(done, tk.sequence)
					}
				}
				delete(busy, lane)
				var retryAt time.Time
				left := slices.DeleteFunc(pending[lane], func(s uint64) bool { return slices.Contains(done, s) })
				if len(left) > 0 && rapid.Bool().Draw(t, "retry") {
					retryAt = now.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "wait")) * time.Second)
				}
				l.settle(lane, done, retryAt)
				pending[lane], waiting[lane] = left, retryAt
			},
			"park": func(t *rapid.T) {
				lane := name.Draw(t, "lane")
				l.park(lane)
				parked[lane] = true
			},
			"unpark": func(t *rapid.T) {
				lane := name.Draw(t, "lane")
				l.unpark(lane)
				if parked[lane] {
					parked[lane], waiting[lane] = false, time.Time{}
				}
			},
		})
	})
}

func TestABatchTakesTheOldestFirstAndNotTooManyOfALane(t *testing.T) {
	t.Parallel()
	l := newLanes()
	for i, lane := range []string{"a", "b", "a", "a", "c", "b"} {
		l.push(lane, uint64(i+1))
	}
	var got []string
	for _, tk := range l.take(time.Time{}, 4, 2) {
		got = append(got, fmt.Sprint(tk.lane, tk.sequence))
	}
	if diff := gocmp.Diff([]string{"a1", "b2", "a3", "c5"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAttemptsAreCountedForTheHeadOfALane(t *testing.T) {
	t.Parallel()
	l := newLanes()
	now := time.Unix(0, 0)
	l.push("a", 1)
	l.push("a", 2)
	for attempt := 1; attempt <= 3; attempt++ {
		if got := l.take(now, 1, 1); len(got) != 1 || got[0].attempt != attempt {
			t.Fatalf("attempt %d is %+v", attempt, got)
		}
		now = now.Add(time.Second)
		l.settle("a", nil, now)
	}
	l.take(now, 1, 1)
	l.settle("a", []uint64{1}, time.Time{})
	if got := l.take(now, 1, 1); got[0].sequence != 2 || got[0].attempt != 1 {
		t.Errorf("the next message is %+v", got)
	}
}

func TestAwaitWakesWhenAWaitIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLanes()
		l.push("a", 1)
		l.take(time.Now(), 1, 1)
		began := time.Now()
		l.settle("a", nil, began.Add(time.Hour))
		if !l.await(t.Context()) || time.Since(began) != time.Hour {
			t.Errorf("it was ready after %s", time.Since(began))
		}
		l.take(time.Now(), 1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if l.await(ctx) {
			t.Error("something was ready while the only lane was busy")
		}
	})
}

func TestBackOffDoublesAndIsBounded(t *testing.T) {
	t.Parallel()
	p := defaultRetry()
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(1, 100_000).Draw(t, "failures")
		full := p.longest
		if failures <= 10 {
			full = min(full, p.first<<(failures-1))
		}
		if got := p.after(failures); got > full || got < full-full/4 {
			t.Fatalf("after %d failures it waits %s, want at most a quarter less than %s", failures, got, full)
		}
	})
}

func TestWhoFillsLanesWaitsWhileEnoughAreReady(t *testing.T) {
	t.Parallel()
	l := newLanes()
	ctx := testContext(t)
	l.push("a", 1)
	l.push("a", 2)
	if !l.awaitRoom(ctx, 2) {
		t.Error("one lane is ready, and there was no room for a second")
	}
	l.push("b", 3)
	room := make(chan bool, 1)
	go func() { room <- l.awaitRoom(ctx, 2) }()
	l.take(time.Now(), 1, 1)
	if !receive(t, room) {
		t.Error("there was no room when one was taken")
	}
	l.push("c", 4)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if l.awaitRoom(ended, 2) {
		t.Error("there was room when the context had ended")
	}
}
