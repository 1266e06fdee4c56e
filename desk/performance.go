package desk

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Performance is an agent's day in figures. Rates are between 0 and 1, and nil where there is nothing to divide by.
type Performance struct {
	Agent                                   helix.AgentID
	Inbound, Outbound, Answered, Missed     int
	Login, Talk, Hold, WrapUp, Idle, Paused time.Duration
	AverageHandle                           *time.Duration // talk, hold and after-call work of an answered call
	Occupancy                               *float64       // share of the time not paused that went into calls
	Recovery                                *float64       // share of the missed callers he called back that he reached
}

// Performance derives an agent's figures of a day from the provider's record of its calls and of its agents, so that they
// agree with [Desk.History] and are as old. An agent sees his own, a supervisor everybody's.
func (d *Desk) Performance(ctx context.Context, w Worker, day time.Time, agent helix.AgentID) (Performance, error) {
	if agent == "" {
		agent = w.Seat.Agent
	}
	switch {
	case agent == "":
		return Performance{}, helix.BadInput("name the agent: you have no desk of your own")
	case !w.Supervisor && agent != w.Seat.Agent:
		return Performance{}, helix.Forbidden("only supervisors see the figures of others")
	}
	details, err := d.telephony.CallDetails(ctx, day)
	if err != nil {
		return Performance{}, err
	}
	days, err := d.telephony.AgentDays(ctx, day)
	if err != nil {
		return Performance{}, err
	}
	p := Performance{Agent: agent}
	p.count(details)
	for _, t := range days {
		if t.Agent == agent {
			p.Login, p.Idle, p.Paused = t.Login, t.Idle, t.Paused
		}
	}
	p.derive(details)
	return p, nil
}

// count adds up the agent's calls.
func (p *Performance) count(details []helix.CallDetail) {
	for _, c := range details {
		if c.Report.Agent != p.Agent {
			continue
		}
		if c.Report.Direction == helix.Inbound {
			p.Inbound++
		} else {
			p.Outbound++
		}
		switch c.Outcome {
		case helix.OutcomeAnswered:
			p.Answered++
		case helix.OutcomeMissed:
			p.Missed++
		case helix.OutcomeNotAnswered:
		}
		p.Talk += c.Report.Talk
		p.Hold += c.Hold
		p.WrapUp += c.WrapUp
	}
}

// derive divides.
func (p *Performance) derive(details []helix.CallDetail) {
	handling := p.Talk + p.Hold + p.WrapUp
	if p.Answered > 0 {
		average := handling / time.Duration(p.Answered)
		p.AverageHandle = &average
	}
	if present := p.Login - p.Paused; present > 0 {
		occupancy := min(1, handling.Seconds()/present.Seconds())
		p.Occupancy = &occupancy
	}
	missed, called := map[helix.Phone]bool{}, map[helix.Phone]bool{} // called: whether he was reached
	for _, c := range details {
		phone := c.Report.Phone
		switch {
		case phone == "":
		case c.Outcome == helix.OutcomeMissed:
			missed[phone] = true
		case c.Report.Direction == helix.Outbound && c.Report.Agent == p.Agent && missed[phone]:
			called[phone] = called[phone] || c.Outcome == helix.OutcomeAnswered
		}
	}
	if len(called) > 0 {
		reached := 0
		for _, was := range called {
			if was {
				reached++
			}
		}
		recovery := float64(reached) / float64(len(called))
		p.Recovery = &recovery
	}
}
