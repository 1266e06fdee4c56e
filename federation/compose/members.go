package compose

import (
	"bytes"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

func (in *introspected) fieldList() ast.FieldList {
	scratch := in.fieldScratch[:0]
	in.array(maxRootFields, func() {
		scratch = append(scratch, in.field())
		in.pace.step()
	})
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
	in.object(func(key []byte) {
		switch string(key) {
		case "name":
			f.Name = in.text()
		case "description":
			f.Description = in.text()
		case "args":
			f.Arguments = in.arguments()
		case "type":
			f.Type = in.typeOf()
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
		in.object(func(key []byte) {
			switch string(key) {
			case "name":
				a.Name = in.text()
			case "description":
				a.Description = in.text()
			case "type":
				a.Type = in.typeOf()
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
		in.object(func(key []byte) {
			switch string(key) {
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
		in.pace.step()
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

// typeOf reads the type of a field or an argument. Most are written as another one was, byte for byte, and are recognised.
func (in *introspected) typeOf() *ast.Type {
	if in.next() != '{' {
		return in.reference(0)
	}
	start := in.at
	if text := wrapped(in.src[start:]); text != nil {
		if known := in.known[string(text)]; known != nil {
			in.at += len(text)
			return known
		}
	}
	t := in.reference(0)
	if in.err == nil && t != nil {
		in.known[string(in.src[start:in.at])] = t
	}
	return t
}

// wrapped is the text up to the first closing brace and those that follow it, as many as were opened; nil when they do not.
// It is a guess at what an object is, and no more.
func wrapped(b []byte) []byte {
	end := bytes.IndexByte(b, '}')
	for open := bytes.Count(b[:max(end, 0)], []byte{'{'}); open > 0; open-- {
		if end == len(b) || b[end] != '}' {
			return nil
		}
		end++
	}
	return b[:max(end, 0)]
}

// reference reads a type reference: {"kind", "name", "ofType"}; a null is nil.
func (in *introspected) reference(depth int) *ast.Type {
	if depth > maxWrappers {
		in.failf("a type has more than %d wrappers", maxWrappers)
		return nil
	}
	var kind, name string
	var of *ast.Type
	in.object(func(key []byte) {
		switch string(key) {
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

func (d *deprecation) read(in *introspected, key []byte) {
	switch string(key) {
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
