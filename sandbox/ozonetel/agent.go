package ozonetel

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-engage/gateway/sandbox/timeline"
)

// AgentState is where an agent stands.
type AgentState string

// The states of an agent. On the wire CALLING and INCALL are both BUSY (ozonetel.md 11).
const (
	Offline AgentState = "OFFLINE"
	Idle    AgentState = "IDLE" // logged in, not yet ready
	Ready   AgentState = "READY"
	Paused  AgentState = "PAUSED"
	Calling AgentState = "CALLING" // a leg of his rings
	InCall  AgentState = "INCALL"
	ACW     AgentState = "ACW" // after-call work, until disposed or the wrap-up timer
)

// agentMoves is the transition table; every other move is refused.
var agentMoves = map[AgentState][]AgentState{
	Offline: {Idle, Ready},
	Idle:    {Ready, Paused, Offline},
	Ready:   {Ready, Paused, Calling, Offline},
	Paused:  {Ready, Paused, Offline},
	Calling: {InCall, Ready, ACW, Offline},
	InCall:  {ACW, Offline},
	ACW:     {Ready, Paused, Offline},
}

// agent is one directory entry with its live state. Guarded by Server.mu.
type agent struct {
	AgentProfile
	state       AgentState
	since       time.Time
	pauseReason string
	number      string // bound at login, empty while offline
	mode        string
	call        *call           // the call he is offered, talks on, or wraps up
	wrapUp      *timeline.Timer // runs in ACW
	stuck       bool            // the line takes no call until it is released
	counted     time.Time       // work is counted until then
	work        map[workday]*worktime
}

// wireState is the state as getAgentLogins and AgentDetails spell it.
func (a *agent) wireState() string {
	switch a.state {
	case Calling, InCall:
		return "BUSY"
	case Offline:
		return "LOGOUT"
	default:
		return string(a.state)
	}
}

// takes says whether the login mode admits calls of a kind: inbound modes for distribution, manual modes for AgentManualDial
// (ozonetel.md 5.1).
func (a *agent) takes(kind callKind) bool {
	mode := strings.ToLower(a.mode)
	return mode == "blended" || mode == string(kind)
}

// move changes an agent's state, announces it and starts or stops the wrap-up timer. Server.mu is held.
func (s *Server) move(a *agent, to AgentState) error {
	if !slices.Contains(agentMoves[a.state], to) {
		return fmt.Errorf("%w: agent %s is %s, cannot become %s", ErrIllegalMove, a.ID, a.state, to)
	}
	s.countWork(a)
	a.wrapUp.Stop()
	a.wrapUp = nil
	if a.state == ACW && a.call != nil {
		a.call.wrapped = s.line.Now()
	}
	if a.state != to { // asking for READY again does not lose the place among those who wait
		a.state, a.since = to, s.line.Now()
	}
	if to != Paused {
		a.pauseReason = ""
	}
	switch to {
	case ACW:
		a.wrapUp = s.line.After(s.timing.WrapUp, func() { s.wrapUpRanOut(a) })
	case Ready, Paused, Idle, Offline:
		a.call = nil
	}
	s.pushAgentEvent(a, agentAction(to))
	if to == Ready {
		s.distributeSoon()
	}
	return nil
}

// agentAction names a state as agent events do (ozonetel.md 12.2).
func agentAction(state AgentState) string {
	switch state {
	case Offline:
		return "logout"
	case Ready:
		return "release"
	case Paused:
		return "AUX"
	case Calling:
		return "calling"
	case InCall:
		return "incall"
	default:
		return string(state)
	}
}

// wrapUpRanOut writes the vendor's own label and frees the agent (ozonetel.md 4).
func (s *Server) wrapUpRanOut(a *agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.state != ACW {
		return
	}
	if c := a.call; c != nil && c.disposition == "" {
		c.disposition = fmt.Sprintf("Wrap up time exceeded :%d", int(s.timing.WrapUp.Seconds()))
		c.autoDisposed = true
	}
	s.mustMove(a, Ready)
}

// mustMove makes a move that the caller has checked to be legal. A refusal is a fault of the emulator: it is logged and the state stays.
func (s *Server) mustMove(a *agent, to AgentState) {
	if err := s.move(a, to); err != nil {
		s.log.Error("impossible agent move", "agent", a.ID, "from", string(a.state), "to", string(to))
	}
}

// longestReady is the agent who has been READY longest and takes inbound calls, nil when there is none.
func (s *Server) longestReady() *agent {
	var best *agent
	for _, a := range s.agents {
		if a.state == Ready && !a.stuck && a.takes(inbound) && (best == nil || a.since.Before(best.since)) {
			best = a
		}
	}
	return best
}

func (s *Server) agent(id string) *agent {
	for _, a := range s.agents {
		if a.ID == id {
			return a
		}
	}
	return nil
}
