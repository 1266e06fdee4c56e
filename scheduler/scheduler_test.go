package scheduler_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/scheduler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// leader says who leads.
type leader struct{ leads atomic.Bool }

func (l *leader) IsLeader(context.Context) error {
	if l.leads.Load() {
		return nil
	}
	return errors.New("another replica leads")
}

// start runs jobs until the test ends.
func start(t *testing.T, l *leader, jobs ...scheduler.Job) {
	t.Helper()
	s, err := scheduler.New(scheduler.Options{
		Jobs: jobs, Elector: l, Logger: slog.New(slog.DiscardHandler),
		Tracer: tracenoop.NewTracerProvider().Tracer(""), Meter: noop.NewMeterProvider().Meter(""),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func leads() *leader {
	l := &leader{}
	l.leads.Store(true)
	return l
}

func TestAJobRunsAtOnceAndAgainWhateverBecameOfIt(t *testing.T) {
	t.Parallel()
	ran := make(chan struct{}, 100)
	for name, outcome := range map[string]func() error{
		"well":    func() error { return nil },
		"failed":  func() error { return errors.New("boom") },
		"panicky": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			start(t, leads(), scheduler.Job{Name: name, Every: 10 * time.Millisecond, Within: time.Second, Run: func(context.Context) error {
				ran <- struct{}{}
				return outcome()
			}})
			for range 3 {
				<-ran
			}
		})
	}
}

func TestOnlyTheLeaderRunsJobs(t *testing.T) {
	t.Parallel()
	l := &leader{}
	ran := make(chan struct{}, 100)
	asked := make(chan struct{}, 100)
	start(t, l, scheduler.Job{Name: "led", Every: 10 * time.Millisecond, Within: time.Second, Run: func(context.Context) error {
		if !l.leads.Load() {
			t.Error("ran without leading")
		}
		ran <- struct{}{}
		return nil
	}}, scheduler.Job{Name: "clock", Every: 10 * time.Millisecond, Within: time.Second, Run: func(context.Context) error {
		asked <- struct{}{}
		return nil
	}})
	l.leads.Store(true)
	<-asked
	<-ran
}

func TestAJobThatIsStillGoingIsNotStartedAgainAndEndsWithItsTime(t *testing.T) {
	t.Parallel()
	var going atomic.Int32
	ended := make(chan error, 100)
	start(t, leads(), scheduler.Job{Name: "slow", Every: 5 * time.Millisecond, Within: 30 * time.Millisecond, Run: func(ctx context.Context) error {
		if going.Add(1) > 1 {
			t.Error("two runs at once")
		}
		<-ctx.Done()
		going.Add(-1)
		ended <- ctx.Err()
		return ctx.Err()
	}})
	for range 2 {
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
}
