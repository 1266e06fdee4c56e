package bus

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDepthSaysWhatWaits(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	if d, err := b.Depth(ctx); err != nil || d != (Depth{}) {
		t.Errorf("an empty bus has %+v, %v", d, err)
	}
	appendPushes(t, b, "a/bad")
	stop := consume(t, b, 1, func(context.Context, InboxMessage) error { return Permanent(errors.New("no")) })
	waitEmpty(t, b, streamInbox)
	stop()
	appendPushes(t, b, "a/1", "a/2")
	appendCommands(t, b, "a/1")
	appendEvents(t, b, "p", "c", "1", "2", "3")
	must[uint64](t)(b.parked.Put(ctx, "lane", parkedLane{}))
	d, err := b.Depth(ctx)
	if err != nil || d.OldestInbox.IsZero() || d.OldestOutbox.IsZero() {
		t.Errorf("got %+v, %v", d, err)
	}
	d.OldestInbox, d.OldestOutbox = time.Time{}, time.Time{}
	if diff := cmp.Diff(Depth{Inbox: 2, Outbox: 1, DeadPushes: 1, ParkedLanes: 1, Events: 3}, d); diff != "" {
		t.Error(diff)
	}
}
