package fortytwo

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// commonSDL is what the schema of every workspace holds. The wrong filter type of date-times is upstream's own (fortytwo.md 4).
const commonSDL = `
scalar BigFloat
scalar Cursor
scalar Date
scalar DateTime
scalar JSON
scalar Position
scalar RawJSONScalar
scalar TSVector
scalar UUID

enum FilterIs { NULL NOT_NULL }
enum OrderByDirection { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }
enum ObjectRecordGroupByDateGranularity { DAY WEEK MONTH QUARTER YEAR DAY_OF_THE_WEEK MONTH_OF_THE_YEAR QUARTER_OF_THE_YEAR NONE }
enum FirstDayOfTheWeek { MONDAY SUNDAY SATURDAY }

type PageInfo {
  hasNextPage: Boolean
  hasPreviousPage: Boolean
  startCursor: Cursor
  endCursor: Cursor
}

input StringFilter {
  eq: String neq: String gt: String gte: String lt: String lte: String in: [String!] is: FilterIs
  like: String ilike: String startsWith: String endsWith: String regex: String iregex: String
}
input FloatFilter { eq: Float neq: Float gt: Float gte: Float lt: Float lte: Float in: [Float!] is: FilterIs }
input BigFloatFilter { eq: BigFloat neq: BigFloat gt: BigFloat gte: BigFloat lt: BigFloat lte: BigFloat in: [BigFloat!] is: FilterIs }
input DateFilter { eq: Date neq: Date gt: Date gte: Date lt: Date lte: Date in: [Date!] is: FilterIs }
input BooleanFilter { eq: Boolean is: FilterIs }
input UUIDFilter { eq: UUID neq: UUID gt: UUID gte: UUID lt: UUID lte: UUID in: [UUID!] is: FilterIs }
input ArrayFilter { containsIlike: String is: FilterIs isEmptyArray: Boolean }
input RawJsonFilter { is: FilterIs like: String }
input TSVectorFilter { search: String! }
input GroupByDateInput { granularity: ObjectRecordGroupByDateGranularity timeZone: String weekStartDay: FirstDayOfTheWeek }
`

// sdl writes the schema of a workspace.
type sdl struct{ out strings.Builder }

