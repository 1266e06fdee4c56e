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
	known    map[string]*ast.Type // type references by their text

	// Reused from type to type; what is kept is copied out at its exact length.
	fieldScratch    []ast.FieldDefinition
	argumentScratch []ast.ArgumentDefinition
}

// decodeIntrospection reads the data of an answer: {"__schema":{…}}. Unknown members are passed over.
func decodeIntrospection(data []byte, pace *Pace) (*introspected, error) {
	if len(data) > maxAnswer {
		return nil, illegible("the introspection has %d bytes, of at most %d", len(data), maxAnswer)
	}
	shared := sharing{}
	in := &introspected{
		scanner: scanner{src: data, shared: shared, pace: pace}, keeper: keeper{shared, references{}}, types: map[string]*ast.Definition{},
		known: map[string]*ast.Type{},
	}
	in.object(func(key []byte) {
		if string(key) == "__schema" {
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
	in.object(func(key []byte) {
		switch string(key) {
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
	in.object(func(key []byte) {
		found = true
		if string(key) == "name" {
			name = in.text()
		} else {
			in.skip()
		}
	})
	if found && !legal(name) {
		in.failf("the introspection refers to type %q, which is no name", name)
	}
	return name
}

func (in *introspected) definition() {
	def := &ast.Definition{}
	var inputs ast.FieldList
	in.object(func(key []byte) {
		switch string(key) {
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
		in.failf("type %q has unknown kind %q", def.Name, def.Kind)
		return
	}
	switch {
	case !legal(def.Name):
		in.failf("type %q has no name that a type may have", def.Name)
	case in.types[def.Name] != nil:
		in.failf("type %s is there twice", def.Name)
	default:
		in.types[def.Name] = def
	}
}

func (in *introspected) names() []string {
	var names []string
	in.array(maxFields, func() { names = append(names, in.typeName()) })
	return slices.Clip(names)
}
