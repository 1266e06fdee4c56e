package calls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// maxAppendTries bounds how often a lost compare-and-set is tried anew. Losing means that somebody else appended, so
// each try is progress of the call; more than this is a fault.
const maxAppendTries = 64

// Get reads a call; NOT_FOUND when nobody has heard of it.
func (s *Service) Get(ctx context.Context, id helix.CallID) (helix.Call, error) {
	call, err := s.load(ctx, id)
	if err != nil {
		return helix.Call{}, err
	}
	if call == nil {
		return helix.Call{}, helix.NotFound("call")
	}
	return *call, nil
}

// Timeline is what happened to a call, or a part of it.
type Timeline struct {
	Events    []*helix.CallEvent // in order
	More      bool               // whether events follow
	Integrity helix.Integrity    // of the call's whole story, whichever part of it this is
}

// Timeline reads up to limit events of a call after a place in the log. NOT_FOUND when nobody has heard of the call.
func (s *Service) Timeline(ctx context.Context, id helix.CallID, after uint64, limit int) (Timeline, error) {
	stored, err := s.bus.CallEvents(ctx, string(id))
	if err != nil {
		return Timeline{}, fmt.Errorf("calls.timeline: %w", err)
	}
	if len(stored) == 0 {
		return Timeline{}, helix.NotFound("call")
	}
	first, _, _, err := s.bus.EventBounds(ctx)
	if err != nil {
		return Timeline{}, fmt.Errorf("calls.timeline: %w", err)
	}
	var t Timeline
	story := chain{first: first}
	for _, st := range stored {
		e, err := s.tail.decode(st)
		if err != nil {
			return Timeline{}, err
		}
		story.follow(s.seals, st, e)
		switch {
		case st.Sequence <= after:
		case len(t.Events) == limit:
			t.More = true
		default:
			t.Events = append(t.Events, e)
		}
	}
	t.Integrity = story.integrity()
	return t, nil
}

// Append lets decide see the call as it is (nil when it does not exist) and appends the events that it yields, if any.
// When somebody else appended meanwhile, decide is asked again with the newer call: it must be idempotent. The answer
// is the call afterwards.
func (s *Service) Append(ctx context.Context, id helix.CallID, decide func(*helix.Call) ([]helix.CallEvent, error)) (helix.Call, error) {
	for range maxAppendTries {
		call, err := s.load(ctx, id)
		if err != nil {
			return helix.Call{}, err
		}
		events, err := decide(call)
		if err != nil {
			return helix.Call{}, err
		}
		var base helix.Call
		if call != nil {
			base = *call
		}
		base.ID = id
		after, err := s.append(ctx, base, events)
		if errors.Is(err, bus.ErrConflict) {
			s.forget(id)
			continue
		}
		return after, err
	}
	return helix.Call{}, helix.Internal("calls.append", fmt.Errorf("call %s lost %d races in a row", id, maxAppendTries))
}

// append writes events one by one. A crash between two of them leaves a shorter story, which the redelivered report
// continues.
func (s *Service) append(ctx context.Context, call helix.Call, events []helix.CallEvent) (helix.Call, error) {
	if call.Person == "" {
		call.Person = s.person(number(call, events).Phone)
	}
	for i := range events {
		e := &events[i]
		e.Call, e.Sequence, e.RecordedAt = call.ID, call.Sequence+1, s.now().UTC()
		e.Previous, e.Before = call.Revision, s.latest()
		data, err := s.seals.marshal(call.Person, call.Seal, e)
		if err != nil {
			return call, helix.Internal("calls.append", err)
		}
		seq, err := s.bus.AppendEvent(ctx, call.Person, string(call.ID), call.Revision, data)
		if err != nil {
			return call, fmt.Errorf("calls.append: %w", err)
		}
		call = fold(call, *e)
		call.Revision = seq
	}
	if len(events) > 0 {
		s.remember(call)
	}
	return call, nil
}

// load gives the fold of a call's events, nil when there are none.
func (s *Service) load(ctx context.Context, id helix.CallID) (*helix.Call, error) {
	s.mu.Lock()
	cached := s.cache[id]
	s.mu.Unlock()
	if cached != nil {
		return cached, nil
	}
	stored, err := s.bus.CallEvents(ctx, string(id))
	if err != nil {
		return nil, fmt.Errorf("calls.load: %w", err)
	}
	if len(stored) == 0 {
		return nil, nil
	}
	call := helix.Call{ID: id}
	for _, st := range stored {
		var e helix.CallEvent
		if err := json.Unmarshal(st.Data, &e); err != nil {
			return nil, helix.Internal("calls.load", err)
		}
		call = fold(call, e)
		call.Revision, call.Person = st.Sequence, st.Person
	}
	s.remember(call)
	return &call, nil
}

// remember caches a fold. Folds are replaced, never changed, so that readers need no lock.
func (s *Service) remember(call helix.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.cache[call.ID]; old != nil && old.Revision >= call.Revision {
		return
	}
	if len(s.cache) >= maxCached {
		for id := range s.cache {
			delete(s.cache, id)
			break
		}
	}
	s.cache[call.ID] = &call
}

func (s *Service) forget(id helix.CallID) {
	s.mu.Lock()
	delete(s.cache, id)
	s.mu.Unlock()
}

// refresh brings a cached fold up to date with an event that another replica appended, and notes how far the log goes.
func (s *Service) refresh(e *helix.CallEvent, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Seal != "" {
		s.newest = helix.LogMark{Sequence: revision, Seal: e.Seal}
	}
	old := s.cache[e.Call]
	if old == nil || old.Revision >= revision {
		return
	}
	if e.Sequence != old.Sequence+1 {
		delete(s.cache, e.Call)
		return
	}
	call := fold(*old, *e)
	call.Revision = revision
	s.cache[e.Call] = &call
}

// latest names the last event that this process has seen, whichever call it is of.
func (s *Service) latest() helix.LogMark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}
