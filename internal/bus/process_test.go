package bus

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	childOpens   = "open"
	childAppends = "append"
	childPushes  = "push"
)

// runChild is what the test binary does as another process, over a directory.
func runChild(mode, dir string) error {
	ctx := context.Background()
	b, err := Open(ctx, quiet(Options{Dir: dir}))
	if err != nil {
		return err
	}
	switch mode {
	case childOpens:
		return b.Close(ctx)
	case childPushes:
		return pushAndHandle(ctx, b)
	}
	bucket, err := OpenBucket[int](ctx, b, BucketMeta)
	if err != nil {
		return err
	}
	// It appends until it is killed, and tells of a number only when everything of it was acknowledged.
	_, last, _, err := b.EventBounds(ctx)
	if err != nil {
		return err
	}
	for i := 1; ; i++ {
		body := fmt.Appendf(nil, "push %d", i)
		if err := b.AppendInbox(ctx, InboxMessage{Source: "test", Body: body}); err != nil {
			return err
		}
		if last, err = b.AppendEvent(ctx, "person", "call", last, body); err != nil {
			return err
		}
		if _, err := b.AppendOutbox(ctx, "call", fmt.Sprint("command", i), body); err != nil {
			return err
		}
		if _, err := bucket.Put(ctx, "counter", i); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// pushAndHandle appends from many goroutines, and handles what it and those before it appended, until it is killed. It
// tells which pushes were acknowledged and which were handled.
func pushAndHandle(ctx context.Context, b *Bus) error {
	out := bufio.NewWriter(os.Stdout)
	var mu sync.Mutex
	tell := func(what, body string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, what, body)
		_ = out.Flush()
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		return b.ConsumeInbox(ctx, 8, laneOfBody, func(_ context.Context, m InboxMessage) error {
			if rand.IntN(8) == 0 {
				return errors.New("not now")
			}
			tell("handled", string(m.Body))
			return nil
		})
	})
	for worker := range 24 {
		work.Go(func() error {
			for i := 0; ; i++ {
				body := fmt.Sprintf("%d/%d-%d", rand.IntN(16), os.Getpid()*100+worker, i)
				if err := b.AppendInbox(ctx, push(body)); err != nil {
					return err
				}
				tell("stored", body)
			}
		})
	}
	return work.Wait()
}

func child(mode, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], dir)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	return cmd
}

func TestASecondProcessOnTheDirectoryIsRefusedWithAClearMessage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, Options{Dir: dir})
	var stderr bytes.Buffer
	cmd := child(childOpens, dir)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil {
		t.Fatal("the second process opened the directory")
	}
	for _, want := range []string{ErrLocked.Error(), fmt.Sprintf("pid %d", os.Getpid()), dir, "NATS_URL"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the message %q does not say %q", stderr.String(), want)
		}
	}
}

func TestTheDirectoryIsFreeAfterClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, Options{Dir: dir})
	if _, err := Open(testContext(t), quiet(Options{Dir: dir})); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second open answered %v, want ErrLocked", err)
	}
	closeBus(t, b)
	if out, err := child(childOpens, dir).CombinedOutput(); err != nil {
		t.Fatalf("another process could not open the directory: %v: %s", err, out)
	}
}

func TestEverythingAcknowledgedSurvivesKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := 0
	for range 3 {
		acknowledged = killAfter(t, dir, 1+rand.IntN(100))
	}
	b := open(t, Options{Dir: dir})
	ctx := testContext(t)

	t.Run("events", func(t *testing.T) {
		events := must[[]StoredEvent](t)(b.CallEvents(ctx, "call"))
		if len(events) < acknowledged {
			t.Errorf("%d events are left of %d", len(events), acknowledged)
		}
	})
	for _, stream := range []string{streamInbox, streamOutbox} {
		t.Run(stream, func(t *testing.T) {
			info, err := b.byName[stream].Info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if info.State.Msgs < uint64(acknowledged) {
				t.Errorf("%d messages are left of %d", info.State.Msgs, acknowledged)
			}
		})
	}
	t.Run("bucket", func(t *testing.T) {
		bucket := must[*Bucket[int]](t)(OpenBucket[int](ctx, b, BucketMeta))
		got, _, err := bucket.Get(ctx, "counter")
		if err != nil || got < acknowledged {
			t.Errorf("the counter is %d, %v; %d was acknowledged", got, err, acknowledged)
		}
	})
}

// Whatever groups pushes are stored in, and wherever a process is killed that stores and handles them at the same time,
// each acknowledged one is handled by it or by a later one.
func TestEveryAcknowledgedPushIsHandledByWhomeverIsNotKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	told := map[string]map[string]bool{"stored": {}, "handled": {}}
	for range 4 {
		cmd := child(childPushes, dir)
		out := must[io.ReadCloser](t)(cmd.StdoutPipe())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timeout := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		until := 1 + rand.IntN(1500)
		lines := bufio.NewScanner(out)
		for seen := 0; lines.Scan(); {
			what, body, _ := strings.Cut(lines.Text(), " ")
			told[what][body] = true
			if seen++; seen == until {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		timeout.Stop()
		_ = cmd.Wait()
	}
	b := open(t, Options{Dir: dir})
	got := make(chan string)
	consume(t, b, 8, func(ctx context.Context, m InboxMessage) error {
		if m.Source != "test" {
			t.Errorf("a push came out with the source %q", m.Source)
		}
		select {
		case got <- string(m.Body):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	missing := maps.Clone(told["stored"])
	maps.DeleteFunc(missing, func(body string, _ bool) bool { return told["handled"][body] })
	for len(missing) > 0 {
		delete(missing, receive(t, got))
	}
	if len(told["stored"]) == 0 {
		t.Error("nothing was stored")
	}
	t.Logf("%d were acknowledged, %d handled before the kills", len(told["stored"]), len(told["handled"]))
}

// killAfter runs a child that appends, kills it once it has acknowledged so many, and gives the last acknowledged one.
func killAfter(t *testing.T, dir string, count int) (last int) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := child(childAppends, dir)
	cmd.Stderr = &stderr
	out := must[interface {
		Read([]byte) (int, error)
		Close() error
	}](t)(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timeout.Stop()
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("the child printed %q", lines.Text())
		}
		if seen++; seen == count {
			if err := cmd.Process.Kill(); err != nil { // SIGKILL; what it still prints counts
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	if last == 0 {
		t.Fatalf("the child acknowledged nothing: %s", stderr.String())
	}
	return last
}
