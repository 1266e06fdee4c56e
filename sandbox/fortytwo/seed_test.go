package fortytwo

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
)

// newHospital is a server with the default data model and records.
func newHospital(t *testing.T) *bench {
	t.Helper()
	return newBench(t, func(o *Options) { *o = Options{Seed: 42, Now: o.Now, Logger: slog.New(slog.DiscardHandler)} })
}

func TestTheSeedHoldsWhatASandboxNeeds(t *testing.T) {
	t.Parallel()
	b := newHospital(t)
	facts := b.SeedFacts()
	token := b.token("asha@sandbox.test")
	for object, least := range map[string]int{"lead": 500, "patient": 300, "appointment": 200, "followUp": 100, "call": 400, "workspaceMember": 4} {
		records, err := b.Records(object)
		if err != nil || len(records) < least {
			t.Errorf("%d records of %s, want %d: %v", len(records), object, least, err)
		}
	}
	members := map[string]string{}
	for _, u := range facts.Users {
		members[u.Email] = u.MemberID
	}
	now := b.clock.Now().Format(time.RFC3339)
	for email, member := range members {
		for name, filter := range map[string]string{
			"leads":              `assigneeId:{eq:"` + member + `"},leadStatus:{in:[NEW,CONTACTED]}`,
			"overdue follow-ups": `assigneeId:{eq:"` + member + `"},followUpStatus:{eq:PENDING},dueAt:{lt:"` + now + `"}`,
			"later follow-ups":   `assigneeId:{eq:"` + member + `"},followUpStatus:{eq:PENDING},dueAt:{gt:"` + now + `"}`,
		} {
			root := map[bool]string{true: "leads", false: "followUps"}[name == "leads"]
			got := b.post("/graphql", token, map[string]any{"query": `{` + root + `(filter:{` + filter + `}){totalCount}}`})
			if agent := strings.HasPrefix(email, "asha") || strings.HasPrefix(email, "ravi"); agent == (got.data(root) == `{"totalCount":0}`) {
				t.Errorf("%s of %s: %s", name, email, got.text)
			}
		}
	}
	got := b.post("/graphql", token, map[string]any{"query": `{calls(filter:{callbackstatus:{eq:PENDING_CALLBACK}}){totalCount}}`})
	if got.data("calls") != `{"totalCount":0}` {
		t.Errorf("nobody waits to be called back: %s", got.text)
	}
}

func TestSeededPeopleHaveValidNumbersAndNamesInTwoScripts(t *testing.T) {
	t.Parallel()
	b := newHospital(t)
	leads, err := b.Records("lead")
	if err != nil {
		t.Fatal(err)
	}
	devanagari := 0
	for _, lead := range leads {
		for _, r := range lead["name"].(string) {
			if unicode.Is(unicode.Devanagari, r) {
				devanagari++
				break
			}
		}
	}
	if devanagari < 100 || devanagari > 300 {
		t.Errorf("%d of %d names are in Devanagari", devanagari, len(leads))
	}
	for _, number := range b.Phones() {
		parsed, err := phonenumbers.Parse(number, "IN")
		if err != nil || !phonenumbers.IsValidNumberForRegion(parsed, "IN") || phonenumbers.GetNumberType(parsed) != phonenumbers.MOBILE {
			t.Fatalf("%s is no Indian mobile number", number)
		}
	}
	facts := b.SeedFacts()
	shared := facts.SharedCaller
	for object, id := range map[string]string{"lead": shared.LeadID, "patient": shared.PatientID} {
		record, err := b.Record(object, id)
		if err != nil {
			t.Fatal(err)
		}
		phone, _ := record["phone"].(map[string]any)
		if "+91"+phone["primaryPhoneNumber"].(string) != shared.Phone || record["name"] != shared.Name {
			t.Errorf("%s %v is not %+v", object, record, shared)
		}
	}
	if facts.SampleLead.LeadID == "" || facts.SampleLead.Phone == shared.Phone {
		t.Errorf("sample lead %+v", facts.SampleLead)
	}
}

func TestTheSameSeedGivesTheSameRecords(t *testing.T) {
	t.Parallel()
	a, b := newHospital(t), newHospital(t)
	for _, object := range []string{"lead", "followUp", "call", "workspaceMember"} {
		x, err := a.Records(object)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Records(object)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("%s differs:\n%.2000s", object, diff)
		}
	}
	if diff := cmp.Diff(a.SeedFacts(), b.SeedFacts()); diff != "" {
		t.Errorf("facts differ:\n%s", diff)
	}
}

