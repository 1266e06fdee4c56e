package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// together makes writes that gather for so long that only a hurry or a full batch ends it.
func together(b *Bus, stream string) *committer {
	c := newCommitter(b)
	c.began = time.Now().Add(time.Hour)
	b.commits[stream] = c
	return c
}

func (c *committer) awaitQueued(t testing.TB, n int) {
	t.Helper()
	await(t, fmt.Sprintf("%d writes wait", n), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.queue) == n
	})
}

func event(call, body string, expected uint64) *uncommitted {
	return &uncommitted{message: expecting(&nats.Msg{Subject: "events." + call + ".p", Data: []byte(body)}, expected), done: make(chan struct{})}
}

func TestEventsThatAreWrittenTogetherHaveTheirOwnSequences(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, worthBatch - 1, worthBatch, maxCommit, maxCommit + 7} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			b := embedded(t)
			c := together(b, streamEvents)
			ctx := testContext(t)
			sequences := make([]uint64, n)
			var writes sync.WaitGroup
			for i := range n {
				writes.Go(func() {
					var err error
					if sequences[i], err = b.AppendEvent(patient(ctx), "p", fmt.Sprint("c", i), 0, fmt.Append(nil, i)); err != nil {
						t.Error(err)
					}
				})
			}
			if n < maxCommit {
				c.awaitQueued(t, n)
			}
			must[uint64](t)(b.AppendEvent(ctx, "p", "hurried", 0, []byte("hurried")))
			writes.Wait()
			for _, e := range must[[]StoredEvent](t)(b.EventsAfter(ctx, 0, 2*maxCommit)) {
				if string(e.Data) == "hurried" {
					continue
				}
				var i int
				if _, err := fmt.Sscan(string(e.Data), &i); err != nil {
					t.Fatal(err)
				}
				if sequences[i] != e.Sequence || e.Call != fmt.Sprint("c", i) {
					t.Errorf("event %d stands at %d of %s, and was told to be at %d", i, e.Sequence, e.Call, sequences[i])
				}
				sequences[i] = 0
			}
			if i := slices.IndexFunc(sequences, func(s uint64) bool { return s != 0 }); i >= 0 {
				t.Errorf("event %d is not in the log", i)
			}
		})
	}
}

func TestOneWhoExpectsWhatIsNotSoConflictsAndTheOthersOfTheBatchAreStoredOnce(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendEvents(t, b, "p", "c3", "earlier")
	group := make([]*uncommitted, 2*worthBatch)
	for i := range group {
		group[i] = event(fmt.Sprint("c", i), "later", 0)
	}
	b.commits[streamEvents].publish(group)
	for i, u := range group {
		err := translate("test", u.err)
		if conflicts := i == 3; conflicts != errors.Is(err, ErrConflict) || !conflicts && err != nil {
			t.Errorf("write %d answered %v", i, err)
		}
		want := []string{"later"}
		if i == 3 {
			want = []string{"earlier"}
		}
		if diff := cmp.Diff(want, data(must[[]StoredEvent](t)(b.CallEvents(testContext(t), fmt.Sprint("c", i))))); diff != "" {
			t.Errorf("call %d: %s", i, diff)
		}
	}
}

func TestARepeatedCommandIsNotStoredAgainWithABatch(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	first := must[uint64](t)(b.AppendOutbox(ctx, "lane 2", "command 2", []byte("x")))
	c := together(b, streamOutbox)
	var writes sync.WaitGroup
	for i := range 2 * worthBatch {
		writes.Go(func() {
			sequence, err := b.AppendOutbox(patient(ctx), fmt.Sprint("lane ", i), fmt.Sprint("command ", i), []byte("x"))
			if err != nil {
				t.Error(err)
			}
			if i == 2 && sequence != first {
				t.Errorf("the repetition is at %d, the command at %d", sequence, first)
			}
		})
	}
	c.awaitQueued(t, 2*worthBatch)
	signal(c.hurry)
	writes.Wait()
	if n := must[*jetstream.StreamInfo](t)(b.byName[streamOutbox].Info(ctx)).State.Msgs; n != 2*worthBatch {
		t.Errorf("%d commands are stored, want %d", n, 2*worthBatch)
	}
}

