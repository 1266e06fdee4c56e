package federationtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// arguments draws the arguments of a field; sometimes those that it was asked with before, so that both are merged.
func (d *drawing) arguments(typ *ast.Definition, f *ast.FieldDefinition) asking {
	if len(f.Arguments) == 0 {
		return asking{}
	}
	place := typ.Name + "." + f.Name
	if before := d.asked[place]; len(before) > 0 && d.oneOf(3) {
		return pick(d, before)
	}
	values := d.argumentValues(typ, f)
	var texts []string
	for _, a := range f.Arguments {
		if value, given := values[a.Name]; given {
			texts = append(texts, a.Name+": "+d.render(a.Type, value, a.DefaultValue != nil, !slices.Contains(d.Hints.Fixed, a.Name)))
		}
	}
	out := asking{}
	if len(texts) > 0 {
		out.text = "(" + strings.Join(texts, ", ") + ")"
	}
	if first, ok := integer(values["first"]); ok {
		out.page = max(int(first), 1)
	} else if a := f.Arguments.ForName("first"); a != nil {
		out.page = d.pageOr(0)
	}
	d.asked[place] = append(d.asked[place], out)
	return out
}

func (d *drawing) argumentValues(typ *ast.Definition, f *ast.FieldDefinition) map[string]any {
	if d.Hints.Arguments != nil {
		if values := d.Hints.Arguments(d.t, typ.Name, f.Name); values != nil {
			return values
		}
	}
	values := map[string]any{}
	for _, a := range f.Arguments {
		if d.Hints.skip(typ.Name+"."+f.Name, a.Name) {
			continue
		}
		if a.Type.NonNull && a.DefaultValue == nil || d.oneOf(3) {
			values[a.Name] = d.value(a.Type, []string{a.Name})
		}
	}
	return values
}

// value draws JSON for an input type. path is where it goes, from the argument on.
func (d *drawing) value(typ *ast.Type, path []string) any {
	if !typ.NonNull && len(path) > 1 && d.oneOf(25) {
		return nil
	}
	if typ.Elem != nil {
		list := []any{}
		for range d.up(2, "items") {
			list = append(list, d.value(typ.Elem, path))
		}
		return list
	}
	definition := d.Schema.Types[typ.NamedType]
	if definition.Kind == ast.InputObject {
		return d.object(definition, path)
	}
	if d.Hints.Values != nil {
		if values := d.Hints.Values(path, definition); len(values) > 0 {
			return pick(d, values)
		}
	}
	if definition.Kind == ast.Enum {
		return pick(d, definition.EnumValues).Name
	}
	switch definition.Name {
	case "Int":
		return 1 + d.up(2, "Int")
	case "Float":
		return float64(d.up(9, "Float")) / 2
	case "Boolean":
		return d.oneOf(2)
	default:
		return pick(d, []string{"a", "", "two words", "ü"})
	}
}

// object draws an input object: what is required, and up to two more fields.
func (d *drawing) object(definition *ast.Definition, path []string) any {
	out := map[string]any{}
	var optional ast.FieldList
	for _, f := range definition.Fields {
		switch {
		case f.Type.NonNull && f.DefaultValue == nil:
			out[f.Name] = d.value(f.Type, below(path, f.Name))
		case d.Hints.skip(definition.Name, f.Name), len(path) > 5 && d.Schema.Types[f.Type.Name()].Kind == ast.InputObject:
		default:
			optional = append(optional, f)
		}
	}
	if len(optional) == 0 {
		return out
	}
	most := 1 + d.up(9, "members")/7
	if d.Hints.OneField != nil && d.Hints.OneField(definition.Name) {
		most = 1
	}
	for range most {
		f := pick(d, optional)
		if _, given := out[f.Name]; !given {
			out[f.Name] = d.value(f.Type, below(path, f.Name))
		}
	}
	return out
}

func below(path []string, name string) []string { return append(slices.Clip(path), name) }

// render writes a value as a literal, with variables in places. absence says that a variable may be absent here; elsewhere it would
// change how much is asked for.
func (d *drawing) render(typ *ast.Type, value any, hasDefault, absence bool) string {
	if d.oneOf(5) {
		return d.lift(typ, value, hasDefault, absence)
	}
	definition := d.Schema.Types[typ.Name()]
	switch v := value.(type) {
	case []any:
		if typ.Elem == nil {
			return literal(definition, value)
		}
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = d.render(typ.Elem, item, false, absence)
		}
		if len(items) == 1 && !strings.ContainsAny(items[0][:1], "[$n") && d.oneOf(4) {
			return items[0] // one item stands for a list of it
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		if definition.Kind != ast.InputObject {
			return literal(definition, value)
		}
		members := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			f := definition.Fields.ForName(name)
			members = append(members, name+": "+d.render(f.Type, v[name], f.DefaultValue != nil, absence))
		}
		return "{" + strings.Join(members, ", ") + "}"
	default:
		return literal(definition, value)
	}
}

// lift makes a variable of a value.
func (d *drawing) lift(typ *ast.Type, value any, hasDefault, absence bool) string {
	name := d.name("v")
	base := strings.TrimSuffix(typ.String(), "!")
	definition := base
	if value == nil {
		d.values[name] = nil
	} else {
		switch roll := d.up(5, "variable"); {
		case roll == 5 && absence && (!typ.NonNull || hasDefault): // absent
		case roll >= 4: // by default
			definition += " = " + Literal(d.Schema, typ, value)
		case roll == 3: // in place of a default
			definition += " = " + Literal(d.Schema, typ, value)
			d.values[name] = value
		case roll == 2 || typ.NonNull && !hasDefault:
			definition += "!"
			d.values[name] = value
		default:
			d.values[name] = value
		}
	}
	d.variables = append(d.variables, "$"+name+": "+definition)
	return "$" + name
}

// Literal writes JSON as a literal of an input type, without variables. Members of objects stand in the order of their names.
func Literal(schema *ast.Schema, typ *ast.Type, value any) string {
	definition := schema.Types[typ.Name()]
	if list, ok := value.([]any); ok && typ.Elem != nil {
		items := make([]string, len(list))
		for i, item := range list {
			items[i] = Literal(schema, typ.Elem, item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	object, ok := value.(map[string]any)
	if !ok || definition.Kind != ast.InputObject {
		return literal(definition, value)
	}
	members := make([]string, 0, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if f := definition.Fields.ForName(name); f != nil {
			members = append(members, name+": "+Literal(schema, f.Type, object[name]))
		}
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// literal writes the value of a leaf.
func literal(definition *ast.Definition, value any) string {
	switch v := value.(type) {
	case string:
		if definition.Kind == ast.Enum {
			return v
		}
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = literal(definition, item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		members := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			members = append(members, name+": "+literal(definition, v[name]))
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	out, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(out)
}
