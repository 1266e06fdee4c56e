package federationtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// hints make most documents over the composed schema answer data.
func (r *reference) hints() Hints {
	return Hints{
		Roots: map[ast.Operation][]string{
			ast.Query: {
				"leads", "leads", "calls", "calls", "patients", "appointments", "followUps", "workspaceMembers", "lead", "call", "patient",
				"worklist", "worklist", "task", "mixed", "board", "echo", "fails", "leads", "callsGroupBy", "companies", "search", "companyDuplicates",
			},
			ast.Mutation: {
				"updateLead", "updateLead", "updateCall", "updateCalls", "tagLead", "tagLead", "clearTags", "failToTag",
				"createAppointment", "deleteAppointment", "restoreAppointment",
			},
		},
		Prefer: map[string][]string{
			"LeadConnection": {"edges"}, "CallConnection": {"edges"}, "PatientConnection": {"edges"}, "AppointmentConnection": {"edges"},
			"FollowUpConnection": {"edges"}, "WorkspaceMemberConnection": {"edges"},
			"LeadEdge": {"node"}, "CallEdge": {"node"}, "PatientEdge": {"node"}, "AppointmentEdge": {"node"}, "FollowUpEdge": {"node"},
			"WorkspaceMemberEdge": {"node"},
			"Lead":                {"tags", "calls", "badge", "callTimeline", "risk", "followUps", "assignee", "name", "fullName", "leadStatus", "score"},
			"Call":                {"missedCall", "lead", "patient", "agent", "followUps", "collecteddata", "startedAt", "notes"},
			"Patient":             {"lastCall", "insight", "calls", "appointments", "dateOfBirth", "mrn"},
			"Appointment":         {"lead", "patient", "scheduledAt"},
			"FollowUp":            {"lead", "call", "assignee", "item", "dueAt"},
			"WorkspaceMember":     {"leads", "calls", "desk", "name"},
		},
		Skip:      r.skips,
		Arguments: r.arguments,
		Values:    r.values,
		OneField:  func(typ string) bool { return strings.HasSuffix(typ, "OrderByInput") },
		Costly: func(typ, field string) bool {
			_, costs := r.children[typ][field]
			return costs && !r.extends(typ, field)
		},
		Requests: 40, Depth: 7, Page: 14,
	}
}

// skips are what nobody asks, or what FortyTwo refuses although its schema lists it (fortytwo.md 4).
func (r *reference) skips(typ, field string) bool {
	switch {
	case r.unasked(typ, field), field == "searchVector", field == "regex", field == "iregex", field == "isEmptyArray":
		return true
	case r.isRecord(typ) && slices.Contains([]string{"timelineActivities", "attachments", "noteTargets", "taskTargets"}, field):
		return true // nobody chose their ids, or there are none
	case strings.HasSuffix(typ, "FilterInput") && strings.HasSuffix(r.schema.Types[typ].Fields.ForName(field).Type.Name(), "FilterInput") &&
		r.isRecord(strings.TrimSuffix(r.schema.Types[typ].Fields.ForName(field).Type.Name(), "FilterInput")):
		return !slices.Contains([]string{"and", "or", "not"}, field) // one hop is all that may be crossed: see arguments
	case field == "last": // needs a cursor, which nobody knows beforehand
		return true
	case strings.HasSuffix(typ, "EnumFilter") && field == "containsAny", strings.HasSuffix(typ, "GroupByConnection") && field == "pageInfo":
		return true
	case strings.HasSuffix(typ, "FilterInput") && strings.HasPrefix(field, "additional"), strings.HasSuffix(typ, "FilterInput") && field == "secondaryLinks":
		return true
	case strings.HasSuffix(typ, "FilterInput") && field == "context", field == "data" && strings.HasSuffix(typ, "Duplicates"):
		return true
	}
	return slices.Contains([]string{"offsetForRecords", "viewId", "upsert", "includedObjectNameSingulars", "excludedObjectNameSingulars"}, field)
}

// cursor is a place in a list as FortyTwo tells it.
func cursor(members map[string]any) string {
	text, _ := json.Marshal(members) // texts can always be written
	return base64.StdEncoding.EncodeToString(text)
}

