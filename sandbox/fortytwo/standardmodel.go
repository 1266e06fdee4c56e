package fortytwo

// StandardObjects are the objects that every workspace has, as far as the emulator needs them. workspaceMember is required:
// users are found there.
func StandardObjects() []ObjectSpec {
	return []ObjectSpec{
		{NameSingular: "messageThread", NamePlural: "messageThreads", System: true, LabelField: "id"},
		{
			NameSingular: "person", NamePlural: "people", Searchable: true, Targetable: true,
			Duplicates: [][]string{{"name.firstName", "name.lastName"}, {"linkedinLink.primaryLinkUrl"}, {"emails.primaryEmail"}},
			Fields: []FieldSpec{
				{Name: "name", Type: TypeFullName},
				{Name: "emails", Type: TypeEmails, Unique: true},
				{Name: "phones", Type: TypePhones},
				{Name: "linkedinLink", Label: "Linkedin", Type: TypeLinks},
				{Name: "jobTitle", Type: TypeText},
				{Name: "city", Type: TypeText},
				{Name: "avatarUrl", Type: TypeText},
				{Name: "company", Type: TypeRelation, Target: "company", Inverse: "people"},
			},
		},
		{
			NameSingular: "company", NamePlural: "companies", Searchable: true, Targetable: true,
			Duplicates: [][]string{{"name"}, {"domainName.primaryLinkUrl"}},
			Fields: []FieldSpec{
				{Name: "name", Type: TypeText},
				{Name: "domainName", Type: TypeLinks, Unique: true},
				{Name: "address", Type: TypeAddress},
				{Name: "employees", Type: TypeNumber},
				{Name: "annualRecurringRevenue", Label: "ARR", Type: TypeCurrency},
				{Name: "idealCustomerProfile", Label: "ICP", Type: TypeBoolean, Default: false},
				{Name: "accountOwner", Type: TypeRelation, Target: "workspaceMember", Inverse: "accountOwnerForCompanies"},
			},
		},
		{
			NameSingular: "opportunity", NamePlural: "opportunities", Searchable: true, Targetable: true,
			Fields: []FieldSpec{
				{Name: "name", Type: TypeText},
				{Name: "amount", Type: TypeCurrency},
				{Name: "closeDate", Type: TypeDateTime},
				{Name: "stage", Type: TypeSelect, Options: []string{"NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER"}, Default: "'NEW'"},
				{Name: "pointOfContact", Type: TypeRelation, Target: "person", Inverse: "pointOfContactForOpportunities"},
				{Name: "company", Type: TypeRelation, Target: "company", Inverse: "opportunities"},
			},
		},
		{
			NameSingular: "note", NamePlural: "notes", Searchable: true, LabelField: "title",
			Fields: []FieldSpec{{Name: "title", Type: TypeText}, {Name: "bodyV2", Label: "Body", Type: TypeRichText}},
		},
		{
			NameSingular: "task", NamePlural: "tasks", Searchable: true, LabelField: "title",
			Fields: []FieldSpec{
				{Name: "title", Type: TypeText},
				{Name: "bodyV2", Label: "Body", Type: TypeRichText},
				{Name: "dueAt", Label: "Due Date", Type: TypeDateTime},
				{Name: "status", Type: TypeSelect, Options: []string{"TODO", "IN_PROGRESS", "DONE"}, Default: "'TODO'"},
				{Name: "assignee", Type: TypeRelation, Target: "workspaceMember", Inverse: "assignedTasks"},
			},
		},
		{
			NameSingular: "noteTarget", NamePlural: "noteTargets", System: true, LabelField: "id",
			Fields: []FieldSpec{{Name: "note", Type: TypeRelation, Target: "note", Inverse: "noteTargets"}},
		},
		{
			NameSingular: "taskTarget", NamePlural: "taskTargets", System: true, LabelField: "id",
			Fields: []FieldSpec{{Name: "task", Type: TypeRelation, Target: "task", Inverse: "taskTargets"}},
		},
		{
			NameSingular: "attachment", NamePlural: "attachments", System: true,
			Fields: []FieldSpec{{Name: "name", Type: TypeText}, {Name: "fullPath", Type: TypeText}},
		},
		{
			NameSingular: "timelineActivity", NamePlural: "timelineActivities", System: true,
			Fields: []FieldSpec{
				{Name: "name", Type: TypeText},
				{Name: "happensAt", Type: TypeDateTime},
				{Name: "properties", Type: TypeRawJSON},
				{Name: "linkedRecordId", Type: TypeUUID},
				{Name: "workspaceMember", Type: TypeRelation, Target: "workspaceMember", Inverse: "timelineActivities"},
			},
		},
		{
			NameSingular: "workspaceMember", NamePlural: "workspaceMembers", System: true, Searchable: true,
			Fields: []FieldSpec{
				{Name: "name", Type: TypeFullName},
				{Name: "userEmail", Type: TypeText},
				{Name: "userId", Type: TypeUUID},
				{Name: "avatarUrl", Type: TypeText},
				{Name: "locale", Type: TypeText},
				{Name: "timeZone", Type: TypeText},
				{Name: "colorScheme", Type: TypeText},
			},
		},
	}
}
