package composetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/helix-engage/gateway/federation/compose"
)

// Large is how many objects a large workspace has: some 600 types and 1.1 MB of text or more.
const Large = 30

// textFields is how many plain fields each object has beside the others.
const textFields = 18

// Synthetic is a workspace of the newer line with the given number of objects, the first six those that the gateway knows.
func Synthetic(objects int) (*compose.Upstream, error) {
	w := &writer{}
	w.text(common)
	for i := range objects {
		w.object(i, objects)
	}
	w.text("type Query {\n" + w.query.String() + "}\ntype Mutation {\n" + w.mutation.String() + "}\n")
	kept, err := json.Marshal(map[string]any{
		"format": 1, "version": 1, "line": compose.Line2, "query": "Query", "mutation": "Mutation", "objects": w.objects,
		"schema": w.types.String(),
	})
	if err != nil {
		return nil, err
	}
	up := &compose.Upstream{}
	return up, up.UnmarshalJSON(kept)
}

const common = `
scalar Cursor
scalar DateTime
scalar UUID
enum FilterIs { NULL NOT_NULL }
enum OrderByDirection { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }
type PageInfo { hasNextPage: Boolean hasPreviousPage: Boolean startCursor: Cursor endCursor: Cursor }
input StringFilter {
  eq: String neq: String gt: String gte: String lt: String lte: String in: [String!] is: FilterIs
  like: String ilike: String startsWith: String endsWith: String
}
input FloatFilter { eq: Float neq: Float gt: Float gte: Float lt: Float lte: Float in: [Float!] is: FilterIs }
input BooleanFilter { eq: Boolean is: FilterIs }
input UUIDFilter { eq: UUID neq: UUID gt: UUID gte: UUID lt: UUID lte: UUID in: [UUID!] is: FilterIs }
input DateGroup { granularity: String timeZone: String }
type FullName { firstName: String lastName: String }
input FullNameInput { firstName: String lastName: String }
input FullNameFilterInput { firstName: StringFilter lastName: StringFilter }
input FullNameOrderByInput { firstName: OrderByDirection lastName: OrderByDirection }
input FullNameGroupByInput { firstName: Boolean lastName: Boolean }
`

// writer gathers the text of a workspace.
type writer struct {
	types, query, mutation strings.Builder
	objects                []*compose.Object
}

func (w *writer) text(s string) { w.types.WriteString(s) }

func (w *writer) linef(format string, args ...any) { fmt.Fprintf(&w.types, format+"\n", args...) }

var known = []string{"lead", "patient", "appointment", "followUp", "call", "workspaceMember"}

func singular(i int) string {
	if i < len(known) {
		return known[i]
	}
	return fmt.Sprintf("customObject%c%d", 'A'+rune(i%26), i)
}

// field is a field of a synthetic object: its type there, as a filter, and what it is grouped by.
type field struct{ name, meta, out, filter, order, group string }

func fieldsOf(typ string) []field {
	fields := []field{
		{"id", "UUID", "UUID!", "UUIDFilter", "OrderByDirection", "Boolean"},
		{"createdAt", "DATE_TIME", "DateTime", "DateTime", "OrderByDirection", "DateGroup"},
		{"updatedAt", "DATE_TIME", "DateTime", "DateTime", "OrderByDirection", "DateGroup"},
		{"deletedAt", "DATE_TIME", "DateTime", "DateTime", "OrderByDirection", "DateGroup"},
		{"fullName", "FULL_NAME", "FullName", "FullNameFilterInput", "FullNameOrderByInput", "FullNameGroupByInput"},
		{"score", "NUMBER", "Float", "FloatFilter", "OrderByDirection", "Boolean"},
		{"duration", "NUMBER", "Float", "FloatFilter", "OrderByDirection", "Boolean"},
		{"optIn", "BOOLEAN", "Boolean", "BooleanFilter", "OrderByDirection", "Boolean"},
	}
	for _, kind := range []string{"Status", "Kind", "Origin"} {
		fields = append(fields, field{
			"record" + kind, "SELECT", typ + "Record" + kind + "Enum", typ + "Record" + kind + "EnumFilter", "OrderByDirection", "Boolean",
		})
	}
	for i := range textFields {
		fields = append(fields, field{fmt.Sprintf("customText%02d", i), "TEXT", "String", "StringFilter", "OrderByDirection", "Boolean"})
	}
	return fields
}

