package ozonetel

import (
	"fmt"
)

// What callers, customers and agents' phones do. Exported methods are the levers of tests, traffic and the control server;
// each answers ErrIllegalMove when the call is not in a state for it.

// RingIn lets a caller reach the campaign's number and answers the call's UCID. The phone may be ten digits, 0 + 10, 91 + 10 or +91 + 10.
// Errors: ErrBadNumber, ErrFull.
func (s *Server) RingIn(phone string, plan CallerPlan) (string, error) {
	national, ok := nationalNumber(phone)
	if !ok {
		return "", ErrBadNumber
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.newCall(inbound, national)
	if err != nil {
		return "", err
	}
	c.state, c.caller, c.unpushed = Queued, plan, plan.Unpushed
	c.uui = s.account.Campaign.Skill
	s.startPatience(c)
	if s.autoDistribute {
		s.in(c, plan.IVR, s.distributeHeld)
	}
	return c.ucid, nil
}

// Offer rings an agent's phone with a waiting call; an empty agentID means the agent who has been READY longest.
func (s *Server) Offer(ucid, agentID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	if c == nil {
		return ErrUnknownCall
	}
	a := s.longestReady()
	if agentID != "" {
		if a = s.agent(agentID); a == nil {
			return ErrUnknownAgent
		}
	}
	if a == nil || a.state != Ready || a.stuck || !a.takes(inbound) {
		return fmt.Errorf("%w: no agent who is READY for inbound calls", ErrIllegalMove)
	}
	if c.state != Queued {
		return fmt.Errorf("%w: the call is %s, not queued", ErrIllegalMove, c.state)
	}
	return s.offer(c, a)
}

// Answer picks up the phone that rings: the agent's while an agent is offered or his leg of a manual dial rings, then the customer's.
func (s *Server) Answer(ucid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	switch {
	case c == nil:
		return ErrUnknownCall
	case c.state == AgentRinging && c.kind == manual:
		return s.ringCustomer(c)
	default:
		return s.answer(c)
	}
}

// Hangup ends a call at any stage; by is UserHangup or AgentHangup.
func (s *Server) Hangup(ucid, by string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	if c == nil {
		return ErrUnknownCall
	}
	return s.end(c, by)
}

// Abandon lets an inbound caller hang up before anybody answered.
func (s *Server) Abandon(ucid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[ucid]
	switch {
	case c == nil:
		return ErrUnknownCall
	case c.kind != inbound || (c.state != Queued && c.state != AgentRinging):
		return fmt.Errorf("%w: a %s call that is %s cannot be abandoned", ErrIllegalMove, c.kind, c.state)
	default:
		return s.end(c, UserHangup)
	}
}

// distributeSoon has waiting calls offered, where that happens by itself.
func (s *Server) distributeSoon() {
	if s.autoDistribute {
		s.line.After(0, s.distribute)
	}
}

// distribute offers waiting calls to READY agents, oldest call first, agent who is READY longest first.
func (s *Server) distribute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distributeHeld()
}

func (s *Server) distributeHeld() {
	now := s.line.Now()
	for _, c := range s.order {
		if c.state != Queued || now.Before(c.started.Add(c.caller.IVR)) {
			continue
		}
		a := s.longestReady()
		if a == nil {
			return
		}
		if err := s.offer(c, a); err != nil {
			s.log.Error("impossible offer", "ucid", c.ucid, "agent", a.ID)
			return
		}
	}
}

// offer rings a READY agent's phone with a queued call.
func (s *Server) offer(c *call, a *agent) error {
	if err := s.moveCall(c, AgentRinging); err != nil {
		return err
	}
	s.seat(c, a)
	s.startPatience(c)
	switch {
	case c.caller.Pickup > 0:
		s.in(c, c.caller.Pickup, func() { s.must(c, s.answer(c)) })
	case s.autoDistribute:
		s.in(c, s.timing.OfferLimit, func() { s.takeBack(c) })
	}
	return nil
}

// seat gives a call to an agent whose phone starts to ring.
func (s *Server) seat(c *call, a *agent) {
	c.agent, c.agentNumber, c.phoneName = a, a.number, a.PhoneName
	if c.offered.IsZero() {
		c.offered = s.line.Now()
	}
	s.mustMove(a, Calling)
	a.call = c
	s.pushCallEvent(c, "Calling")
	s.popScreen(c)
}

