package resolvers

import (
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/outbound"
)

// outboundRequest reads a wish to call.
func outboundRequest(in graph.StartOutboundCallInput) helix.OutboundRequest {
	return helix.OutboundRequest{
		Key: value(in.IdempotencyKey), Language: value(in.Language), Purpose: value(in.Purpose), VoiceAgent: value(in.AgentID),
		ScheduledAt: value(in.ScheduleAt),
		Patient: helix.OutboundPatient{
			ID: value(in.Patient.ID), Name: in.Patient.Name, Phone: in.Patient.PhoneNumber,
			TreatmentType: value(in.Patient.TreatmentType), CRMData: in.Patient.CrmData,
		},
	}
}

// outboundCall shows a call with its story.
func (r *Resolver) outboundCall(c *helix.OutboundCall) *graph.OutboundCall {
	patient := c.Request.Patient
	out := &graph.OutboundCall{
		ID: string(c.ID), State: graph.OutboundCallState(c.State), IdempotencyKey: c.Request.Key,
		Patient: &graph.OutboundPatient{
			ID: text(patient.ID), Name: patient.Name, PhoneNumber: patient.Phone, TreatmentType: text(patient.TreatmentType), CrmData: patient.CRMData,
		},
		Language: text(c.Request.Language), Purpose: text(c.Request.Purpose), AgentID: text(c.Request.VoiceAgent),
		CreatedAt: c.CreatedAt, ScheduledAt: when(c.Request.ScheduledAt), EndedAt: when(c.EndedAt),
		EndReason: word[graph.OutboundEndReason](c.EndReason), ConversationID: text(c.Conversation), Summary: text(c.Summary),
		TalkSeconds: seconds(c.TalkedFor), Media: outboundMedia(c.Media),
		Attempts:      make([]graph.OutboundAttempt, len(c.Attempts)),
		Timeline:      make([]graph.OutboundTimelineEntry, len(c.Timeline)),
		Transcript:    make([]graph.OutboundTranscriptLine, len(c.Transcript)),
		CollectedData: make([]graph.OutboundDatum, len(c.Collected)),
	}
	if c.State == helix.OutboundInitiating {
		out.DueAt = when(c.DueAt)
	}
	if c.Cost > 0 {
		out.Cost = &c.Cost
	}
	if c.Recording != "" {
		out.RecordingURL = text(r.o.Recordings(c.Recording))
	}
	for i, a := range c.Attempts {
		out.Attempts[i] = graph.OutboundAttempt{
			Number: a.Number, State: graph.OutboundCallState(a.State), ProviderCallID: text(a.ProviderCallID), StartedAt: a.StartedAt,
			ConnectedAt: when(a.ConnectedAt), EndedAt: when(a.EndedAt), Outcome: word[graph.OutboundEndReason](a.Outcome), Reason: text(a.Reason),
		}
	}
	for i, e := range c.Timeline {
		out.Timeline[i] = graph.OutboundTimelineEntry{
			Sequence: e.Sequence, At: e.At, Kind: graph.OutboundTimelineKind(e.Kind),
			From: word[graph.OutboundCallState](e.From), To: word[graph.OutboundCallState](e.To), Detail: text(e.Detail),
		}
	}
	for i, l := range c.Transcript {
		out.Transcript[i] = graph.OutboundTranscriptLine{At: when(l.At), Role: graph.OutboundSpeaker(l.Role), Text: l.Text}
	}
	for i, d := range c.Collected {
		out.CollectedData[i] = graph.OutboundDatum{Key: d.Key, Value: d.Value}
	}
	return out
}

func outboundMedia(m *helix.MediaStats) *graph.OutboundMedia {
	if m == nil {
		return nil
	}
	out := &graph.OutboundMedia{
		FramesIn: int(m.FramesIn), FramesOut: int(m.FramesOut), DroppedFrames: int(m.Dropped), Interruptions: m.Interruptions, Reconnects: m.Reconnects,
	}
	if m.LatencyMax > 0 {
		ms := func(d time.Duration) int { return int(d.Round(time.Millisecond).Milliseconds()) }
		out.AgentLatencyMs = &graph.OutboundLatency{P50: ms(m.LatencyP50), P95: ms(m.LatencyP95), Max: ms(m.LatencyMax)}
	}
	return out
}

// outboundStatistics shows figures. Ratios of nothing are null.
func outboundStatistics(f outbound.Statistics) *graph.OutboundStatistics {
	out := &graph.OutboundStatistics{
		Active: f.Active, Queued: f.Queued, ConcurrencyLimit: f.ConcurrencyLimit,
		ByState: []graph.OutboundStateCount{}, ByOutcome: []graph.OutboundOutcomeCount{},
	}
	for _, state := range graph.AllOutboundCallState {
		if n := f.ByState[helix.OutboundState(state)]; n > 0 {
			out.ByState = append(out.ByState, graph.OutboundStateCount{State: state, Count: n})
		}
	}
	for _, outcome := range graph.AllOutboundEndReason {
		if n := f.ByOutcome[helix.OutboundReason(outcome)]; n > 0 {
			out.ByOutcome = append(out.ByOutcome, graph.OutboundOutcomeCount{Outcome: outcome, Count: n})
		}
	}
	completed := f.ByState[helix.OutboundCompleted]
	if completed+f.ByState[helix.OutboundFailed] > 0 {
		out.SuccessRate = &f.SuccessRate
	}
	if completed > 0 {
		average := f.AverageDuration.Seconds()
		out.AverageDurationSeconds = &average
	}
	return out
}

// liveOutboundCall shows a call that was dialled, and may have changed since, among those of agents.
func liveOutboundCall(c *helix.OutboundCall) graph.LiveCall {
	out := graph.LiveCall{
		ID: string(c.ID), Phone: number(c.Request.Patient.Phone), Direction: graph.CallDirectionOutbound, State: graph.CallStateDialing,
		StartedAt: c.CreatedAt, EndedAt: when(c.EndedAt), OutboundState: word[graph.OutboundCallState](c.State),
	}
	if a := c.Attempt(); a != nil {
		out.StartedAt, out.AnsweredAt = a.StartedAt, when(a.ConnectedAt)
		if out.AnsweredAt != nil {
			out.State = graph.CallStateAnswered
		}
	}
	if c.State.Final() {
		out.State = graph.CallStateEnded
	}
	return out
}

// outboundEvent shows what happened to an outbound call among the events of all calls.
func outboundEvent(e *helix.CallEvent) graph.CallEvent {
	cursor, kind, change := e.Cursor.String(), graph.CallEventKind(e.Kind), value(e.Outbound)
	if e.Kind == helix.EventOutboundUpdated {
		return &graph.OutboundCallExtended{
			Cursor: cursor, Sequence: &e.Sequence, At: e.At, Kind: kind, CallID: id(e.Call), Phone: number(e.Phone),
			State: graph.OutboundCallState(change.State), Attempt: count(change.Attempt),
		}
	}
	return &graph.OutboundStateChanged{
		Cursor: cursor, Sequence: &e.Sequence, At: e.At, Kind: kind, CallID: id(e.Call), Phone: number(e.Phone),
		From: word[graph.OutboundCallState](change.From), State: graph.OutboundCallState(change.State), Attempt: count(change.Attempt),
		Reason: word[graph.OutboundEndReason](change.Reason),
	}
}
