package helix

import "time"

// EventKind is what happened to a call.
type EventKind string

// The kinds of event.
const (
	EventIncoming           EventKind = "INCOMING"             // an inbound call is offered to an agent
	EventDialing            EventKind = "DIALING"              // we ask the provider to place a call
	EventRinging            EventKind = "RINGING"              // the placed call rings
	EventAnswered           EventKind = "ANSWERED"             // agent and patient talk
	EventEnded              EventKind = "ENDED"                // the call is over
	EventMissed             EventKind = "MISSED"               // an inbound call reached nobody
	EventMissedCallAssigned EventKind = "MISSED_CALL_ASSIGNED" // a missed call was given to an agent
	EventControlled         EventKind = "CONTROLLED"           // hold, mute, conference: see Action
	EventRecordingChanged   EventKind = "RECORDING_CHANGED"    // the recording was paused or resumed
	EventDisposed           EventKind = "DISPOSED"             // the agent summed the call up
	EventDetails            EventKind = "DETAILS"              // the provider's final record: durations, recording
	EventOutboundState      EventKind = "OUTBOUND_STATE"       // an outbound AI call moved: see Outbound
	EventOutboundUpdated    EventKind = "OUTBOUND_UPDATED"     // an outbound AI call has more to show: transcript, data, results
	EventCheckpoint         EventKind = "CHECKPOINT"           // no event: a cursor to resume from
	EventCursorExpired      EventKind = "CURSOR_EXPIRED"       // no event: the log does not reach back that far
)

// CallEvent is one thing that happened to a call, as the log keeps it. Sequence counts within the call from 1 without
// gaps. Fields beyond Phone are set where the kind has them.
type CallEvent struct {
	Cursor     Cursor    `json:"-"` // its place in the log; set on reading
	Sequence   int       `json:"seq"`
	Kind       EventKind `json:"kind"`
	At         time.Time `json:"at"`         // when it happened
	RecordedAt time.Time `json:"recordedAt"` // when we wrote it down
	Call       CallID    `json:"call"`
	Phone      Phone     `json:"phone,omitempty"`

	Provider       Provider  `json:"provider,omitempty"`
	ProviderCallID string    `json:"providerCallId,omitempty"`
	Direction      Direction `json:"direction,omitempty"`
	DID            string    `json:"did,omitempty"`
	Campaign       string    `json:"campaign,omitempty"`
	Agent          AgentID   `json:"agent,omitempty"` // whom it concerns; "" for nobody in particular
	AgentName      string    `json:"agentName,omitempty"`

	Undated      bool          `json:"undated,omitempty"`     // INCOMING, RINGING: At is when we were told
	StartedAt    time.Time     `json:"startedAt,omitzero"`    // ENDED, MISSED, DETAILS: when the call began, if not seen before
	EndReason    EndReason     `json:"endReason,omitempty"`   // ENDED
	Total        time.Duration `json:"total,omitempty"`       // ENDED, DETAILS
	Talk         time.Duration `json:"talk,omitempty"`        // ENDED, DETAILS
	RecordingURL string        `json:"recording,omitempty"`   // DETAILS
	MissedCall   CallID        `json:"missedCall,omitempty"`  // DIALING, MISSED, MISSED_CALL_ASSIGNED, DISPOSED
	MissedCount  int           `json:"missedCount,omitempty"` // MISSED
	Disposition  *Disposition  `json:"disposition,omitempty"` // DISPOSED
	FollowUp     string        `json:"followUp,omitempty"`    // DISPOSED: record id of the follow-up
	Claimed      CallID        `json:"claimed,omitempty"`     // DISPOSED: the missed call claimed with it
	Failure      *Failure      `json:"failure,omitempty"`     // ENDED by refusal or unknown outcome
	Action       ControlAction `json:"action,omitempty"`      // CONTROLLED
	Number       Phone         `json:"number,omitempty"`      // CONTROLLED: who was brought in or dropped
	Paused       bool          `json:"paused,omitempty"`      // RECORDING_CHANGED

	Outbound *OutboundChange `json:"outbound,omitempty"` // OUTBOUND_STATE, OUTBOUND_UPDATED

	// What makes it visible when the log was changed afterwards (calls/seal.go). Seal stays the last field.
	Previous uint64  `json:"prev,omitempty"`  // place in the log of the call's event before; 0 for the first
	Before   LogMark `json:"before,omitzero"` // an event of any call that stood in the log when this one was written
	Seal     string  `json:"seal,omitempty"`  // over this event and the call's seal before; "" in events older than seals
}

// LogMark names an event of the log by its place and its seal.
type LogMark struct {
	Sequence uint64 `json:"seq"`
	Seal     string `json:"seal"`
}

// OutboundChange is what an event tells of an outbound AI call.
type OutboundChange struct {
	From     OutboundState  `json:"from,omitempty"` // OUTBOUND_STATE
	State    OutboundState  `json:"state"`
	Attempt  int            `json:"attempt,omitempty"` // 0 before the first
	Reason   OutboundReason `json:"reason,omitempty"`  // once the call is over
	Entry    int            `json:"entry,omitempty"`   // OUTBOUND_STATE: its place in the call's timeline
	Revision uint64         `json:"revision"`          // of the stored call that it was told from
}

// VisibleTo reports whether c may see the event: a supervisor sees all, an agent his own and those of nobody in
// particular, anyone else none.
func (e *CallEvent) VisibleTo(c *Caller) bool {
	switch {
	case c == nil || c.User == nil:
		return false
	case c.Supervisor:
		return true
	case c.Seat == nil:
		return false
	default:
		return e.Agent == "" || e.Agent == c.Seat.Agent
	}
}