// arguments draws what must fit together: pages after a cursor, records that are there, grouping, writes.
func (r *reference) arguments(t *rapid.T, typ, field string) map[string]any {
	pick := func(list []string, label string) string { return rapid.SampledFrom(list).Draw(t, label) }
	object := strings.TrimSuffix(r.schema.Types[typ].Fields.ForName(field).Type.Name(), "Connection")
	ids := r.hospital.ids[object]
	isList := r.isList(r.schema.Types[typ].Fields.ForName(field).Type)
	switch {
	case field == "companyDuplicates":
		return map[string]any{"ids": []any{recordID("company", rapid.IntRange(0, 3).Draw(t, "company"))}}
	case isList && rapid.IntRange(0, 3).Draw(t, "page") == 3 && len(ids) > 0:
		after, order := map[string]any{"id": pick(ids, "after")}, []any{}
		if r.named(object) && rapid.Bool().Draw(t, "ordered") {
			order = append(order, map[string]any{"name": pick([]string{"AscNullsFirst", "DescNullsLast"}, "direction")})
			after["name"] = fmt.Sprintf("%s %d", strings.ToLower(object[:1])+object[1:], rapid.IntRange(0, 4).Draw(t, "name"))
		}
		return map[string]any{"after": cursor(after), "orderBy": order, "first": rapid.IntRange(1, 3).Draw(t, "first")}
	case object == "Call" && isList && r.hops() && rapid.IntRange(0, 9).Draw(t, "hop") == 9:
		status := map[string]any{"eq": pick([]string{"NEW", "LOST"}, "status"), "in": []any{"NEW", "CONTACTED"}}
		return map[string]any{"filter": map[string]any{"lead": map[string]any{"leadStatus": status}, "not": map[string]any{"name": map[string]any{"in": []any{}}}}}
	case isList && rapid.IntRange(0, 9).Draw(t, "joined") == 9:
		return map[string]any{"filter": r.joined(t, object)}
	case isList && rapid.IntRange(0, 9).Draw(t, "plain") < 6:
		return map[string]any{"first": rapid.IntRange(1, 3).Draw(t, "first")}
	case typ == "Query" && r.isRecord(object) && !r.extends(typ, field):
		id := "00000000-0000-4000-8000-000000000000"
		if rapid.IntRange(0, 9).Draw(t, "missing") < 9 && len(ids) > 0 {
			id = pick(ids, "id")
		}
		return map[string]any{"filter": map[string]any{"id": map[string]any{"eq": id}}}
	case typ == "Query" && field == "search":
		return map[string]any{"searchInput": pick([]string{"lead", "call 3", "nobody"}, "search"), "limit": rapid.IntRange(1, 4).Draw(t, "limit")}
	case field == "callsGroupBy":
		by := pick([]string{"callStatus", "direction", "agentName", "leadId"}, "group by")
		return map[string]any{"groupBy": []any{map[string]any{by: true}}}
	case typ == "Mutation":
		return r.writes(t, field)
	default:
		return nil
	}
}

// joined draws filters of which every part counts: several operators on a field or on a part of one, and lists of conditions.
func (r *reference) joined(t *rapid.T, object string) map[string]any {
	day := func(label string) string {
		return began.AddDate(0, 0, rapid.IntRange(-22, 2).Draw(t, label)).Format("2006-01-02T15:04:05.000Z")
	}
	span := map[string]any{"createdAt": map[string]any{"gte": day("from"), "lt": day("to")}}
	names := map[string]any{"name": map[string]any{"ilike": "%1%", "neq": "call 1"}}
	if !r.named(object) {
		return map[string]any{"or": []any{span, map[string]any{"not": span}}}
	}
	writer := map[string]any{"createdBy": map[string]any{"name": map[string]any{"startsWith": "A", "endsWith": "n"}, "source": map[string]any{"eq": "MANUAL"}}}
	none := map[string]any{"id": map[string]any{"in": []any{}}}
	switch rapid.IntRange(0, 6).Draw(t, "filter") {
	case 0:
		return span
	case 1:
		return map[string]any{"or": []any{span, names}}
	case 2:
		return map[string]any{"not": span, "name": names["name"]}
	case 3:
		return map[string]any{"and": []any{writer, map[string]any{"or": []any{none, span}}}}
	case 4:
		return map[string]any{"not": none, "and": []any{names}}
	case 5:
		return map[string]any{"or": []any{none, none}}
	default:
		return map[string]any{"not": map[string]any{"or": []any{none, names}}}
	}
}

