package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

// push is a push whose lane is the part of its body before the slash.
func push(body string) InboxMessage { return InboxMessage{Source: "test", Body: []byte(body)} }

func laneOfBody(m *InboxMessage) string {
	lane, _, _ := strings.Cut(string(m.Body), "/")
	return lane
}

func appendPushes(t *testing.T, b *Bus, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if err := b.AppendInbox(testContext(t), push(body)); err != nil {
			t.Fatal(err)
		}
	}
}

// consume handles pushes until the test ends or stop is called.
func consume(t *testing.T, b *Bus, workers int, handle func(context.Context, InboxMessage) error) (stop func()) {
	t.Helper()
	return start(t, func(ctx context.Context) error { return b.ConsumeInbox(ctx, workers, laneOfBody, handle) })
}

// bodies gives a handler that accepts everything and a channel of what it was given.
func bodies() (func(context.Context, InboxMessage) error, <-chan string) {
	got := make(chan string, 1000)
	return func(_ context.Context, m InboxMessage) error {
		got <- string(m.Body)
		return nil
	}, got
}

func TestAPushComesOutOfTheInboxAsItWentIn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	want := InboxMessage{
		Source: "ozonetel.cdr", Body: []byte("data=%7B%7D"), ContentType: "application/x-www-form-urlencoded",
		ReceivedAt: time.Date(2026, 11, 21, 9, 30, 0, 123, time.UTC), Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
	if err := b.AppendInbox(testContext(t), want); err != nil {
		t.Fatal(err)
	}
	got := make(chan InboxMessage, 1)
	consume(t, b, 4, func(_ context.Context, m InboxMessage) error {
		got <- m
		return nil
	})
	if diff := cmp.Diff(want, receive(t, got)); diff != "" {
		t.Error(diff)
	}
}

func TestAnIdenticalPushOfTheSameSourceIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendPushes(t, b, "lane/1", "lane/1", "lane/2")
	other := push("lane/1")
	other.Source = "another"
	if err := b.AppendInbox(testContext(t), other); err != nil {
		t.Fatal(err)
	}
	handle, got := bodies()
	consume(t, b, 1, handle)
	if diff := cmp.Diff([]string{"lane/1", "lane/2", "lane/1"}, []string{receive(t, got), receive(t, got), receive(t, got)}); diff != "" {
		t.Error(diff)
	}
	waitEmpty(t, b, streamInbox)
}

func TestLanesKeepTheirOrderAndAreNeverHandledTwiceAtOnceWhenHandlersFail(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	const lanes, each = 12, 15
	for i := range each {
		for lane := range lanes {
			appendPushes(t, b, fmt.Sprintf("%d/%d", lane, i))
		}
	}
	var busy [lanes]atomic.Bool
	var next [lanes]atomic.Int32
	handled := make(chan struct{}, lanes*each)
	consume(t, b, 5, func(_ context.Context, m InboxMessage) error {
		var lane int
		var i int32
		if _, err := fmt.Sscanf(string(m.Body), "%d/%d", &lane, &i); err != nil {
			return Permanent(err)
		}
		if !busy[lane].CompareAndSwap(false, true) {
			t.Errorf("lane %d is handled twice at once", lane)
		}
		defer busy[lane].Store(false)
		runtime.Gosched()
		if rand.IntN(3) == 0 {
			return errors.New("not now")
		}
		if !next[lane].CompareAndSwap(i, i+1) {
			t.Errorf("lane %d: message %d came when %d was due", lane, i, next[lane].Load())
		}
		handled <- struct{}{}
		return nil
	})
	for range lanes * each {
		receive(t, handled)
	}
	waitEmpty(t, b, streamInbox)
}

func TestAPushThatIsRefusedForGoodBecomesADeadLetterAndItsLaneGoesOn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendPushes(t, b, "a/bad", "a/good")
	got := make(chan string, 1)
	consume(t, b, 2, func(_ context.Context, m InboxMessage) error {
		if string(m.Body) == "a/bad" {
			return Permanent(errors.New("the form has\nno data"))
		}
		got <- string(m.Body)
		return nil
	})
	receive(t, got)
	letters := must[[]DeadLetter](t)(b.DeadLetters(testContext(t), "", "", 10))
	if len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1", len(letters))
	}
	letter := letters[0]
	if letter.Reason != "the form has no data" || string(letter.Data) != "a/bad" || letter.Source != "test" || letter.Attempts != 1 {
		t.Errorf("the dead letter is %+v", letter)
	}
}

