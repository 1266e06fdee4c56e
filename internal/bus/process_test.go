package bus

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	childOpens   = "open"
	childAppends = "append"
)

// runChild is what the test binary does as another process, over a directory.
func runChild(mode, dir string) error {
	ctx := context.Background()
	b, err := Open(ctx, quiet(Options{Dir: dir}))
	if err != nil {
		return err
	}
	if mode == childOpens {
		return b.Close(ctx)
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
