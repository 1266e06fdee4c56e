package fortytwo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// metaObject is an object as /metadata lists it.
type metaObject struct {
	ID, NameSingular string
	FieldsList       []metaField
	Fields           struct{ Edges []any }
}

type metaField struct {
	ID, Name, Type     string
	IsActive, IsUnique bool
	Options            []struct{ Value string }
	Settings           struct{ RelationType, JoinColumnName string }
	Relation           struct {
		Type                 string
		TargetObjectMetadata struct{ NameSingular string }
		TargetFieldMetadata  struct{ Name string }
	}
}

func (b *bench) listObjects(arguments string) (objects []metaObject, hasNext bool) {
	b.t.Helper()
	got := b.meta(`{objects` + arguments + `{pageInfo{hasNextPage endCursor} edges{node{id nameSingular fields{edges{node{id}}}
		fieldsList{id name type isActive isUnique options settings relation{type targetObjectMetadata{nameSingular} targetFieldMetadata{name}}}}}}}`)
	var page struct {
		PageInfo struct{ HasNextPage bool }
		Edges    []struct{ Node metaObject }
	}
	if err := json.Unmarshal([]byte(got.data("objects")), &page); err != nil || got.failure() != "" {
		b.t.Fatalf("%v: %s", err, got.text)
	}
	for _, e := range page.Edges {
		objects = append(objects, e.Node)
	}
	return objects, page.PageInfo.HasNextPage
}

func (b *bench) metaField(object, field string) *metaField {
	b.t.Helper()
	objects, _ := b.listObjects(`(paging:{first:200})`)
	for _, o := range objects {
		for _, f := range o.FieldsList {
			if o.NameSingular == object && f.Name == field {
				return &f
			}
		}
	}
	return nil
}

func TestObjectsComeInPagesOfTenWithAllTheirFields(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, more := b.listObjects("")
	if len(first) != 10 || !more {
		t.Errorf("%d objects on the default page, more %v", len(first), more)
	}
	all, more := b.listObjects(`(paging:{first:200})`)
	if len(all) != len(b.main().objects) || more {
		t.Errorf("%d objects, more %v", len(all), more)
	}
	rest, _ := b.listObjects(`(paging:{first:200,after:"` + offsetCursor(9) + `"})`)
	if len(rest) != len(all)-10 || rest[0].ID != all[10].ID {
		t.Errorf("%d objects after the tenth", len(rest))
	}
	custom, _ := b.listObjects(`(paging:{first:200},filter:{isCustom:{is:true}})`)
	if len(custom) != 5 {
		t.Errorf("%d custom objects", len(custom))
	}
	if n := len(first[1].Fields.Edges); n != 10 {
		t.Errorf("the default page of fields holds %d", n)
	}
	lead := b.metaField("call", "lead")
	if lead == nil || lead.Type != "RELATION" || lead.Settings.RelationType != "MANY_TO_ONE" || lead.Settings.JoinColumnName != "leadId" ||
		lead.Relation.TargetObjectMetadata.NameSingular != "lead" || lead.Relation.TargetFieldMetadata.Name != "calls" {
		t.Errorf("call.lead is %+v", lead)
	}
	if calls := b.metaField("lead", "calls"); calls == nil || calls.Relation.Type != "ONE_TO_MANY" {
		t.Errorf("lead.calls is %+v", calls)
	}
}

