package compose

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// introspection asks for all of a schema that can be composed. It names no argument that an older server lacks.
const introspection = `query {
  __schema {
    queryType { name }
    mutationType { name }
    types {
      kind
      name
      description
      fields(includeDeprecated: true) {
        name
        description
        args { ...Input }
        type { ...Type }
        isDeprecated
        deprecationReason
      }
      inputFields { ...Input }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}
fragment Input on __InputValue { name description type { ...Type } defaultValue }
fragment Type on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } }
}`

// introspected reads the answer to introspection.
type introspected struct {
	scanner
	keeper   keeper
	query    string
	mutation string
	types    map[string]*ast.Definition

	// Reused from type to type; what is kept is copied out at its exact length.
	fieldScratch    []ast.FieldDefinition
	argumentScratch []ast.ArgumentDefinition
}

// decodeIntrospection reads the data of an answer: {"__schema":{…}}. Unknown members are passed over.
func decodeIntrospection(data []byte) (*introspected, error) {
	if len(data) > maxAnswer {
		return nil, illegible("the introspection has %d bytes, of at most %d", len(data), maxAnswer)
	}
	shared := sharing{}
	in := &introspected{
		scanner: scanner{src: data, shared: shared}, keeper: keeper{shared, references{}}, types: map[string]*ast.Definition{},
	}
	in.object(func(key string) {
		if key == "__schema" {
			in.schema()
		} else {
			in.skip()
		}
	})
	in.end()
	if in.err != nil {
		return nil, in.err
	}
	if err := checkTypes(in.types, in.query, in.mutation); err != nil {
		return nil, err
	}
	return in, nil
}

func (in *introspected) schema() {
	in.object(func(key string) {
		switch key {
		case "queryType":
			in.query = in.typeName()
		case "mutationType":
			in.mutation = in.typeName()
		case "types":
			in.array(maxTypes, in.definition)
		default:
			in.skip()
		}
	})
}

// typeName reads {"name": …}; a null is empty.
func (in *introspected) typeName() string {
	name, found := "", false
	in.object(func(key string) {
		found = true
		if key == "name" {
			name = in.text()
		} else {
			in.skip()
		}
	})
	if found && !legal(name) {
		in.fail("the introspection refers to type %q, which is no name", name)
	}
	return name
}

func (in *introspected) definition() {
	def := &ast.Definition{}
	var inputs ast.FieldList
	in.object(func(key string) {
		switch key {
		case "kind":
			def.Kind = ast.DefinitionKind(in.text())
		case "name":
			def.Name = in.text()
		case "description":
			def.Description = in.text()
		case "fields":
			def.Fields = in.fieldList()
		case "inputFields":
			inputs = in.fieldList()
		case "interfaces":
			def.Interfaces = in.names()
		case "possibleTypes":
			def.Types = in.names()
		case "enumValues":
			def.EnumValues = in.values()
		default:
			in.skip()
		}
	})
	if in.err != nil || isBuiltIn(def.Name) || isIntrospection(def.Name) {
		return
	}
	switch def.Kind {
	case ast.InputObject:
		def.Fields = inputs
	case ast.Interface:
		def.Types = nil // those that implement it say so themselves
	case ast.Scalar, ast.Object, ast.Union, ast.Enum:
	default:
		in.fail("type %q has unknown kind %q", def.Name, def.Kind)
		return
	}
	switch {
	case !legal(def.Name):
		in.fail("type %q has no name that a type may have", def.Name)
	case in.types[def.Name] != nil:
		in.fail("type %s is there twice", def.Name)
	default:
		in.types[def.Name] = def
	}
}

func (in *introspected) names() []string {
	var names []string
	in.array(maxFields, func() { names = append(names, in.typeName()) })
	return slices.Clip(names)
}

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
		in.fail("%q is no name that a field or an argument may have", name)
	case typ == nil:
		in.fail("%s has no type", name)
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
			in.fail("%q is no name that a value may have", v.Name)
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
		in.fail("a default value is none")
		return nil
	}
	return value
}

// reference reads the type of a field: {"kind", "name", "ofType"}; a null is nil.
func (in *introspected) reference(depth int) *ast.Type {
	if depth > maxWrappers {
		in.fail("a type has more than %d wrappers", maxWrappers)
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
		in.fail("a reference to type %q is broken", name)
		return nil
	}
}
