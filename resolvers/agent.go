package resolvers

import (
	"context"
	"strconv"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// AgentLogin resolves a login.
func (r *mutationResolver) AgentLogin(ctx context.Context, input graph.AgentLoginInput) (*graph.AgentLoginPayload, error) {
	w, err := worker(ctx)
	var agent helix.DeskAgent
	if err == nil {
		agent, err = r.o.Desk.Login(ctx, w, value(input.SipExtension))
	}
	opErr, err := operation(err)
	return &graph.AgentLoginPayload{Ok: opErr == nil, Error: opErr, Agent: deskAgent(agent)}, err
}

// AgentLogout resolves a logout.
func (r *mutationResolver) AgentLogout(ctx context.Context, input graph.AgentLogoutInput) (*graph.AgentLogoutPayload, error) {
	w, err := worker(ctx)
	var agent helix.DeskAgent
	if err == nil {
		agent, err = r.o.Desk.Logout(ctx, w, value(input.Force))
	}
	opErr, err := operation(err)
	return &graph.AgentLogoutPayload{Ok: opErr == nil, Error: opErr, Agent: deskAgent(agent)}, err
}

// SetAgentState resolves a change of state.
func (r *mutationResolver) SetAgentState(ctx context.Context, input graph.SetAgentStateInput) (*graph.SetAgentStatePayload, error) {
	w, err := worker(ctx)
	var agent helix.DeskAgent
	var claimed *helix.MissedCall
	if err == nil {
		agent, claimed, err = r.o.Desk.SetState(ctx, w, helix.AgentState(input.State), value(input.Reason))
	}
	opErr, err := operation(err)
	return &graph.SetAgentStatePayload{
		Ok: opErr == nil, Error: opErr, Agent: deskAgent(agent), ClaimedMissedCall: r.missedCall(claimed),
	}, err
}

// ForceAgentReady resolves freeing an agent.
func (r *mutationResolver) ForceAgentReady(ctx context.Context, input graph.ForceAgentReadyInput) (*graph.ForceAgentReadyPayload, error) {
	w, err := worker(ctx)
	var agent helix.DeskAgent
	if err == nil {
		agent, err = r.o.Desk.ForceReady(ctx, w, value(input.SipExtension))
	}
	opErr, err := operation(err)
	return &graph.ForceAgentReadyPayload{Ok: opErr == nil, Error: opErr, Agent: deskAgent(agent)}, err
}

// Agents resolves every agent, for supervisors.
func (r *queryResolver) Agents(ctx context.Context) ([]graph.DeskAgent, error) {
	if err := supervisor(ctx); err != nil {
		return nil, err
	}
	all, err := r.o.Desk.Agents(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]graph.DeskAgent, len(all))
	for i, a := range all {
		out[i] = *deskAgent(a)
	}
	return out, nil
}

// AgentStates resolves the stream of agents' states.
func (r *subscriptionResolver) AgentStates(ctx context.Context) (<-chan *graph.AgentStateEvent, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	agent := w.Seat.Agent
	if w.Supervisor {
		agent = ""
	}
	states := make(chan *graph.AgentStateEvent) // unbuffered: a subscriber that does not read is not read for
	go func() {
		defer close(states)
		for all := r.o.Desk.AgentStates(agent); ; {
			change, err := all.Next(ctx)
			if err != nil {
				endWith(ctx, err)
				return
			}
			event := &graph.AgentStateEvent{
				Cursor: strconv.FormatUint(change.Revision, 10), At: change.Agent.StateSince, Agent: deskAgent(change.Agent),
			}
			if event.At.IsZero() { // he never was anything else
				event.At = r.o.Now()
			}
			select {
			case states <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return states, nil
}

// CurrentCall resolves the call that occupies an agent.
func (r *deskAgentResolver) CurrentCall(ctx context.Context, obj *graph.DeskAgent) (*graph.LiveCall, error) {
	if obj.CurrentCallID == "" {
		return nil, nil
	}
	call, err := r.o.Calls.Get(ctx, obj.CurrentCallID)
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil, nil // older than the log
	}
	return liveCall(&call), err
}

func deskAgent(a helix.DeskAgent) *graph.DeskAgent {
	if a.ID == "" {
		return nil
	}
	return &graph.DeskAgent{
		ID: string(a.ID), Name: a.Name, State: graph.AgentState(a.State), StateSince: when(a.StateSince),
		StateReason: text(a.StateReason), SipExtension: text(a.SIPExtension), Campaign: text(a.Campaign),
		CurrentCallID: a.CurrentCall, WantedState: wanted(a.Wanted),
	}
}

func wanted(s helix.AgentState) *graph.AgentState {
	if s == "" {
		return nil
	}
	state := graph.AgentState(s)
	return &state
}

func agentRef(id helix.AgentID, name string) *graph.AgentRef {
	if id == "" {
		return nil
	}
	if name == "" {
		name = string(id)
	}
	return &graph.AgentRef{ID: string(id), Name: name}
}
