package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// appendCommands stores commands; each is "lane/what" and is its own id.
func appendCommands(t testing.TB, b *Bus, commands ...string) {
	t.Helper()
	for _, c := range commands {
		lane, _, _ := strings.Cut(c, "/")
		must[uint64](t)(b.AppendOutbox(testContext(t), lane, c, []byte(c)))
	}
}

// drain hands each command to fate until the test ends or stop is called.
func drain(t *testing.T, b *Bus, limit int, fate func(OutboxMessage) error) (stop func()) {
	t.Helper()
	return start(t, func(ctx context.Context) error {
		return b.DrainOutbox(ctx, limit, time.Millisecond, func(_ context.Context, batch []OutboxMessage) []error {
			fates := make([]error, len(batch))
			for i, m := range batch {
				fates[i] = fate(m)
			}
			return fates
		})
	})
}

// written gives a fate that accepts everything and a channel of what it was given.
func written() (func(OutboxMessage) error, <-chan string) {
	got := make(chan string, 1000)
	return func(m OutboxMessage) error {
		got <- string(m.Data)
		return nil
	}, got
}

func TestACommandComesOutOfTheOutboxAsItWentIn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	seq := must[uint64](t)(b.AppendOutbox(testContext(t), "call 1", "id 1", []byte("data")))
	got := make(chan OutboxMessage, 1)
	drain(t, b, 10, func(m OutboxMessage) error {
		got <- m
		return nil
	})
	m := receive(t, got)
	if m.At.IsZero() {
		t.Error("it has no time")
	}
	m.At = time.Time{}
	if diff := cmp.Diff(OutboxMessage{Lane: "call 1", ID: "id 1", Sequence: seq, Data: []byte("data"), Attempt: 1}, m); diff != "" {
		t.Error(diff)
	}
}

func TestABatchHasTheOldestCommands(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendCommands(t, b, "a/1", "a/2", "b/1", "c/1", "c/2")
	batches := make(chan []string, 10)
	start(t, func(ctx context.Context) error {
		return b.DrainOutbox(ctx, 4, time.Hour, func(_ context.Context, batch []OutboxMessage) []error {
			var ids []string
			for _, m := range batch {
				ids = append(ids, m.ID)
			}
			batches <- ids
			return make([]error, len(batch))
		})
	})
	appendCommands(t, b, "d/1") // with it there are lanes for a full batch, so that nothing waits for company
	if diff := cmp.Diff([]string{"a/1", "a/2", "b/1", "c/1"}, receive(t, batches)); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsOfALaneKeepTheirOrderWhenWritesFail(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	const lanes, each = 10, 12
	for i := range each {
		for lane := range lanes {
			appendCommands(t, b, fmt.Sprintf("%d/%d", lane, i))
		}
	}
	var next [lanes]int
	done := make(chan struct{}, lanes*each)
	start(t, func(ctx context.Context) error {
		return b.DrainOutbox(ctx, 7, time.Millisecond, func(_ context.Context, batch []OutboxMessage) []error {
			fates := make([]error, len(batch))
			failed := map[string]bool{}
			for i, m := range batch {
				var lane, number int
				if _, err := fmt.Sscanf(m.ID, "%d/%d", &lane, &number); err != nil {
					t.Error(err)
				}
				if failed[m.Lane] || rand.IntN(4) == 0 {
					failed[m.Lane] = true
					fates[i] = errors.New("not now")
					continue
				}
				if number != next[lane] {
					t.Errorf("lane %d: command %d came when %d was due", lane, number, next[lane])
				}
				next[lane] = number + 1
				done <- struct{}{}
			}
			return fates
		})
	})
	for range lanes * each {
		receive(t, done)
	}
	waitEmpty(t, b, streamOutbox)
}

func TestARefusedCommandParksItsLaneOnly(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendCommands(t, b, "a/1", "a/2", "b/1")
	var mended atomic.Bool
	got := make(chan string, 10)
	fate := func(m OutboxMessage) error {
		if m.ID == "a/1" && !mended.Load() {
			return Permanent(errors.New("no such field"))
		}
		got <- m.ID
		return nil
	}
	// a/1 and a/2 may be in one batch, where this handler writes a/2 nevertheless; heads alone are handed out here.
	stop := drain(t, b, 1, fate)
	if id := receive(t, got); id != "b/1" {
		t.Fatalf("%s was written", id)
	}
	await(t, "a is parked and b/1 is deleted", func() bool { // or it would be written again
		d := must[Depth](t)(b.Depth(ctx))
		return d.ParkedLanes == 1 && d.Outbox == 2
	})
	stop()

	// It stays parked over restarts, for commands that come later as well.
	stop = drain(t, b, 1, fate)
	appendCommands(t, b, "a/3", "c/1")
	if id := receive(t, got); id != "c/1" {
		t.Fatalf("%s was written", id)
	}
	letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10))
	if len(letters) != 1 || letters[0].Lane != "a" || letters[0].Source != "a/1" || letters[0].Reason != "no such field" {
		t.Fatalf("the dead letters are %+v", letters)
	}

	mended.Store(true)
	if err := b.ReplayDeadLetter(ctx, letters[0].ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/1", "a/2", "a/3"}, []string{receive(t, got), receive(t, got), receive(t, got)}); diff != "" {
		t.Error(diff)
	}
	if letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10)); len(letters) != 0 {
		t.Errorf("dead letters are left: %+v", letters)
	}
	stop()
}

