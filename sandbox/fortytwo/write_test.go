package fortytwo

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestWritesAreRefusedInUpstreamsWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const data = "BAD_USER_INPUT/INVALID_ARGS_DATA: "
	expect(t, b, []exchange{
		{
			name:    "an unknown enum value of an update",
			query:   `mutation{updateLead(id:"` + leadID + `",data:{leadStatus:NOPE}){id}}`,
			failure: data + `Invalid value "NOPE" for field "leadStatus". Valid values are: NEW, CONTACTED, QUALIFIED, CONVERTED, LOST`,
		},
		{
			name:    "text that is none",
			query:   `mutation{createLead(data:{name:5}){id}}`,
			failure: data + `Invalid string value 5 for text field "name"`,
		},
		{
			name:    "a boolean that is none",
			query:   `mutation{createLead(data:{optIn:"yes"}){id}}`,
			failure: data + `Invalid boolean value 'yes' for field "optIn"`,
		},
		{
			name:    "an epoch number for a date-time",
			query:   `mutation{createCall(data:{startedAt:1700000000}){id}}`,
			failure: data + `Invalid value 1700000000 for date-time field "startedAt". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'`,
		},
		{
			name:    "a composite that is no object",
			query:   `mutation{createLead(data:{phone:"+919812345678"}){id}}`,
			failure: data + `Invalid object value '+919812345678' for field "phone"`,
		},
		{
			name:    "an unknown part of a composite",
			query:   `mutation{createLead(data:{phone:{number:"1"}}){id}}`,
			failure: data + `Sub field "number" not found for composite type: PHONES`,
		},
		{
			name:    "trap 21: an id of version 7",
			query:   `mutation{createLead(data:{id:"01890a5d-ac96-774b-bcce-b302099a8057"}){id}}`,
			failure: data + `Invalid UUID value '01890a5d-ac96-774b-bcce-b302099a8057' for field "id"`,
		},
		{
			name:    "an e-mail that is none",
			query:   `mutation{createLead(data:{email:{primaryEmail:"nobody"}}){id}}`,
			failure: data + `Invalid string value 'nobody' for email field "email.primaryEmail"`,
		},
		{
			name:    "a URL that is none",
			query:   `mutation{createLead(data:{site:{primaryLinkUrl:"not a url"}}){id}}`,
			failure: `BAD_USER_INPUT/INVALID_URL: Invalid URL: not a url`,
		},
		{
			name:    "a one-to-many",
			query:   `mutation{createLead(data:{calls:{connect:{}}}){id}}`,
			failure: data + `One-to-many relation calls field does not support write operations.`,
		},
		{
			name:    "a relation to connect that is missing",
			query:   `mutation{createCall(data:{lead:{connect:{where:{id:"` + followUpID + `"}}}}){id}}`,
			failure: `BAD_USER_INPUT/CONNECT_RECORD_NOT_FOUND: Expected 1 record to connect to lead, but found 0.`,
		},
		{
			name:    "the search vector",
			query:   `mutation{createCall(data:{searchVector:"x"}){id}}`,
			failure: data + `searchVector TS_VECTOR-typed field does not support write operations`,
		},
		{
			name:    "no data",
			query:   `mutation{createLead{id}}`,
			failure: "BAD_USER_INPUT/INVALID_QUERY_INPUT: Missing required argument: data",
		},
		{
			name:    "no filter",
			query:   `mutation{deleteLeads{id}}`,
			failure: "BAD_USER_INPUT/INVALID_QUERY_INPUT: Missing required argument: filter",
		},
		{
			name:    "an empty filter of a find-one",
			query:   `{lead(filter:{}){id}}`,
			failure: "BAD_USER_INPUT/INVALID_QUERY_INPUT: Missing filter argument",
		},
		{
			name:    "a find-one that finds nothing",
			query:   `{lead(filter:{id:{eq:"` + followUpID + `"}}){id}}`,
			failure: "NOT_FOUND/RECORD_NOT_FOUND: Record not found",
		},
		{
			name:    "deleting what is not there",
			query:   `mutation{deleteLead(id:"` + followUpID + `"){id}}`,
			failure: "NOT_FOUND/RECORD_NOT_FOUND: Record not found",
		},
		{
			name:    "destroying what is not there",
			query:   `mutation{destroyLead(id:"` + followUpID + `"){id}}`,
			failure: "NOT_FOUND/RECORD_NOT_FOUND: Record not found",
		},
		{
			name:    "a phone of another country",
			query:   `mutation{createLead(data:{phone:{primaryPhoneNumber:"+14155552671",primaryPhoneCountryCode:"IN"}}){id}}`,
			failure: "BAD_USER_INPUT/CONFLICTING_PHONE_COUNTRY_CODE: Provided and inferred country code are conflicting",
		},
		{
			name:    "codes that contradict each other",
			query:   `mutation{createLead(data:{phone:{primaryPhoneNumber:"9812345678",primaryPhoneCallingCode:"+1",primaryPhoneCountryCode:"IN"}}){id}}`,
			failure: "BAD_USER_INPUT/CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE: Provided country code and calling code are conflicting",
		},
	})
	if got := b.query(`{leads{totalCount}}`); got.data("leads") != `{"totalCount":1}` {
		t.Errorf("a refused write left something behind: %s", got.text)
	}
}

func TestValuesAreStoredTheWayUpstreamDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var exchanges []exchange
	for _, tt := range []struct{ name, field, in, selection, out string }{
		{"a date-time with an offset", "createdAt", `"2026-01-02T03:04:05+05:30"`, "", `"2026-01-01T21:34:05.000Z"`},
		{"a date-time without a zone is UTC", "createdAt", `"2026-01-02T03:04:05"`, "", `"2026-01-02T03:04:05.000Z"`},
		{"a bare date as a date-time", "createdAt", `"2026-01-02"`, "", `"2026-01-02T00:00:00.000Z"`},
		{"an integer field takes a fraction", "score", `1.5`, "", `1.5`},
		{"a list from one string", "keywords", `"knee"`, "", `["knee"]`},
		{"an empty list", "keywords", `[]`, "", `[]`},
		{"a multi-select", "tags", `[HOT,COLD]`, "", `["HOT","COLD"]`},
		{"null for a multi-select", "tags", `null`, "", `[]`},
		{"null for text", "name", `null`, "", `""`},
		{"any JSON", "extra", `{b:[1,{a:null}]}`, "", `{"b":[1,{"a":null}]}`},
		{"an e-mail is lower-cased", "email", `{primaryEmail:"Asha@Example.COM"}`, "{primaryEmail additionalEmails}", `{"primaryEmail":"asha@example.com","additionalEmails":[]}`},
		{"a link loses its slash", "site", `{primaryLinkUrl:"https://Example.COM/Path/"}`, "{primaryLinkUrl secondaryLinks}", `{"primaryLinkUrl":"https://example.com/Path","secondaryLinks":[]}`},
		{"money as text comes out as a number", "budget", `{amountMicros:"2500000",currencyCode:"INR"}`, "{amountMicros currencyCode}", `{"amountMicros":2500000,"currencyCode":"INR"}`},
		{"a latitude comes out as text", "home", `{addressCity:"Pune",addressLat:18.52}`, "{addressCity addressLat addressLng}", `{"addressCity":"Pune","addressLat":"18.52","addressLng":null}`},
		{"rich text gets its blocks", "about", `{markdown:"one\ntwo"}`, "{markdown blocknote}", `{"markdown":"one\ntwo","blocknote":"[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"one\",\"styles\":{}}]},{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"two\",\"styles\":{}}]}]"}`},
		{"a number with a trunk zero", "phone", `{primaryPhoneNumber:"098123 45678",primaryPhoneCountryCode:"IN"}`, "{primaryPhoneNumber primaryPhoneCallingCode}", `{"primaryPhoneNumber":"9812345678","primaryPhoneCallingCode":"+91"}`},
		{"additional numbers", "phone", `{additionalPhones:[{number:"+919812345678"}]}`, "{additionalPhones primaryPhoneNumber}", `{"additionalPhones":[{"number":"9812345678","callingCode":"+91","countryCode":"IN"}],"primaryPhoneNumber":""}`},
		{"the caller may say where a record came from", "createdBy", `{source:"IMPORT",name:"forged"}`, "{source name}", `{"source":"IMPORT","name":"Tim Apple"}`},
		{"a default in quotes", "leadStatus", ``, "", `"NEW"`},
		{"a default of a boolean", "optIn", ``, "", `false`},
	} {
		data := "{}"
		if tt.in != "" {
			data = "{" + tt.field + ":" + tt.in + "}"
		}
		exchanges = append(exchanges, exchange{
			name:  tt.name,
			query: `mutation{createLead(data:` + data + `){` + tt.field + tt.selection + `}}`,
			want:  `{"` + tt.field + `":` + tt.out + `}`,
		})
	}
	exchanges = append(exchanges, exchange{
		name:  "a lenient date puts the month first",
		query: `mutation{createPatient(data:{dateOfBirth:"03/02/1990"}){dateOfBirth}}`,
		want:  `{"dateOfBirth":"1990-03-02"}`,
	})
	expect(t, b, exchanges)
}