func TestAFieldMadeAtRunTimeWorksAtOnceAndRaisesTheVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	lead := b.main().objectNamed("lead").id
	before := b.MetadataVersion()
	got := b.meta(`mutation($o:UUID!){createOneField(input:{field:{objectMetadataId:$o,name:"priority",label:"Priority",type:NUMBER}}){name isCustom}}`, "o", lead)
	if got.data("createOneField") != `{"isCustom":true,"name":"priority"}` || b.MetadataVersion() != before+1 {
		t.Fatalf("version %d after %d: %s", b.MetadataVersion(), before, got.text)
	}
	set := b.query(`mutation{updateLead(id:"` + leadID + `",data:{priority:3}){priority}}`)
	if set.data("updateLead") != `{"priority":3}` {
		t.Fatal(set.text)
	}
	id := b.metaField("lead", "priority").ID
	b.meta(`mutation($i:UUID!){updateOneField(input:{id:$i,update:{name:"urgency",label:"Urgency"}}){name}}`, "i", id)
	expect(t, b, []exchange{
		{
			name:  "renamed: the new name holds the value, the old reads null",
			query: `{lead(filter:{id:{is:NOT_NULL}}){urgency priority}}`,
			want:  `{"urgency":3,"priority":null}`,
		},
		{
			name:    "renamed: the old name is refused in filters",
			query:   `{leads(filter:{priority:{eq:3}}){totalCount}}`,
			failure: `BAD_USER_INPUT/INVALID_ARGS_FILTER: Object lead doesn't have any "priority" field.`,
		},
	})
	b.meta(`mutation($i:UUID!){updateOneField(input:{id:$i,update:{isActive:false}}){name}}`, "i", id)
	expect(t, b, []exchange{{name: "deactivated: still there", query: `{leads(filter:{urgency:{eq:3}}){edges{node{urgency}}}}`, want: `{"edges":[{"node":{"urgency":3}}]}`}})
	if b.metaField("lead", "urgency").IsActive {
		t.Error("the field is still active in metadata")
	}
	b.meta(`mutation($i:UUID!){deleteOneField(input:{id:$i}){name}}`, "i", id)
	expect(t, b, []exchange{{name: "deleted: reads null", query: `{lead(filter:{id:{is:NOT_NULL}}){urgency}}`, want: `{"urgency":null}`}})
	if b.MetadataVersion() != before+4 {
		t.Errorf("version %d, want %d", b.MetadataVersion(), before+4)
	}
}

func TestAnObjectMadeAtRunTimeHasRootFieldsAndTargets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.meta(`mutation{createOneObject(input:{object:{nameSingular:"ward",namePlural:"wards",labelSingular:"Ward",labelPlural:"Wards"}}){id nameSingular}}`)
	if got.failure() != "" {
		t.Fatal(got.failure())
	}
	expect(t, b, []exchange{
		{
			name:  "create",
			query: `mutation{createWard(data:{name:"ICU"}){name timelineActivities{totalCount}}}`,
			want:  `{"name":"ICU","timelineActivities":{"totalCount":1}}`,
		},
		{
			name:  "list",
			query: `{wards{totalCount edges{node{__typename}}}}`,
			want:  `{"totalCount":1,"edges":[{"node":{"__typename":"Ward"}}]}`,
		},
	})
}

