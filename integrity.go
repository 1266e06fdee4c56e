package helix

import "time"

// Integrity is what the seals of events say of a story: whether somebody changed the log behind the gateway's back.
type Integrity string

// The verdicts.
const (
	Intact             Integrity = "INTACT"  // every event is as it was written, none is missing before the last
	IntegrityUnknown   Integrity = "UNKNOWN" // a part is older than seals, or follows events whose retention has ended
	IntegrityViolation Integrity = "BROKEN"  // an event was altered, removed, replaced or put elsewhere
)

// LogCheck is what a look through a part of the log found.
type LogCheck struct {
	Events    int      // that were looked at
	Calls     int      // that they are of
	Unknown   int      // calls that cannot be verified in full
	Broken    int      // calls that were tampered with
	BrokenIDs []CallID // the first of them, 100 at most
	Missing   int      // events that later ones name, that are gone, and that no erasure accounts for
	Next      Cursor   // from where to go on
	More      bool     // whether events follow
}

// Integrity is the verdict on the part of the log.
func (c LogCheck) Integrity() Integrity {
	switch {
	case c.Broken > 0 || c.Missing > 0:
		return IntegrityViolation
	case c.Unknown > 0:
		return IntegrityUnknown
	}
	return Intact
}

// Erasure is the trace that erasing a person leaves: who, when and how much, and never whom.
type Erasure struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	By MemberID  `json:"by"`
	// Done is false when it was begun and not finished; asking for the same person again finishes it.
	Done        bool `json:"done"`
	Calls       int  `json:"calls"`
	Events      int  `json:"events"`
	MissedCalls int  `json:"missedCalls"` // entries of the queue, 0 or 1
	Pushes      int  `json:"pushes"`      // of providers, not handled yet
	Commands    int  `json:"commands"`    // for FortyTwo, not written yet
	DeadLetters int  `json:"deadLetters"` // pushes that could not be handled

	OutboundCalls int `json:"outboundCalls,omitempty"` // outbound AI calls, with their recordings
}
