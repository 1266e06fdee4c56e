package ozonetel

import "time"

// Act is what a simulated colleague does during a talk.
type Act struct {
	After  time.Duration // since the answer
	Action Action
	Number string // of Conference, whose phone is picked up as by CustomerAnswers, and of KickCall, where "" is himself
}

// scheduleActs lets a simulated agent do what the caller's plan has for him.
func (s *Server) scheduleActs(c *call) {
	if c.agent == nil || !c.agent.Simulated {
		return
	}
	for _, act := range c.caller.Acts {
		s.in(c, act.After, func() { s.act(c, act) })
	}
}

func (s *Server) act(c *call, act Act) {
	switch {
	case c.agentGone:
	case act.Action == Conference:
		s.callParty(c, act.Number, func() DialPlan { return DialPlan{Outcome: CustomerAnswers, Ring: s.timing.Ring} })
	case act.Action == KickCall && act.Number == "":
		s.kickAgent(c)
	default:
		s.perform(c, act.Action, act.Number)
	}
}
