package fortytwo

import (
	"fmt"
	"strings"
	"testing"
)

// The numbers are those of the traps in fortytwo.md section 0; traps that a recorded exchange shows are tested there.

func TestDocumentsAreReadTheWayDirectExecutionDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	expect(t, b, []exchange{
		{
			name:    "trap 3: a root field twice under two aliases is refused",
			query:   `{a:calls(first:1){totalCount} b:calls(first:2){totalCount}}`,
			failure: `BAD_USER_INPUT/: Duplicate root resolver: "calls"`,
		},
		{
			name: "trap 4: two aliases of one field below the root are one field", query: `{calls(first:1){edges{node{a:name b:name}}}}`,
			want: `{"edges":[{"node":{"name":"call 5"}}]}`,
		},
		{
			name:  "trap 5: literal directives below the root work",
			query: `{calls(first:1){totalCount @skip(if:true) edges{node{id @include(if:false) name}}}}`,
			want:  `{"edges":[{"node":{"name":"call 5"}}]}`,
		},
		{
			name:  "trap 5: a directive on a root field is ignored, also by a mutation",
			query: `mutation{createPatient(data:{mrn:"skipped"}) @skip(if:true) {mrn}}`,
			want:  `{"mrn":"skipped"}`,
		},
		{
			name:      "trap 5: a directive with a variable on a root field is ignored",
			query:     `query($s:Boolean!){calls(first:1) @skip(if:$s) {totalCount}}`,
			variables: []any{"s", true}, want: `{"totalCount":8}`,
		},
		{
			name:  "fragments are inlined at the root and below",
			query: `{...R} fragment R on Query{calls(first:1){...C}} fragment C on CallConnection{totalCount ...{edges{node{...N}}}} fragment N on Call{name}`,
			want:  `{"totalCount":8,"edges":[{"node":{"name":"call 5"}}]}`,
		},
		{
			name: "fragments that spread each other do not run for ever", query: `{calls{...A}} fragment A on CallConnection{...A}`,
			failure: "INTERNAL_SERVER_ERROR/: Maximum call stack size exceeded",
		},
		{
			name:    "fragments that double each other are cut off",
			query:   doublingFragments(),
			failure: "INTERNAL_SERVER_ERROR/: Maximum call stack size exceeded",
		},
		{
			name:  "an undefined variable is dropped from the arguments",
			query: `query($f:Int){calls(first:$f){totalCount}}`,
			want:  `{"totalCount":8}`,
		},
		{
			name:  "a variable's default is used",
			query: `query($n:String="call 3"){calls(filter:{name:{eq:$n}}){totalCount}}`,
			want:  `{"totalCount":1}`,
		},
		{
			name:      "variable types are not checked",
			query:     `query($n:Int){calls(filter:{name:{eq:$n}}){totalCount}}`,
			variables: []any{"n", "call 3"},
			want:      `{"totalCount":1}`,
		},
		{
			name:  "enum values may be strings or literals",
			query: `{calls(filter:{or:[{callStatus:{eq:"MISSED"}},{callStatus:{eq:ANSWERED}}]}){totalCount}}`,
			want:  `{"totalCount":6}`,
		},
		{
			name: "trap 6: an unknown field with a selection reads null", query: `{calls(first:1){edges{node{nosuch{id}}}}}`,
			want: `{"edges":[{"node":{"nosuch":null}}]}`,
		},
		{
			name: "trap 20: the wrong case of a field reads null", query: `{calls(first:1){edges{node{callbackStatus}}}}`,
			want: `{"edges":[{"node":{"callbackStatus":null}}]}`,
		},
		{
			name:    "trap 20: the wrong case of a field in a filter is refused",
			query:   `{calls(filter:{callbackStatus:{is:NULL}}){totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_ARGS_FILTER: Object call doesn't have any "callbackStatus" field.`,
		},
	})
}

