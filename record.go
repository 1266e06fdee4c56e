package helix

import "time"

// RecordObject is a FortyTwo object that the gateway writes or reads, by the name that the gateway knows; the workspace
// may spell it differently (fortytwo-model.md).
type RecordObject string

// The objects.
const (
	ObjectCall        RecordObject = "call"
	ObjectFollowUp    RecordObject = "followUp"
	ObjectLead        RecordObject = "lead"
	ObjectPatient     RecordObject = "patient"
	ObjectAppointment RecordObject = "appointment"
	ObjectMember      RecordObject = "workspaceMember"
)

// RecordWrite is one idempotent write: the record with this id has these values afterwards, whether it existed or not.
// Fields are named as in fortytwo-model.md and hold JSON scalars: an RFC 3339 string for a date-time, E.164 for a
// phone, a URL for a link, a record id for a relation's "…Id". Only fields that the gateway owns are written.
type RecordWrite struct {
	ID     string         `json:"id"`     // command id: the same command twice is stored once
	Lane   string         `json:"lane"`   // writes of one lane happen in order; the call's id
	Object RecordObject   `json:"object"` //
	Record string         `json:"record"` // client-made UUID, v4 or v5
	Fields map[string]any `json:"fields"`
}

// Access says with whose rights FortyTwo is asked. The zero Access is refused, so that a user's query can never fall
// back to the gateway's own key.
type Access struct {
	token  string
	server bool
}

// AsUser is the signed-in user's own rights.
func AsUser(token string) Access { return Access{token: token} }

// AsServer is the gateway's own key: ingestion, assignment and write-back, never a user's query.
func AsServer() Access { return Access{server: true} }

// Token gives the user's token and whether the gateway's own key is meant instead.
func (a Access) Token() (token string, server bool) { return a.token, a.server }

// Contact is who a phone number belongs to, as far as FortyTwo knows and the asker may see.
type Contact struct {
	Lead        string // record ids; "" when none
	Patient     string
	DisplayName string // the patient's name, else the lead's
}

// Known reports whether FortyTwo knows the number.
func (c Contact) Known() bool { return c.Lead != "" || c.Patient != "" }

// DueKey orders worklist items: by due time, then by record id. The zero key is before everything.
type DueKey struct {
	Due time.Time
	ID  string
}

// DueQuery asks for a part of a member's work, in order of its keys, and for counts of all of it.
type DueQuery struct {
	After  DueKey
	Limit  int       // 199 at most
	Total  bool      // whether DueCounts.Total is wanted
	Before time.Time // what DueCounts.Before refers to; zero when that is not wanted
}

// DueCounts says how much work there is, wherever the part begins and ends. What was not asked for is 0.
type DueCounts struct {
	Total  int
	Before int // whose key is before a time
}

// FollowUpRecord is an open follow-up of a member.
type FollowUpRecord struct {
	ID      string
	Name    string
	Remark  string
	DueAt   time.Time
	Lead    string
	Patient string
	Phone   Phone // of its lead or patient; "" when neither has one
	Person  string
}

// LeadRecord is a lead that waits for its first contact.
type LeadRecord struct {
	ID        string
	Name      string
	Phone     Phone
	Status    string
	CreatedAt time.Time
}
