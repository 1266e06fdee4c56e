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
type leader struct {
	leads atomic.Bool
	asked chan struct{} // receives whenever somebody is told that he does not lead, unless it is full
}

func (l *leader) IsLeader(context.Context) error {
	if l.leads.Load() {
		return nil
	}
	note(l.asked)
	return errors.New("another replica leads")
}

// note leaves a token where there is none.
func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
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

// receive waits for the next value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestAJobRunsAtOnceAndAgainWhateverBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, outcome := range map[string]func() error{
		"well":    func() error { return nil },
		"failed":  func() error { return errors.New("boom") },
		"panicky": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran := make(chan struct{}, 1)
			start(t, leads(), scheduler.Job{Name: name, Every: 10 * time.Millisecond, Within: time.Minute, Run: func(context.Context) error {
				note(ran)
				return outcome()
			}})
			for range 3 {
				receive(t, ran)
			}
		})
	}
}

func TestOnlyTheLeaderRunsJobs(t *testing.T) {
	t.Parallel()
	l := &leader{asked: make(chan struct{}, 1)}
	ran := make(chan struct{}, 1)
	start(t, l, scheduler.Job{Name: "led", Every: 10 * time.Millisecond, Within: time.Minute, Run: func(context.Context) error {
		if !l.leads.Load() {
			t.Error("ran without leading")
		}
		note(ran)
		return nil
	}})
	for range 3 {
		receive(t, l.asked)
	}
	l.leads.Store(true)
	receive(t, ran)
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
		select {
		case ended <- ctx.Err():
		default:
		}
		return ctx.Err()
	}})
	for range 2 {
		if err := receive(t, ended); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	}
}
