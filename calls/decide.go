package calls

import (
	"cmp"
	"slices"
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
		if offerIsNews(call, r) {
			kind := helix.EventRinging
			if call.Direction == helix.Inbound {
				kind = helix.EventIncoming
			}
			add(kind, r.At).Undated = r.Undated
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
			e.StartedAt, e.Total, e.Talk, e.EndReason, e.RecordingURL = r.At, r.Total, r.Talk, r.EndReason, r.RecordingURL
			if call.Detailed && longer(call, r) < 0 { // nothing but its recording is news
				e.At, e.StartedAt, e.Total, e.Talk, e.EndReason = call.StartedAt, call.StartedAt, call.Total, call.Talk, call.EndReason
				e.Agent, e.AgentName = call.Agent, call.AgentName
			}
		}
	}
	return events
}

// offerIsNews tells an offer from one that was told before or was overtaken by a later one. One without a time, which a
// screen pop is, counts once for each agent.
func offerIsNews(call *helix.Call, r helix.CallReport) bool {
	switch {
	case call.State == helix.CallEnded, call.Answered(), call.State == helix.CallRinging && call.Agent == r.Agent:
		return false
	case r.Undated:
		return !slices.Contains(call.OfferedTo, r.Agent)
	default:
		return r.At.After(call.OfferedAt)
	}
}

// detailsAreNews compares only what later deliveries of a record may add: durations and the recording. A call may have
// several records, one for each leg; the longest tells of the whole call, whatever the order in which they come and
// however often they are read again. The provider's own label is not ours to show; the agent's is kept by
// [helix.EventDisposed].
func detailsAreNews(call *helix.Call, r helix.CallReport) bool {
	more := longer(call, r)
	return !call.Detailed || more > 0 || more == 0 && r.RecordingURL > call.RecordingURL || call.RecordingURL == "" && r.RecordingURL != ""
}

// longer compares a record's durations with those that are known.
func longer(call *helix.Call, r helix.CallReport) int {
	return cmp.Or(cmp.Compare(r.Total, call.Total), cmp.Compare(r.Talk, call.Talk))
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
