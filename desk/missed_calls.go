package desk

import (
	"context"
	"slices"

	helix "github.com/helix-engage/gateway"
)

// MissedCall reads an entry of the queue; NOT_FOUND when it is gone.
func (d *Desk) MissedCall(ctx context.Context, id helix.CallID) (helix.MissedCall, error) {
	return d.queue.Get(ctx, id)
}

// MissedCalls lists the queue, the first missed first: all of it for a supervisor, else what the worker or nobody holds.
func (d *Desk) MissedCalls(ctx context.Context, w Worker) ([]helix.MissedCall, error) {
	all, err := d.queue.All(ctx)
	if err != nil || w.Supervisor {
		return all, err
	}
	return slices.DeleteFunc(all, func(m helix.MissedCall) bool { return !w.Sees(m) }), nil
}

// Sees reports whether the queue shows an entry to the worker: all to a supervisor, else what the worker or nobody holds.
func (w Worker) Sees(m helix.MissedCall) bool {
	return w.Supervisor || m.Agent == "" || m.Agent == w.Seat.Agent
}

// UpdateMissedCall sets where a missed call stands.
func (d *Desk) UpdateMissedCall(ctx context.Context, w Worker, id helix.CallID, status helix.CallbackStatus) (helix.MissedCall, error) {
	return d.queue.Update(ctx, id, w, status)
}

// ReleaseMissedCall gives a missed call back to those who wait for work.
func (d *Desk) ReleaseMissedCall(ctx context.Context, w Worker, id helix.CallID) (helix.MissedCall, error) {
	return d.queue.Release(ctx, id, w)
}

// ClaimNext claims the oldest waiting missed call, or gives the one that the worker holds. With skip he gives that one
// back first and gets another.
func (d *Desk) ClaimNext(ctx context.Context, w Worker, skip bool) (*helix.MissedCall, error) {
	if skip {
		if err := d.queue.ReleaseAll(ctx, w.Seat.Agent); err != nil {
			return nil, err
		}
	}
	return d.queue.Claim(ctx, w)
}
