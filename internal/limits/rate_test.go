package limits

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// waits asks at the given moments after noon and answers how long each must wait, -1 for a mistake.
func waits(r *Rate[string], caller string, at ...time.Duration) []time.Duration {
	var got []time.Duration
	for _, after := range at {
		err := r.Allow(caller, noon.Add(after))
		coded, ok := errors.AsType[*helix.Error](err)
		switch {
		case err == nil:
			got = append(got, 0)
		case ok && coded.Code == helix.CodeTooManyRequests && coded.Retryable:
			got = append(got, coded.RetryAfter)
		default:
			got = append(got, -1)
		}
	}
	return got
}

func TestRate(t *testing.T) {
	t.Parallel()
	const s = time.Second
	tests := map[string]struct {
		at, want []time.Duration
	}{
		"a burst is allowed, then one at a time": {at: []time.Duration{0, 0, 0}, want: []time.Duration{0, 0, s / 2}},
		"asking in vain costs nothing":           {at: []time.Duration{0, 0, 0, 0, 0, s / 4}, want: []time.Duration{0, 0, s / 2, s / 2, s / 2, s / 4}},
		"waiting as told is enough":              {at: []time.Duration{0, 0, 0, s / 2}, want: []time.Duration{0, 0, s / 2, 0}},
		"a pause fills the bucket and no more":   {at: []time.Duration{0, 0, time.Hour, time.Hour, time.Hour}, want: []time.Duration{0, 0, 0, 0, s / 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := NewRate[string](RateOptions{PerSecond: 2, Burst: 2})
			if diff := cmp.Diff(tt.want, waits(r, "asha", tt.at...)); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
			if got := waits(r, "ravi", 0); got[0] != 0 {
				t.Errorf("another caller waits %v", got[0])
			}
		})
	}
}

func TestRateForgetsTheLeastRecentlySeen(t *testing.T) {
	t.Parallel()
	r := NewRate[string](RateOptions{PerSecond: 1, Burst: 1, Callers: 2})
	for _, caller := range []string{"a", "b", "a", "c"} { // b goes
		_ = r.Allow(caller, noon)
	}
	got := [][]time.Duration{waits(r, "a", 0), waits(r, "c", 0), waits(r, "b", 0)}
	if diff := cmp.Diff([][]time.Duration{{time.Second}, {time.Second}, {0}}, got); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	if n := r.callers.order.Len(); n != 2 || len(r.callers.byKey) != 2 {
		t.Errorf("%d callers remembered", n)
	}
}

func TestRateCountsConcurrentCallers(t *testing.T) {
	t.Parallel()
	r := NewRate[string](RateOptions{PerSecond: 1, Burst: 50})
	var allowed atomic.Int64
	var asking sync.WaitGroup
	for range 200 {
		asking.Go(func() {
			if r.Allow("asha", noon) == nil {
				allowed.Add(1)
			}
		})
	}
	asking.Wait()
	if n := allowed.Load(); n != 50 {
		t.Errorf("%d allowed", n)
	}
}
