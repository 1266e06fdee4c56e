package compose

import (
	"cmp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Change is one difference between two states of FortyTwo's schema.
type Change struct {
	Place  string // e.g. "type Lead", "Lead.score", "Query.leads(filter:)", "CallCallStatusEnum.MISSED", "object lead"
	Before string // the type or kind before; "" when it is new
	After  string // and after; "" when it is gone
}

// String is the change in one line: "+ Lead.score: Float", "- …", "~ Lead.score: Float became Int".
func (c Change) String() string {
	switch {
	case c.Before == "":
		return "+ " + c.Place + ": " + c.After
	case c.After == "":
		return "- " + c.Place + ": " + c.Before
	default:
		return "~ " + c.Place + ": " + c.Before + " became " + c.After
	}
}

// Diff lists what changed in FortyTwo from a to b, in the order of the places: types, fields, arguments, values, members and
// objects. What is in a new or a gone type is not listed beside it. Either may be nil: then all is new, or gone.
func Diff(a, b *Upstream) []Change {
	d := &differ{}
	var before, after Upstream
	if a != nil {
		before = *a
	}
	if b != nil {
		after = *b
	}
	each(before.Types, after.Types, func(name string, x, y *ast.Definition) {
		if d.add("type "+name, kindOf(x), kindOf(y)); x != nil && y != nil && x.Kind == y.Kind {
			d.definition(x, y)
		}
	})
	each(objectsByName(before.Objects), objectsByName(after.Objects), func(name string, x, y *Object) {
		d.add("object "+name, stateOf(x), stateOf(y))
	})
	slices.SortFunc(d.changes, func(a, b Change) int { return cmp.Compare(a.Place, b.Place) })
	return d.changes
}

// differ gathers changes.
type differ struct{ changes []Change }

func (d *differ) add(place, before, after string) {
	if before != after {
		d.changes = append(d.changes, Change{place, before, after})
	}
}

func (d *differ) definition(x, y *ast.Definition) {
	each(fieldsByName(x), fieldsByName(y), func(name string, f, g *ast.FieldDefinition) {
		place := x.Name + "." + name
		if d.add(place, fieldType(f), fieldType(g)); f == nil || g == nil {
			return
		}
		each(argumentsByName(f), argumentsByName(g), func(name string, a, b *ast.ArgumentDefinition) {
			d.add(place+"("+name+":)", argumentType(a), argumentType(b))
		})
	})
	each(valuesByName(x), valuesByName(y), func(name string, v, w *ast.EnumValueDefinition) {
		d.add(x.Name+"."+name, valueState(v), valueState(w))
	})
	each(members(x.Interfaces), members(y.Interfaces), func(name string, p, q *string) { d.add(x.Name+" implements "+name, present(p), present(q)) })
	each(members(x.Types), members(y.Types), func(name string, p, q *string) { d.add(x.Name+" | "+name, present(p), present(q)) })
}

// each pairs what two maps have by name.
func each[T any](a, b map[string]*T, pair func(name string, x, y *T)) {
	for name, x := range a {
		pair(name, x, b[name])
	}
	for name, y := range b {
		if a[name] == nil {
			pair(name, nil, y)
		}
	}
}

func kindOf(def *ast.Definition) string {
	if def == nil {
		return ""
	}
	return keywords[def.Kind]
}

func stateOf(o *Object) string {
	switch {
	case o == nil:
		return ""
	case o.Active:
		return "active, many are " + o.Plural
	default:
		return "inactive, many are " + o.Plural
	}
}

func fieldType(f *ast.FieldDefinition) string {
	if f == nil {
		return ""
	}
	return typeText(f.Type, f.DefaultValue, f.Directives)
}

func argumentType(a *ast.ArgumentDefinition) string {
	if a == nil {
		return ""
	}
	return typeText(a.Type, a.DefaultValue, a.Directives)
}

// typeText is what follows a name in a schema, e.g. "Int = 20 @deprecated".
func typeText(t *ast.Type, value *ast.Value, directives ast.DirectiveList) string {
	p := &printer{}
	p.typed(t, value, directives)
	return string(p.out)[len(": "):]
}

func valueState(v *ast.EnumValueDefinition) string {
	if v == nil {
		return ""
	}
	p := &printer{}
	p.write("value")
	p.applied(v.Directives)
	return string(p.out)
}

func present(p *string) string {
	if p == nil {
		return ""
	}
	return "member"
}

func objectsByName(objects []*Object) map[string]*Object {
	out := make(map[string]*Object, len(objects))
	for _, o := range objects {
		out[o.Singular] = o
	}
	return out
}

func argumentsByName(f *ast.FieldDefinition) map[string]*ast.ArgumentDefinition {
	out := make(map[string]*ast.ArgumentDefinition, len(f.Arguments))
	for _, a := range f.Arguments {
		out[a.Name] = a
	}
	return out
}

func valuesByName(def *ast.Definition) map[string]*ast.EnumValueDefinition {
	out := make(map[string]*ast.EnumValueDefinition, len(def.EnumValues))
	for _, v := range def.EnumValues {
		out[v.Name] = v
	}
	return out
}

func members(names []string) map[string]*string {
	out := make(map[string]*string, len(names))
	for i, name := range names {
		out[name] = &names[i]
	}
	return out
}