func TestWhatFindsNoRoomInABatchIsRefusedAndTheRestStored(t *testing.T) {
	t.Parallel()
	b := open(t, Options{Dir: t.TempDir(), MaxStore: minMaxStore})
	ctx := testContext(t)
	large := make([]byte, MaxOutboxMessage-1<<10)
	group := make([]*uncommitted, 2*worthBatch)
	for i := range group {
		group[i] = &uncommitted{message: &nats.Msg{Subject: fmt.Sprint("outbox.", i), Data: large}}
	}
	b.commits[streamOutbox].publish(group)
	stored := 0
	for i, u := range group {
		switch err := translate("test", u.err); {
		case err == nil:
			stored++
			m := must[*jetstream.RawStreamMsg](t)(b.byName[streamOutbox].GetMsg(ctx, u.sequence))
			if m.Subject != u.message.Subject {
				t.Errorf("command %d is told to be at %d, where %s is", i, u.sequence, m.Subject)
			}
		case !errors.Is(err, ErrFull):
			t.Errorf("command %d was refused with %v", i, err)
		}
	}
	info := must[*jetstream.StreamInfo](t)(b.byName[streamOutbox].Info(ctx))
	if stored == 0 || stored == len(group) || uint64(stored) != info.State.Msgs {
		t.Errorf("%d of %d were said to be stored, %d are", stored, len(group), info.State.Msgs)
	}
}

func TestWritesOfOneSubjectAreWrittenOneAfterAnother(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	c := together(b, streamEvents)
	c.queue = []*uncommitted{event("a", "1", 0), event("b", "1", 0), event("a", "2", 0), event("a", "3", 0)}
	for _, want := range [][]string{{"a1", "b1"}, {"a2"}, {"a3"}, nil} {
		var got []string
		for _, u := range c.next() {
			_, call, _ := eventSubject(u.message.Subject)
			got = append(got, call+string(u.message.Data))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAWriteWhoseCallerHasLeftIsNotWritten(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	c := together(b, streamEvents)
	leaving, leave := context.WithCancel(patient(testContext(t)))
	left := make(chan error, 1)
	go func() {
		_, err := b.AppendEvent(leaving, "p", "left", 0, []byte("left"))
		left <- err
	}()
	c.awaitQueued(t, 1)
	leave()
	if err := receive(t, left); !errors.Is(err, context.Canceled) {
		t.Errorf("it was told %v", err)
	}
	must[uint64](t)(b.AppendEvent(testContext(t), "p", "hurried", 0, []byte("hurried")))
	if events := must[[]StoredEvent](t)(b.EventsAfter(testContext(t), 0, 10)); len(events) != 1 {
		t.Errorf("the log has %q", data(events))
	}
}

func TestWritesBeyondTheBoundAreRefused(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	c := together(b, streamEvents)
	c.writing = true // by nobody
	for range maxUncommitted {
		if _, err := c.enqueue(event("c", "x", 0).message, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.AppendEvent(testContext(t), "p", "c", 0, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("one more answered %v, want ErrUnavailable", err)
	}
}

func TestAValueIsCreatedWhereAnotherWasDeleted(t *testing.T) {
	t.Parallel()
	bucket := entries(t, embedded(t))
	ctx := testContext(t)
	revision := must[uint64](t)(bucket.Create(ctx, "k", entry{1}))
	if _, err := bucket.Create(ctx, "k", entry{2}); !errors.Is(err, ErrConflict) {
		t.Errorf("creating what is there answered %v, want ErrConflict", err)
	}
	if err := bucket.Delete(ctx, "k", revision); err != nil {
		t.Fatal(err)
	}
	must[uint64](t)(bucket.Create(ctx, "k", entry{3}))
	if got, _, err := bucket.Get(ctx, "k"); err != nil || got != (entry{3}) {
		t.Errorf("it is %+v, %v", got, err)
	}
}

func TestNamesThatAreNoKeysAreRefused(t *testing.T) {
	t.Parallel()
	bucket := entries(t, embedded(t))
	for _, key := range []string{"", ".", ".a", "a.", "a..b", "a b", "a*", ">", "a>b", "ä"} {
		if _, err := bucket.Put(testContext(t), key, entry{1}); err == nil {
			t.Errorf("%q was taken", key)
		}
	}
	for _, key := range []string{"a", "a.b", "A-Z_=09", Key("+91 98 ä")} {
		must[uint64](t)(bucket.Put(testContext(t), key, entry{1}))
	}
}
