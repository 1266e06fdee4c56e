package ozonetel

import (
	"fmt"
	"slices"
)

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

// dial starts a manual call: the agent's own leg rings first. The agent is READY; nil: the caller of this seats the call.
func (s *Server) dial(a *agent, number, uui string) (*call, error) {
	c, err := s.newCall(manual, number)
	if err != nil {
		return nil, err
	}
	c.state, c.uui, c.dial = AgentRinging, uui, s.nextDialPlan()
	c.unpushed = c.dial.Unpushed
	c.agentStatus, c.customerStatus = "not_answered", "not_answered"
	if a != nil {
		s.seat(c, a)
	}
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
	c.agentStatus, c.rang = "answered", s.line.Now()
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