// named tells whether records of a type have a plain text for a name.
func (r *reference) named(object string) bool {
	f := r.schema.Types[object].Fields.ForName("name")
	return f != nil && f.Type.Name() == "String"
}

// hops tells whether filters may cross a relation: line 1.5 has none of these.
func (r *reference) hops() bool {
	return r.schema.Types["CallFilterInput"].Fields.ForName("lead") != nil
}

// writes are the arguments of mutations. Values are few, so that what is read back varies.
func (r *reference) writes(t *rapid.T, field string) map[string]any {
	ids := func(typ string) any {
		if rapid.IntRange(0, 11).Draw(t, "missing") == 11 {
			return "00000000-0000-4000-8000-000000000000"
		}
		return rapid.SampledFrom(r.hospital.ids[typ]).Draw(t, "id")
	}
	text := fmt.Sprintf("written %d", rapid.IntRange(0, 9).Draw(t, "text"))
	switch field {
	case "updateLead":
		return map[string]any{"id": ids("Lead"), "data": map[string]any{
			"name": text, "fullName": map[string]any{"firstName": text}, "score": rapid.IntRange(0, 9).Draw(t, "score"),
		}}
	case "updateCall":
		return map[string]any{"id": ids("Call"), "data": map[string]any{"leadId": rapid.SampledFrom(r.hospital.ids["Lead"]).Draw(t, "lead"), "notes": text}}
	case "updateCalls":
		return map[string]any{"filter": map[string]any{"callStatus": map[string]any{"eq": "MISSED"}}, "data": map[string]any{"notes": text}}
	case "createAppointment":
		id := recordID("new", rapid.IntRange(0, 1<<30).Draw(t, "new"))
		return map[string]any{"data": map[string]any{"id": id, "name": text, "leadId": rapid.SampledFrom(r.hospital.ids["Lead"]).Draw(t, "lead")}}
	case "deleteAppointment", "restoreAppointment":
		return map[string]any{"id": ids("Appointment")}
	case "tagLead":
		return map[string]any{"input": map[string]any{"leadId": rapid.SampledFrom(r.hospital.ids["Lead"]).Draw(t, "lead"), "tag": text}}
	case "clearTags":
		return map[string]any{"leadId": rapid.SampledFrom(r.hospital.ids["Lead"]).Draw(t, "lead")}
	default:
		return nil
	}
}

// values are what filters and other inputs compare with, so that some records fit.
func (r *reference) values(path []string, typ *ast.Definition) []any {
	last := path[len(path)-1]
	switch {
	case typ.Name == "OrderByDirection":
		return nil
	case last == "first":
		return []any{1, 2, 3}
	case slices.Contains([]string{"like", "ilike"}, last):
		return []any{"%a%", "%1%", "lead%", "%"}
	case slices.Contains([]string{"startsWith", "endsWith"}, last):
		return []any{"l", "1", "c"}
	case last == "containsIlike":
		return []any{"%e%", "knee"}
	case typ.Name == "UUID", typ.Name == "ID" && path[0] == "filter":
		return r.someIDs()
	case typ.Name == "DateTime":
		return []any{began.AddDate(0, 0, -15).Format("2006-01-02T15:04:05.000Z"), began.AddDate(0, 0, 1).Format("2006-01-02T15:04:05") + "+05:30"}
	case typ.Name == "Date":
		return []any{"1960-02-02", "1980-01-01"}
	case typ.Name == "ID":
		return []any{"7", 4, "x9"}
	case typ.Name == "Float" && path[0] == "filter":
		return []any{0, 2.5, 10, 30}
	case typ.Name == "String" && path[0] == "filter":
		return []any{"lead 1", "call 3", "IN", "", "Meera"}
	case typ.Kind == ast.Scalar && !slices.Contains([]string{"Int", "Float", "String", "Boolean"}, typ.Name):
		return []any{"a", 1, true, map[string]any{"a": []any{1, "b"}}}
	default:
		return nil
	}
}

func (r *reference) someIDs() []any {
	var out []any
	for _, typ := range []string{"Lead", "Call", "Patient", "WorkspaceMember"} {
		for _, id := range r.hospital.ids[typ][:3] {
			out = append(out, id)
		}
	}
	return out
}