func TestADroppedCommandLetsItsLaneGoOn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendCommands(t, b, "a/1", "a/2")
	got, refused := make(chan string, 10), make(chan string, 10)
	drain(t, b, 1, func(m OutboxMessage) error {
		if m.ID == "a/1" {
			refused <- m.ID
			return Permanent(errors.New("no such field"))
		}
		got <- m.ID
		return nil
	})
	receive(t, refused)
	seen := make(chan struct{})
	watch, cancel := context.WithCancel(ctx)
	if err := b.parked.Watch(watch, func(lane string, _ *parkedLane, _ uint64) {
		if lane == "a" {
			cancel()
			close(seen)
		}
	}); err != nil {
		t.Fatal(err)
	}
	receive(t, seen)
	letter := must[[]DeadLetter](t)(b.DeadLetters(ctx, DeadCommand, "", 1))[0]
	if err := b.DropDeadLetter(ctx, letter.ID); err != nil {
		t.Fatal(err)
	}
	if id := receive(t, got); id != "a/2" {
		t.Errorf("%s was written", id)
	}
	if err := b.DropDeadLetter(ctx, letter.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("dropping again answered %v, want ErrNotFound", err)
	}
}

func TestTheFirstOfSeveralRefusedCommandsOfALaneIsTheDeadLetter(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendCommands(t, b, "a/1", "a/2", "b/1")
	got := make(chan string, 10)
	drain(t, b, 10, func(m OutboxMessage) error {
		if m.Lane == "a" {
			return Permanent(errors.New("refused " + m.ID))
		}
		got <- m.ID
		return nil
	})
	receive(t, got)
	appendCommands(t, b, "b/2")
	receive(t, got) // the first batch has been judged
	letters := must[[]DeadLetter](t)(b.DeadLetters(testContext(t), "", "", 10))
	if len(letters) != 1 || letters[0].Source != "a/1" || letters[0].Reason != "refused a/1" {
		t.Errorf("the dead letters are %+v", letters)
	}
}

func TestTheSubmitterIsToldWhenItsCommandIsWritten(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	mine := must[<-chan struct{}](t)(b.AwaitOutbox(ctx, "a/1"))
	other := must[<-chan struct{}](t)(b.AwaitOutbox(ctx, "b/1"))
	appendCommands(t, b, "a/1")
	fate, got := written()
	drain(t, b, 10, fate)
	receive(t, got)
	receive(t, mine)
	select {
	case <-other:
		t.Error("the submitter of another command was told")
	default:
	}
	waitEmpty(t, b, streamOutbox)

	// Repeating a command that was written already is answered at once.
	again := must[<-chan struct{}](t)(b.AwaitOutbox(ctx, "a/1"))
	appendCommands(t, b, "a/1")
	receive(t, again)
}

func TestACommandOfTheSameIDIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	first := must[uint64](t)(b.AppendOutbox(ctx, "a", "id", []byte("1")))
	if again := must[uint64](t)(b.AppendOutbox(ctx, "a", "id", []byte("1"))); again != first {
		t.Errorf("it was stored as %d and as %d", first, again)
	}
}

func TestAHandlerThatPanicsOrMiscountsIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendCommands(t, b, "a/1")
	attempts := 0
	got := make(chan int, 1)
	start(t, func(ctx context.Context) error {
		return b.DrainOutbox(ctx, 10, 0, func(_ context.Context, batch []OutboxMessage) []error {
			switch attempts++; attempts {
			case 1:
				panic("bad command")
			case 2:
				return nil
			}
			got <- batch[0].Attempt
			return make([]error, len(batch))
		})
	})
	if attempt := receive(t, got); attempt != 3 {
		t.Errorf("it was written at attempt %d, want 3", attempt)
	}
}

func TestDeadLettersAreListedInPagesAndByKind(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendPushes(t, b, "a/1", "a/2", "a/3")
	consume(t, b, 1, func(context.Context, InboxMessage) error {
		return Permanent(&helix.Error{Code: helix.CodeBadInput, Message: "unknown form"})
	})
	waitEmpty(t, b, streamInbox)
	appendCommands(t, b, "x/1", "y/1", "y/2")
	drain(t, b, 10, func(OutboxMessage) error { return Permanent(errors.New("no such field")) })
	var all []DeadLetter
	await(t, "there are five dead letters", func() bool {
		all = must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10))
		return len(all) == 5
	})
	for _, limit := range []int{1, 2, 5} {
		var paged []DeadLetter
		for after := ""; ; after = paged[len(paged)-1].Place {
			page := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", after, limit))
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
		}
		if diff := cmp.Diff(all, paged); diff != "" {
			t.Errorf("in pages of %d: %s", limit, diff)
		}
	}
	for kind, want := range map[DeadKind]int{DeadPush: 3, DeadCommand: 2} {
		letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, kind, "", 10))
		if len(letters) != want || letters[0].Kind != kind || letters[0].Exhausted {
			t.Errorf("%s: %+v", kind, letters)
		}
	}
	if all[4].Code != helix.CodeBadInput || all[0].Code != "" {
		t.Errorf("codes %q and %q", all[4].Code, all[0].Code)
	}
	for _, place := range []string{"x", "inbox.", "inbox.0", "outbox.", "outbox.1", "outbox.x.y"} {
		if _, err := b.DeadLetters(ctx, "", place, 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("after %q: %v", place, err)
		}
	}
}

func TestAnIDOfALaneThatIsParkedBehindAnotherMessageIsUnknown(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	must[uint64](t)(b.parked.Put(ctx, "a", parkedLane{Sequence: 7}))
	for _, id := range []string{"outbox.a.6", "outbox.a", "outbox.a.7x", "outbox.b.7", "outbox..7", "outbox.*.7"} {
		if err := b.DropDeadLetter(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if err := b.ReplayDeadLetter(ctx, "outbox.a.7"); err != nil {
		t.Error(err)
	}
}
