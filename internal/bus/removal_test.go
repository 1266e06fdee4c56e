package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// TestRemovalTakesSettledMessagesAndNoOthers settles pushes in a random order and looks at the stream after each step.
func TestRemovalTakesSettledMessagesAndNoOthers(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	inbox := b.byName[streamInbox]
	r := newRemoval(inbox, b)
	open := map[uint64]int{} // pushes that are not settled, by message
	var ids []pushID
	for i := range 60 {
		n := 1 + rand.IntN(4)
		var pushes []InboxMessage
		for j := range n {
			pushes = append(pushes, push(fmt.Sprintf("%d/%d", i, j)))
		}
		if err := b.storeGroup(ctx, pushes); err != nil {
			t.Fatal(err)
		}
		seq := uint64(i + 1)
		for range 2 { // a repetition changes nothing
			if !r.see(ctx, seq, n) {
				t.Fatal("there is no room")
			}
		}
		open[seq] = n
		for j := range n {
			ids = append(ids, newPushID(seq, j))
		}
	}
	rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	for i, id := range ids {
		open[id.sequence()]--
		if last := r.settle(id); last != (open[id.sequence()] == 0) {
			t.Fatalf("push %s was the last of its message: %v", id, last)
		}
		r.settle(id) // once more changes nothing
		if i%9 != 0 && i != len(ids)-1 {
			continue
		}
		before := time.Now()
		if rand.IntN(2) == 0 {
			before = before.Add(-time.Hour) // only the front
		}
		if err := r.step(ctx, before, 5); err != nil {
			t.Fatal(err)
		}
		waiting := 0
		for seq, left := range open {
			_, err := inbox.GetMsg(ctx, seq)
			if left > 0 && err != nil {
				t.Fatalf("message %d is gone with %d pushes that are not settled: %v", seq, left, err)
			}
			if m := r.bySeq[seq]; (m == nil) != errors.Is(err, jetstream.ErrMsgNotFound) {
				t.Fatalf("message %d: %v", seq, err)
			} else if m != nil {
				waiting += m.pushes - left
			}
		}
		if got := r.waiting(); got != waiting {
			t.Fatalf("%d settled pushes wait, want %d", got, waiting)
		}
	}
	r.flush(ctx)
	if n := stored(t, b); n != 0 || len(r.bySeq) != 0 || r.pushes != 0 || r.settled != 0 || len(r.order) != 0 || len(r.done) != 0 {
		t.Errorf("%d messages are left; %+v", n, r)
	}
}

func TestRemovalWaitsForRoomAndGoesOn(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendPushes(t, b, "a/1")
	ctx := testContext(t)
	r := newRemoval(b.byName[streamInbox], b)
	r.see(ctx, 1, 1)
	r.pushes += maxSeen - 1
	seen := make(chan bool, 1)
	go func() { seen <- r.see(ctx, 2, 1) }()
	r.settle(newPushID(1, 0))
	start(t, func(ctx context.Context) error {
		r.run(ctx)
		return nil
	})
	if !receive(t, seen) {
		t.Error("it gave up")
	}
}
