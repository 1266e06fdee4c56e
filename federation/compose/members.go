package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

func (in *introspected) fieldList() ast.FieldList {
	scratch := in.fieldScratch[:0]
	in.array(maxRootFields, func() { scratch = append(scratch, in.field()) })
	in.fieldScratch = scratch
	if len(scratch) == 0 {
		return nil
	}
	kept := slices.Clone(scratch)
	list := make(ast.FieldList, len(kept))
	for i := range kept {
		list[i] = &kept[i]
	}
	sortFields(list)
	return list
}

func (in *introspected) field() ast.FieldDefinition {
	f := ast.FieldDefinition{}
	deprecated := deprecation{}
	in.object(func(key string) {
		switch key {
		case "name":
			f.Name = in.text()
		case "description":
			f.Description = in.text()
		case "args":
			f.Arguments = in.arguments()
		case "type":
			f.Type = in.reference(0)
		case "defaultValue":
			f.DefaultValue = in.value()
		default:
			deprecated.read(in, key)
		}
	})
	f.Directives = deprecated.directives()
	in.check(f.Name, f.Type)
	return f
}

func (in *introspected) arguments() ast.ArgumentDefinitionList {
	scratch := in.argumentScratch[:0]
	in.array(maxArguments, func() {
		a := ast.ArgumentDefinition{}
		in.object(func(key string) {
			switch key {
			case "name":
				a.Name = in.text()
			case "description":
				a.Description = in.text()
			case "type":
				a.Type = in.reference(0)
			case "defaultValue":
				a.DefaultValue = in.value()
			default:
				in.skip()
			}
		})
		in.check(a.Name, a.Type)
		scratch = append(scratch, a)
	})
	in.argumentScratch = scratch
	if len(scratch) == 0 {
		return nil
	}
	kept := slices.Clone(scratch)
	list := make(ast.ArgumentDefinitionList, len(kept))
	for i := range kept {
		list[i] = &kept[i]
	}
	return list
}

func (in *introspected) check(name string, typ *ast.Type) {
	switch {
	case in.err != nil:
	case !legal(name):
		in.failf("%q is no name that a field or an argument may have", name)
	case typ == nil:
		in.failf("%s has no type", name)
	}
}

func (in *introspected) values() ast.EnumValueList {
	var list ast.EnumValueList
	in.array(maxFields, func() {
		v := &ast.EnumValueDefinition{}
		deprecated := deprecation{}
		in.object(func(key string) {
			switch key {
			case "name":
				v.Name = in.text()
			case "description":
				v.Description = in.text()
			default:
				deprecated.read(in, key)
			}
		})
		v.Directives = deprecated.directives()
		if in.err == nil && !legal(v.Name) {
			in.failf("%q is no name that a value may have", v.Name)
		}
		list = append(list, v)
	})
	return slices.Clip(list)
}

func (in *introspected) value() *ast.Value {
	text := in.text()
	if text == "" {
		return nil
	}
	value, err := in.keeper.parseValue(text)
	if err != nil {
		in.failf("a default value is none")
		return nil
	}
	return value
}

// reference reads the type of a field: {"kind", "name", "ofType"}; a null is nil.
func (in *introspected) reference(depth int) *ast.Type {
	if depth > maxWrappers {
		in.failf("a type has more than %d wrappers", maxWrappers)
		return nil
	}
	var kind, name string
	var of *ast.Type
	in.object(func(key string) {
		switch key {
		case "kind":
			kind = in.text()
		case "name":
			name = in.text()
		case "ofType":
			of = in.reference(depth + 1)
		default:
			in.skip()
		}
	})
	switch {
	case in.err != nil || kind == "":
		return nil
	case kind == "NON_NULL" && of != nil && !of.NonNull:
		return in.keeper.references.of(of.NamedType, of.Elem, true)
	case kind == "LIST" && of != nil:
		return in.keeper.references.of("", of, false)
	case of == nil && (legal(name) || isIntrospection(name)):
		return in.keeper.references.of(name, nil, false)
	default:
		in.failf("a reference to type %q is broken", name)
		return nil
	}
}

// deprecation gathers what introspection says of a deprecated thing.
type deprecation struct {
	is     bool
	reason string
}

func (d *deprecation) read(in *introspected, key string) {
	switch key {
	case "isDeprecated":
		d.is = in.boolean()
	case "deprecationReason":
		d.reason = in.text()
	default:
		in.skip()
	}
}

func (d *deprecation) directives() ast.DirectiveList {
	if !d.is {
		return nil
	}
	out := &ast.Directive{Name: "deprecated"}
	if d.reason != "" {
		out.Arguments = ast.ArgumentList{{Name: "reason", Value: &ast.Value{Raw: d.reason, Kind: ast.StringValue}}}
	}
	return ast.DirectiveList{out}
}
