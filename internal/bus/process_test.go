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
	"slices"
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

// childPushers is how many goroutines of a child push, childPushesEach how often each does.
const (
	childPushers    = 24
	childPushesEach = 20
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

// pushAndHandle appends from several goroutines, and handles what it and those before it appended, until it is killed. It
// tells which pushes were acknowledged and which were handled. There are enough calls for effects to be written in batches.
func pushAndHandle(ctx context.Context, b *Bus) error {
	out := bufio.NewWriter(os.Stdout)
	var mu sync.Mutex
	tell := func(what, body string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, what, body)
		_ = out.Flush()
	}
	e, err := newEffects(ctx, b)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		return b.ConsumeInbox(ctx, 4*worthBatch, laneOfBody, func(ctx context.Context, m InboxMessage) error {
			if rand.IntN(8) == 0 {
				return errors.New("not now")
			}
			if err := e.handle(ctx, m); err != nil {
				return err
			}
			tell("handled", string(m.Body))
			return nil
		})
	})
	for range childPushers {
		work.Go(func() error {
			who := rand.Uint32()
			for i := range childPushesEach {
				body := fmt.Sprintf("%d/%d-%d", rand.IntN(4*worthBatch), who, i)
				if err := b.AppendInbox(ctx, push(body)); err != nil {
					return err
				}
				tell("stored", body)
			}
			return nil
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
// each acknowledged one has its effects, by it or by a later one, once and in the order of its call.
func TestEveryAcknowledgedPushHasItsEffectsOnceWhoeverIsKilled(t *testing.T) {
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
		until := 1 + rand.IntN(2*childPushers*childPushesEach-1) // each is stored and handled
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
	e := must[*effects](t)(newEffects(testContext(t), b))
	consume(t, b, 4*worthBatch, e.handle)
	waitEmpty(t, b, streamInbox)
	if len(told["stored"]) == 0 {
		t.Error("nothing was stored")
	}
	e.check(t, slices.Collect(maps.Keys(told["stored"])))
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
