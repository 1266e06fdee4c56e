package ozonetel

import (
	"fmt"
	"slices"
	"strings"
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
	c.state, c.caller = Queued, plan
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
	if a == nil || a.state != Ready || !a.takes(inbound) {
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

// PlanNextDial decides how the next dialled customer behaves. Plans are used in order; at most maxPlans wait, more are refused with
// ErrFull. An empty outcome means CustomerAnswers, an unknown one is refused.
func (s *Server) PlanNextDial(plan DialPlan) error {
	if !slices.Contains([]DialOutcome{"", CustomerAnswers, CustomerBusy, CustomerNoAnswer, AgentNoAnswer, HandDriven}, plan.Outcome) {
		return fmt.Errorf("ozonetel emulator: unknown outcome %q", plan.Outcome)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dialPlans) >= maxPlans {
		return ErrFull
	}
	s.dialPlans = append(s.dialPlans, plan)
	return nil
}

// SetDialPlan decides how dialled customers behave when no plan waits. Its zero value: they answer and nobody hangs up.
func (s *Server) SetDialPlan(plan func() DialPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.usualDial = plan
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
	c.agent, c.agentNumber = a, a.number
	s.mustMove(a, Calling)
	a.call = c
	s.pushCallEvent(c, "Calling")
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
	s.mustMove(c.agent, InCall)
	s.pushCallEvent(c, "Answered")
	if talk := max(c.caller.Talk, c.dial.Talk); talk > 0 {
		s.in(c, talk, func() { s.must(c, s.end(c, UserHangup)) })
	}
	return nil
}

// dial starts a manual call: the agent's own leg rings first. The agent is READY.
func (s *Server) dial(a *agent, number, uui string) (*call, error) {
	c, err := s.newCall(manual, number)
	if err != nil {
		return nil, err
	}
	c.state, c.uui, c.dial = AgentRinging, uui, s.nextDialPlan()
	c.agentStatus, c.customerStatus = "not_answered", "not_answered"
	s.seat(c, a)
	switch c.dial.Outcome {
	case HandDriven:
	case AgentNoAnswer:
		s.in(c, c.dial.AgentRing, func() { s.must(c, s.end(c, "")) })
	default:
		s.in(c, c.dial.AgentRing, func() { s.must(c, s.ringCustomer(c)) })
	}
	return c, nil
}

func (s *Server) nextDialPlan() DialPlan {
	var plan DialPlan
	switch {
	case len(s.dialPlans) > 0:
		plan = s.dialPlans[0]
		s.dialPlans = s.dialPlans[1:]
	case s.usualDial != nil:
		plan = s.usualDial()
	}
	if plan.Outcome == "" {
		plan.Outcome = CustomerAnswers
	}
	orDefault(&plan.AgentRing, s.timing.AgentRing)
	orDefault(&plan.Ring, s.timing.Ring)
	return plan
}

// ringCustomer follows the agent picking up his leg of a manual dial.
func (s *Server) ringCustomer(c *call) error {
	if err := s.moveCall(c, CustomerRinging); err != nil {
		return err
	}
	c.agentStatus = "answered"
	outcome := c.dial.Outcome
	if _, ok := nationalNumber(c.phone); !ok {
		outcome = invalidNumber
	}
	switch outcome {
	case HandDriven:
	case CustomerAnswers:
		s.in(c, c.dial.Ring, func() { s.must(c, s.answer(c)) })
	case CustomerBusy:
		s.in(c, c.dial.Ring, func() { s.failDial(c, "Busy", UserHangup) })
	case invalidNumber:
		s.in(c, 0, func() { s.failDial(c, "InvalidNumber", AgentHangup) })
	default:
		s.in(c, c.dial.Ring, func() { s.failDial(c, "not_answered", AgentHangup) })
	}
	return nil
}

// invalidNumber is the outcome of a dial to something that is no phone number.
const invalidNumber DialOutcome = "invalid"

func (s *Server) failDial(c *call, customerStatus, by string) {
	c.customerStatus = customerStatus
	s.must(c, s.end(c, by))
}

// end finishes a call at any stage. An agent who had the line is in after-call work then; one whose phone merely rang is READY again.
func (s *Server) end(c *call, by string) error {
	before := c.state
	if err := s.moveCall(c, Ended); err != nil {
		return err
	}
	c.ended, c.hangupBy = s.line.Now(), by
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
	s.pushCDRs(c)
	return nil
}

// releaseAfter puts the agent where the end of his call leaves him and applies a disposition that was queued during it.
func (s *Server) releaseAfter(c *call, before CallState) {
	a := c.agent
	if a.call == c {
		switch before {
		case Answered, CustomerRinging:
			s.mustMove(a, ACW)
			if a.Simulated {
				s.line.After(c.caller.WrapUp, func() { s.colleagueDisposes(c) })
			}
		case AgentRinging:
			s.mustMove(a, Ready)
		}
	}
	if c.queued != nil {
		s.applyDisposition(c, *c.queued)
		c.queued = nil
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
	case c == nil || c.state == Ended:
	case c.kind == inbound && c.state == AgentRinging:
		s.must(c, s.moveCall(c, Queued))
		s.startPatience(c)
		if s.autoDistribute {
			s.line.After(0, s.distribute)
		}
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

// newCall registers a call; the oldest ended ones are forgotten beyond maxCalls.
func (s *Server) newCall(kind callKind, phone string) (*call, error) {
	if s.open >= maxOpenCalls {
		return nil, ErrFull
	}
	c := &call{ucid: s.ids.next(), kind: kind, phone: phone, started: s.line.Now()}
	s.calls[c.ucid] = c
	s.order = append(s.order, c)
	s.open++
	if len(s.order) > maxCalls {
		s.forgetOldest()
	}
	return c, nil
}

func (s *Server) forgetOldest() {
	for i, c := range s.order {
		if c.state == Ended && (c.agent == nil || c.agent.call != c) {
			delete(s.calls, c.ucid)
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}

// nationalNumber reduces the ways an Indian number is written to its ten digits.
func nationalNumber(phone string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune("+ -()", r):
			return -1
		default:
			return 'x'
		}
	}, phone)
	switch {
	case len(digits) == 11 && digits[0] == '0':
		digits = digits[1:]
	case len(digits) == 12 && digits[:2] == "91":
		digits = digits[2:]
	}
	if len(digits) != 10 || strings.ContainsRune(digits, 'x') {
		return "", false
	}
	return digits, true
}
