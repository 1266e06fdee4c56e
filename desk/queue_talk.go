package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Reached closes the entry of a patient who was talked to in some other way than a call back to it. That he was is kept,
// since he may have tried before in a way of which we are told only now.
func (q *Queue) Reached(ctx context.Context, call helix.Call) error {
	if call.Phone == "" || (call.Direction == helix.Outbound && call.MissedCall != "") {
		return nil
	}
	key := q.o.Person(call.Phone)
	if err := q.noteTalk(ctx, key, call.AnsweredAt.UTC()); err != nil {
		return err
	}
	_, err := q.talk(ctx, key, call.AnsweredAt)
	return err
}

// talkedTo tells when a caller was last talked to, the zero time when that is long ago.
func (q *Queue) talkedTo(ctx context.Context, key string) (time.Time, error) {
	at, _, err := q.talked.Get(ctx, key)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return time.Time{}, fmt.Errorf("desk.queue: %w", err)
	}
	return at, nil
}

// noteTalk keeps the latest time at which a caller was talked to. Without room for it the worst is that he is called back
// once too often.
func (q *Queue) noteTalk(ctx context.Context, key string, at time.Time) error {
	for range maxTries {
		known, rev, err := q.talked.Get(ctx, key)
		switch {
		case errors.Is(err, bus.ErrNotFound):
			_, err = q.talked.Create(ctx, key, at)
		case err == nil && at.After(known):
			_, err = q.talked.Update(ctx, key, at, rev)
		}
		switch {
		case errors.Is(err, bus.ErrConflict):
			continue
		case errors.Is(err, bus.ErrFull):
			q.o.Logger.WarnContext(ctx, "that a caller was talked to was not kept: no room")
			return nil
		case err != nil:
			return fmt.Errorf("desk.queue: %w", err)
		}
		return nil
	}
	return helix.Conflict("the caller keeps being talked to; try again")
}

// talk takes from a caller's open entry what he tried before he was talked to.
func (q *Queue) talk(ctx context.Context, key string, at time.Time) (entry, error) {
	e, _, err := q.change(ctx, key, func(e *entry, exists bool) (bool, error) {
		if !exists || !e.Status.Open() {
			return false, nil
		}
		if !at.Before(e.LastMissedAt) {
			e.Status, e.SettledAt, e.ClaimedUntil = helix.CallbackCompleted, at.UTC(), time.Time{}
			return true, nil
		}
		return e.uncount(at), nil
	})
	return e, err
}

// uncount takes back what was missed until a moment, which is before the last; false when nothing was.
func (e *entry) uncount(until time.Time) bool {
	first, before := e.LastMissedAt, 0
	for _, missed := range e.Seen {
		switch {
		case missed.Before(e.FirstMissedAt): // of an earlier episode
		case !missed.After(until):
			before++
		case missed.Before(first):
			first = missed
		}
	}
	if before > 0 {
		e.Count, e.FirstMissedAt = e.Count-before, first
	}
	return before > 0
}