func TestMetadataIsRefusedWithDetails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	call := b.main().objectNamed("call").id
	for name, field := range map[string]string{
		"a name in use":              `name:"agentName",label:"x",type:TEXT`,
		"a reserved name":            `name:"address",label:"x",type:TEXT`,
		"a name with a capital":      `name:"Agent",label:"x",type:TEXT`,
		"a type that cannot be made": `name:"money",label:"x",type:NUMERIC`,
		"a select without options":   `name:"state",label:"x",type:SELECT`,
		"an option in lower case":    `name:"state",label:"x",type:SELECT,options:[{value:"new",label:"New"}]`,
	} {
		got := b.meta(`mutation{createOneField(input:{field:{objectMetadataId:"` + call + `",` + field + `}}){id}}`)
		if !strings.HasPrefix(got.failure(), "METADATA_VALIDATION_FAILED/") || !strings.Contains(got.text, `"errors":{"fieldMetadata":[`) {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	got := b.as("member@apple.dev", "/metadata", `mutation{createOneField(input:{field:{objectMetadataId:"`+call+`",name:"x",label:"x",type:TEXT}}){id}}`)
	if !strings.HasPrefix(got.failure(), "FORBIDDEN/PERMISSION_DENIED") {
		t.Errorf("a member: %s", got.text)
	}
}

func TestMetadataRunsConformingGraphQL(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.meta(`query($no:Boolean=false){me:currentUser{...U who:email skipped:id @include(if:$no)}} fragment U on User{__typename mail:email}`)
	if got.data("me") != `{"__typename":"User","mail":"tim@apple.dev","who":"tim@apple.dev"}` {
		t.Errorf("aliases, fragments and directives: %s", got.text)
	}
	if got := b.meta(`{a:currentWorkspace{id} b:currentWorkspace{id}}`); got.failure() != `BAD_USER_INPUT/: Duplicate root resolver: "currentWorkspace"` {
		t.Errorf("a root field twice: %s", got.text)
	}
	if got := b.meta(`query($p:CursorPaging!){objects(paging:$p){edges{node{id}}}}`, "p", map[string]any{"first": 1}); strings.Count(got.text, `"id"`) != 1 {
		t.Errorf("a variable: %s", got.text)
	}
	if got := b.meta(`query($p:CursorPaging!){objects(paging:$p){edges{node{id}}}}`, "p", "x"); got.failure() == "" || got.status != 200 {
		t.Errorf("a variable of the wrong type: %s", got.text)
	}
	perms := b.as(restrictedEmail, "/metadata", `{currentUser{currentUserWorkspace{objectsPermissions{objectMetadataId canReadObjectRecords restrictedFields}}}}`)
	field := b.metaField("call", "callerNumber").ID
	if !strings.Contains(perms.text, `"restrictedFields":{"`+field+`":{"canRead":false,"canUpdate":null}}`) {
		t.Errorf("restrictedFields: %s", perms.text)
	}
}

func TestIntrospectionHasUpstreamsTypeNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.query(`{__schema{queryType{name} types{kind name inputFields{name type{kind name ofType{name}}} enumValues{name} fields{name args{name} type{kind name ofType{kind name ofType{name}}}}}}}`)
	if got.failure() != "" {
		t.Fatal(got.failure())
	}
	var schema struct {
		Types []struct {
			Name        string
			InputFields []struct {
				Name string
				Type struct{ Name string }
			}
			EnumValues []struct{ Name string }
		}
	}
	if err := json.Unmarshal([]byte(got.data("__schema")), &schema); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, typ := range schema.Types {
		names = append(names, typ.Name)
		if typ.Name == "CallFilterInput" {
			i := slices.IndexFunc(typ.InputFields, func(f struct {
				Name string
				Type struct{ Name string }
			},
			) bool {
				return f.Name == "startedAt"
			})
			if i < 0 || typ.InputFields[i].Type.Name != "DateTime" {
				t.Errorf("the filter of a date-time is (wrongly) the scalar: %+v", typ.InputFields)
			}
		}
		if typ.Name == "CallCallbackstatusEnum" && len(typ.EnumValues) != 3 {
			t.Errorf("enum values %v", typ.EnumValues)
		}
	}
	for _, name := range []string{
		"Lead", "LeadConnection", "LeadEdge", "LeadFilterInput", "LeadOrderByInput", "LeadCreateInput", "LeadUpdateInput", "LeadGroupByInput",
		"LeadGroupByConnection", "LeadRelationInput", "CallCallbackstatusEnum", "LeadLeadStatusEnum", "Phones", "FullName", "PageInfo", "UUID",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("type %s is missing", name)
		}
	}
	if err := b.AddField("lead", FieldSpec{Name: "fresh", Type: TypeText}); err != nil {
		t.Fatal(err)
	}
	if got := b.query(`{__type(name:"Lead"){fields{name}}}`); !strings.Contains(got.text, `"fresh"`) {
		t.Error("a new field is not in the schema")
	}
}
