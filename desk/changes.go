package desk

import (
	"context"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
)

// WorkChange is a change of somebody's work list.
type WorkChange struct {
	Place  uint64 // among all changes that this process saw
	At     time.Time
	Kind   WorklistKind
	Item   string
	Reason WorkReason

	agents [2]helix.AgentID // of a missed call: who held it before, who holds it now
	member helix.MemberID   // of a record of FortyTwo: on whose list it is or was, as Reason says
	others bool             // it may have been on anybody else's list, too
}

// WorkReason is what changed.
type WorkReason string

// The reasons.
const (
	WorkAdded   WorkReason = "ADDED"   // it is on the list now
	WorkChanged WorkReason = "CHANGED" // it is still there and reads otherwise
	WorkRemoved WorkReason = "REMOVED" // it is no longer there
	WorkResync  WorkReason = "RESYNC"  // changes were missed; read the list anew
)

// maxChanges is how many changes are remembered for subscribers. One who is further behind is told to read anew.
const maxChanges = 1024

// changes remembers what changed on work lists. Like the log's ring, it has no queue per subscriber.
type changes struct {
	mu   sync.Mutex
	list []WorkChange
	last uint64
	news chan struct{} // closed and replaced when something changes
}

func newChanges() *changes { return &changes{news: make(chan struct{})} }

func (c *changes) add(change WorkChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	change.Place = c.last
	if len(c.list) == maxChanges {
		c.list = append(c.list[:0:0], c.list[maxChanges/2:]...)
	}
	c.list = append(c.list, change)
	close(c.news)
	c.news = make(chan struct{})
}

func (c *changes) place() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// next waits for the next change of the worker's list after a place. Whoever is told to read anew is past all there is.
func (c *changes) next(ctx context.Context, after uint64, w Worker) (WorkChange, error) {
	for {
		c.mu.Lock()
		resync := after < c.last-uint64(len(c.list))
		var found WorkChange
		for i := range c.list {
			if change := &c.list[i]; change.Place > after && change.concerns(w) {
				found = change.of(w)
				break
			}
		}
		last, news := c.last, c.news
		c.mu.Unlock()
		switch {
		case resync || found.Reason == WorkResync:
			return WorkChange{Place: last, Reason: WorkResync}, nil
		case found.Place > 0:
			return found, nil
		}
		after = last
		select {
		case <-news:
		case <-ctx.Done():
			return WorkChange{}, ctx.Err()
		}
	}
}

// concerns reports whether the change is one of the worker's list.
func (w *WorkChange) concerns(who Worker) bool {
	if w.Kind == WorkMissedCall {
		return w.agents[0] == who.Seat.Agent || w.agents[1] == who.Seat.Agent
	}
	return w.others || w.member == who.Member
}

// of says what the change means for the worker's list.
func (w *WorkChange) of(who Worker) WorkChange {
	out := *w
	switch {
	case w.Kind != WorkMissedCall:
		if w.member != who.Member {
			out.Reason = WorkResync
		}
	case w.agents[0] != who.Seat.Agent:
		out.Reason = WorkAdded
	case w.agents[1] != who.Seat.Agent:
		out.Reason = WorkRemoved
	default:
		out.Reason = WorkChanged
	}
	return out
}

// WorkChanges is where a subscriber to the agent's work list begins.
func (d *Desk) WorkChanges() uint64 { return d.queue.changes.place() }

// NextWorkChange waits for the next change after a place: of the worker's missed calls, or by an edit in FortyTwo.
func (d *Desk) NextWorkChange(ctx context.Context, after uint64, w Worker) (WorkChange, error) {
	return d.queue.changes.next(ctx, after, w)
}

// FollowUpChange is what a call's event means for the work list of the agent whom it concerns, nil when nothing.
func FollowUpChange(e *helix.CallEvent, agent helix.AgentID) *WorkChange {
	if e.Kind != helix.EventDisposed || e.FollowUp == "" || e.Agent != agent {
		return nil
	}
	return &WorkChange{At: e.At, Kind: WorkFollowUp, Item: e.FollowUp, Reason: WorkAdded}
}