func TestTrap1OfSeveralOperationsTheNamedOneRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := map[string]any{"query": `query A{calls{totalCount}} query B{leads{totalCount}}`, "operationName": "B"}
	if got := b.post("/graphql", b.token(adminEmail), body); got.data("leads") != `{"totalCount":1}` {
		t.Errorf("answer %s", got.text)
	}
	delete(body, "operationName")
	if got := b.post("/graphql", b.token(adminEmail), body); !strings.HasPrefix(got.failure(), "/: Must provide operation name") {
		t.Errorf("answer %s", got.text)
	}
}

func TestTrap11ChildrenAreCappedInOnePoolWhateverTheArguments(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	second := "aa6a8216-2940-44e5-ab26-2e8959a3c00d"
	b.main().seedRow("lead", row{"id": second})
	b.seedBulk(130, row{"leadId": leadID})
	for i := range 5 {
		b.main().seedRow("call", row{"name": fmt.Sprint(i), "leadId": second})
	}
	got := b.query(`{leads(orderBy:[{id:AscNullsFirst}]){edges{node{id calls(first:1,filter:{nosuch:1}){totalCount pageInfo{hasNextPage}}}}}}`)
	want := `{"edges":[{"node":{"calls":{"pageInfo":{"hasNextPage":false},"totalCount":120},"id":"` + leadID +
		`"}},{"node":{"calls":{"pageInfo":{"hasNextPage":false},"totalCount":0},"id":"` + second + `"}}]}`
	if got.data("leads") != want {
		t.Errorf("one big parent leaves nothing for the other: got %s\nwant %s", got.data("leads"), want)
	}
}

func TestTrap13AndTrap16WhatIsNoRecordGoesToTheCoreSchema(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tt := range []struct{ name, token, query, failure string }{
		{"without a token record fields are unknown", "", `{calls{totalCount}}`, `/: Cannot query field "calls" on type "Query".`},
		{"without a token mutations are unknown", "", `mutation{createCall(data:{}){id}}`, `/: Cannot query field "createCall" on type "Mutation".`},
		{
			"search and record fields do not mix", b.token(adminEmail), `{calls{totalCount} search(searchInput:"a",limit:1){edges{cursor}}}`,
			"BAD_USER_INPUT/: This query cannot be executed as a single request. Please split it into separate queries.",
		},
		{"a missing argument of search is refused by validation", b.token(adminEmail), `{search(limit:1){edges{cursor}}}`, `/: Field "search" argument "searchInput" of type "String!" is required, but it was not provided.`},
		{"search needs a token", "", `{search(searchInput:"a",limit:1){edges{cursor}}}`, "FORBIDDEN/: Forbidden resource"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := b.post("/graphql", tt.token, map[string]any{"query": tt.query})
			if got.failure() != tt.failure || got.status != 200 {
				t.Errorf("status %d, failure %q, want %q", got.status, got.failure(), tt.failure)
			}
		})
	}
	if got := b.query(`{__typename}`); got.text != `{"data":{"__typename":"Query"}}` {
		t.Errorf("__typename alone: %s", got.text)
	}
}

func TestTrap17AFailedMutationDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.query(`mutation{createPatient(data:{nosuch:1}){id} createLead(data:{name:"kept"}){name}}`)
	if got.data("createLead") != `{"name":"kept"}` || got.data("createPatient") != "null" {
		t.Errorf("answer %s", got.text)
	}
	if want := `BAD_USER_INPUT/INVALID_ARGS_DATA: Object patient doesn't have any "nosuch" field.`; got.failure() != want {
		t.Errorf("failure %q, want %q", got.failure(), want)
	}
	if errs, _ := got.body["errors"].([]any); len(errs) != 1 || strings.Contains(got.text, `"path"`) || strings.Contains(got.text, `"locations"`) {
		t.Errorf("errors have no path and no locations: %s", got.text)
	}
}

// doublingFragments is a short document that would be 2^40 selections long.
func doublingFragments() string {
	var out strings.Builder
	out.WriteString(`{calls{...F0}}`)
	for i := range 40 {
		fmt.Fprintf(&out, ` fragment F%d on CallConnection{...F%d ...F%d}`, i, i+1, i+1)
	}
	return out.String() + ` fragment F40 on CallConnection{totalCount}`
}
