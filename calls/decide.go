package calls

import (
	"time"

	helix "github.com/helix-engage/gateway"
)

// decide yields the events by which a report moves a call; none when the report is not news. call is the fold so far,
// nil for a call that nobody has heard of.
//
// The rules make the story converge whatever the order of delivery: a state is never left backwards, a late answer is
// still an answer, and only a final record or an abandoned row may call an inbound call missed, because a Disconnect
// without Answered may simply have overtaken it (ozonetel.md 12.2: no ordering is promised).
func decide(call *helix.Call, r helix.CallReport) []helix.CallEvent {
	if call == nil {
		call = &helix.Call{Direction: r.Direction}
	}
	var events []helix.CallEvent
	add := func(kind helix.EventKind, at time.Time) *helix.CallEvent {
		events = append(events, helix.CallEvent{
			Kind: kind, At: at, Phone: r.Phone, Provider: r.Provider, ProviderCallID: r.ProviderCallID,
			Direction: r.Direction, DID: r.DID, Campaign: r.Campaign, Agent: r.Agent, AgentName: r.AgentName,
		})
		return &events[len(events)-1]
	}
	switch r.Kind {
	case helix.ReportOffered:
		if call.State != helix.CallEnded && !call.Answered() && !(call.State == helix.CallRinging && call.Agent == r.Agent) {
			if call.Direction == helix.Inbound {
				add(helix.EventIncoming, r.At)
			} else {
				add(helix.EventRinging, r.At)
			}
		}
	case helix.ReportAnswered:
		if !call.Answered() {
			add(helix.EventAnswered, r.At)
		}
	case helix.ReportEnded:
		if call.State != helix.CallEnded {
			end(add(helix.EventEnded, r.At), call, r)
		}
	case helix.ReportDetails, helix.ReportAbandoned:
		if r.Answered && !call.Answered() {
			add(helix.EventAnswered, r.EndedAt.Add(-r.Talk))
		}
		answered := r.Answered || call.Answered()
		if call.State != helix.CallEnded {
			at := r.EndedAt
			if at.IsZero() {
				at = r.At
			}
			end(add(helix.EventEnded, at), call, r)
		}
		if call.Direction == helix.Inbound && !answered && !call.Missed {
			add(helix.EventMissed, r.At).StartedAt = r.At
		}
		if r.Kind == helix.ReportDetails && detailsAreNews(call, r) {
			e := add(helix.EventDetails, r.At)
			e.StartedAt, e.Total, e.Talk, e.RecordingURL = r.At, r.Total, r.Talk, r.RecordingURL
		}
	}
	return events
}

// detailsAreNews compares only what later deliveries of a record may add: durations and the recording. The provider's
// own label is not ours to show; the agent's is kept by [helix.EventDisposed].
func detailsAreNews(call *helix.Call, r helix.CallReport) bool {
	return !call.Detailed || call.Total != r.Total || call.Talk != r.Talk || (r.RecordingURL != "" && call.RecordingURL != r.RecordingURL)
}

func end(e *helix.CallEvent, call *helix.Call, r helix.CallReport) {
	e.EndReason, e.Total, e.Talk = r.EndReason, r.Total, r.Talk
	if e.EndReason == "" {
		e.EndReason = helix.EndOther
		if !r.Answered && !call.Answered() {
			e.EndReason = helix.EndNotAnswered
		}
	}
	if e.Total == 0 && !call.StartedAt.IsZero() && e.At.After(call.StartedAt) {
		e.Total = e.At.Sub(call.StartedAt)
	}
	if e.Talk == 0 && call.Answered() && e.At.After(call.AnsweredAt) {
		e.Talk = e.At.Sub(call.AnsweredAt)
	}
}
