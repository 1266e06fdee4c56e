package calls

import (
	"slices"

	helix "github.com/helix-engage/gateway"
)

// fold applies events to a call in order. It is the only place that says what an event means for a call.
func fold(call helix.Call, events ...helix.CallEvent) helix.Call {
	for i := range events {
		apply(&call, &events[i])
	}
	return call
}

func apply(c *helix.Call, e *helix.CallEvent) {
	c.Sequence, c.Seal = e.Sequence, e.Seal
	identify(c, e)
	switch e.Kind {
	case helix.EventDialing:
		c.State, c.StartedAt, c.MissedCall = helix.CallDialing, e.At, e.MissedCall
	case helix.EventIncoming, helix.EventRinging:
		c.Agent, c.AgentName = e.Agent, e.AgentName
		c.State = helix.CallRinging
		c.OfferedTo = append(slices.Clip(c.OfferedTo), e.Agent)
		if !e.Undated && e.At.After(c.OfferedAt) {
			c.OfferedAt = e.At
		}
		if c.StartedAt.IsZero() {
			c.StartedAt = e.At
		}
	case helix.EventAnswered:
		c.AnsweredAt, c.Missed = e.At, false
		if e.Agent != "" && !c.Detailed {
			c.Agent, c.AgentName = e.Agent, e.AgentName
		}
		if c.StartedAt.IsZero() {
			c.StartedAt = e.At
		}
		if c.State != helix.CallEnded {
			c.State = helix.CallAnswered
		}
	case helix.EventEnded:
		c.OnHold, c.Muted, c.Unrecorded = false, false, false
		c.State, c.EndedAt, c.EndReason, c.Failure = helix.CallEnded, e.At, e.EndReason, e.Failure
		c.Total, c.Talk = e.Total, e.Talk
		if c.StartedAt.IsZero() {
			c.StartedAt = e.At.Add(-e.Total)
		}
	case helix.EventMissed:
		c.Missed, c.MissedCall, c.StartedAt = true, e.MissedCall, e.StartedAt
	case helix.EventDetails:
		c.Detailed, c.Total, c.Talk, c.StartedAt = true, e.Total, e.Talk, e.StartedAt
		c.EndedAt = e.StartedAt.Add(e.Total)
		if answered := c.EndedAt.Add(-e.Talk); c.Answered() && e.Talk > 0 && answered.Before(c.AnsweredAt) {
			c.AnsweredAt = answered // we heard of the second agent alone, to whom it was handed over
		}
		if e.RecordingURL != "" {
			c.RecordingURL = e.RecordingURL
		}
		if e.EndReason != "" {
			c.EndReason = e.EndReason
		}
		if e.Agent != "" {
			c.Agent, c.AgentName = e.Agent, e.AgentName // who had it last: a call that was handed over has several
		}
	case helix.EventDisposed:
		c.Disposition, c.DisposedBy, c.FollowUp, c.Claimed = e.Disposition, e.Agent, e.FollowUp, e.Claimed
		if e.MissedCall != "" {
			c.MissedCall = e.MissedCall
		}
	case helix.EventControlled:
		control(c, e.Action)
	case helix.EventOutboundState, helix.EventOutboundUpdated:
		foldOutbound(c, e)
	case helix.EventRecordingChanged:
		c.Unrecorded = e.Paused && c.State != helix.CallEnded
	case helix.EventMissedCallAssigned, helix.EventCheckpoint, helix.EventCursorExpired:
	}
}

// control follows hold and mute; who is in a conference is the provider's to know.
func control(c *helix.Call, action helix.ControlAction) {
	up := c.State != helix.CallEnded
	switch action {
	case helix.ControlHold, helix.ControlUnhold:
		c.OnHold = up && action == helix.ControlHold
	case helix.ControlMute, helix.ControlUnmute:
		c.Muted = up && action == helix.ControlMute
	case helix.ControlConference, helix.ControlKick:
	}
}

// identify keeps who and what the call is, as soon as any event says so.
func identify(c *helix.Call, e *helix.CallEvent) {
	if c.ID == "" {
		c.ID = e.Call
	}
	if c.Phone == "" {
		c.Phone = e.Phone
	}
	if c.Provider == "" {
		c.Provider = e.Provider
	}
	if e.ProviderCallID != "" {
		c.ProviderCallID = e.ProviderCallID
	}
	if c.Direction == "" {
		c.Direction = e.Direction
	}
	if c.DID == "" {
		c.DID = e.DID
	}
	if c.Campaign == "" {
		c.Campaign = e.Campaign
	}
	if c.Agent == "" && e.Kind != helix.EventMissedCallAssigned {
		c.Agent, c.AgentName = e.Agent, e.AgentName
	}
}
