package fortytwo

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// sdl writes the schema of a workspace.
type sdl struct {
	line Line
	out  strings.Builder
}

func (w *sdl) linef(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// described puts a description before a definition.
func described(description, definition string) string {
	if description == "" {
		return definition
	}
	return string(appendString(nil, description)) + "\n" + definition
}

// grouping tells whether records can be grouped, and filtered and ordered by fields of what they point to.
func (w *sdl) grouping() bool { return w.line != Line15 }

// paging are the arguments of a list beside filter and orderBy.
func (w *sdl) paging() string {
	if w.line == Line15 {
		return "first: Int, last: Int, before: String, after: String, limit: Int"
	}
	return "first: Int, last: Int, before: String, after: String, offset: Int"
}

// recordSDL is the part of the schema that records make.
func recordSDL(line Line, objects []*objectMeta) string {
	w := &sdl{line: line}
	w.out.WriteString(commonSDL)
	if w.grouping() {
		w.out.WriteString(groupSDL)
	}
	for _, typ := range []FieldType{TypeFullName, TypePhones, TypeEmails, TypeLinks, TypeCurrency, TypeAddress, TypeActor, TypeRichText} {
		w.composite(composites[typ])
	}
	w.linef("enum ActorSourceEnum { %s }", strings.Join(actorSources, " "))
	w.linef("input ActorSourceEnumFilter { eq: ActorSourceEnum neq: ActorSourceEnum in: [ActorSourceEnum!] is: FilterIs }")
	for _, o := range objects {
		w.object(o)
	}
	w.roots(objects)
	return w.out.String()
}

// buildSchema is what a member of the workspace sees at /graphql. On line 1.5 everything else that the server does is there too.
func buildSchema(line Line, objects []*objectMeta) (*ast.Schema, error) {
	records := &ast.Source{Name: "workspace", Input: recordSDL(line, objects)}
	if line != Line15 {
		return gqlparser.LoadSchema(records)
	}
	return mergedSchema(append([]*ast.Source{records}, coreSources()...)...)
}

func (w *sdl) composite(c *composite) {
	name := w.line.compositeName(c)
	out, in, filter, order, group := []string{}, []string{}, []string{}, []string{}, []string{}
	for _, p := range c.parts {
		out = append(out, p.name+": "+partType(c, p))
		in = append(in, p.name+": "+partType(c, p))
		filter = append(filter, p.name+": "+partFilter(p))
		order = append(order, p.name+": OrderByDirection")
		group = append(group, p.name+": Boolean")
	}
	w.linef("type %s { %s }", name, strings.Join(out, " "))
	for _, kind := range []string{"Create", "Update"} {
		w.linef("input %s%sInput { %s }", name, kind, strings.Join(in, " "))
	}
	w.linef("input %sFilterInput { %s }", name, strings.Join(filter, " "))
	w.linef("input %sOrderByInput { %s }", name, strings.Join(order, " "))
	if w.grouping() {
		w.linef("input %sGroupByInput { %s }", name, strings.Join(group, " "))
	}
}

// compositeName is the GraphQL type of a composite; line 1.5 has two kinds of rich text.
func (l Line) compositeName(c *composite) string {
	if l == Line15 && c == composites[TypeRichText] {
		return "RichTextV2"
	}
	return c.graphQLName
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
		if f.object.line == Line15 {
			return "DateTime"
		}
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
			return f.object.line.compositeName(c)
		}
		return "String"
	}
}

// filterType is the type that a field is filtered by. That of date-times is wrong on line 2.7 (fortytwo.md 4).
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
		if f.object.line == Line15 {
			return "DateFilter"
		}
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
			return f.object.line.compositeName(c) + "FilterInput"
		}
		return "StringFilter"
	}
}

func (w *sdl) object(o *objectMeta) {
	name := o.typeName()
	w.enums(o)
	w.linef("%s {", described(o.description, "type "+name))
	for _, f := range o.fields {
		if f.relation == nil {
			w.linef("  %s", described(f.description, f.name+": "+nonNull(f, f.outType())))
			continue
		}
		target := f.relation.target.typeName()
		if f.manyToOne() {
			w.linef("  %s: ID\n  %s", f.relation.column, described(f.description, f.name+": "+target))
			continue
		}
		list := fmt.Sprintf("%s(%s, filter: %sFilterInput, orderBy: [%sOrderByInput]): %sConnection", f.name, w.paging(), target, target, target)
		w.linef("  %s", described(f.description, list))
	}
	w.linef("}")
	w.linef("%s { node: %s! cursor: Cursor! }", described(o.description, "type "+name+"Edge"), name)
	w.connection(o, "Connection")
	if w.grouping() {
		w.connection(o, "GroupByConnection")
	}
	w.inputs(o)
}

func (w *sdl) connection(o *objectMeta, kind string) {
	name := o.typeName()
	w.linef("%s {\n  edges: [%sEdge!]!\n  pageInfo: PageInfo!", described(o.description, "type "+name+kind), name)
	if kind == "GroupByConnection" {
		w.linef("  groupByDimensionValues: [String]")
	}
	for _, aggregateName := range sortedKeys(o.aggregates) {
		a := o.aggregates[aggregateName]
		w.linef("  %s", described(a.description(), aggregateName+": "+a.typeName()))
	}
	w.linef("}")
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