func TestAPushIsGivenUpAfterTooManyAttempts(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	b.retry.maxAttempts = 3
	appendPushes(t, b, "a/1", "a/2")
	var attempts atomic.Int32
	got := make(chan string, 1)
	consume(t, b, 2, func(_ context.Context, m InboxMessage) error {
		if string(m.Body) == "a/1" {
			attempts.Add(1)
			return errors.New("not now")
		}
		got <- string(m.Body)
		return nil
	})
	receive(t, got)
	if attempts.Load() != 3 {
		t.Errorf("it was tried %d times, want 3", attempts.Load())
	}
	if letters := must[[]DeadLetter](t)(b.DeadLetters(testContext(t), "", "", 10)); len(letters) != 1 || letters[0].Attempts != 3 {
		t.Errorf("the dead letters are %+v", letters)
	}
}

func TestADeadPushCanBeReplayedOrDropped(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendPushes(t, b, "a/1", "b/2")
	var mended atomic.Bool
	failed, handled := make(chan string, 2), make(chan string, 2)
	consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		if !mended.Load() {
			failed <- string(m.Body)
			return Permanent(errors.New("unknown form"))
		}
		handled <- string(m.Body)
		return nil
	})
	receive(t, failed)
	receive(t, failed)
	waitEmpty(t, b, streamInbox)
	letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10))
	if len(letters) != 2 {
		t.Fatalf("%d dead letters, want 2", len(letters))
	}
	mended.Store(true)
	if err := b.ReplayDeadLetter(ctx, letters[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, handled); got != "a/1" {
		t.Errorf("%q was replayed", got)
	}
	if err := b.DropDeadLetter(ctx, letters[1].ID); err != nil {
		t.Fatal(err)
	}
	if letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10)); len(letters) != 0 {
		t.Errorf("dead letters are left: %+v", letters)
	}
	for _, id := range []string{letters[0].ID, "inbox.x", "nonsense", ""} {
		if err := b.ReplayDeadLetter(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("replaying %q answered %v, want ErrNotFound", id, err)
		}
	}
}

func TestAHandlerThatPanicsIsAskedAgainAndOtherLanesGoOn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendPushes(t, b, "a/1", "b/1")
	var panics, others atomic.Int32
	got := make(chan string, 2)
	consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		switch {
		case string(m.Body) == "b/1":
			others.Add(1)
		case others.Load() == 0 || panics.Load() < 3:
			panics.Add(1)
			panic("bad push")
		}
		got <- string(m.Body)
		return nil
	})
	if first, second := receive(t, got), receive(t, got); first != "b/1" || second != "a/1" {
		t.Errorf("handled %s, then %s", first, second)
	}
}

func TestALaneThatIsStuckDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	for i := range 40 {
		appendPushes(t, b, fmt.Sprintf("stuck/%d", i))
	}
	appendPushes(t, b, "free/1")
	got := make(chan string, 1)
	consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		if laneOfBody(&m) == "stuck" {
			return errors.New("not now")
		}
		got <- string(m.Body)
		return nil
	})
	receive(t, got)
}

func TestAPushThatWasUnderWayWhenTheConsumerStoppedComesFirstAgain(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendPushes(t, b, "a/1", "a/2", "a/3")
	began := make(chan struct{}, 1)
	stop := consume(t, b, 4, func(ctx context.Context, _ InboxMessage) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	receive(t, began)
	stop()
	handle, got := bodies()
	consume(t, b, 4, handle)
	if diff := cmp.Diff([]string{"a/1", "a/2", "a/3"}, []string{receive(t, got), receive(t, got), receive(t, got)}); diff != "" {
		t.Error(diff)
	}
}

func TestAFullInboxRefusesAndTakesAgainWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir(), MaxStore: minMaxStore})
	ctx := testContext(t)
	body := make([]byte, 400<<10)
	var err error
	for i := 0; err == nil; i++ {
		body[0], body[1] = byte(i), byte(i>>8)
		err = b.AppendInbox(ctx, InboxMessage{Source: "test", Body: body})
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("a full inbox answered %v, want ErrFull", err)
	}
	consume(t, b, 4, func(context.Context, InboxMessage) error { return nil })
	waitEmpty(t, b, streamInbox)
	if err := b.AppendInbox(ctx, InboxMessage{Source: "test", Body: body[:10]}); err != nil {
		t.Errorf("an empty inbox refused: %v", err)
	}
}

func TestAPushThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	for _, size := range []int{MaxInboxMessage + 1, 2 << 20} {
		err := b.AppendInbox(testContext(t), InboxMessage{Source: "test", Body: make([]byte, size)})
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: %v, want ErrTooLarge", size, err)
		}
	}
}

// waitEmpty waits until a stream holds nothing, as long as it gets emptier: a message is deleted just after its handler
// has returned.
func waitEmpty(t *testing.T, b *Bus, stream string) {
	t.Helper()
	left := func() uint64 { return must[*jetstream.StreamInfo](t)(b.byName[stream].Info(t.Context())).State.Msgs }
	for before := left(); before > 0; {
		await(t, stream+" gets emptier", func() bool {
			now := left()
			emptier := now < before
			before = now
			return emptier
		})
	}
}
