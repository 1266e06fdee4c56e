package federationtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// selection draws a selection set of a type. width is how many objects of it there may be at this place; page is how long a list in it
// is when its own arguments do not say.
func (d *drawing) selection(typ *ast.Definition, width, page int) string {
	var out []string
	for range 1 + d.up(5, "fields")/2 {
		out = append(out, d.member(typ, width, page))
	}
	return "{ " + strings.Join(out, " ") + " }"
}

// member draws one member of a selection set.
func (d *drawing) member(typ *ast.Definition, width, page int) string {
	switch roll := d.up(19, "member"); {
	case roll < 15 && typ.Kind != ast.Union || roll < 4:
		return d.field(typ, width, page)
	case roll == 15:
		return d.typename(typ) + d.directives()
	case roll < 18 || d.depth < 2:
		return d.inline(typ, width, page)
	default:
		return d.spread(typ, width, page)
	}
}

// typename is a __typename, with or without an alias.
func (d *drawing) typename(typ *ast.Definition) string {
	return aliased(d.key(typ, "__typename", "__typename"), "__typename")
}

func aliased(key, name string) string {
	if key == name {
		return name
	}
	return key + ": " + name
}

// field draws a field with everything below it.
func (d *drawing) field(typ *ast.Definition, width, page int) string {
	f := d.choose(typ, width)
	if f == nil {
		return d.typename(typ)
	}
	args := d.arguments(typ, f)
	if d.Hints.costly(typ.Name, f.Name) {
		d.requests -= width
	}
	out := aliased(d.key(typ, f.Name, f.Name+args.text+f.Type.String()), f.Name) + args.text + d.directives()
	below := d.Schema.Types[f.Type.Name()]
	if below.IsLeafType() {
		return out
	}
	if args.page == 0 {
		args.page = page
	}
	if f.Type.Elem != nil {
		width *= max(1, d.pageOr(args.page))
	}
	d.depth--
	out += " " + d.selection(below, width, args.page)
	d.depth++
	return out
}

// pageOr is the length of a list that nothing says more about.
func (d *drawing) pageOr(page int) int {
	switch {
	case page > 0:
		return page
	case d.Hints.Page > 0:
		return d.Hints.Page
	default:
		return 10
	}
}

// choose draws a field of a type; nil: there is none but __typename.
func (d *drawing) choose(typ *ast.Definition, width int) *ast.FieldDefinition {
	var leaves, objects, preferred ast.FieldList
	for _, f := range d.candidates(typ) {
		below := d.Schema.Types[f.Type.Name()]
		leaf := below.IsLeafType()
		switch {
		case !leaf && d.depth == 0, d.Hints.costly(typ.Name, f.Name) && width > d.requests:
			continue
		case leaf:
			leaves = append(leaves, f)
		default:
			objects = append(objects, f)
		}
		if slices.Contains(d.Hints.Prefer[typ.Name], f.Name) {
			preferred = append(preferred, f)
		}
	}
	roll := d.up(9, "kind of field")
	switch {
	case typ == d.Schema.Query || typ == d.Schema.Mutation:
		if len(leaves)+len(objects) == 0 {
			return nil
		}
		return pick(d, append(objects, leaves...)) // smaller numbers are drawn more often
	case len(preferred) > 0 && roll > 3:
		return pick(d, preferred)
	case len(objects) > 0 && (roll > 1 || len(leaves) == 0):
		return pick(d, objects)
	case len(leaves) > 0:
		return pick(d, leaves)
	default:
		return nil
	}
}

// candidates are the fields of a type that may be asked; of a root type as often as Hints.Roots says.
func (d *drawing) candidates(typ *ast.Definition) ast.FieldList {
	var out ast.FieldList
	for kind, root := range map[ast.Operation]*ast.Definition{ast.Query: d.Schema.Query, ast.Mutation: d.Schema.Mutation} {
		if root != typ {
			continue
		}
		for _, name := range d.Hints.Roots[kind] {
			if f := typ.Fields.ForName(name); f != nil {
				out = append(out, f)
			}
		}
		return out
	}
	for _, f := range typ.Fields {
		if !strings.HasPrefix(f.Name, "__") && !d.Hints.skip(typ.Name, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// conditions are the types that a fragment inside typ may be on.
func (d *drawing) conditions(typ *ast.Definition) []string {
	out := []string{typ.Name, typ.Name}
	if typ.Kind == ast.Object {
		for _, wider := range d.Schema.GetImplements(typ) {
			out = append(out, wider.Name)
		}
		return out
	}
	for _, possible := range d.Schema.GetPossibleTypes(typ) {
		out = append(out, possible.Name, possible.Name) // twice: more telling than the type itself
	}
	return out
}

func (d *drawing) inline(typ *ast.Definition, width, page int) string {
	condition := pick(d, append(d.conditions(typ), ""))
	on, name := "", typ.Name
	if condition != "" {
		on, name = " on "+condition, condition
	}
	directives := d.directives()
	return "..." + on + directives + " " + d.selection(d.Schema.Types[name], width, page)
}

// spread draws a named fragment, or one that was drawn before.
func (d *drawing) spread(typ *ast.Definition, width, page int) string {
	conditions := d.conditions(typ)
	var usable []fragment
	for _, f := range d.fragments {
		if slices.Contains(conditions, f.typ) && f.page >= page && f.depth <= d.depth && f.cost*width <= d.requests {
			usable = append(usable, f)
		}
	}
	if len(usable) > 0 && d.oneOf(2) {
		f := pick(d, usable)
		d.requests -= f.cost * width
		return "..." + f.name + d.directives()
	}
	f := fragment{name: d.name("F"), typ: pick(d, conditions), page: page, depth: d.depth}
	before := d.requests
	f.text = d.selection(d.Schema.Types[f.typ], width, page)
	f.cost = (before - d.requests) / width
	d.fragments = append(d.fragments, f)
	return fmt.Sprintf("...%s%s", f.name, d.directives())
}
