package desk

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
)

// labelNotDisposed is what a call is disposed with when its agent did not: it must not look like a choice of his.
const labelNotDisposed = "Not disposed by the agent"

// Tend sees to agents of whom something is due: wishes that a call or after-call work was in the way of, after-call work
// that was forgotten, and offers to desks that are gone. It is run by the scheduler, on one replica; every step may be repeated.
func (d *Desk) Tend(ctx context.Context) error {
	var failed error
	for _, seat := range d.seats {
		p, err := d.agents.read(ctx, seat.Agent)
		if err != nil {
			return err
		}
		w := Worker{Member: p.Member, Name: p.Name, Seat: seat}
		switch {
		case p.Pending && p.State != helix.AgentAfterCallWork && !p.State.OnCall():
			err = d.carryOut(ctx, w, p)
		case p.State == helix.AgentAfterCallWork && d.now().Sub(p.Since) >= d.wrapUpLimit:
			err = d.freeForgotten(ctx, w, p)
		}
		if err != nil { // one agent's trouble is not the others'
			d.log.WarnContext(ctx, "an agent could not be seen to", "agent", string(seat.Agent), "error", err)
			failed = err
		}
		if err := d.releaseOfAbsent(ctx, seat.Agent); err != nil {
			return err
		}
	}
	return failed
}

// releaseOfAbsent gives back what an agent was offered whose desk is gone: nobody would call the patient back.
func (d *Desk) releaseOfAbsent(ctx context.Context, agent helix.AgentID) error {
	if !d.queue.offered(agent) {
		return nil
	}
	gone, err := d.agents.gone(ctx, agent)
	if err != nil || !gone {
		return err
	}
	return d.queue.ReleaseAll(ctx, agent)
}

// carryOut does what the agent wished for while he could not.
func (d *Desk) carryOut(ctx context.Context, w Worker, p presence) error {
	if p.State == helix.AgentOffline {
		_, err := d.agents.change(ctx, w.Seat.Agent, func(now *presence) bool {
			pending := now.Pending
			now.Pending = false
			return pending
		})
		return err
	}
	if err := d.telephony.SetState(ctx, w.Seat, p.Wanted, p.WantedReason); err != nil {
		return err
	}
	_, err := d.agents.change(ctx, w.Seat.Agent, func(now *presence) bool {
		if now.Wanted != p.Wanted || now.WantedReason != p.WantedReason {
			return false // he changed his mind meanwhile; that is carried out next
		}
		now.settle(p.Wanted, p.WantedReason, d.now())
		now.Pending = false
		return true
	})
	return err
}

// freeForgotten disposes a call that its agent forgot, with a label that says so, which frees him. One whose call is not
// known is freed by a new session.
func (d *Desk) freeForgotten(ctx context.Context, w Worker, p presence) error {
	if p.Current == "" {
		_, err := d.ForceReady(ctx, w, p.Extension)
		return err
	}
	_, err := d.Dispose(ctx, w, DisposeOrder{
		Call: p.Current, Disposition: helix.Disposition{Label: labelNotDisposed, Notes: "after " + d.wrapUpLimit.Round(time.Second).String()},
		Unattended: true,
	})
	if helix.IsCode(err, helix.CodeAlreadyDisposed) {
		_, err = d.ForceReady(ctx, w, p.Extension) // disposed, and stuck nevertheless
	}
	return err
}