func TestAnUpdateIsAPatchThatMergesComposites(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	update := func(data string) string {
		t.Helper()
		got := b.query(`mutation{updateLead(id:"` + leadID + `",data:` + data + `){name fullName{firstName lastName} phone{primaryPhoneNumber primaryPhoneCallingCode} updatedBy{source name}}}`)
		if got.failure() != "" {
			t.Fatal(got.failure())
		}
		return got.data("updateLead")
	}
	update(`{name:"kept",fullName:{firstName:"Asha",lastName:"Rao"}}`)
	want := `{"fullName":{"firstName":"Asha","lastName":"Nair"},"name":"kept","phone":{"primaryPhoneCallingCode":"","primaryPhoneNumber":""},"updatedBy":{"name":"Tim Apple","source":"MANUAL"}}`
	if got := update(`{fullName:{lastName:"Nair"},phone:{primaryPhoneNumber:""}}`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestUpsertFindsByUniqueFieldKeepsTheIdAndRestores(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	withPatient(b, nil)
	expect(t, b, []exchange{
		{name: "delete", query: `mutation{deletePatient(id:"` + patientID + `"){id}}`, want: `{"id":"` + patientID + `"}`},
		{
			name:    "a soft-deleted holder still blocks a plain create, without saying who it is",
			query:   `mutation{createPatient(data:{mrn:"M-1"}){id}}`,
			failure: "BAD_USER_INPUT/: A duplicate entry was detected",
		},
		{
			name:  "upsert under another id keeps the record's own and restores it",
			query: `mutation{createPatients(data:[{id:"` + followUpID + `",mrn:"M-1",name:"again"}],upsert:true){id name deletedAt}}`,
			want:  `[{"id":"` + patientID + `","name":"again","deletedAt":null}]`,
		},
		{
			name:  "upsert on the id alone",
			query: `mutation{createPatient(data:{id:"` + patientID + `",name:"by id"},upsert:true){id mrn name}}`, want: `{"id":"` + patientID + `","mrn":"M-1","name":"by id"}`,
		},
		{name: "another patient", query: `mutation{createPatient(data:{id:"` + followUpID + `",mrn:"M-2"}){mrn}}`, want: `{"mrn":"M-2"}`},
		{
			name:    "an upsert that means two records",
			query:   `mutation{createPatient(data:{id:"` + followUpID + `",mrn:"M-1"},upsert:true){id}}`,
			failure: "BAD_USER_INPUT/UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT: Multiple records found with the same unique field values for patient. Cannot determine which record to update.",
		},
		{
			name:  "blanks are not duplicates",
			query: `mutation{createPatients(data:[{mrn:""},{mrn:""},{}]){mrn}}`,
			want:  `[{"mrn":""},{"mrn":""},{"mrn":""}]`,
		},
		{
			name:  "no unique key in the data is a plain insert",
			query: `mutation{createPatients(data:[{name:"n"},{name:"n"}],upsert:true){name}}`,
			want:  `[{"name":"n"},{"name":"n"}]`,
		},
	})
	b.query(`mutation{deletePatient(id:"` + patientID + `"){id}}`)
	got := b.query(`mutation{createPatient(data:{mrn:"M-1"}){id}}`)
	if strings.Contains(got.text, "conflictingRecordId") {
		t.Errorf("the soft-deleted holder is named: %s", got.text)
	}
}

func TestEightUpsertsOfOneKeyAtOnceGiveOneRow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.token(adminEmail)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			got := b.post("/graphql", token, map[string]any{"query": fmt.Sprintf(`mutation{createPatient(data:{mrn:"same",name:"%d"},upsert:true){id}}`, i)})
			if got.failure() != "" {
				t.Error(got.failure())
			}
		})
	}
	group.Wait()
	if got := b.query(`{patients{totalCount}}`); got.data("patients") != `{"totalCount":1}` {
		t.Errorf("answer %s", got.text)
	}
}

