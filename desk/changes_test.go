package desk

import (
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestASubscriberWhoIsTooFarBehindIsToldToReadAnew(t *testing.T) {
	t.Parallel()
	c := newChanges()
	for range maxChanges + 1 {
		c.add(WorkChange{Item: "m", agents: [2]helix.AgentID{"", "agent1"}})
	}
	first, err := c.next(t.Context(), 1, "agent1")
	if err != nil || first.Reason != WorkResync || first.Place != maxChanges+1 {
		t.Fatalf("got %+v, %v", first, err)
	}
	if kept, err := c.next(t.Context(), maxChanges, "agent1"); err != nil || kept.Reason != WorkAdded || kept.Place != maxChanges+1 {
		t.Fatalf("got %+v, %v", kept, err)
	}
}
