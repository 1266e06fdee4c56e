package ozonetel

import (
	"fmt"
	"slices"
	"time"
)

// PartyState is where somebody stands who was called into a conference.
type PartyState string

// The states of a party.
const (
	PartyDialing PartyState = "dialing"
	PartyJoined  PartyState = "joined"
	PartyLeft    PartyState = "left" // or never came
)

// maxParties bounds the parties ever called into one call; more are refused like a bad number.
const maxParties = 8

// party is a third phone in a call, brought in by CONFERENCE.
type party struct {
	number string // as asked for
	state  PartyState
	joined time.Time // zero: never
	left   time.Time
}

// PartyView is what an observer sees of a party.
type PartyView struct {
	Number string     `json:"number"`
	State  PartyState `json:"state"`
}

// callParty rings a number for a conference; its phone behaves as planned. False: too many parties, or one of them already.
func (s *Server) callParty(c *call, number string, next func() DialPlan) bool {
	if len(c.parties) >= maxParties || c.activeParty(number) != nil {
		return false
	}
	p, plan := &party{number: number, state: PartyDialing}, next()
	c.parties = append(c.parties, p)
	switch plan.Outcome {
	case HandDriven:
	case CustomerAnswers:
		s.in(c, plan.Ring, func() { s.partyJoins(c, p, plan.Talk) })
	default:
		s.in(c, plan.Ring, func() { s.partyLeaves(c, p) })
	}
	return true
}

// JoinConference picks up the phone of the party who was called into a call first and still rings. Errors: ErrUnknownCall,
// ErrIllegalMove when nobody's phone rings.
func (s *Server) JoinConference(ucid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	if c == nil {
		return ErrUnknownCall
	}
	ringing := slices.IndexFunc(c.parties, func(p *party) bool { return p.state == PartyDialing })
	if ringing < 0 {
		return fmt.Errorf("%w: nobody is called into the %s call", ErrIllegalMove, c.state)
	}
	s.partyJoins(c, c.parties[ringing], 0)
	return nil
}

// partyJoins lets a party in. With a talk it hangs up after it.
func (s *Server) partyJoins(c *call, p *party, talk time.Duration) {
	if p.state != PartyDialing {
		return
	}
	p.state, p.joined = PartyJoined, s.line.Now()
	if talk > 0 {
		s.in(c, talk, func() { s.partyLeaves(c, p) })
	}
}

// partyLeaves drops a party. A customer who was transferred and has nobody left to talk to is disconnected.
func (s *Server) partyLeaves(c *call, p *party) {
	if p.state == PartyLeft {
		return
	}
	p.state, p.left = PartyLeft, s.line.Now()
	if c.agentGone && len(c.activeParties()) == 0 {
		s.must(c, s.end(c, AgentHangup))
	}
}

func (c *call) activeParties() []*party {
	var active []*party
	for _, p := range c.parties {
		if p.state != PartyLeft {
			active = append(active, p)
		}
	}
	return active
}

func (c *call) activeParty(number string) *party {
	for _, p := range c.activeParties() {
		if sameNumber(number, p.number) {
			return p
		}
	}
	return nil
}

// conferenced is how long at least three were in the call, or two after the agent left it.
func (c *call) conferenced() time.Duration {
	var first, last time.Time
	for _, p := range c.parties {
		if p.joined.IsZero() {
			continue
		}
		if first.IsZero() || p.joined.Before(first) {
			first = p.joined
		}
		if p.left.After(last) {
			last = p.left
		}
	}
	return last.Sub(first)
}

// transferredTo is the number whom the agent left the customer with, empty without a transfer.
func (c *call) transferredTo() string {
	if !c.agentGone || len(c.parties) == 0 {
		return ""
	}
	return c.parties[len(c.parties)-1].number
}

// hold and unhold count how long the customer heard music.
func (c *call) hold(now time.Time) {
	if !c.held {
		c.held, c.heldSince = true, now
	}
}

func (c *call) unhold(now time.Time) {
	if c.held {
		c.held, c.heldFor = false, c.heldFor+now.Sub(c.heldSince)
	}
}

// closeTalk settles what an ending call leaves open.
func (c *call) closeTalk(now time.Time) {
	c.unhold(now)
	c.muted, c.recordingPaused = false, false
	for _, p := range c.activeParties() {
		p.state, p.left = PartyLeft, now
	}
}
