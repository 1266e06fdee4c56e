package desk

import (
	"context"
	"errors"

	helix "github.com/helix-engage/gateway"
)

// There says that the worker's desk is there; to be told now and then while it is.
func (d *Desk) There(ctx context.Context, agent helix.AgentID) error {
	return d.agents.There(ctx, agent)
}

// Agent tells how the worker's own desk is.
func (d *Desk) Agent(ctx context.Context, w Worker) (helix.DeskAgent, error) {
	return d.agents.Get(ctx, w.Seat, w.Name)
}

// Login opens the worker's telephony session; extension, when given, is rung instead of the desk's own.
func (d *Desk) Login(ctx context.Context, w Worker, extension string) (helix.DeskAgent, error) {
	if extension != "" {
		w.Seat.SIPExtension = extension
	}
	now, err := d.own(ctx, w)
	if err != nil {
		return now, err
	}
	if err := d.telephony.Login(ctx, w.Seat); err != nil {
		return now, err
	}
	return d.agents.command(ctx, w, func(p *presence) {
		p.Extension = extension
		if p.State == helix.AgentOffline {
			p.settle(helix.AgentIdle, "", d.now())
			p.Wanted, p.Pending, p.Current = helix.AgentIdle, false, ""
		}
	})
}

// own tells how the worker's desk is: AGENT_TAKEN while another member is logged in there, as after a change of the agent
// directory. The way out is ForceReady, or Logout.
func (d *Desk) own(ctx context.Context, w Worker) (helix.DeskAgent, error) {
	now, err := d.agents.Get(ctx, w.Seat, w.Name)
	if err == nil && now.State != helix.AgentOffline && now.Member != "" && now.Member != w.Member {
		err = &helix.Error{Code: helix.CodeAgentTaken, Message: "another member works at this desk", Op: "desk.own"}
	}
	return now, err
}

// Logout ends the worker's telephony session and gives back the missed calls that he was offered. While a call is up it
// needs force.
func (d *Desk) Logout(ctx context.Context, w Worker, force bool) (helix.DeskAgent, error) {
	now, err := d.agents.Get(ctx, w.Seat, w.Name)
	if err != nil {
		return now, err
	}
	if now.State.OnCall() && !force {
		return now, &helix.Error{Code: helix.CodeAgentBusy, Message: "a call is up; end it first, or log out by force", Op: "desk.logout"}
	}
	if err := d.telephony.Logout(ctx, w.Seat); err != nil {
		return now, err
	}
	after, err := d.agents.command(ctx, w, func(p *presence) {
		p.settle(helix.AgentOffline, "", d.now())
		p.Wanted, p.Pending, p.Current = helix.AgentOffline, false, ""
	})
	if err != nil {
		return after, err
	}
	return after, d.queue.ReleaseAll(ctx, w.Seat.Agent)
}

// ForceReady frees a worker who is stuck: a new session is the known way out of after-call work (ozonetel.md 2).
func (d *Desk) ForceReady(ctx context.Context, w Worker, extension string) (helix.DeskAgent, error) {
	now, err := d.agents.Get(ctx, w.Seat, w.Name)
	if err != nil {
		return now, err
	}
	if now.State.OnCall() {
		return now, &helix.Error{Code: helix.CodeAgentBusy, Message: "a call is up; end it first", Op: "desk.force_ready"}
	}
	w.Seat.SIPExtension = now.SIPExtension // the phone that he works with
	if extension != "" {
		w.Seat.SIPExtension = extension
	}
	if _, err := d.agents.change(ctx, w.Seat.Agent, func(p *presence) bool {
		p.settle(p.State, "", d.now()) // what it leads through may be told before it is done
		return true
	}); err != nil {
		return now, err
	}
	if err := d.telephony.Logout(ctx, w.Seat); err != nil {
		return now, err
	}
	if err := d.telephony.Login(ctx, w.Seat); err != nil {
		offline, oerr := d.agents.command(ctx, w, func(p *presence) { p.settle(helix.AgentOffline, "", d.now()) })
		return offline, errors.Join(err, oerr)
	}
	if err := d.telephony.SetState(ctx, w.Seat, helix.AgentReady, ""); err != nil {
		return now, err
	}
	return d.agents.command(ctx, w, func(p *presence) {
		if extension != "" {
			p.Extension = extension
		}
		p.settle(helix.AgentReady, "", d.now())
		p.Wanted, p.Pending, p.Current = helix.AgentReady, false, ""
	})
}

// SetState makes the worker ready or pauses him. On READY he holds the oldest waiting missed call afterwards, if there
// is one; claimed is nil otherwise. A wish that a call or after-call work is in the way of is kept and carried out when
// it is over.
func (d *Desk) SetState(ctx context.Context, w Worker, state helix.AgentState, reason string) (
	agent helix.DeskAgent, claimed *helix.MissedCall, err error,
) {
	if state == helix.AgentPaused && reason == "" {
		reason = d.pauseReason
	}
	if agent, err = d.own(ctx, w); err != nil {
		return agent, nil, err
	}
	err = d.telephony.SetState(ctx, w.Seat, state, reason)
	if helix.IsCode(err, helix.CodeAgentBusy) {
		agent, err = d.agents.command(ctx, w, func(p *presence) { p.Wanted, p.WantedReason, p.Pending = state, reason, true })
		return agent, nil, err
	}
	if err != nil {
		agent, _ = d.agents.Get(ctx, w.Seat, w.Name)
		return agent, nil, err
	}
	agent, err = d.agents.command(ctx, w, func(p *presence) {
		p.settle(state, reason, d.now())
		p.Wanted, p.WantedReason, p.Pending, p.Current = state, reason, false, ""
	})
	if err != nil || state != helix.AgentReady {
		return agent, nil, err
	}
	claimed, err = d.queue.Claim(ctx, w)
	return agent, claimed, err
}
