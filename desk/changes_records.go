package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// workSignal tells all replicas of a change that one of them heard of: which lists it touches, and no more.
type workSignal struct {
	At     time.Time      `json:"at"`
	Kind   WorklistKind   `json:"kind"`
	Item   string         `json:"item"`
	Reason WorkReason     `json:"reason"`
	Member helix.MemberID `json:"member,omitempty"`
	Others bool           `json:"others,omitempty"`
}

// Run hands on what any replica heard, until ctx ends. What was told before it began concerns nobody who listens.
func (x *Edits) Run(ctx context.Context) error {
	begun := false
	return x.signals.Watch(ctx, func(key string, s *workSignal, _ uint64) {
		switch {
		case key == "":
			begun = true
		case s != nil && begun:
			x.o.Queue.changes.add(WorkChange{At: s.At, Kind: s.Kind, Item: s.Item, Reason: s.Reason, member: s.Member, others: s.Others})
		}
	})
}

// signal tells of a follow-up or a lead once, however often the webhook comes.
func (x *Edits) signal(ctx context.Context, c helix.RecordChange) error {
	s, ok := signalOf(c)
	if !ok {
		return nil
	}
	s.At = x.o.Now().UTC()
	at := c.At
	if at.IsZero() {
		at = s.At // it cannot be told from another change then
	}
	key := bus.Key(c.Record + string(c.Event) + at.Format(time.RFC3339Nano))
	if _, err := x.signals.Create(ctx, key, s); err != nil && !errors.Is(err, bus.ErrConflict) {
		return err
	}
	return nil
}

// signalOf says whose work list changes with a record, and how; false when nobody's does. Only the record as it is now is
// known: who had it before it was given to another is not, so all others are told to read anew.
func signalOf(c helix.RecordChange) (workSignal, bool) {
	s := workSignal{Kind: WorkFollowUp, Item: c.Record, Reason: WorkChanged, Member: c.Assignee}
	if c.Object == helix.ObjectLead {
		s.Kind = WorkLead
	}
	changed := func(fields ...string) bool {
		return c.Fields == nil || slices.ContainsFunc(fields, func(f string) bool { return slices.Contains(c.Fields, f) })
	}
	switch c.Event {
	case helix.RecordCreated, helix.RecordRestored:
		s.Reason = WorkAdded
		return s, c.Waits && s.Member != "" && !plannedHere(c)
	case helix.RecordDeleted, helix.RecordDestroyed:
		s.Reason = WorkRemoved
		return s, c.Waits && s.Member != ""
	}
	state := changed("followUpStatus", "leadStatus", "dueAt")
	if c.Fields != nil && len(c.Fields) == 0 || !c.Waits && !state {
		return s, false
	}
	s.Others = changed("assignee")
	switch {
	case !c.Waits:
		s.Reason = WorkRemoved
	case c.Fields != nil && changed("assignee", "followUpStatus", "leadStatus"):
		s.Reason = WorkAdded
	}
	return s, s.Member != "" || s.Others
}

// plannedHere reports whether a follow-up is the one that a disposition of ours planned: its agent was told by the call's
// event. A member who makes one in FortyTwo cannot give it that id.
func plannedHere(c helix.RecordChange) bool {
	return c.Call != "" && c.Record == helix.NewID("followUp", c.Call)
}
