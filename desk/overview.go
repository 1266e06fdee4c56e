package desk

import (
	"context"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
)

// Agents lists every agent of the directory as he is now.
func (d *Desk) Agents(ctx context.Context) ([]helix.DeskAgent, error) {
	all := make([]helix.DeskAgent, 0, len(d.seats))
	for _, seat := range d.seats {
		agent, err := d.agents.Get(ctx, seat, d.agents.nameOf(seat))
		if err != nil {
			return nil, err
		}
		all = append(all, agent)
	}
	return all, nil
}

// AgentChange is how an agent is, and the place of that among all changes; zero for one of whom nobody has heard yet.
type AgentChange struct {
	Agent    helix.DeskAgent
	Revision uint64
}

// AgentStates tells how agents are: first everyone of the directory as he is now, then each change. It belongs to one
// goroutine.
type AgentStates struct {
	desk   *Desk
	agent  helix.AgentID
	silent []helix.AgentSeat // of whom nothing may be known; not told of yet
	place  uint64
}

// AgentStates begins to tell of one agent, or of all when agent is empty.
func (d *Desk) AgentStates(agent helix.AgentID) *AgentStates {
	seats := slices.DeleteFunc(slices.Clone(d.seats), func(s helix.AgentSeat) bool { return agent != "" && s.Agent != agent })
	return &AgentStates{desk: d, agent: agent, silent: seats}
}

// Next waits for the next change. An agent who changes faster than it is called is told of by his latest state.
func (s *AgentStates) Next(ctx context.Context) (AgentChange, error) {
	d := s.desk
	for len(s.silent) > 0 {
		seat := s.silent[0]
		s.silent = s.silent[1:]
		known, err := d.agents.heard(ctx, seat.Agent)
		if err != nil {
			return AgentChange{}, err
		}
		if !known {
			offline := presence{Agent: seat.Agent, State: helix.AgentOffline}
			return AgentChange{Agent: deskAgent(offline, seat, d.agents.nameOf(seat))}, nil
		}
	}
	next, err := d.agents.next(ctx, s.place, func(id helix.AgentID) bool { return s.agent == "" || id == s.agent })
	if err != nil {
		return AgentChange{}, err
	}
	s.place = next.revision
	seat := helix.AgentSeat{Agent: next.Agent}
	if i := slices.IndexFunc(d.seats, func(s helix.AgentSeat) bool { return s.Agent == next.Agent }); i >= 0 {
		seat = d.seats[i]
	}
	return AgentChange{Agent: deskAgent(next.presence, seat, d.agents.nameOf(seat)), Revision: next.revision}, nil
}

// LiveCalls lists calls that are not over: those that occupy an agent, and open dials. Only the agent's own when agent
// is not empty.
func (d *Desk) LiveCalls(ctx context.Context, agent helix.AgentID) ([]helix.Call, error) {
	seen := map[helix.CallID]bool{}
	var live []helix.Call
	for _, seat := range d.seats {
		if agent != "" && seat.Agent != agent {
			continue
		}
		now, err := d.agents.Get(ctx, seat, "")
		if err != nil {
			return nil, err
		}
		dial, err := d.calls.DialOf(ctx, seat.Agent)
		if err != nil {
			return nil, err
		}
		for _, id := range []helix.CallID{now.CurrentCall, dial.Call} {
			if id == "" || seen[id] {
				continue
			}
			seen[id] = true
			call, err := d.calls.Get(ctx, id)
			switch {
			case helix.IsCode(err, helix.CodeNotFound): // older than the log
			case err != nil:
				return nil, err
			case call.Open():
				live = append(live, call)
			}
		}
	}
	slices.SortFunc(live, func(a, b helix.Call) int { return a.StartedAt.Compare(b.StartedAt) })
	return live, nil
}

// Abandoned lists inbound calls that reached nobody between two moments, the latest first, as the provider reports them.
func (d *Desk) Abandoned(ctx context.Context, from, to time.Time) ([]helix.CallReport, error) {
	reports, err := d.telephony.Abandoned(ctx)
	if err != nil {
		return nil, err
	}
	reports = slices.DeleteFunc(slices.Clone(reports), func(r helix.CallReport) bool { return r.At.Before(from) || r.At.After(to) })
	slices.SortFunc(reports, func(a, b helix.CallReport) int { return b.At.Compare(a.At) })
	return reports, nil
}

// Dispositions lists the labels that the worker's campaign accepts.
func (d *Desk) Dispositions(ctx context.Context, w Worker) ([]string, error) {
	return d.telephony.Dispositions(ctx, w.Seat)
}
