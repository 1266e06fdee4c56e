package desk

import (
	"context"
	"errors"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
)

// errTaken ends a move that no longer fits the entry: somebody else was first.
var errTaken = errors.New("the entry was taken")

// Claim gives the worker the oldest caller who waits, whom nobody holds and whom he has not just passed on. A worker who holds one that he has not
// acted on gets the same again, so that repeating a request never hands out two. It is nil when nobody waits.
func (q *Queue) Claim(ctx context.Context, w Worker) (*helix.MissedCall, error) {
	if err := q.ready(ctx); err != nil {
		return nil, err
	}
	now := q.o.Now()
	waiting := q.snapshot()
	for _, e := range waiting {
		if e.Agent == w.Seat.Agent && e.Status == helix.CallbackPending && e.held(now) {
			m := q.view(&e.entry)
			return &m, nil
		}
	}
	for _, e := range waiting {
		if e.Status != helix.CallbackPending || e.held(now) || e.passed(w.Seat.Agent, now, q.o.ClaimTTL) {
			continue
		}
		claimed, err := q.claim(ctx, e, w)
		if errors.Is(err, errTaken) {
			continue
		}
		return claimed, err
	}
	return nil, nil
}

func (q *Queue) claim(ctx context.Context, candidate *indexed, w Worker) (*helix.MissedCall, error) {
	e, rev, err := q.change(ctx, candidate.key, func(e *entry, exists bool) (bool, error) {
		if !exists || e.ID != candidate.ID || e.Status != helix.CallbackPending || e.held(q.o.Now()) {
			return false, errTaken
		}
		e.Agent, e.AgentName, e.Member = w.Seat.Agent, w.Name, w.Member
		e.ClaimedUntil = q.o.Now().Add(q.o.ClaimTTL).UTC()
		return true, nil
	})
	if errors.Is(err, errTaken) {
		q.put(candidate.key, &e, rev)
	}
	if err != nil {
		return nil, err
	}
	// The claim stands whether or not its announcement does: the agent has it in his answer.
	if err := q.announce(ctx, &e); err != nil {
		q.o.Logger.WarnContext(ctx, "a claim was not announced", "missed_call", string(e.ID), "error", err)
	}
	m := q.view(&e)
	return &m, nil
}

func (q *Queue) announce(ctx context.Context, e *entry) error {
	_, err := q.o.Calls.Append(ctx, e.ID, func(*helix.Call) ([]helix.CallEvent, error) {
		return []helix.CallEvent{{
			Kind: helix.EventMissedCallAssigned, At: q.o.Now().UTC(), Phone: e.Phone, Direction: helix.Inbound,
			Agent: e.Agent, AgentName: e.AgentName, MissedCall: e.ID, MissedCount: e.Count,
		}}, nil
	})
	return err
}

// Attempt marks that the worker calls back. He holds the entry from then on until it is settled; CONFLICT when somebody
// else holds it.
func (q *Queue) Attempt(ctx context.Context, id helix.CallID, w Worker, at time.Time) (helix.MissedCall, error) {
	return q.move(ctx, id, func(e *entry) (bool, error) {
		if err := q.heldByOther(e, w.Seat.Agent); err != nil {
			return false, err
		}
		if !e.Status.Open() {
			return false, helix.Conflict("this missed call is settled already")
		}
		if e.Status == helix.CallbackAttempted && e.AttemptedAt.Equal(at) {
			return false, nil
		}
		e.Status, e.AttemptedAt = helix.CallbackAttempted, at.UTC()
		e.Agent, e.AgentName, e.Member, e.ClaimedUntil = w.Seat.Agent, w.Name, w.Member, time.Time{}
		return true, nil
	})
}

// Settle closes the entry with a final status. Settling it again with the same one changes nothing.
func (q *Queue) Settle(ctx context.Context, id helix.CallID, w Worker, status helix.CallbackStatus) (helix.MissedCall, error) {
	return q.move(ctx, id, func(e *entry) (bool, error) {
		if !e.Status.Open() {
			return false, nil
		}
		if err := q.heldByOther(e, w.Seat.Agent); err != nil {
			return false, err
		}
		e.Status, e.SettledAt, e.ClaimedUntil = status, q.o.Now().UTC(), time.Time{}
		e.Agent, e.AgentName, e.Member = w.Seat.Agent, w.Name, w.Member
		return true, nil
	})
}

// ReleaseAll gives back what the agent was offered and has not acted on.
func (q *Queue) ReleaseAll(ctx context.Context, agent helix.AgentID) error {
	return q.release(ctx, func(e *entry) bool { return e.Agent == agent })
}

