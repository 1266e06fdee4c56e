package desk

import (
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestASubscriberWhoIsTooFarBehindIsToldToReadAnew(t *testing.T) {
	t.Parallel()
	c, w := newChanges(), Worker{Seat: helix.AgentSeat{Agent: "agent1"}}
	for range maxChanges + 1 {
		c.add(WorkChange{Kind: WorkMissedCall, Item: "m", agents: [2]helix.AgentID{"", "agent1"}})
	}
	first, err := c.next(t.Context(), 1, w)
	if err != nil || first.Reason != WorkResync || first.Place != maxChanges+1 {
		t.Fatalf("got %+v, %v", first, err)
	}
	if kept, err := c.next(t.Context(), maxChanges, w); err != nil || kept.Reason != WorkAdded || kept.Place != maxChanges+1 {
		t.Fatalf("got %+v, %v", kept, err)
	}
}