func (w *sdl) linef(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

func buildSchema(objects []*objectMeta) (*ast.Schema, error) {
	w := &sdl{}
	w.out.WriteString(commonSDL)
	for _, typ := range []FieldType{TypeFullName, TypePhones, TypeEmails, TypeLinks, TypeCurrency, TypeAddress, TypeActor, TypeRichText} {
		w.composite(composites[typ])
	}
	w.linef("enum ActorSourceEnum { %s }", strings.Join(actorSources, " "))
	w.linef("input ActorSourceEnumFilter { eq: ActorSourceEnum neq: ActorSourceEnum in: [ActorSourceEnum!] is: FilterIs }")
	for _, o := range objects {
		w.object(o)
	}
	w.roots(objects)
	return gqlparser.LoadSchema(&ast.Source{Name: "workspace", Input: w.out.String()})
}

func (w *sdl) composite(c *composite) {
	out, in, filter, order, group := []string{}, []string{}, []string{}, []string{}, []string{}
	for _, p := range c.parts {
		out = append(out, p.name+": "+partType(c, p))
		in = append(in, p.name+": "+partType(c, p))
		filter = append(filter, p.name+": "+partFilter(p))
		order = append(order, p.name+": OrderByDirection")
		group = append(group, p.name+": Boolean")
	}
	w.linef("type %s { %s }", c.graphQLName, strings.Join(out, " "))
	for _, kind := range []string{"Create", "Update"} {
		w.linef("input %s%sInput { %s }", c.graphQLName, kind, strings.Join(in, " "))
	}
	w.linef("input %sFilterInput { %s }", c.graphQLName, strings.Join(filter, " "))
	w.linef("input %sOrderByInput { %s }", c.graphQLName, strings.Join(order, " "))
	w.linef("input %sGroupByInput { %s }", c.graphQLName, strings.Join(group, " "))
}

func partType(c *composite, p part) string {
	switch p.typ {
	case TypeSelect:
		return c.graphQLName + "SourceEnum"
	case TypeNumeric:
		return "BigFloat"
	case TypeRawJSON:
		return "RawJSONScalar"
	case TypeUUID:
		return "UUID"
	default:
		return "String"
	}
}

func partFilter(p part) string {
	switch p.typ {
	case TypeSelect:
		return "ActorSourceEnumFilter"
	case TypeNumeric:
		return "BigFloatFilter"
	case TypeRawJSON:
		return "RawJsonFilter"
	case TypeUUID:
		return "UUIDFilter"
	default:
		return "StringFilter"
	}
}

// enumName is the enum of a select: CallCallbackstatusEnum.
func (f *fieldMeta) enumName() string { return f.object.typeName() + pascal(f.name) + "Enum" }

// outType is the GraphQL type of a field that is no relation.
func (f *fieldMeta) outType() string {
	switch f.typ {
	case TypeUUID:
		return "UUID"
	case TypeNumber:
		return "Float"
	case TypeNumeric:
		return "BigFloat"
	case TypeBoolean:
		return "Boolean"
	case TypeDate:
		return "Date"
	case TypeDateTime:
		return "DateTime"
	case TypeSelect, TypeRating:
		return f.enumName()
	case TypeMultiSelect:
		return "[" + f.enumName() + "]"
	case TypeArray:
		return "[String]"
	case TypeRawJSON:
		return "RawJSONScalar"
	case TypePosition:
		return "Position"
	case TypeTSVector:
		return "TSVector"
	default:
		if c := f.composite(); c != nil {
			return c.graphQLName
		}
		return "String"
	}
}

func (f *fieldMeta) filterType() string {
	switch f.typ {
	case TypeUUID:
		return "UUIDFilter"
	case TypeNumber, TypePosition:
		return "FloatFilter"
	case TypeNumeric:
		return "BigFloatFilter"
	case TypeBoolean:
		return "BooleanFilter"
	case TypeDate:
		return "DateFilter"
	case TypeDateTime:
		return "DateTime"
	case TypeSelect, TypeRating, TypeMultiSelect:
		return f.enumName() + "Filter"
	case TypeArray:
		return "ArrayFilter"
	case TypeRawJSON:
		return "RawJsonFilter"
	case TypeTSVector:
		return "TSVectorFilter"
	default:
		if c := f.composite(); c != nil {
			return c.graphQLName + "FilterInput"
		}
		return "StringFilter"
	}
}

func (w *sdl) object(o *objectMeta) {
	name := o.typeName()
	w.enums(o)
	w.linef("type %s {", name)
	for _, f := range o.fields {
		if f.relation == nil {
			w.linef("  %s: %s", f.name, nonNull(f, f.outType()))
			continue
		}
		if f.manyToOne() {
			w.linef("  %s: ID\n  %s: %s", f.relation.column, f.name, f.relation.target.typeName())
			continue
		}
		target := f.relation.target.typeName()
		w.linef("  %s(first: Int, last: Int, after: String, before: String, offset: Int, "+
			"filter: %sFilterInput, orderBy: [%sOrderByInput]): %sConnection", f.name, target, target, target)
	}
	w.linef("}")
	w.linef("type %sEdge { node: %s! cursor: Cursor! }", name, name)
	for _, kind := range []string{"Connection", "GroupByConnection"} {
		w.linef("type %s%s {\n  edges: [%sEdge!]!\n  pageInfo: PageInfo!", name, kind, name)
		if kind == "GroupByConnection" {
			w.linef("  groupByDimensionValues: [String]")
		}
		for _, aggregateName := range sortedKeys(o.aggregates) {
			w.linef("  %s: %s", aggregateName, o.aggregates[aggregateName].typeName())
		}
		w.linef("}")
	}
	w.inputs(o)
}

func nonNull(f *fieldMeta, typ string) string {
	if f.name == "id" {
		return typ + "!"
	}
	return typ
}

func (w *sdl) enums(o *objectMeta) {
	for _, f := range o.fields {
		values := f.values()
		if len(values) == 0 {
			continue
		}
		name := f.enumName()
		w.linef("enum %s { %s }", name, strings.Join(values, " "))
		if f.typ == TypeMultiSelect {
			w.linef("input %sFilter { containsAny: [%s!] eq: [%s!] is: FilterIs isEmptyArray: Boolean }", name, name, name)
			continue
		}
		w.linef("input %sFilter { eq: %s neq: %s in: [%s!] containsAny: [%s!] is: FilterIs isEmptyArray: Boolean }", name, name, name, name, name)
	}
}