func TestCreatingManyIsAllOrNothingAndAtMost200(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	rows := func(n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = map[string]any{"mrn": fmt.Sprint("N", i)}
		}
		return list
	}
	const create = `mutation($d:[PatientCreateInput!]!){createPatients(data:$d){id}}`
	bad := append(rows(5), map[string]any{"mrn": "N0"})
	if got := b.query(create, "d", bad); got.failure() != "BAD_USER_INPUT/: A duplicate entry was detected" {
		t.Errorf("a duplicate within the request: %s", got.text)
	}
	if got := b.query(create, "d", rows(201)); !strings.HasPrefix(got.failure(), "BAD_USER_INPUT/TOO_MANY_RECORDS_TO_UPDATE") {
		t.Errorf("201 rows: %s", got.text)
	}
	if got := b.query(`{patients{totalCount}}`); got.data("patients") != `{"totalCount":0}` {
		t.Errorf("something was inserted: %s", got.text)
	}
	if got := b.query(create, "d", rows(200)); got.failure() != "" {
		t.Error(got.failure())
	}
}

func TestSoftDeleteRestoreAndDestroy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const lead, callID = `{id leadId lead{id}}`, "966d0aba-d7b2-43c3-8338-c5ba17e4d598"
	one := `filter:{id:{eq:"` + callID + `"}}`
	expect(t, b, []exchange{
		{name: "soft delete of the lead", query: `mutation{deleteLead(id:"` + leadID + `"){id}}`, want: `{"id":"` + leadID + `"}`},
		{
			name:  "the relation and its id read null together",
			query: `{call(` + one + `)` + lead + `}`,
			want:  `{"id":"` + callID + `","leadId":null,"lead":null}`,
		},
		{name: "the id alone is still there", query: `{call(` + one + `){leadId}}`, want: `{"leadId":"` + leadID + `"}`},
		{
			name:    "an update of a deleted record",
			query:   `mutation{updateLead(id:"` + leadID + `",data:{name:"x"}){id}}`,
			failure: "NOT_FOUND/RECORD_NOT_FOUND: Record not found",
		},
		{
			name:  "a restore whose filter mentions deletedAt answers nothing",
			query: `mutation{restoreLeads(filter:{deletedAt:{is:NOT_NULL}}){id}}`,
			want:  `[]`,
		},
		{name: "but it restored", query: `{leads{totalCount}}`, want: `{"totalCount":1}`},
		{name: "delete again", query: `mutation{deleteLeads(filter:{id:{eq:"` + leadID + `"}}){id}}`, want: `[{"id":"` + leadID + `"}]`},
		{
			name:  "a restore by id answers",
			query: `mutation{restoreLeads(filter:{id:{eq:"` + leadID + `"}}){id deletedAt}}`,
			want:  `[{"id":"` + leadID + `","deletedAt":null}]`,
		},
		{name: "destroy", query: `mutation{destroyLeads(filter:{id:{eq:"` + leadID + `"}}){id}}`, want: `[{"id":"` + leadID + `"}]`},
		{name: "what pointed there points nowhere", query: `{calls(filter:{leadId:{is:NOT_NULL}}){totalCount}}`, want: `{"totalCount":0}`},
		{
			name:    "destroyed is gone for good",
			query:   `mutation{restoreLead(id:"` + leadID + `"){id}}`,
			failure: "NOT_FOUND/RECORD_NOT_FOUND: Record not found",
		},
		{
			name:  "disconnect",
			query: `mutation{updateCall(id:"` + callID + `",data:{lead:{disconnect:true}}){leadId}}`,
			want:  `{"leadId":null}`,
		},
	})
}

func TestDuplicatesArePeopleWithTheSameName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, id := range []string{leadID, followUpID} {
		b.main().seedRow("person", row{"id": id, "name": row{"firstName": "Asha", "lastName": "Rao"}})
	}
	expect(t, b, []exchange{
		{
			name:      "by id",
			query:     `query($i:[UUID]){personDuplicates(ids:$i){totalCount edges{node{id}}}}`,
			variables: []any{"i", []any{leadID}},
			want:      `[{"totalCount":1,"edges":[{"node":{"id":"` + followUpID + `"}}]}]`,
		},
		{
			name:  "by data",
			query: `{personDuplicates(data:[{name:{firstName:"Asha",lastName:"Rao"}},{name:{firstName:"Asha"}}]){totalCount}}`,
			want:  `[{"totalCount":2},{"totalCount":0}]`,
		},
		{
			name: "by neither", query: `{personDuplicates{totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_QUERY_INPUT: You have to provide either "data" or "ids" argument`,
		},
	})
}
