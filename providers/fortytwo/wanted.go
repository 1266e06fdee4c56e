package fortytwo

import helix "github.com/helix-engage/gateway"

// FortyTwo's field types, as its metadata names them (fortytwo.md 7).
const (
	kindText     = "TEXT"
	kindNumber   = "NUMBER"
	kindBoolean  = "BOOLEAN"
	kindDate     = "DATE"
	kindDateTime = "DATE_TIME"
	kindSelect   = "SELECT"
	kindPhones   = "PHONES"
	kindEmails   = "EMAILS"
	kindLinks    = "LINKS"
	kindFullName = "FULL_NAME"
	kindArray    = "ARRAY"
	kindJSON     = "RAW_JSON"
	kindRelation = "RELATION"
)

// wantedObject and wantedField are what fortytwo-model.md expects of a workspace.
type wantedObject struct {
	object helix.RecordObject
	fields []wantedField
}

type wantedField struct {
	name   string
	kind   string
	values []string // of a SELECT; empty where the gateway needs none in particular
}

// wanted is the table of fortytwo-model.md. Objects stand in the order in which they may be written: a relation points
// up, never down.
func wanted() []wantedObject {
	return []wantedObject{
		{helix.ObjectLead, []wantedField{
			{name: "name", kind: kindText},
			{name: "fullName", kind: kindFullName},
			{name: "phone", kind: kindPhones},
			{name: "email", kind: kindEmails},
			{"leadStatus", kindSelect, []string{"NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "LOST"}},
			{name: "source", kind: kindSelect},
			{name: "assignee", kind: kindRelation},
			{name: "score", kind: kindNumber},
			{name: "keywords", kind: kindArray},
			{name: "optIn", kind: kindBoolean},
		}},
		{helix.ObjectPatient, []wantedField{
			{name: "name", kind: kindText},
			{name: "fullName", kind: kindFullName},
			{name: "phone", kind: kindPhones},
			{name: "mrn", kind: kindText},
			{name: "dateOfBirth", kind: kindDate},
			{name: "gender", kind: kindSelect},
		}},
		{helix.ObjectAppointment, []wantedField{
			{name: "name", kind: kindText},
			{name: "scheduledAt", kind: kindDateTime},
			{name: "durationMinutes", kind: kindNumber},
			{"appointmentStatus", kindSelect, []string{"BOOKED", "CONFIRMED", "CANCELLED", "NO_SHOW", "COMPLETED"}},
			{name: "patient", kind: kindRelation},
			{name: "lead", kind: kindRelation},
		}},
		{helix.ObjectCall, []wantedField{
			{name: "name", kind: kindText},
			{"callStatus", kindSelect, []string{"RINGING", "ANSWERED", "MISSED", "COMPLETED", "FAILED"}},
			{"direction", kindSelect, []string{"INBOUND", "OUTBOUND"}},
			{name: "agentName", kind: kindText},
			{name: "callerNumber", kind: kindPhones},
			{name: "startedAt", kind: kindDateTime},
			{name: "endedAt", kind: kindDateTime},
			{name: "durationSeconds", kind: kindNumber},
			{name: "recordingUrl", kind: kindLinks},
			{name: "disposition", kind: kindText},
			{name: "notes", kind: kindText},
			{name: "providerCallId", kind: kindText},
			{name: "lead", kind: kindRelation},
			{name: "patient", kind: kindRelation},
			{name: "agent", kind: kindRelation},
			{"callbackstatus", kindSelect, []string{
				"PENDING_CALLBACK", "CALLBACK_ATTEMPTED", "CALLBACK_COMPLETED", "INVALID", "WRONG_NUMBER",
			}},
			{name: "callsourcenumber", kind: kindText},
			{name: "missedcallcount", kind: kindNumber},
			{name: "callbackattemptedat", kind: kindDateTime},
			{name: "transcript", kind: kindText},
			{name: "summary", kind: kindText},
			{name: "collecteddata", kind: kindJSON},
		}},
		{helix.ObjectFollowUp, []wantedField{
			{name: "name", kind: kindText},
			{name: "dueAt", kind: kindDateTime},
			{"followUpStatus", kindSelect, []string{"PENDING", "DONE", "SKIPPED"}},
			{name: "remark", kind: kindText},
			{name: "lead", kind: kindRelation},
			{name: "patient", kind: kindRelation},
			{name: "assignee", kind: kindRelation},
			{name: "call", kind: kindRelation},
		}},
	}
}
