package helix

import "time"

// CallbackStatus is where a missed call stands, in the values of FortyTwo's `callbackstatus` field.
type CallbackStatus string

// The states of a missed call.
const (
	CallbackPending   CallbackStatus = "PENDING_CALLBACK"
	CallbackAttempted CallbackStatus = "CALLBACK_ATTEMPTED"
	CallbackCompleted CallbackStatus = "CALLBACK_COMPLETED"
	CallbackInvalid   CallbackStatus = "INVALID"
	CallbackWrong     CallbackStatus = "WRONG_NUMBER"
)

// Open reports whether the patient still waits to be called back.
func (s CallbackStatus) Open() bool { return s == CallbackPending || s == CallbackAttempted }

// MissedCall is one caller's open wish to be called back: one entry however often he tried (api.md, "Missed-call queue
// rules"). Its ID is the id of the FortyTwo call record that shows it: the first missed call of this episode.
type MissedCall struct {
	ID            CallID
	Phone         Phone
	DID           string // the number that was called
	Campaign      string
	Status        CallbackStatus
	Count         int // how often the caller tried
	FirstMissedAt time.Time
	LastMissedAt  time.Time
	DueAt         time.Time
	AttemptedAt   time.Time // last call back; zero when none
	Agent         AgentID   // who holds it; "" when nobody does
	AgentName     string
	ClaimedUntil  time.Time // when an offer that is not acted on lapses; zero once acted on
	Lead          string    // FortyTwo record ids found by phone; "" when unknown
	Patient       string
}