func TestAModelThatDoesNotFitTogetherIsRefused(t *testing.T) {
	t.Parallel()
	lead := ObjectSpec{NameSingular: "lead", NamePlural: "leads"}
	for name, options := range map[string]Options{
		"an object twice":       {Metadata: append(StandardObjects(), lead, lead)},
		"no workspace member":   {Metadata: []ObjectSpec{lead}},
		"an unknown target":     {Metadata: append(StandardObjects(), ObjectSpec{NameSingular: "x", NamePlural: "xs", Fields: []FieldSpec{{Name: "y", Type: TypeRelation, Target: "nosuch"}}})},
		"a field twice":         {Metadata: append(StandardObjects(), ObjectSpec{NameSingular: "x", NamePlural: "xs", Fields: []FieldSpec{{Name: "id", Type: TypeText}}})},
		"a user without a role": {Users: []User{{Email: "a@b.c", Role: "Nobody"}}},
	} {
		if _, err := New(options); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTheControlAPIReadsAndChanges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.MetadataVersion()
	for _, spec := range []FieldSpec{
		{Name: "mood", Type: TypeSelect, Options: []string{"GOOD", "BAD"}, Default: "'GOOD'"},
		{Name: "patient", Type: TypeRelation, Target: "patient", Inverse: "leads"},
	} {
		if err := b.AddField("lead", spec); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, b, []exchange{{name: "a new field and relation", query: `mutation{createLead(data:{id:"` + followUpID + `"}){mood patientId patient{id}}}`, want: `{"mood":"GOOD","patientId":null,"patient":null}`}})
	record, err := b.Record("lead", followUpID)
	if err != nil || record["mood"] != "GOOD" {
		t.Errorf("%v, %v", record, err)
	}
	if err := b.RemoveField("lead", "patient"); err != nil {
		t.Fatal(err)
	}
	if b.MetadataVersion() != before+3 {
		t.Errorf("version %d, want %d", b.MetadataVersion(), before+3)
	}
	for name, call := range map[string]func() error{
		"record of no object": func() error { _, err := b.Record("nosuch", leadID); return err },
		"no record":           func() error { _, err := b.Record("lead", patientID); return err },
		"records":             func() error { _, err := b.Records("nosuch"); return err },
		"add field":           func() error { return b.AddField("nosuch", FieldSpec{}) },
		"bad field":           func() error { return b.AddField("lead", FieldSpec{Name: "mood", Type: TypeText}) },
		"remove field":        func() error { return b.RemoveField("lead", "nosuch") },
		"remove the id":       func() error { return b.RemoveField("lead", "id") },
		"role":                func() error { return b.SetRole(adminEmail, "nosuch") },
		"user":                func() error { _, err := b.AccessToken("nosuch"); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSearchMatchesWordPrefixesOfReadableObjects(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i, name := range []string{"Asha Rao", "Ashwin Rao", "आशा राव", "Rao"} {
		b.main().seedRow("lead", row{"id": fmt.Sprintf("0000000%d-0000-4000-8000-000000000000", i), "name": name})
	}
	search := func(email, arguments string) string {
		t.Helper()
		got := b.as(email, "/graphql", `{search(limit:10,`+arguments+`){edges{node{label}}}}`)
		if got.failure() != "" {
			return got.failure()
		}
		return strings.NewReplacer(`{"edges":[`, "", `{"node":{"label":`, "", `}}`, "", `]}`, "").Replace(got.data("search"))
	}
	for arguments, want := range map[string]string{
		`searchInput:"ash rao"`:                                  `"Asha Rao","Ashwin Rao"`,
		`searchInput:"आशा"`:                                      `"आशा राव"`,
		`searchInput:"sha"`:                                      ``,
		`searchInput:"98765000"`:                                 ``, // phones of custom objects are not in the vector
		`searchInput:"rao",excludedObjectNameSingulars:["lead"]`: ``,
		`searchInput:"tim apple",includedObjectNameSingulars:["workspaceMember"]`:                       `"Tim Apple"`,
		`searchInput:"rao",after:"` + strings.Repeat("x", 8) + `",includedObjectNameSingulars:["lead"]`: "BAD_USER_INPUT/INVALID_CURSOR: Invalid cursor: xxxxxxxx",
	} {
		if got := search(adminEmail, arguments); got != want {
			t.Errorf("%s finds %s, want %s", arguments, got, want)
		}
	}
	if got := search(restrictedEmail, `searchInput:"rao"`); got != "" {
		t.Errorf("an unreadable object was searched: %s", got)
	}
	page := b.query(`{search(searchInput:"rao",limit:1){pageInfo{hasNextPage endCursor} edges{cursor node{label}}}}`)
	if !strings.Contains(page.text, `"hasNextPage":true`) {
		t.Errorf("page %s", page.text)
	}
	if got := b.query(`{search(searchInput:"rao",limit:101){edges{cursor}}}`); !strings.Contains(got.failure(), "limit must not be greater than 100") {
		t.Errorf("limit %s", got.text)
	}
}