func pascal(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// object writes object i. It belongs to the one before it, as a child, and has the one after it as children.
func (w *writer) object(i, of int) {
	name := singular(i)
	typ, parent, children := pascal(name), singular((i+of-1)%of), singular((i+1)%of)
	fields := fieldsOf(typ)
	meta := &compose.Object{Singular: name, Plural: name + "s", Active: true}
	for _, f := range fields {
		meta.Fields = append(meta.Fields, &compose.Field{Name: f.name, Type: f.meta, Nullable: f.name != "id"})
	}
	meta.Fields = append(meta.Fields,
		&compose.Field{Name: parent, Type: "RELATION", Nullable: true, Relation: &compose.Relation{
			Kind: compose.ManyToOne, Target: parent, ForeignKey: parent + "Id",
		}},
		&compose.Field{Name: children + "s", Type: "RELATION", Nullable: true, Relation: &compose.Relation{
			Kind: compose.OneToMany, Target: children, ForeignKey: name + "Id",
		}})
	w.objects = append(w.objects, meta)
	for _, kind := range []string{"Status", "Kind", "Origin"} {
		enum := typ + "Record" + kind + "Enum"
		w.linef("enum %s { OPEN WAITING CLOSED CANCELLED }", enum)
		w.linef("input %sFilter { eq: %s neq: %s in: [%s!] is: FilterIs }", enum, enum, enum, enum)
	}
	w.records(typ, parent, children, fields)
	w.inputs(typ, parent, fields)
	w.roots(name, typ)
}

func (w *writer) records(typ, parent, children string, fields []field) {
	w.linef("\"A record of the object %s.\"\ntype %s {", typ, typ)
	for _, f := range fields {
		w.linef("  \"What is known as %s of a %s.\"\n  %s: %s", f.name, typ, f.name, f.out)
	}
	target := pascal(children)
	w.linef("  %s: %s\n  %sId: ID", parent, pascal(parent), parent)
	w.linef("  %ss(first: Int, last: Int, after: String, before: String, offset: Int, filter: %sFilterInput, orderBy: [%sOrderByInput]): %sConnection\n}",
		children, target, target, target)
	w.linef("type %sEdge { node: %s! cursor: Cursor! }", typ, typ)
	for _, kind := range []string{"Connection", "GroupByConnection"} {
		w.linef("type %s%s {\n  edges: [%sEdge!]!\n  pageInfo: PageInfo!\n  groupByDimensionValues: [String]", typ, kind, typ)
		for _, a := range aggregates(fields) {
			w.linef("  \"%s\"\n  %s: %s", a.description, a.name, a.out)
		}
		w.text("}\n")
	}
}

type aggregate struct{ name, out, description string }

func aggregates(fields []field) []aggregate {
	list := []aggregate{{"totalCount", "Int", "Total number of records in the connection"}}
	for _, f := range fields {
		for _, a := range []aggregate{
			{"countEmpty", "Int", "Number of empty values for "},
			{"countNotEmpty", "Int", "Number of non-empty values for "},
			{"countUniqueValues", "Int", "Number of unique values for "},
			{"percentageEmpty", "Float", "Percentage of empty values for "},
			{"percentageNotEmpty", "Float", "Percentage of non-empty values for "},
		} {
			list = append(list, aggregate{a.name + pascal(f.name), a.out, a.description + f.name})
		}
		if f.meta == "NUMBER" {
			for _, a := range []string{"min", "max", "avg", "sum"} {
				list = append(list, aggregate{a + pascal(f.name), "Float", a + " of all values of " + f.name})
			}
		}
	}
	return list
}

func (w *writer) inputs(typ, parent string, fields []field) {
	var write, filter, order, group, counts strings.Builder
	for _, f := range fields {
		in := f.out
		if f.meta == "FULL_NAME" {
			in = "FullNameInput"
		}
		fmt.Fprintf(&write, "  \"What is known as %s of a %s.\"\n  %s: %s\n", f.name, typ, f.name, strings.TrimSuffix(in, "!"))
		fmt.Fprintf(&filter, "  %s: %s\n", f.name, f.filter)
		fmt.Fprintf(&order, "  %s: %s\n", f.name, f.order)
		fmt.Fprintf(&group, "  %s: %s\n", f.name, f.group)
	}
	for _, a := range aggregates(fields) {
		fmt.Fprintf(&counts, "  %s: OrderByDirection\n", a.name)
	}
	target := pascal(parent)
	for _, kind := range []string{"Create", "Update"} {
		w.linef("input %s%sInput {\n%s  %sId: ID\n  %s: %sRelationInput\n}", typ, kind, write.String(), parent, parent, target)
	}
	w.linef("input %sFilterInput {\n%s  %sId: UUIDFilter\n  %s: %sFilterInput\n  and: [%sFilterInput]\n  or: [%sFilterInput]\n  not: %sFilterInput\n}",
		typ, filter.String(), parent, parent, target, typ, typ, typ)
	w.linef("input %sOrderByInput {\n%s  %sId: OrderByDirection\n  %s: %sOrderByInput\n}", typ, order.String(), parent, parent, target)
	w.linef("input %sGroupByInput {\n%s  %sId: Boolean\n  %s: %sGroupByInput\n}", typ, group.String(), parent, parent, target)
	w.linef("input %sOrderByWithGroupByInput {\n%s  aggregate: %sOrderByAggregateInput\n}", typ, order.String(), typ)
	w.linef("input %sOrderByAggregateInput {\n%s}", typ, counts.String())
	w.linef("input %sWhereUniqueInput { id: UUID }", typ)
	w.linef("input %sConnectInput { where: %sWhereUniqueInput }", typ, typ)
	w.linef("input %sRelationInput { connect: %sConnectInput disconnect: Boolean }", typ, typ)
}

func (w *writer) roots(name, typ string) {
	line := func(out *strings.Builder, format string, args ...any) { fmt.Fprintf(out, "  "+format+"\n", args...) }
	line(&w.query, "%s(filter: %sFilterInput!): %s", name, typ, typ)
	line(&w.query, "%ss(filter: %sFilterInput, orderBy: [%sOrderByInput], first: Int, last: Int, before: String, after: String, offset: Int): %sConnection",
		name, typ, typ, typ)
	line(&w.query, "%ssGroupBy(groupBy: [%sGroupByInput!]!, filter: %sFilterInput, orderBy: [%sOrderByWithGroupByInput], limit: Int): [%sGroupByConnection]",
		name, typ, typ, typ, typ)
	line(&w.mutation, "create%s(data: %sCreateInput!, upsert: Boolean): %s", typ, typ, typ)
	line(&w.mutation, "create%ss(data: [%sCreateInput!]!, upsert: Boolean): [%s!]", typ, typ, typ)
	line(&w.mutation, "update%s(id: UUID!, data: %sUpdateInput!): %s", typ, typ, typ)
	line(&w.mutation, "update%ss(filter: %sFilterInput!, data: %sUpdateInput!): [%s!]", typ, typ, typ, typ)
	for _, verb := range []string{"delete", "restore", "destroy"} {
		line(&w.mutation, "%s%s(id: UUID!): %s", verb, typ, typ)
		line(&w.mutation, "%s%ss(filter: %sFilterInput!): [%s!]", verb, typ, typ, typ)
	}
}
