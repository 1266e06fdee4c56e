package helix

import (
	"encoding/json"
	"time"
)

// RecordEvent is what happened to a record of FortyTwo (fortytwo.md 15.2).
type RecordEvent string

// The events.
const (
	RecordCreated   RecordEvent = "CREATED"
	RecordUpdated   RecordEvent = "UPDATED"
	RecordDeleted   RecordEvent = "DELETED" // softly: it can be restored
	RecordRestored  RecordEvent = "RESTORED"
	RecordDestroyed RecordEvent = "DESTROYED"
)

// RecordChange is what FortyTwo's webhook says of a record. It is a signal: ids and states, never what a reader may need
// rights for. Signals may be lost, repeated or out of order.
type RecordChange struct {
	Model  bool         // the data model changed and no record; nothing else is set then
	Object RecordObject // "" for one that the desk does not show: of such a record nothing but Name, Record, Event and At is told
	Name   string       // the object's singular name in FortyTwo
	Record string       // FortyTwo's id
	Event  RecordEvent
	At     time.Time // by FortyTwo's clock
	Member MemberID  // who did it; "" when an API key did, as our own writes do
	// Fields are those that changed, named as in fortytwo-model.md, as far as the desk shows them; nil when it was not
	// told.
	Fields []string

	Assignee MemberID // after the change; "" for nobody
	Waits    bool     // it belongs on its assignee's work list: a follow-up that is pending and due, a lead nobody contacted

	// Of a follow-up:
	Call string // record id of its call

	// Of a call:
	ProviderCallID string
	Callback       CallbackStatus // as the event told it, which is not the last word
}

// RecordUpdate is a change of a record of any object of FortyTwo, for a reader who may see the record: it was read again with
// his own rights after the signal.
type RecordUpdate struct {
	Event  RecordEvent
	Object string // FortyTwo's singular name
	Record string
	Fields []string // that changed, as FortyTwo names them; empty when it was not told
	// After is the record as the reader may read it, a JSON object; nil when it is deleted or destroyed.
	After json.RawMessage
	At    time.Time // by FortyTwo's clock
}
