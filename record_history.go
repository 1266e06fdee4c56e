package helix

import "time"

// CallOutcome is how a call went.
type CallOutcome string

// The outcomes.
const (
	OutcomeAnswered    CallOutcome = "ANSWERED"     // agent and patient talked
	OutcomeMissed      CallOutcome = "MISSED"       // an inbound call reached nobody
	OutcomeNotAnswered CallOutcome = "NOT_ANSWERED" // a dial of ours reached nobody
)

// CallDetail is a call detail record: what the provider keeps of a call that is over (ozonetel.md 9). A call that was
// transferred may have several.
type CallDetail struct {
	ID         string     // the provider's id of this record
	Report     CallReport // Kind DETAILS: the part that enters a call's events
	Outcome    CallOutcome
	AnsweredAt time.Time // zero when never answered
	Hold       time.Duration
	WrapUp     time.Duration // after-call work
}

// AgentDay is how long an agent was in each state of a day, over all dialling modes (ozonetel.md 10.1).
type AgentDay struct {
	Agent  AgentID
	Login  time.Duration
	Idle   time.Duration
	Paused time.Duration
}
