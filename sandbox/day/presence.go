package day

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/helix-engage/gateway/sandbox/client"
)

// arrival is how the people of the day come to their desks.
func (p *player) arrival() chapter {
	return chapter{"The morning", []step{
		{"Asha and Ravi, agents, and Meera, who supervises them, sign in", p.signIn},
		{"Their desks listen: Asha's to calls and her work list, Meera's to how her agents are", p.listen},
		{"Asha and Ravi log in with the telephony, and Meera sees it", p.logIn},
	}}
}

// leaving is how they go.
func (p *player) leaving() chapter {
	return chapter{"The evening", []step{
		{"Asha and Ravi log out, and Meera sees it", p.logOut},
	}}
}

func (p *player) signIn(ctx context.Context) (string, error) {
	var seen []string
	for _, who := range []struct {
		*person
		email, agent, role string
	}{
		{p.asha, "asha@sandbox.test", "agent1", "AGENT"},
		{p.ravi, "ravi@sandbox.test", "agent2", "AGENT"},
		{p.meera, "meera@sandbox.test", "", "SUPERVISOR"},
	} {
		if err := who.signIn(ctx, who.email); err != nil {
			return "", err
		}
		if who.person.agent != who.agent || !slices.Contains(who.roles, who.role) {
			return "", fmt.Errorf("%s has the desk %q and the roles %v", who.name, who.person.agent, who.roles)
		}
		seen = append(seen, strings.TrimSpace(fmt.Sprintf("%s %v %s", who.name, who.roles, who.person.agent)))
	}
	return strings.Join(seen, ", "), nil
}

func (p *player) listen(ctx context.Context) (string, error) {
	if err := p.asha.listen(ctx, "CallEvents", "WorklistChanged"); err != nil {
		return "", err
	}
	if err := p.meera.listen(ctx, "AgentStates"); err != nil {
		return "", err
	}
	return "both sockets are acknowledged", nil
}

func (p *player) logIn(ctx context.Context) (string, error) {
	for _, who := range []*person{p.asha, p.ravi} {
		state, err := who.move(ctx, "AgentLogin", "agentLogin")
		if err != nil {
			return "", err
		}
		if state != "IDLE" {
			return "", fmt.Errorf("%s is %s", who.name, state)
		}
		if err := p.meeraSees(ctx, who, state); err != nil {
			return "", err
		}
	}
	return "both are IDLE, at their desks and at Meera's", nil
}

func (p *player) logOut(ctx context.Context) (string, error) {
	for _, who := range []*person{p.asha, p.ravi} {
		state, err := who.move(ctx, "AgentLogout", "agentLogout")
		if err != nil {
			return "", err
		}
		if state != "OFFLINE" {
			return "", fmt.Errorf("%s is %s", who.name, state)
		}
		if err := client.Eventually(ctx, func() (bool, error) {
			states, err := p.statesOf(who)
			return len(states) > 0 && states[len(states)-1] == "OFFLINE", err
		}); err != nil {
			return "", err
		}
	}
	day, err := p.statesOf(p.asha)
	return "Asha's day, as Meera saw it: " + strings.Join(day, " → "), err
}

// agentState is what Meera's subscription tells.
type agentState struct {
	Agent struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"agent"`
}

// meeraSees awaits that the supervisor's desk is told a state of an agent.
func (p *player) meeraSees(ctx context.Context, who *person, state string) error {
	_, err := client.Await(ctx, p.meera.socket, "AgentStates", who.name+" "+state, func(s agentState) bool {
		return s.Agent.ID == who.agent && s.Agent.State == state
	})
	return err
}

// statesOf are an agent's states in the order in which the supervisor was told, without repetitions.
func (p *player) statesOf(who *person) ([]string, error) {
	all, err := client.Heard[agentState](p.meera.socket, "AgentStates")
	var states []string
	for _, s := range all {
		if s.Agent.ID == who.agent {
			states = append(states, s.Agent.State)
		}
	}
	return slices.Compact(states), err
}
