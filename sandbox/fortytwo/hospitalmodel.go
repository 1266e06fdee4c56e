package fortytwo

// HospitalObjects are the objects of a hospital's contact centre: what FortyTwo's app defines, in camel case, and what an
// administrator added to calls, in one lower-case word.
func HospitalObjects() []ObjectSpec {
	return []ObjectSpec{
		{
			NameSingular: "lead", NamePlural: "leads", Custom: true,
			Fields: []FieldSpec{
				{Name: "fullName", Type: TypeFullName},
				{Name: "phone", Type: TypePhones},
				{Name: "email", Type: TypeEmails},
				{Name: "leadStatus", Type: TypeSelect, Options: []string{"NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "LOST"}, Default: "'NEW'"},
				{Name: "source", Type: TypeSelect, Options: []string{"WEBSITE", "REFERRAL", "CAMPAIGN", "WALK_IN", "PHONE"}},
				{Name: "assignee", Type: TypeRelation, Target: "workspaceMember", Inverse: "leads"},
				{Name: "score", Type: TypeNumber},
				{Name: "keywords", Type: TypeArray},
				{Name: "optIn", Type: TypeBoolean, Default: false},
			},
		},
		{
			NameSingular: "patient", NamePlural: "patients", Custom: true,
			Fields: []FieldSpec{
				{Name: "fullName", Type: TypeFullName},
				{Name: "phone", Type: TypePhones},
				{Name: "mrn", Type: TypeText, Unique: true},
				{Name: "dateOfBirth", Type: TypeDate},
				{Name: "gender", Type: TypeSelect, Options: []string{"FEMALE", "MALE", "OTHER"}},
			},
		},
		{
			NameSingular: "appointment", NamePlural: "appointments", Custom: true,
			Fields: []FieldSpec{
				{Name: "scheduledAt", Type: TypeDateTime},
				{Name: "durationMinutes", Type: TypeNumber},
				{
					Name: "appointmentStatus", Type: TypeSelect, Default: "'BOOKED'",
					Options: []string{"BOOKED", "CONFIRMED", "CANCELLED", "NO_SHOW", "COMPLETED"},
				},
				{Name: "patient", Type: TypeRelation, Target: "patient"},
				{Name: "lead", Type: TypeRelation, Target: "lead"},
			},
		},
		{
			NameSingular: "call", NamePlural: "calls", Custom: true,
			Fields: []FieldSpec{
				{Name: "callStatus", Type: TypeSelect, Options: []string{"RINGING", "ANSWERED", "MISSED", "COMPLETED", "FAILED"}},
				{Name: "direction", Type: TypeSelect, Options: []string{"INBOUND", "OUTBOUND"}},
				{Name: "agentName", Type: TypeText},
				{Name: "callerNumber", Type: TypePhones},
				{Name: "startedAt", Type: TypeDateTime},
				{Name: "endedAt", Type: TypeDateTime},
				{Name: "durationSeconds", Type: TypeNumber},
				{Name: "recordingUrl", Type: TypeLinks},
				{Name: "disposition", Type: TypeText},
				{Name: "notes", Type: TypeText},
				{Name: "providerCallId", Type: TypeText, Unique: true},
				{Name: "lead", Type: TypeRelation, Target: "lead"},
				{Name: "patient", Type: TypeRelation, Target: "patient"},
				{Name: "agent", Type: TypeRelation, Target: "workspaceMember"},
				{
					Name: "callbackstatus", Label: "callbackstatus", Type: TypeSelect, Custom: true,
					Options: []string{"PENDING_CALLBACK", "CALLBACK_ATTEMPTED", "CALLBACK_COMPLETED", "INVALID", "WRONG_NUMBER"},
				},
				{Name: "callsourcenumber", Label: "callsourcenumber", Type: TypeText, Custom: true},
				{Name: "missedcallcount", Label: "missedcallcount", Type: TypeNumber, Custom: true},
				{Name: "callbackattemptedat", Label: "callbackattemptedat", Type: TypeDateTime, Custom: true},
				{Name: "transcript", Type: TypeText},
				{Name: "summary", Type: TypeText},
				{Name: "collecteddata", Label: "collecteddata", Type: TypeRawJSON, Custom: true},
			},
		},
		{
			NameSingular: "followUp", NamePlural: "followUps", Custom: true,
			Fields: []FieldSpec{
				{Name: "dueAt", Type: TypeDateTime},
				{Name: "followUpStatus", Type: TypeSelect, Options: []string{"PENDING", "DONE", "SKIPPED"}, Default: "'PENDING'"},
				{Name: "remark", Type: TypeText},
				{Name: "lead", Type: TypeRelation, Target: "lead"},
				{Name: "patient", Type: TypeRelation, Target: "patient"},
				{Name: "assignee", Type: TypeRelation, Target: "workspaceMember"},
				{Name: "call", Type: TypeRelation, Target: "call"},
			},
		},
	}
}
