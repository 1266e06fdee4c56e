package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
)

// appendTogether stores pushes as groups: it holds the writer until all of them are queued, in order. The answers are
// those of each call.
func appendTogether(t *testing.T, b *Bus, pushes ...InboxMessage) []error {
	t.Helper()
	release := holdWriter(t, b)
	results := make([]chan error, len(pushes))
	for i, m := range pushes {
		results[i] = make(chan error, 1)
		go func() { results[i] <- b.AppendInbox(testContext(t), m) }()
		awaitCallers(t, b, i+1)
	}
	release()
	errs := make([]error, len(pushes))
	for i := range results {
		errs[i] = receive(t, results[i])
	}
	return errs
}

// holdWriter keeps pushes from being stored until release is called.
func holdWriter(t *testing.T, b *Bus) (release func()) {
	t.Helper()
	w := b.writer
	await(t, "nothing is being stored", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.writing {
			return false
		}
		w.writing = true
		return true
	})
	return func() { go w.write() }
}

// awaitCallers waits until so many callers wait for the held writer.
func awaitCallers(t *testing.T, b *Bus, want int) {
	t.Helper()
	await(t, fmt.Sprintf("%d callers wait", want), func() bool {
		callers := 0
		b.writer.mu.Lock()
		defer b.writer.mu.Unlock()
		for _, p := range b.writer.queue {
			callers += p.callers
		}
		return callers == want
	})
}

func pushesOfLanes(bodies ...string) (pushes []InboxMessage) {
	for _, body := range bodies {
		pushes = append(pushes, push(body))
	}
	return pushes
}

// stored counts the messages of the inbox.
func stored(t *testing.T, b *Bus) int {
	t.Helper()
	info, err := b.byName[streamInbox].Info(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return int(info.State.Msgs)
}

func TestPushesThatComeTogetherShareMessagesAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	var all []string
	for i := range maxGroup + 10 {
		all = append(all, fmt.Sprintf("a/%d", i))
	}
	for _, err := range appendTogether(t, b, pushesOfLanes(all...)...) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := stored(t, b); n != 2 {
		t.Errorf("they are %d messages, want 2", n)
	}
	if d, err := b.Depth(testContext(t)); err != nil || d.Inbox != maxGroup+10 {
		t.Errorf("%d pushes wait, %v", d.Inbox, err)
	}
	handle, got := bodies()
	consume(t, b, 4, handle)
	expect(t, got, all...)
	waitEmpty(t, b, streamInbox)
}

func TestAGroupIsNoLargerThanAMessage(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	var pushes []InboxMessage
	for i := range 7 { // three fit
		pushes = append(pushes, InboxMessage{Source: "test", Body: slices.Repeat([]byte{byte(i)}, 150<<10)})
	}
	for _, err := range appendTogether(t, b, pushes...) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := stored(t, b); n != 3 {
		t.Errorf("they are %d messages, want 3", n)
	}
}

func TestAPushThatIsTooLargeHarmsNoneThatCameWithIt(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	errs := appendTogether(t, b, push("a/1"), InboxMessage{Source: "test", Body: make([]byte, MaxInboxMessage)}, push("a/2"))
	if errs[0] != nil || !errors.Is(errs[1], ErrTooLarge) || errs[2] != nil {
		t.Errorf("the answers are %v", errs)
	}
	handle, got := bodies()
	consume(t, b, 1, handle)
	expect(t, got, "a/1", "a/2")
}

func TestACallerWhoLeavesTakesNobodyWithHim(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	release := holdWriter(t, b)
	leaving, leave := context.WithCancel(testContext(t))
	left, stayed := make(chan error, 2), make(chan error, 2)
	for i, body := range []string{"a/left", "a/shared"} {
		go func() { left <- b.AppendInbox(leaving, push(body)) }()
		awaitCallers(t, b, i+1)
	}
	for i, body := range []string{"a/shared", "a/own"} {
		go func() { stayed <- b.AppendInbox(testContext(t), push(body)) }()
		awaitCallers(t, b, i+3)
	}
	leave()
	for range 2 {
		if err := receive(t, left); !errors.Is(err, context.Canceled) {
			t.Errorf("one who left was answered %v", err)
		}
	}
	release()
	for range 2 {
		if err := receive(t, stayed); err != nil {
			t.Error(err)
		}
	}
	handle, got := bodies()
	consume(t, b, 1, handle)
	expect(t, got, "a/shared", "a/own")
	appendPushes(t, b, "a/left") // was not stored and is not known
	expect(t, got, "a/left")
}

func TestAnIdenticalPushInAGroupIsStoredOnce(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	for _, err := range appendTogether(t, b, pushesOfLanes("a/1", "a/2", "a/1")...) {
		if err != nil {
			t.Error(err)
		}
	}
	appendPushes(t, b, "a/2", "a/3")
	handle, got := bodies()
	consume(t, b, 1, handle)
	expect(t, got, "a/1", "a/2", "a/3")
	waitEmpty(t, b, streamInbox)
}

