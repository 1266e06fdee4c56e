package calls

import helix "github.com/helix-engage/gateway"

// foldOutbound follows an outbound AI call. Its own value is the authority (package outbound); here it is a call among
// others. While it waits to be dialled it has no state.
func foldOutbound(c *helix.Call, e *helix.CallEvent) {
	o := e.Outbound
	if o == nil {
		return
	}
	c.AI = o
	c.AIEntry = max(c.AIEntry, o.Entry)
	if e.Kind != helix.EventOutboundState || c.State == helix.CallEnded {
		return
	}
	switch o.State {
	case helix.OutboundDialing:
		c.State = helix.CallDialing
		if c.StartedAt.IsZero() {
			c.StartedAt = e.At
		}
	case helix.OutboundConnected, helix.OutboundActive:
		c.State = helix.CallAnswered
		if c.AnsweredAt.IsZero() {
			c.AnsweredAt = e.At
		}
	case helix.OutboundInitiating, helix.OutboundDisconnected:
	case helix.OutboundCompleted, helix.OutboundFailed:
		c.State, c.EndedAt, c.EndReason = helix.CallEnded, e.At, outboundEnd(o.Reason)
		if !c.StartedAt.IsZero() {
			c.Total = e.At.Sub(c.StartedAt)
		}
		if c.Answered() {
			c.Talk = e.At.Sub(c.AnsweredAt)
		}
	}
}

// outboundEnd gives an outbound AI call's end in the words of calls.
func outboundEnd(r helix.OutboundReason) helix.EndReason {
	switch r {
	case helix.ReasonPatientHungUp:
		return helix.EndPatientHungUp
	case helix.ReasonAgentHungUp:
		return helix.EndAgentHungUp
	case helix.ReasonBusy, helix.ReasonNoAnswer:
		return helix.EndNotAnswered
	case helix.ReasonRefused, helix.ReasonRejected, helix.ReasonNotAllowed:
		return helix.EndRefused
	case helix.ReasonUnknownOutcome:
		return helix.EndUnknownOutcome
	default:
		return helix.EndOther
	}
}
