package timeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 14, 9, 0, 0, 0, time.UTC)

func standing() time.Time { return start }

func TestAdvanceFiresTimersInOrderAndShowsEachItsOwnInstant(t *testing.T) {
	t.Parallel()
	line := timeline.New(standing)
	var got []string
	note := func(name string) func() {
		return func() { got = append(got, name+" "+line.Now().Sub(start).String()) }
	}
	line.After(3*time.Second, note("late"))
	line.After(time.Second, func() {
		note("early")()
		line.After(time.Second, note("nested"))
	})
	line.After(3*time.Second, note("late too"))
	stopped := line.After(2*time.Second, note("stopped"))
	stopped.Stop()
	stopped.Stop()
	line.After(time.Hour, note("never"))

	line.Advance(5 * time.Second)

	want := []string{"early 1s", "nested 2s", "late 3s", "late too 3s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fired (-want +got):\n%s", diff)
	}
	if now := line.Now().Sub(start); now != 5*time.Second {
		t.Errorf("after Advance Now is %s, want 5s", now)
	}
}

func TestNowNeverGoesBackWhenTheClockDoes(t *testing.T) {
	t.Parallel()
	clock := start
	line := timeline.New(func() time.Time { return clock })
	clock = start.Add(time.Minute)
	line.Advance(0)
	clock = start
	if got := line.Now(); !got.Equal(start.Add(time.Minute)) {
		t.Errorf("Now went back to %s", got)
	}
}

func TestRunFollowsTheClockAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	line := timeline.New(nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- line.Run(ctx) }()

	fired := make(chan struct{})
	line.After(time.Hour, func() { t.Error("the far timer fired") })
	line.After(time.Millisecond, func() { close(fired) }) // nearer than the one Run sleeps for
	<-fired
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run returned %v", err)
	}
}
