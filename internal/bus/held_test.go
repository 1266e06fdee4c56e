package bus

import (
	"testing"
	"time"
)

func TestHeldMessagesAreBoundedInBytesAndTime(t *testing.T) {
	t.Parallel()
	h := newHeld()
	now := time.Unix(0, 0)
	pushes := []InboxMessage{push("a/1")}
	const third = maxHeldBytes / 3
	for seq := range uint64(5) {
		h.offer(now, seq, pushes, third)
	}
	for seq, want := range []bool{true, true, true, false, false} { // those that come first are handled first
		if got := h.get(now, uint64(seq)) != nil; got != want {
			t.Errorf("message %d is held: %v", seq, got)
		}
	}
	h.put(now, 4, pushes, third)
	if h.get(now, 0) != nil || h.get(now, 4) == nil {
		t.Error("one that is being handled takes no room from the oldest")
	}
	h.drop(1)
	h.drop(1)
	h.offer(now, 5, pushes, third)
	if h.get(now, 1) != nil || h.get(now, 5) == nil {
		t.Error("a dropped message gives no room")
	}
	if later := now.Add(maxHeldFor + 1); h.get(later, 5) != nil {
		t.Error("it is held for too long")
	}
	h.drop(2)
	h.drop(4)
	h.drop(5)
	if h.bytes != 0 || len(h.order) != 0 || len(h.bySeq) != 0 {
		t.Errorf("left are %+v", h)
	}
}
