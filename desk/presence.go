package desk

import (
	"time"

	helix "github.com/helix-engage/gateway"
)

// presence is what is stored of an agent.
type presence struct {
	Agent      helix.AgentID    `json:"agent"`
	Member     helix.MemberID   `json:"member,omitempty"`
	Name       string           `json:"name,omitempty"`
	Extension  string           `json:"extension,omitempty"`
	Wanted     helix.AgentState `json:"wanted,omitempty"` // what the agent asked for last
	State      helix.AgentState `json:"state"`            // what the provider says
	Reason     string           `json:"reason,omitempty"`
	Since      time.Time        `json:"since"`
	Current    helix.CallID     `json:"current,omitempty"`
	ReportedAt time.Time        `json:"reportedAt"` // by the provider's clock, in whole seconds

	WantedReason string `json:"wantedReason,omitempty"`
	Pending      bool   `json:"pending,omitempty"` // what he asked for waits for a call or after-call work to end

	Settled time.Time         `json:"settled,omitzero"` // when a command of ours made State, by our clock; zero when the provider did
	Held    helix.AgentReport `json:"held,omitzero"`    // says otherwise, and may be an echo of that command

	Ended   helix.CallID `json:"ended,omitempty"` // the last call that is known to be over
	EndedAt time.Time    `json:"endedAt,omitzero"`
}

const (
	// settleWithin is how long the provider's reports of what a command caused may take to arrive.
	settleWithin = 5 * time.Second
	// settleSkew is how far the provider's clock may be ahead of ours: a report from later than that has another cause.
	settleSkew = 2 * time.Second
)

// observe takes a report in; false means that nothing has changed.
func (p *presence) observe(r helix.AgentReport, now time.Time) bool {
	at := r.At.Truncate(time.Second)
	if at.Before(p.ReportedAt) || p.isOfEnded(r, at) {
		return false
	}
	before := *p
	p.ReportedAt = at
	if p.echoes(r, now) {
		p.Held = r
	} else {
		p.accept(r)
	}
	return before.plain() != p.plain()
}

// accept makes a report what the agent is.
func (p *presence) accept(r helix.AgentReport) {
	p.Held = helix.AgentReport{}
	if r.State != p.State {
		p.Settled = time.Time{}
	}
	p.enter(r.State, r.Reason, r.At)
	switch {
	case r.Call != "":
		p.Current = r.Call
		if r.State == helix.AgentAfterCallWork {
			p.Ended, p.EndedAt = r.Call, p.ReportedAt
		}
	case !r.State.OnCall() && r.State != helix.AgentAfterCallWork && r.State != helix.AgentUnknown:
		p.Current = ""
	}
}

// isOfEnded tells a report of a call from before it was over that comes afterwards. A report that names no call means the
// last one, unless it is from later.
func (p *presence) isOfEnded(r helix.AgentReport, at time.Time) bool {
	return p.Ended != "" && r.State.OnCall() && (r.Call == p.Ended || r.Call == "" && !at.After(p.EndedAt))
}

// echoes tells whether a report may be of a state that a command of ours led through, or out of: a new session makes a
// READY agent OFFLINE and IDLE on its way. A call is never an echo, nor is what a session begins with.
func (p *presence) echoes(r helix.AgentReport, now time.Time) bool {
	switch {
	case !p.settling(now), r.State == p.State, r.State.OnCall(), r.At.After(p.Settled.Add(settleSkew)):
		return false
	case p.State == helix.AgentIdle:
		return r.State == helix.AgentOffline
	}
	return true
}

// settling tells whether reports that a command caused may still be on their way.
func (p *presence) settling(now time.Time) bool { return now.Sub(p.Settled) < settleWithin }

// release lets a report count that was held back; false when there is none that was for long enough.
func (p *presence) release(now time.Time) bool {
	if p.Held.State == "" || p.settling(now) {
		return false
	}
	p.accept(p.Held)
	return true
}

// settle makes a state what the agent is by a command of ours.
func (p *presence) settle(state helix.AgentState, reason string, now time.Time) {
	p.enter(state, reason, now)
	p.Settled, p.Held = now, helix.AgentReport{}
}

// enter changes the state; the time since is kept while it stays the same.
func (p *presence) enter(state helix.AgentState, reason string, at time.Time) {
	if p.State != state {
		p.Since = at
		p.Reason = ""
	}
	p.State = state
	if reason != "" {
		p.Reason = reason
	}
}

// over takes in that a call is over; false means that nothing has changed.
func (p *presence) over(call *helix.Call) bool {
	at := call.EndedAt.Truncate(time.Second)
	late := at.Before(p.ReportedAt)
	occupied := p.State.OnCall() && (p.Current == call.ID || p.Current == "" && !late)
	if late && !occupied {
		return false // the agent has long been doing something else
	}
	before := *p
	p.Ended, p.EndedAt = call.ID, at
	if occupied {
		p.Settled, p.Held, p.Current = time.Time{}, helix.AgentReport{}, ""
		p.enter(p.afterwards(call), "", call.EndedAt)
		if p.State == helix.AgentAfterCallWork {
			p.Current = call.ID
		}
	}
	return before.plain() != p.plain()
}

// afterwards is what an agent does when a call of his is over: he sums up a call that he talked in, or had dialled, unless
// he has. Else he is as before, until the provider says otherwise.
func (p *presence) afterwards(call *helix.Call) helix.AgentState {
	switch {
	case call.Disposition == nil && (call.Answered() || call.Direction == helix.Outbound):
		return helix.AgentAfterCallWork
	case p.Wanted == helix.AgentPaused:
		return helix.AgentPaused
	}
	return helix.AgentReady
}

// plain is a presence whose times compare by ==: what was stored and read again names the same moments in other zones.
func (p presence) plain() presence {
	for _, at := range []*time.Time{&p.Since, &p.ReportedAt, &p.Settled, &p.Held.At, &p.EndedAt} {
		*at = at.Round(0).UTC()
	}
	return p
}

// shown is a presence without what nobody is shown.
func (p presence) shown() presence {
	p.WantedReason, p.Pending, p.ReportedAt = "", false, time.Time{}
	p.Settled, p.Held, p.Ended, p.EndedAt = time.Time{}, helix.AgentReport{}, "", time.Time{}
	return p
}
