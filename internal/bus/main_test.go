package bus

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childMode is the environment variable that makes the test binary play another process; see process_test.go.
const childMode = "HELIX_BUS_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		if err := runChild(mode, os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of the tests; reaching it is a failure. The machine may be slow and is shared.
const patience = time.Minute

// testContext ends with the test, which waits several times in it.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	return ctx
}

// open opens a bus that is closed with the test. Back-off is short.
func open(t testing.TB, o Options) *Bus {
	t.Helper()
	b, err := Open(testContext(t), quiet(o))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	b.retry = retryPolicy{first: time.Millisecond, longest: 5 * time.Millisecond, maxAttempts: 1_000_000}
	t.Cleanup(func() { closeBus(t, b) })
	return b
}

func embedded(t testing.TB) *Bus {
	t.Helper()
	return open(t, Options{Dir: t.TempDir()})
}

func closeBus(t testing.TB, b *Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func quiet(o Options) Options {
	o.Logger = slog.New(slog.DiscardHandler)
	return o
}

// start runs a function that blocks until its context ends, and sees to it that it has returned without an error when
// the test ends, or when stop is called.
func start(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("a function that ran until its context ended returned %v", err)
			}
		case <-time.After(patience):
			t.Error("a function did not return when its context ended")
		}
	}
	t.Cleanup(stop)
	return stop
}

// await asks until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// receive waits for the next value.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
