package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// rewriter copies definitions, under other names where it has any. It copies what it changes and what validation writes
// into; all else is shared.
type rewriter struct {
	references references
	rename     func(string) string // of types; nil changes nothing
}

// definition is always a copy, whose fields may be added to.
func (r rewriter) definition(def *ast.Definition) *ast.Definition {
	out := *def
	out.Directives = copyDirectives(def.Directives)
	out.Name, out.Interfaces, out.Types = r.name(def.Name), r.names(def.Interfaces), r.names(def.Types)
	out.Fields = make(ast.FieldList, len(def.Fields))
	for i, f := range def.Fields {
		out.Fields[i] = r.field(f)
	}
	out.EnumValues = slices.Clone(def.EnumValues)
	for i, v := range out.EnumValues {
		if len(v.Directives) > 0 {
			value := *v
			value.Directives = copyDirectives(v.Directives)
			out.EnumValues[i] = &value
		}
	}
	return &out
}

// share is def itself when a copy would not differ.
func (r rewriter) share(def *ast.Definition) *ast.Definition {
	out := r.definition(def)
	if out.Name == def.Name && len(def.Directives) == 0 && slices.Equal(out.Fields, def.Fields) && slices.Equal(out.EnumValues, def.EnumValues) &&
		slices.Equal(out.Interfaces, def.Interfaces) && slices.Equal(out.Types, def.Types) {
		return def
	}
	return out
}

func (r rewriter) field(f *ast.FieldDefinition) *ast.FieldDefinition {
	if !r.changes(f) {
		return f
	}
	out := *f
	out.Directives, out.Type, out.Arguments = copyDirectives(f.Directives), r.reference(f.Type), slices.Clone(f.Arguments)
	for i, a := range f.Arguments {
		argument := *a
		argument.Directives, argument.Type = copyDirectives(a.Directives), r.reference(a.Type)
		out.Arguments[i] = &argument
	}
	return &out
}

// changes reports whether a copy of f would differ from it.
func (r rewriter) changes(f *ast.FieldDefinition) bool {
	return len(f.Directives) > 0 || r.reference(f.Type) != f.Type || slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool {
		return len(a.Directives) > 0 || r.reference(a.Type) != a.Type
	})
}

func (r rewriter) reference(t *ast.Type) *ast.Type {
	if r.rename == nil || r.rename(t.Name()) == t.Name() {
		return t
	}
	return r.references.renamed(t, r.rename)
}

func (r rewriter) name(name string) string {
	if r.rename == nil {
		return name
	}
	return r.rename(name)
}

func (r rewriter) names(names []string) []string {
	out := slices.Clone(names)
	for i := range out {
		out[i] = r.name(out[i])
	}
	return out
}

// copyDirectives copies directives for another validation, without those of the federation.
func copyDirectives(list ast.DirectiveList) ast.DirectiveList {
	var out ast.DirectiveList
	for _, d := range list {
		if !slices.Contains(federationDirectives, d.Name) {
			directive := *d
			out = append(out, &directive)
		}
	}
	return out
}
