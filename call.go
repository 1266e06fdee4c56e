package helix

import "time"

// CallID is the gateway's own name of a call, a UUID: v5 of provider and monitorUCID for a call that came to us, of
// agent and request id for one that we dial (sent along as `uui`). FortyTwo refuses v7 and v8, so neither is used.
type CallID string

// Direction is who began the call.
type Direction string

// The directions.
const (
	Inbound  Direction = "INBOUND"
	Outbound Direction = "OUTBOUND"
)

// CallState is where a call stands. It only ever moves down this list.
type CallState string

// The states of a call.
const (
	CallDialing  CallState = "DIALING"  // we asked the provider to place it
	CallRinging  CallState = "RINGING"  // an agent is offered it, or the patient's phone rings
	CallAnswered CallState = "ANSWERED" // agent and patient talk
	CallEnded    CallState = "ENDED"
)

// EndReason is why a call ended.
type EndReason string

// The reasons. HangupBy of the provider and the outcome of our own dial are both told in these words.
const (
	EndPatientHungUp  EndReason = "PATIENT_HUNG_UP"
	EndAgentHungUp    EndReason = "AGENT_HUNG_UP"
	EndNotAnswered    EndReason = "NOT_ANSWERED"
	EndRefused        EndReason = "REFUSED"         // the provider would not place it
	EndUnknownOutcome EndReason = "UNKNOWN_OUTCOME" // whether it was placed never became known
	EndOther          EndReason = "OTHER"
)

// Call is one call as its events tell it. It is a fold: package calls builds it from [CallEvent]s alone.
type Call struct {
	ID             CallID
	Provider       Provider
	ProviderCallID string // monitorUCID, decimal digits, a string always (ozonetel.md 0)
	Phone          Phone
	Direction      Direction
	DID            string
	Campaign       string
	State          CallState
	Agent          AgentID // who is offered it, has it or had it last
	AgentName      string
	OfferedTo      []AgentID // every agent who was offered it; replaced, never changed
	OfferedAt      time.Time // the last offer of which the provider told the time
	StartedAt      time.Time
	AnsweredAt     time.Time // zero when never answered
	EndedAt        time.Time
	EndReason      EndReason
	Total          time.Duration // from first ring to hang-up
	Talk           time.Duration
	RecordingURL   string // the provider's own; never handed out
	Detailed       bool   // the provider's final record came
	OnHold         bool   // these three end with the call
	Muted          bool
	Unrecorded     bool // the recording is paused
	Missed         bool
	MissedCall     CallID       // the queue entry that this call made, or that it calls back
	Disposition    *Disposition // nil until disposed
	DisposedBy     AgentID
	FollowUp       string          // record id of the follow-up that was agreed with the disposition
	Claimed        CallID          // the missed call that was claimed with the disposition
	Failure        *Failure        // why our dial was refused or is unknown
	AI             *OutboundChange // what was last told of an outbound AI call; nil for any other
	AIEntry        int             // the last of its moves that was told

	Sequence int    // events so far
	Person   string // the token that stands for the phone in subjects
	Revision uint64 // log sequence of the last event; the next append expects it
	Seal     string // of the last event; the next one is sealed over it
}

// ControlAction is what an agent can do to a call that is up (ozonetel.md 6).
type ControlAction string

// The actions. There is none for a blind transfer: bring the other one in, then drop the agent.
const (
	ControlConference ControlAction = "CONFERENCE" // ring another number and let it join
	ControlHold       ControlAction = "HOLD"
	ControlUnhold     ControlAction = "UNHOLD"
	ControlMute       ControlAction = "MUTE"
	ControlUnmute     ControlAction = "UNMUTE"
	ControlKick       ControlAction = "KICK_CALL" // drop one party
)

// Failure is a coded refusal that is kept in the log, so that a repeated request gets the same answer.
type Failure struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Open reports whether the call is not over yet.
func (c *Call) Open() bool { return c.State != CallEnded }

// Answered reports whether agent and patient ever talked.
func (c *Call) Answered() bool { return !c.AnsweredAt.IsZero() }

// OpenDial is a call that an agent asked for and that may not be over. An agent has one at most.
type OpenDial struct {
	Call           CallID    `json:"call"`
	Phone          Phone     `json:"phone"`
	ProviderCallID string    `json:"providerCallId,omitempty"` // "" until the provider has named it
	At             time.Time `json:"at"`
}

// ReportKind is what a provider's push or poll says of a call.
type ReportKind string

// The kinds of report (ozonetel.md 8 and 12).
const (
	ReportOffered   ReportKind = "OFFERED"   // event Calling: an agent is offered the call
	ReportAnswered  ReportKind = "ANSWERED"  // event Answered
	ReportEnded     ReportKind = "ENDED"     // event Disconnect
	ReportDetails   ReportKind = "DETAILS"   // the call detail record, by push or from the CDR
	ReportAbandoned ReportKind = "ABANDONED" // a row of the abandoned calls
)

// CallReport is what a provider says of a call, in our words. Reports repeat, come late and out of order; package
// calls turns them into events once.
type CallReport struct {
	Kind           ReportKind
	Provider       Provider
	ProviderCallID string // monitorUCID: the whole call
	LegID          string // ucid: one leg; equal to ProviderCallID for simple calls
	OurCall        CallID // when the provider echoes our `uui`
	Direction      Direction
	Phone          Phone
	DID            string
	Campaign       string
	Agent          AgentID
	AgentName      string
	At             time.Time // when it happened, by the provider's clock; for DETAILS and ABANDONED: when the call began
	Undated        bool      // OFFERED only: nobody says when it happened, At is when we were told
	EndedAt        time.Time // DETAILS only
	Answered       bool      // DETAILS only
	Total          time.Duration
	Talk           time.Duration
	EndReason      EndReason
	Disposition    string
	RecordingURL   string
}

// ProviderReports is what one push holds.
type ProviderReports struct {
	Calls   []CallReport
	Agents  []AgentReport
	Changes []RecordChange

	Dials         []DialReport   // of outbound AI calls
	Conversations []Conversation // of voice agents
}