// offered reports whether the agent holds an offer that he has not acted on.
func (q *Queue) offered(agent helix.AgentID) bool {
	now := q.o.Now()
	return slices.ContainsFunc(q.snapshot(), func(e *indexed) bool {
		return e.Agent == agent && e.Status == helix.CallbackPending && e.held(now)
	})
}

// Tend takes lapsed offers back and makes up for look-ups that failed. It is run by the scheduler, on one replica.
func (q *Queue) Tend(ctx context.Context) error {
	now := q.o.Now()
	if err := q.release(ctx, func(e *entry) bool { return !now.Before(e.ClaimedUntil) }); err != nil {
		return err
	}
	for _, e := range q.snapshot() {
		if e.ContactKnown || !e.Status.Open() {
			continue
		}
		contact := q.lookUp(ctx, e.Phone)
		if contact == nil {
			return nil // FortyTwo is in trouble; the next tending tries again
		}
		_, err := q.move(ctx, e.ID, func(e *entry) (bool, error) {
			e.Lead, e.Patient, e.ContactKnown = contact.Lead, contact.Patient, true
			return true, nil
		})
		if err != nil && !helix.IsCode(err, helix.CodeNotFound) {
			return err
		}
	}
	return nil
}

// release frees pending entries that are held and of which which is true.
func (q *Queue) release(ctx context.Context, which func(*entry) bool) error {
	if err := q.ready(ctx); err != nil {
		return err
	}
	mine := func(e *entry) bool { return e.Status == helix.CallbackPending && e.Agent != "" && which(e) }
	for _, e := range q.snapshot() {
		if !mine(&e.entry) {
			continue
		}
		_, err := q.move(ctx, e.ID, func(e *entry) (bool, error) {
			if !mine(e) {
				return false, nil
			}
			e.pass(q.o.Now())
			return true, nil
		})
		if err != nil && !helix.IsCode(err, helix.CodeNotFound) {
			return err
		}
	}
	return nil
}

// Release gives an open entry back to those who wait for work, whether or not it was acted on.
func (q *Queue) Release(ctx context.Context, id helix.CallID, w Worker) (helix.MissedCall, error) {
	return q.move(ctx, id, func(e *entry) (bool, error) {
		if err := q.mayTouch(e, w); err != nil {
			return false, err
		}
		if !e.Status.Open() {
			return false, helix.Conflict("this missed call is settled already")
		}
		if e.Agent == "" && e.Status == helix.CallbackPending {
			return false, nil
		}
		e.Status = helix.CallbackPending
		e.pass(q.o.Now())
		return true, nil
	})
}

// Update sets where an entry stands. Back to pending opens it again and gives it to nobody.
func (q *Queue) Update(ctx context.Context, id helix.CallID, w Worker, status helix.CallbackStatus) (helix.MissedCall, error) {
	return q.move(ctx, id, func(e *entry) (bool, error) {
		if err := q.mayTouch(e, w); err != nil || e.Status == status {
			return false, err
		}
		e.set(status, q.o.Now().UTC())
		if status != helix.CallbackPending && w.Seat.Agent != "" {
			e.Agent, e.AgentName, e.Member = w.Seat.Agent, w.Name, w.Member
		}
		return true, nil
	})
}

// set gives the entry another status, whoever said so. Back to pending frees it.
func (e *entry) set(status helix.CallbackStatus, at time.Time) {
	e.Status = status
	switch status {
	case helix.CallbackPending:
		e.SettledAt = time.Time{}
		e.pass(at)
	case helix.CallbackAttempted:
		e.SettledAt, e.AttemptedAt, e.ClaimedUntil = time.Time{}, at, time.Time{}
	default:
		e.SettledAt, e.ClaimedUntil = at, time.Time{}
	}
}

// mayTouch lets agents leave alone what another one holds; supervisors may.
func (q *Queue) mayTouch(e *entry, w Worker) error {
	if w.Supervisor {
		return nil
	}
	return q.heldByOther(e, w.Seat.Agent)
}

// move changes the entry with this id, NOT_FOUND when there is none any more.
func (q *Queue) move(ctx context.Context, id helix.CallID, edit func(*entry) (bool, error)) (helix.MissedCall, error) {
	at, err := q.find(ctx, id)
	if err != nil {
		return helix.MissedCall{}, err
	}
	e, _, err := q.change(ctx, at.key, func(e *entry, exists bool) (bool, error) {
		if !exists || e.ID != id {
			return false, helix.NotFound("missed call")
		}
		return edit(e)
	})
	if err != nil {
		return helix.MissedCall{}, err
	}
	return q.view(&e), nil
}

func (q *Queue) heldByOther(e *entry, agent helix.AgentID) error {
	if e.held(q.o.Now()) && e.Agent != agent {
		return helix.Conflict("another agent holds this missed call")
	}
	return nil
}
