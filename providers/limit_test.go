package providers

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var dawn = time.Date(2026, 1, 14, 4, 30, 0, 0, time.UTC)

func TestALimiterBooksTurns(t *testing.T) {
	t.Parallel()
	l := &limiter{limit: Limit{Requests: 2, Per: time.Minute}}
	for i, step := range []struct {
		after, patience, wait time.Duration
		ok                    bool
	}{
		{0, time.Second, 0, true},
		{10 * time.Second, time.Second, 0, true},
		{15 * time.Second, time.Second, 45 * time.Second, false}, // until the first is a minute old
		{15 * time.Second, time.Minute, 45 * time.Second, true},
		{15 * time.Second, time.Hour, 55 * time.Second, true},
		{15 * time.Second, time.Hour, 105 * time.Second, true},
		{200 * time.Second, 0, 0, true}, // no patience is needed when there is no wait
	} {
		_, wait, ok := l.book(dawn.Add(step.after), step.patience)
		if wait != step.wait || ok != step.ok {
			t.Errorf("step %d: waits %v, %t; want %v, %t", i, wait, ok, step.wait, step.ok)
		}
	}
}

func TestAStoppedLimiterBooksNothingBefore(t *testing.T) {
	t.Parallel()
	l := &limiter{limit: Limit{Requests: 5, Per: time.Minute}}
	l.stop(dawn.Add(30 * time.Second))
	l.stop(dawn.Add(10 * time.Second)) // an earlier end changes nothing
	if _, wait, ok := l.book(dawn, time.Hour); wait != 30*time.Second || !ok {
		t.Errorf("waits %v, %t; want 30s", wait, ok)
	}
	if l.open(dawn.Add(29*time.Second)) || !l.open(dawn.Add(30*time.Second)) {
		t.Error("the stop does not end when it should")
	}
}

// TestNoStretchHoldsMoreThanTheLimit books and gives back turns at random and looks at what was left to leave.
func TestNoStretchHoldsMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := Limit{Requests: rapid.IntRange(1, 5).Draw(t, "requests"), Per: time.Minute}
		l := &limiter{limit: limit}
		var kept []time.Time
		now := dawn
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
			if pending := len(kept) - 1; pending >= 0 && kept[pending].After(now) && rapid.Bool().Draw(t, "give back") {
				l.giveBack(kept[pending])
				kept = kept[:pending]
				continue
			}
			if at, _, ok := l.book(now, time.Duration(rapid.IntRange(0, 300).Draw(t, "patience"))*time.Second); ok {
				kept = append(kept, at)
			}
		}
		if !slices.IsSortedFunc(kept, time.Time.Compare) {
			t.Fatalf("turns are out of order: %v", kept)
		}
		for i := limit.Requests; i < len(kept); i++ {
			if d := kept[i].Sub(kept[i-limit.Requests]); d < limit.Per {
				t.Fatalf("%d requests leave within %v", limit.Requests+1, d)
			}
		}
	})
}
