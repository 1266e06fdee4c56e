package bus

import (
	"context"
	"strconv"
	"testing"
	"time"
)

// tellUntilHeard tells until the listener hears, since nothing that is told before he listens is kept.
func tellUntilHeard(t *testing.T, b *Bus, heard <-chan string, body string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		select {
		case got := <-heard:
			if got == body {
				return
			}
		case <-tick.C:
			if err := b.Tell(LiveRecords, []byte(body)); err != nil {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatalf("%q was not heard", body)
		}
	}
}

func TestWhatIsToldReachesEveryListener(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	var listeners []chan string
	for range 2 {
		heard := make(chan string, liveQueue)
		listeners = append(listeners, heard)
		start(t, func(ctx context.Context) error {
			return b.Listen(ctx, LiveRecords, func(body []byte) {
				select {
				case heard <- string(body):
				case <-ctx.Done():
				}
			})
		})
	}
	for _, heard := range listeners {
		tellUntilHeard(t, b, heard, "hello")
	}
	for _, heard := range listeners {
		tellUntilHeard(t, b, heard, "again")
	}
}

func TestAListenerWhoIsTooSlowIsToldThatHeMissedSomething(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	heard, missed, wait := make(chan string, 1), make(chan struct{}, 1), make(chan struct{})
	start(t, func(ctx context.Context) error {
		return b.Listen(ctx, LiveRecords, func(body []byte) {
			if body == nil {
				select {
				case missed <- struct{}{}:
				default:
				}
				return
			}
			select {
			case heard <- string(body):
			case <-ctx.Done():
			}
			select {
			case <-wait:
			case <-ctx.Done():
			}
		})
	})
	tellUntilHeard(t, b, heard, "first") // and now he is busy
	for i := range 2 * liveQueue {
		if err := b.Tell(LiveRecords, []byte(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.nc.FlushTimeout(patience); err != nil {
		t.Fatal(err)
	}
	close(wait)
	deadline := time.After(patience)
	for {
		select {
		case <-heard:
		case <-missed:
			return
		case <-deadline:
			t.Fatal("he was not told")
		}
	}
}
