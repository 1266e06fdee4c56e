package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/internal/server"
)

// diary notes what happened, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) note(entry string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entry)
}

// component runs until it is told to stop and notes both. It counts as started once it runs.
func (d *diary) component(name string) server.Component {
	up := make(chan struct{})
	return server.Component{
		Name: name,
		Run: func(ctx context.Context) error {
			d.note(name + " runs")
			close(up)
			<-ctx.Done()
			d.note(name + " stops")
			return ctx.Err()
		},
		Started: func(ctx context.Context) error {
			select {
			case <-up:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

func TestComponentsStartInOrderAndStopInReverse(t *testing.T) {
	t.Parallel()
	var d diary
	ctx, stop := context.WithCancel(t.Context())
	last := d.component("server")
	run := last.Run
	last.Run = func(ctx context.Context) error {
		stop() // as soon as everything is up
		return run(ctx)
	}
	if err := server.RunComponents(ctx, discard(), d.component("bus"), d.component("inbox"), last); err != nil {
		t.Errorf("error is %v", err)
	}
	want := []string{"bus runs", "inbox runs", "server runs", "server stops", "inbox stops", "bus stops"}
	if diff := cmp.Diff(want, d.entries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAComponentThatEndsStopsTheOthers(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, tc := range map[string]struct {
		fails server.Component
		want  string
	}{
		"with an error":    {server.Component{Name: "inbox", Run: func(context.Context) error { return broken }}, "inbox: the disk is gone"},
		"without an error": {server.Component{Name: "inbox", Run: func(context.Context) error { return nil }}, "inbox: ended by itself"},
		"by never starting": {
			server.Component{
				Name: "inbox", Run: func(ctx context.Context) error { <-ctx.Done(); return nil },
				Started: func(context.Context) error { return broken },
			},
			"inbox: did not start: the disk is gone",
		},
		"before it has started": {
			server.Component{
				Name: "inbox", Run: func(context.Context) error { return broken },
				Started: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			},
			"inbox: the disk is gone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d diary
			err := server.RunComponents(t.Context(), discard(), d.component("bus"), tc.fails)
			if err == nil || err.Error() != tc.want {
				t.Errorf("error is %v, want %s", err, tc.want)
			}
			if diff := cmp.Diff([]string{"bus runs", "bus stops"}, d.entries); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryFailureOfStoppingIsTold(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	fails := func(name string) server.Component {
		return server.Component{Name: name, Run: func(ctx context.Context) error {
			<-ctx.Done()
			return errors.New("not flushed")
		}}
	}
	stuck := server.Component{Name: "stuck", StopWithin: 20 * time.Millisecond, Run: func(context.Context) error {
		stop()
		<-release
		return nil
	}}
	err := server.RunComponents(ctx, discard(), fails("first"), fails("second"), stuck)
	want := "stuck: did not stop within 20ms\nsecond: not flushed\nfirst: not flushed"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestNothingStartsWhenItIsTooLate(t *testing.T) {
	t.Parallel()
	var d diary
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := server.RunComponents(ctx, discard(), d.component("bus"), d.component("inbox")); err != nil {
		t.Errorf("error is %v", err)
	}
	if strings.Contains(fmt.Sprint(d.entries), "inbox") {
		t.Errorf("happened: %v", d.entries)
	}
}

// signalHelper is the variable that makes this test binary a process to be signalled.
const signalHelper = "HELIX_TEST_SIGNALS"

// untilSignalled tells of the first signal and then hangs, as a drain that does not end would.
func untilSignalled() {
	ctx, stop := server.UntilSignal(context.Background())
	defer stop()
	fmt.Println("up")
	<-ctx.Done()
	fmt.Println("draining")
	time.Sleep(time.Minute)
}

func TestTheFirstSignalDrainsAndTheSecondKills(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), signalHelper+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"up", "draining"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("the process said %q, want %q", lines.Text(), want)
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v", err)
	}
}
