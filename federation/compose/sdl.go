package compose

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
)

// SDL is the composed schema as text: types, and the fields of each, in the order of their names. The same schema gives
// the same text, which parses to an equal schema.
func (c *Composed) SDL() string {
	p := &printer{}
	p.schema(c.Schema)
	for _, name := range slices.Sorted(maps.Keys(c.Schema.Directives)) {
		if d := c.Schema.Directives[name]; d.Position == nil || d.Position.Src == nil || !d.Position.Src.BuiltIn {
			p.directive(d)
		}
	}
	for def := range printed(c.Schema.Types) {
		p.write("\n")
		p.definition(def)
	}
	return string(p.out)
}

// printed are the definitions that are printed, in the order of their names.
func printed(types map[string]*ast.Definition) iter.Seq[*ast.Definition] {
	return func(yield func(*ast.Definition) bool) {
		for _, name := range slices.Sorted(maps.Keys(types)) {
			if def := types[name]; !def.BuiltIn && !yield(def) {
				return
			}
		}
	}
}

// printer writes a schema. gqlparser's own formatter writes strings in Go's way and keeps the order in which it finds fields.
type printer struct{ out []byte }

func (p *printer) write(parts ...string) {
	for _, s := range parts {
		p.out = append(p.out, s...)
	}
}

func (p *printer) schema(s *ast.Schema) {
	p.description("", s.Description)
	p.write("schema")
	p.applied(s.SchemaDirectives)
	p.write(" {\n")
	for _, root := range []struct {
		operation ast.Operation
		def       *ast.Definition
	}{{ast.Query, s.Query}, {ast.Mutation, s.Mutation}, {ast.Subscription, s.Subscription}} {
		if root.def != nil {
			p.write("  ", string(root.operation), ": ", root.def.Name, "\n")
		}
	}
	p.write("}\n")
}

func (p *printer) directive(d *ast.DirectiveDefinition) {
	p.write("\n")
	p.description("", d.Description)
	p.write("directive @", d.Name)
	p.arguments("", d.Arguments)
	if d.IsRepeatable {
		p.write(" repeatable")
	}
	for i, location := range d.Locations {
		p.write([]string{" on ", " | "}[min(i, 1)], string(location))
	}
	p.write("\n")
}

var keywords = map[ast.DefinitionKind]string{
	ast.Scalar: "scalar", ast.Object: "type", ast.Interface: "interface", ast.Union: "union", ast.Enum: "enum", ast.InputObject: "input",
}

func (p *printer) definition(def *ast.Definition) {
	p.description("", def.Description)
	p.write(keywords[def.Kind], " ", def.Name)
	if len(def.Interfaces) > 0 {
		p.write(" implements ", strings.Join(slices.Sorted(slices.Values(def.Interfaces)), " & "))
	}
	p.applied(def.Directives)
	if len(def.Types) > 0 {
		p.write(" = ", strings.Join(slices.Sorted(slices.Values(def.Types)), " | "))
	}
	if len(def.Fields)+len(def.EnumValues) == 0 {
		p.write("\n")
		return
	}
	p.write(" {\n")
	fields := def.Fields
	if !slices.IsSortedFunc(fields, byName) {
		fields = slices.SortedFunc(slices.Values(fields), byName)
	}
	for _, f := range fields {
		if strings.HasPrefix(f.Name, "__") {
			continue // introspection's own
		}
		p.description("  ", f.Description)
		p.write("  ", f.Name)
		p.arguments("  ", f.Arguments)
		p.typed(f.Type, f.DefaultValue, f.Directives)
		p.write("\n")
	}
	for _, v := range def.EnumValues {
		p.description("  ", v.Description)
		p.write("  ", v.Name)
		p.applied(v.Directives)
		p.write("\n")
	}
	p.write("}\n")
}

// arguments are in one line, unless one of them is described.
func (p *printer) arguments(indent string, list ast.ArgumentDefinitionList) {
	if len(list) == 0 {
		return
	}
	lines := slices.ContainsFunc(list, func(a *ast.ArgumentDefinition) bool { return a.Description != "" })
	p.write("(")
	for i, a := range list {
		switch {
		case lines:
			p.write("\n")
			p.description(indent+"  ", a.Description)
			p.write(indent, "  ")
		case i > 0:
			p.write(", ")
		}
		p.write(a.Name)
		p.typed(a.Type, a.DefaultValue, a.Directives)
	}
	if lines {
		p.write("\n", indent)
	}
	p.write(")")
}

func (p *printer) typed(t *ast.Type, value *ast.Value, directives ast.DirectiveList) {
	p.write(": ")
	p.reference(t)
	if value != nil {
		p.write(" = ")
		p.value(value)
	}
	p.applied(directives)
}

func (p *printer) reference(t *ast.Type) {
	if t.Elem != nil {
		p.write("[")
		p.reference(t.Elem)
		p.write("]")
	} else {
		p.write(t.NamedType)
	}
	if t.NonNull {
		p.write("!")
	}
}

func (p *printer) applied(list ast.DirectiveList) {
	for _, d := range list {
		p.write(" @", d.Name)
		for i, a := range d.Arguments {
			p.write([]string{"(", ", "}[min(i, 1)], a.Name, ": ")
			p.value(a.Value)
		}
		if len(d.Arguments) > 0 {
			p.write(")")
		}
	}
}

func (p *printer) value(v *ast.Value) {
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		p.quoted(v.Raw)
	case ast.ListValue:
		p.write("[")
		for i, c := range v.Children {
			if i > 0 {
				p.write(", ")
			}
			p.value(c.Value)
		}
		p.write("]")
	case ast.ObjectValue:
		p.write("{")
		for i, c := range v.Children {
			if i > 0 {
				p.write(", ")
			}
			p.write(c.Name, ": ")
			p.value(c.Value)
		}
		p.write("}")
	default:
		p.write(v.Raw)
	}
}

// description is a block where that keeps the text as it is, else an ordinary string.
func (p *printer) description(indent, text string) {
	switch {
	case text == "":
	case isBlock(text):
		p.write(indent, `"""`, "\n")
		for line := range strings.Lines(text) {
			if line != "\n" {
				p.write(indent)
			}
			p.write(line)
		}
		p.write("\n", indent, `"""`, "\n")
	default:
		p.write(indent)
		p.quoted(text)
		p.write("\n")
	}
}

// isBlock reports whether text has several lines and neither indentation, nor edges, nor characters that a block would lose.
func isBlock(text string) bool {
	if !strings.Contains(text, "\n") || strings.Contains(text, `"""`) || strings.HasSuffix(text, "\n") || strings.HasPrefix(text, "\n") {
		return false
	}
	for line := range strings.Lines(text) {
		if line != "\n" && (line[0] == ' ' || line[0] == '\t') {
			return false
		}
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f })
}

// quoted writes a string of GraphQL: Go's escapes are not all its own.
func (p *printer) quoted(text string) {
	p.write(`"`)
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			p.out = append(p.out, '\\', byte(r))
		case r == '\n':
			p.write(`\n`)
		case r < ' ' || r == 0x7f:
			p.out = fmt.Appendf(p.out, `\u%04x`, r)
		default:
			p.out = utf8.AppendRune(p.out, r)
		}
	}
	p.write(`"`)
}
