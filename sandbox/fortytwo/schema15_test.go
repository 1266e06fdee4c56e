package fortytwo

import (
	"slices"
	"strings"
	"testing"
)

const wholeSchema = `{__schema{queryType{name fields{name args{name type{name kind ofType{name}}}}} mutationType{fields{name}} subscriptionType{fields{name}}
	types{kind name description fields{name description type{name kind ofType{name}}} inputFields{name type{name}} enumValues{name}}}}`

// names of a list of objects that have one.
func names(list any) []string {
	var out []string
	items, _ := list.([]any)
	for _, item := range items {
		if name, ok := field(item, "name").(string); ok {
			out = append(out, name)
		}
	}
	return out
}

func TestTheSchemaOfLine15HoldsRecordsAndAdministration(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	schema := field(b.query(wholeSchema).body, "data", "__schema")
	queries, mutations := names(field(schema, "queryType", "fields")), names(field(schema, "mutationType", "fields"))
	for _, name := range []string{"calls", "call", "personDuplicates", "search", "currentUser", "objects", "getManyView"} {
		if !slices.Contains(queries, name) {
			t.Errorf("there is no query %s", name)
		}
	}
	if slices.Contains(queries, "callsGroupBy") || slices.Contains(queries, "callDuplicates") {
		t.Error("line 1.5 cannot group, and calls have no criteria to be duplicates by")
	}
	for _, name := range []string{"createCall", "destroyCalls", "deleteCurrentWorkspace", "impersonate", "generateApiKeyToken", "createOneObject"} {
		if !slices.Contains(mutations, name) {
			t.Errorf("there is no mutation %s", name)
		}
	}
	if len(queries) < 130 || len(mutations) < 450 {
		t.Errorf("%d queries and %d mutations", len(queries), len(mutations))
	}
	members := map[string][]any{}
	types, _ := field(schema, "types").([]any)
	for _, typ := range types {
		name, _ := field(typ, "name").(string)
		for _, kind := range []string{"fields", "inputFields"} {
			list, _ := field(typ, kind).([]any)
			members[name] = append(members[name], list...)
		}
	}
	typeOf := func(object, member string) string {
		for _, m := range members[object] {
			if field(m, "name") == member {
				name, _ := field(m, "type", "name").(string)
				return name
			}
		}
		return ""
	}
	for _, c := range []struct{ object, member, want string }{
		{"CallFilterInput", "startedAt", "DateFilter"},
		{"CallFilterInput", "leadId", "UUIDFilter"},
		{"CallFilterInput", "lead", ""},
		{"CallOrderByInput", "lead", ""},
		{"Call", "updatedBy", ""},
		{"Call", "createdBy", "Actor"},
		{"Patient", "dateOfBirth", "DateTime"},
		{"Lead", "about", "RichTextV2"},
		{"WorkspaceMember", "assignedTasks", "TaskConnection"},
		{"NoteTarget", "lead", "Lead"},
	} {
		if got := typeOf(c.object, c.member); got != c.want {
			t.Errorf("%s.%s is %q, want %q", c.object, c.member, got, c.want)
		}
	}
	if !slices.Equal(names(field(schema, "subscriptionType", "fields")), []string{"onDbEvent"}) {
		t.Errorf("subscriptions %v", field(schema, "subscriptionType"))
	}
}

func TestAdministrationOfLine15IsRefused(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	for _, query := range []string{
		`mutation{deleteCurrentWorkspace}`, `mutation{impersonate(userId:"` + b.leadID + `",workspaceId:"` + b.leadID + `")}`,
		`{getManyView{id}}`, `mutation{createOneServerlessFunction(input:{name:"x"}){id}}`,
	} {
		if got := b.query(query); !strings.HasPrefix(got.failure(), "FORBIDDEN/PERMISSION_DENIED") || got.body["data"] != nil {
			t.Errorf("%s: %s", query, got.text)
		}
	}
}

func TestWithoutATokenLine15KnowsNoRecords(t *testing.T) {
	t.Parallel()
	b := newBench15(t)
	got := b.post("/graphql", "", map[string]any{"query": `{calls{totalCount}}`})
	if got.failure() != `/: Cannot query field "calls" on type "Query".` {
		t.Errorf("records: %s", got.text)
	}
	got = b.post("/graphql", "", map[string]any{"query": `{__schema{mutationType{name}}}`})
	if got.data("__schema") != `{"mutationType":{"name":"Mutation"}}` {
		t.Errorf("the schema: %s", got.text)
	}
}

func TestTheSchemaFollowsTheDataModelOnBothLines(t *testing.T) {
	t.Parallel()
	for _, line := range []Line{Line27, Line15} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *Options) { o.Line = line })
			first, again := b.query(wholeSchema), b.query(wholeSchema)
			if first.text != again.text || first.contentType != again.contentType {
				t.Error("the same schema reads differently")
			}
			if err := b.AddObject(ObjectSpec{NameSingular: "ward", NamePlural: "wards", Fields: []FieldSpec{{Name: "beds", Type: TypeNumber}}}); err != nil {
				t.Fatal(err)
			}
			if got := b.query(wholeSchema); !strings.Contains(got.text, `"createWard"`) {
				t.Error("the new object is not in the schema")
			}
			if got := b.query(`mutation{createWard(data:{name:"East",beds:12}){name beds}}`); got.data("createWard") != `{"beds":12,"name":"East"}` {
				t.Errorf("a ward: %s", got.text)
			}
			if err := b.RenameField("ward", "beds", "bedCount"); err != nil {
				t.Fatal(err)
			}
			if got := b.query(`{wards(filter:{bedCount:{eq:12}}){edges{node{bedCount}}}}`); got.data("wards") != `{"edges":[{"node":{"bedCount":12}}]}` {
				t.Errorf("the renamed field: %s", got.text)
			}
			if err := b.DeactivateObject("ward"); err != nil {
				t.Fatal(err)
			}
			if got := b.query(`{wards{totalCount}}`); !strings.HasPrefix(got.failure(), `/: Cannot query field "wards" on type "Query".`) {
				t.Errorf("the inactive object: %s", got.text)
			}
		})
	}
}

func TestFaultsOfTheSchema(t *testing.T) {
	t.Parallel()
	for _, line := range []Line{Line27, Line15} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(o *Options) { o.Line = line })
			for _, c := range []struct {
				kind             FaultKind
				holds, holdsNone string
			}{
				{FaultOtherSchema, `"name":"people"`, `"name":"leads"`},
				{FaultGarbageSchema, `"kind":7`, `"people"`},
				{FaultEmptySchema, `"types":[]`, `"people"`},
			} {
				if err := b.Fail(Fault{Kind: c.kind}); err != nil {
					t.Fatal(err)
				}
				if got := b.query(`{leads{totalCount}}`); got.failure() != "" {
					t.Errorf("%s hits a query of records: %s", c.kind, got.text)
				}
				got := b.query(wholeSchema)
				if !strings.Contains(got.text, c.holds) || strings.Contains(got.text, c.holdsNone) {
					t.Errorf("%s: %.300s", c.kind, got.text)
				}
				if got := b.query(wholeSchema); !strings.Contains(got.text, `"name":"leads"`) {
					t.Errorf("after %s: %.300s", c.kind, got.text)
				}
			}
			if n := b.RequestCount("/graphql"); n != 9 {
				t.Errorf("%d requests counted", n)
			}
		})
	}
}
