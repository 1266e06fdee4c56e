package compose

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// path is a type, or a field of one. It is put into words only when it is faulted.
type path struct{ of, field string }

// String is how a fault names the place.
func (p path) String() string {
	if p.field == "" {
		return p.of
	}
	return p.of + "." + p.field
}

// directives checks what is said with directives at a place, and resolves their names.
func (v *validation) directives(place path, list ast.DirectiveList, location ast.DirectiveLocation) {
	for i, d := range list {
		def := v.schema.Directives[d.Name]
		switch {
		case def == nil:
			v.failf("%s has directive @%s, which there is not", place, d.Name)
			return
		case !slices.Contains(def.Locations, location):
			v.failf("%s has directive @%s, which does not belong there", place, d.Name)
		case !def.IsRepeatable && list[:i].ForName(d.Name) != nil:
			v.failf("%s has directive @%s twice", place, d.Name)
		}
		d.Definition = def
		for j, a := range d.Arguments {
			if def.Arguments.ForName(a.Name) == nil || d.Arguments[:j].ForName(a.Name) != nil {
				v.failf("%s gives directive @%s argument %s, which it does not take, or not twice", place, d.Name, a.Name)
			}
			v.value(place, a.Value)
		}
		for _, a := range def.Arguments {
			given := d.Arguments.ForName(a.Name)
			if a.Type.NonNull && a.DefaultValue == nil && (given == nil || given.Value.Kind == ast.NullValue) {
				v.failf("%s does not give directive @%s argument %s", place, d.Name, a.Name)
			}
		}
	}
}

// name refuses what introspection keeps for itself.
func (v *validation) name(place path, name string) {
	if strings.HasPrefix(name, "__") {
		v.failf("%s: the name %s is introspection's own", place, name)
	}
}

func (v *validation) undefined(place path, name string) {
	v.failf("%s refers to type %s, which there is not", place, name)
}

// value refuses input objects that have a field twice, anywhere in a literal.
func (v *validation) value(place path, value *ast.Value) {
	if value == nil {
		return
	}
	if value.Kind == ast.ObjectValue {
		if again, found := repeated(v.seen, value.Children, func(c *ast.ChildValue) string { return c.Name }); found {
			v.failf("%s has a value that gives %s twice", place, again)
		}
	}
	for _, c := range value.Children {
		v.value(place, c.Value)
	}
}

// circles refuses inputs that cannot be written, since they must hold themselves.
func (v *validation) circles(definitions ast.DefinitionList) {
	const under, done = 1, 2
	state := map[*ast.Definition]int{}
	var follow func(def *ast.Definition)
	follow = func(def *ast.Definition) {
		for _, f := range def.Fields {
			if !f.Type.NonNull || f.Type.Elem != nil {
				continue
			}
			to := v.schema.Types[f.Type.NamedType]
			if to.Kind != ast.InputObject || state[to] == done {
				continue
			}
			if state[to] == under {
				v.failf("input %s must hold itself, through %s", to.Name, path{def.Name, f.Name})
				return
			}
			state[to] = under
			follow(to)
			state[to] = done
		}
		v.pace.step()
	}
	for _, def := range definitions {
		if def.Kind == ast.InputObject && state[def] == 0 {
			state[def] = under
			follow(def)
			state[def] = done
		}
	}
}

// fewNames is up to how many names are compared with each other, which takes less than a table of them.
const fewNames = 16

func itself(name string) string { return name }

// repeated gives the first name that a list has twice. seen is room for a table.
func repeated[T any](seen map[string]bool, list []T, name func(T) string) (again string, found bool) {
	if len(list) <= fewNames {
		for i, one := range list {
			for _, other := range list[:i] {
				if name(one) == name(other) {
					return name(one), true
				}
			}
		}
		return "", false
	}
	clear(seen)
	for _, one := range list {
		n := name(one)
		if seen[n] {
			return n, true
		}
		seen[n] = true
	}
	return "", false
}
