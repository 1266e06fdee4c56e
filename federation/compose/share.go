package compose

import (
	"cmp"
	"errors"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// references keeps each type reference once: a schema of 40,000 lines has some thousands of them.
type references map[reference]*ast.Type

type reference struct {
	name    string
	elem    *ast.Type // one of references too
	nonNull bool
}

func (r references) of(name string, elem *ast.Type, nonNull bool) *ast.Type {
	key := reference{name, elem, nonNull}
	t := r[key]
	if t == nil {
		t = &ast.Type{NamedType: name, Elem: elem, NonNull: nonNull}
		r[key] = t
	}
	return t
}

// renamed is t with its name changed; t itself when nothing is to be changed.
func (r references) renamed(t *ast.Type, rename func(string) string) *ast.Type {
	if t.Elem == nil {
		return r.of(rename(t.NamedType), nil, t.NonNull)
	}
	return r.of("", r.renamed(t.Elem, rename), t.NonNull)
}

// sortFields puts fields into the order of their names, which does not depend on the order that a server happens to list.
func sortFields(fields ast.FieldList) {
	slices.SortStableFunc(fields, byName)
}

func byName(a, b *ast.FieldDefinition) int { return cmp.Compare(a.Name, b.Name) }

// keeper cuts parsed definitions loose from the text that they were read from, so that it need not be kept.
type keeper struct {
	shared     sharing
	references references
}

func (k *keeper) definition(def *ast.Definition) {
	def.Name, def.Description, def.Position, def.TypePositions = k.shared.text(def.Name), k.shared.text(def.Description), nil, nil
	def.BeforeDescriptionComment, def.AfterDescriptionComment, def.EndOfDefinitionComment = nil, nil, nil
	k.names(def.Interfaces)
	k.names(def.Types)
	def.Directives = k.directives(def.Directives)
	for _, f := range def.Fields {
		f.Name, f.Description, f.Type, f.Position = k.shared.text(f.Name), k.shared.text(f.Description), k.reference(f.Type), nil
		f.BeforeDescriptionComment, f.AfterDescriptionComment = nil, nil
		f.DefaultValue, f.Directives = k.value(f.DefaultValue), k.directives(f.Directives)
		for _, a := range f.Arguments {
			a.Name, a.Description, a.Type, a.Position = k.shared.text(a.Name), k.shared.text(a.Description), k.reference(a.Type), nil
			a.BeforeDescriptionComment, a.AfterDescriptionComment = nil, nil
			a.DefaultValue, a.Directives = k.value(a.DefaultValue), k.directives(a.Directives)
		}
	}
	sortFields(def.Fields)
	for _, v := range def.EnumValues {
		v.Name, v.Description, v.Directives, v.Position = k.shared.text(v.Name), k.shared.text(v.Description), k.directives(v.Directives), nil
		v.BeforeDescriptionComment, v.AfterDescriptionComment = nil, nil
	}
}

func (k *keeper) names(names []string) {
	for i := range names {
		names[i] = k.shared.text(names[i])
	}
}

func (k *keeper) reference(t *ast.Type) *ast.Type {
	if t.Elem == nil {
		return k.references.of(k.shared.text(t.NamedType), nil, t.NonNull)
	}
	return k.references.of("", k.reference(t.Elem), t.NonNull)
}

func (k *keeper) directives(list ast.DirectiveList) ast.DirectiveList {
	var out ast.DirectiveList
	for _, d := range list {
		directive := &ast.Directive{Name: k.shared.text(d.Name)}
		for _, a := range d.Arguments {
			directive.Arguments = append(directive.Arguments, &ast.Argument{Name: k.shared.text(a.Name), Value: k.value(a.Value)})
		}
		out = append(out, directive)
	}
	return out
}

// maxValue is how long a default value may be: long enough for any, too short to nest dangerously deep.
const maxValue = 10_000

var errNoValue = errors.New("no value")

// parseValue reads a literal, as introspection gives default values. The parser reads values inside of documents alone.
func (k *keeper) parseValue(text string) (*ast.Value, error) {
	if len(text) > maxValue {
		return nil, errNoValue
	}
	doc, err := parser.ParseSchema(&ast.Source{Input: "input I { f: I =\n" + text + "\n}"})
	if err != nil || len(doc.Definitions) != 1 || len(doc.Extensions)+len(doc.Directives)+len(doc.Schema)+len(doc.SchemaExtension) > 0 {
		return nil, errNoValue
	}
	fields := doc.Definitions[0].Fields
	if len(fields) != 1 || fields[0].DefaultValue == nil || len(fields[0].Directives) > 0 {
		return nil, errNoValue
	}
	return k.value(fields[0].DefaultValue), nil
}

// value is v without the positions and comments of the text that it was read from.
func (k *keeper) value(v *ast.Value) *ast.Value {
	if v == nil {
		return nil
	}
	out := &ast.Value{Raw: k.shared.text(v.Raw), Kind: v.Kind}
	for _, c := range v.Children {
		out.Children = append(out.Children, &ast.ChildValue{Name: k.shared.text(c.Name), Value: k.value(c.Value)})
	}
	return out
}
