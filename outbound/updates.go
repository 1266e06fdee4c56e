package outbound

import (
	"context"
	"maps"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
)

// retellWithin is how long after its end a call is still looked at when a replica starts, for events that a crash kept
// from being told.
const retellWithin = time.Hour

// tell appends to the log of calls what the log does not have of the call: an event for each move, or one when something
// else changed. Failing is made up for, see retellFailed and retell.
func (s *Service) tell(ctx context.Context, c *helix.OutboundCall) {
	_, err := s.o.Log.Append(ctx, c.ID, func(told *helix.Call) ([]helix.CallEvent, error) { return untold(s.o.Provider, c, told), nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.untold, c.ID)
		return
	}
	s.untold[c.ID] = struct{}{}
	s.o.Logger.WarnContext(ctx, "a change of an outbound call was not announced; tried again", "call", string(c.ID), "error", err)
}

// untold gives the events that the log does not have yet.
func untold(p helix.Provider, c *helix.OutboundCall, told *helix.Call) []helix.CallEvent {
	last, revision := 0, uint64(0)
	if told != nil && told.AI != nil {
		last, revision = told.AIEntry, told.AI.Revision
	}
	var events []helix.CallEvent
	add := func(kind helix.EventKind, at time.Time, change helix.OutboundChange) {
		change.Revision = c.Revision
		e := helix.CallEvent{
			Kind: kind, At: at, Call: c.ID, Phone: c.Request.Patient.Phone, Direction: helix.Outbound, Provider: p, Outbound: &change,
		}
		if change.Attempt > 0 {
			e.ProviderCallID = c.Attempts[change.Attempt-1].ProviderCallID
		}
		events = append(events, e)
	}
	attempt := 0
	for _, entry := range c.Timeline {
		change := helix.OutboundChange{From: entry.From, State: entry.To, Entry: entry.Sequence}
		switch entry.Kind {
		case helix.OutboundCreated:
			change.State = helix.OutboundInitiating
		case helix.OutboundMoved:
		default:
			continue
		}
		if entry.To == helix.OutboundDialing {
			attempt++
		}
		change.Attempt = attempt
		if entry.To.Final() {
			change.Reason = c.EndReason
		}
		if entry.Sequence > last {
			add(helix.EventOutboundState, entry.At, change)
		}
	}
	if len(events) == 0 && c.Revision > revision {
		at := c.CreatedAt
		if n := len(c.Timeline); n > 0 {
			at = c.Timeline[n-1].At
		}
		add(helix.EventOutboundUpdated, at, helix.OutboundChange{State: c.State, Attempt: attempt, Reason: c.EndReason})
	}
	return events
}

// retellFailed tells what could not be told.
func (s *Service) retellFailed(ctx context.Context) {
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.untold))
	s.mu.Unlock()
	s.tellAll(ctx, ids)
}

// retell makes up for events that a crash kept from being told.
func (s *Service) retell(ctx context.Context) {
	now := s.o.Now()
	var ids []helix.CallID
	s.index.mu.Lock()
	for _, e := range s.index.order {
		if !e.state.Final() || now.Sub(e.endedAt) < retellWithin {
			ids = append(ids, e.id)
		}
	}
	s.index.mu.Unlock()
	s.tellAll(ctx, ids)
}

// tellAll tells what is untold of some calls, until the bucket cannot be read.
func (s *Service) tellAll(ctx context.Context, ids []helix.CallID) {
	for _, id := range ids {
		call, err := s.Get(ctx, id)
		switch {
		case helix.IsCode(err, helix.CodeNotFound): // erased
			s.mu.Lock()
			delete(s.untold, id)
			s.mu.Unlock()
		case err != nil:
			return
		default:
			s.tell(ctx, &call)
		}
	}
}

// Update is a change of a call, with the call as it is now: a subscriber that is slow sees fewer states of it.
type Update struct {
	Cursor helix.Cursor
	At     time.Time
	Kind   helix.EventKind // OUTBOUND_STATE, OUTBOUND_UPDATED, CHECKPOINT for the call as it is at first, CURSOR_EXPIRED
	Call   helix.OutboundCall
}

// Updates is one subscriber to a call. It is not safe for concurrent use.
type Updates struct {
	service *Service
	feed    Feed
	id      helix.CallID
	first   bool
}

// Updates begins after a cursor or, when it is nil, with the call as it is. NOT_FOUND when there is no such call.
func (s *Service) Updates(ctx context.Context, id helix.CallID, after *helix.Cursor) (*Updates, error) {
	if s.o.Tail == nil {
		return nil, helix.NotConfigured(s.o.Provider, "a feed of the log of calls")
	}
	feed, err := s.o.Tail(ctx, after)
	if err != nil {
		return nil, err
	}
	if _, err := s.Get(ctx, id); err != nil {
		return nil, err
	}
	return &Updates{service: s, feed: feed, id: id, first: after == nil}, nil
}

// Next waits for the next change. It returns ctx's error when ctx ends first.
func (u *Updates) Next(ctx context.Context) (Update, error) {
	if u.first {
		u.first = false
		return u.read(ctx, u.feed.Checkpoint())
	}
	for {
		e, err := u.feed.Next(ctx)
		if err != nil {
			return Update{}, err
		}
		ours := e.Call == u.id && (e.Kind == helix.EventOutboundState || e.Kind == helix.EventOutboundUpdated)
		if ours || e.Kind == helix.EventCursorExpired {
			return u.read(ctx, e)
		}
	}
}

func (u *Updates) read(ctx context.Context, e *helix.CallEvent) (Update, error) {
	call, err := u.service.Get(ctx, u.id)
	return Update{Cursor: e.Cursor, At: e.At, Kind: e.Kind, Call: call}, err
}