func TestPushesAreRefusedWhenTooManyWaitToBeStored(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	release := holdWriter(t, b)
	answered := make(chan error, maxQueued)
	for i := range maxQueued {
		go func() { answered <- b.AppendInbox(testContext(t), push(fmt.Sprintf("a/%d", i))) }()
	}
	awaitCallers(t, b, maxQueued)
	if err := b.AppendInbox(testContext(t), push("a/more")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("one too many was answered %v", err)
	}
	release()
	for range maxQueued {
		if err := receive(t, answered); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFullInboxRefusesEveryPushOfAGroup(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir(), MaxStore: minMaxStore})
	body := make([]byte, 400<<10)
	var err error
	for i := 0; err == nil; i++ {
		body = append(slices.Clone(body[:400<<10]), byte(i), byte(i>>8))
		err = b.AppendInbox(testContext(t), InboxMessage{Source: "test", Body: body})
	}
	half := string(body[:200<<10])
	for _, err := range appendTogether(t, b, push(half+"1"), push(half+"2")) {
		if !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
	}
}

func TestOnePushOfAGroupBecomesADeadLetterAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendTogether(t, b, pushesOfLanes("a/good", "b/bad", "c/good", "d/bad")...)
	mended := make(chan struct{})
	got := make(chan string, 10)
	consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		select {
		case <-mended:
		default:
			if strings.HasSuffix(string(m.Body), "bad") {
				return Permanent(errors.New("unknown form"))
			}
		}
		got <- string(m.Body)
		return nil
	})
	expect(t, got, "a/good", "c/good")
	waitEmpty(t, b, streamInbox)
	letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10))
	if len(letters) != 2 || string(letters[0].Data) != "b/bad" || string(letters[1].Data) != "d/bad" || letters[0].Source != "test" {
		t.Fatalf("the dead letters are %+v", letters)
	}
	close(mended)
	for _, letter := range letters {
		if err := b.ReplayDeadLetter(ctx, letter.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, got, string(letter.Data))
	}
}

func TestAGroupThatCannotBeReadBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	bad := &nats.Msg{Subject: groupSubject + "3", Data: []byte("\x02 of a later version")}
	if _, err := b.js.PublishMsg(ctx, bad); err != nil {
		t.Fatal(err)
	}
	consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		return Permanent(errors.New("no decoder for " + m.Source))
	})
	waitEmpty(t, b, streamInbox)
	letters := must[[]DeadLetter](t)(b.DeadLetters(ctx, "", "", 10))
	if len(letters) != 1 || !bytes.Equal(letters[0].Data, bad.Data) {
		t.Errorf("the dead letters are %+v", letters)
	}
}

func TestAGroupStaysUntilItsLastPushIsSettled(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendTogether(t, b, pushesOfLanes("a/1", "stuck/1", "b/1")...)
	got := make(chan string, 10)
	stop := consume(t, b, 1, func(_ context.Context, m InboxMessage) error {
		if laneOfBody(&m) == "stuck" {
			return errors.New("not now")
		}
		got <- string(m.Body)
		return nil
	})
	expect(t, got, "a/1", "b/1")
	appendPushes(t, b, "c/1")
	expect(t, got, "c/1")
	await(t, "c/1 is settled", func() bool { return must[Depth](t)(b.Depth(ctx)).Inbox == 1 })
	if n := stored(t, b); n != 1 && n != 2 { // c/1 is removed by itself, a second later at most
		t.Errorf("%d messages are stored", n)
	}
	stop()
	if n := stored(t, b); n != 1 {
		t.Errorf("%d messages are left after the consumer's end, want 1", n)
	}
	handle, again := bodies()
	consume(t, b, 1, handle)
	if diff := cmp.Diff([]string{"a/1", "stuck/1", "b/1"}, []string{receive(t, again), receive(t, again), receive(t, again)}); diff != "" {
		t.Error(diff)
	}
	waitEmpty(t, b, streamInbox)
}

func TestDiscardingAPushOfAGroupLeavesTheOthers(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendTogether(t, b, pushesOfLanes("done/1", "a/erased", "a/kept", "b/erased")...)
	appendTogether(t, b, pushesOfLanes("c/1", "d/1")...)
	handled, tried, mended := make(chan string, 10), make(chan string, 10), make(chan struct{})
	consume(t, b, 8, func(ctx context.Context, m InboxMessage) error {
		if laneOfBody(&m) != "done" {
			select {
			case <-mended:
			default: // what was read before the erasure is not handled after it
				tried <- string(m.Body)
				select {
				case <-mended:
				case <-ctx.Done():
				}
				return errors.New("not now")
			}
		}
		handled <- string(m.Body)
		return nil
	})
	expect(t, handled, "done/1")
	heads := []string{receive(t, tried), receive(t, tried), receive(t, tried), receive(t, tried)}
	slices.Sort(heads)
	if diff := cmp.Diff([]string{"a/erased", "b/erased", "c/1", "d/1"}, heads); diff != "" {
		t.Fatal(diff)
	}
	await(t, "done/1 is settled", func() bool { return must[Depth](t)(b.Depth(ctx)).Inbox == 5 })
	erased := func(w Waiting) bool { return strings.Contains(string(w.Body), "erased") }
	if got := must[Discarded](t)(b.Discard(ctx, erased)); got != (Discarded{Pushes: 2}) {
		t.Errorf("it discarded %+v", got)
	}
	if d := must[Depth](t)(b.Depth(ctx)); d.Inbox != 3 {
		t.Errorf("%d pushes are left, want 3", d.Inbox)
	}
	close(mended)
	got := []string{receive(t, handled), receive(t, handled), receive(t, handled)}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"a/kept", "c/1", "d/1"}, got); diff != "" {
		t.Error(diff)
	}
	waitEmpty(t, b, streamInbox)
}