// takeBack returns an offered call that the agent did not pick up to the queue.
func (s *Server) takeBack(c *call) {
	if err := s.moveCall(c, Queued); err != nil {
		s.must(c, err)
		return
	}
	s.startPatience(c)
	s.mustMove(c.agent, Ready)
}

// startPatience makes a caller hang up when his patience, counted from the start of the call, is over.
func (s *Server) startPatience(c *call) {
	if c.caller.Patience > 0 {
		left := c.started.Add(c.caller.Patience).Sub(s.line.Now())
		s.in(c, left, func() { s.must(c, s.end(c, UserHangup)) })
	}
}

// answer connects the two parties.
func (s *Server) answer(c *call) error {
	if err := s.moveCall(c, Answered); err != nil {
		return err
	}
	c.answered = s.line.Now()
	c.agentStatus, c.customerStatus = "answered", "answered"
	if c.agent != nil {
		s.mustMove(c.agent, InCall)
	}
	s.pushCallEvent(c, "Answered")
	if talk := max(c.caller.Talk, c.dial.Talk); talk > 0 {
		s.in(c, talk, func() { s.must(c, s.end(c, UserHangup)) })
	}
	s.scheduleActs(c)
	if c.limit > 0 {
		s.in(c, c.limit, func() { s.must(c, s.end(c, AgentHangup)) })
	}
	return nil
}

// end finishes a call at any stage. An agent who had the line is in after-call work then; one whose phone merely rang is READY again.
func (s *Server) end(c *call, by string) error {
	before := c.state
	if err := s.moveCall(c, Ended); err != nil {
		return err
	}
	c.ended, c.hangupBy = s.line.Now(), by
	c.closeTalk(c.ended)
	s.open--
	if c.kind == inbound && before != Answered {
		c.agentStatus, c.customerStatus = "NotDialed", "not_answered"
		if c.agent != nil {
			c.agentStatus = "user_disconnected"
		}
	}
	if c.agent != nil {
		s.pushCallEvent(c, "Disconnect")
		s.releaseAfter(c, before)
	}
	s.keep(c)
	s.pushCDRs(c)
	return nil
}

// releaseAfter puts the agent where the end of his call leaves him and applies a disposition that was queued during it.
func (s *Server) releaseAfter(c *call, before CallState) {
	a := c.agent
	if a.call == c && !c.agentGone {
		switch before {
		case Answered, CustomerRinging:
			s.startWrapUp(c)
		case AgentRinging:
			s.mustMove(a, Ready)
		}
	}
	if c.queued != nil {
		s.applyDisposition(c, *c.queued)
		c.queued = nil
	}
}

// startWrapUp puts the agent of a call into after-call work; a simulated one disposes by himself.
func (s *Server) startWrapUp(c *call) {
	if c.agent == nil {
		return
	}
	c.wrapping = s.line.Now()
	s.mustMove(c.agent, ACW)
	if c.agent.Simulated {
		s.line.After(c.caller.WrapUp, func() { s.colleagueDisposes(c) })
	}
}

// colleagueDisposes is what a simulated agent does at the end of his wrap-up.
func (s *Server) colleagueDisposes(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	label := c.caller.Label
	if label == "" {
		label = s.account.Dispositions[0].Label
	}
	if c.disposition == "" {
		s.applyDisposition(c, dispositionOrder{label: label, autoRelease: true})
	}
}

// dropCall takes a call away from an agent who logged out in the middle of it: a waiting caller is queued again, any other call ends.
func (s *Server) dropCall(c *call) {
	switch {
	case c == nil || c.state == Ended || c.agentGone:
	case c.kind == inbound && c.state == AgentRinging:
		s.must(c, s.moveCall(c, Queued))
		s.startPatience(c)
		s.distributeSoon()
	default:
		s.must(c, s.end(c, AgentHangup))
	}
}

// must logs a move that the emulator itself thought legal and was refused: a fault of the emulator.
func (s *Server) must(c *call, err error) {
	if err != nil {
		s.log.Error("impossible call move", "ucid", c.ucid, "error", err)
	}
}
