package compose

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// validate makes a schema of definitions and checks it by the rules of the specification for type systems, as
// validator.ValidateSchemaDocument does for a document. That goes in one piece, which for 850 types kept a core from requests
// for 4 ms; this goes at a pace. Names are resolved while it goes, so no definition may be in use elsewhere that has directives.
//
// The error says what breaks a rule, by names alone. Nothing is said of positions, since FortyTwo's part has none.
func validate(document *ast.SchemaDocument, pace *Pace) (*ast.Schema, error) {
	v := &validation{pace: pace, seen: map[string]bool{}, schema: &ast.Schema{
		Types: make(map[string]*ast.Definition, len(document.Definitions)), Directives: make(map[string]*ast.DirectiveDefinition, len(document.Directives)),
		PossibleTypes: make(map[string][]*ast.Definition, len(document.Definitions)), Implements: map[string][]*ast.Definition{},
	}}
	v.gather(document)
	v.roots(document.Schema[0])
	for _, def := range document.Directives {
		v.arguments(path{of: "@" + def.Name}, def.Arguments)
		v.directives(path{of: "@" + def.Name}, def.Directives, ast.LocationDirectiveDefinition)
	}
	for _, def := range document.Definitions {
		if v.definition(def); v.err != nil {
			return nil, v.err
		}
	}
	if v.circles(document.Definitions); v.err != nil {
		return nil, v.err
	}
	v.schema.Query.Fields = append(v.schema.Query.Fields, validator.QueryIntrospectionFields()...)
	return v.schema, nil
}

// validation is a schema that is being made. The first fault sticks.
type validation struct {
	schema *ast.Schema
	pace   *Pace
	err    error
	seen   map[string]bool // room for [repeated]
}

func (v *validation) failf(format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf(format, args...)
	}
}

// gather fills the tables of the schema.
func (v *validation) gather(document *ast.SchemaDocument) {
	s := v.schema
	for _, def := range document.Definitions {
		if s.Types[def.Name] != nil {
			v.failf("there are two types called %s", def.Name)
		}
		s.Types[def.Name] = def
	}
	for _, def := range document.Definitions {
		switch def.Kind {
		case ast.Union:
			for _, name := range def.Types {
				s.AddPossibleType(def.Name, s.Types[name])
				s.AddImplements(name, def)
			}
			continue
		case ast.Object, ast.InputObject: // of inputs too, as gqlparser has it
			s.AddPossibleType(def.Name, def)
		case ast.Interface:
		case ast.Scalar, ast.Enum:
			continue
		}
		for _, name := range def.Interfaces {
			s.AddPossibleType(name, def)
			s.AddImplements(def.Name, s.Types[name])
		}
		v.pace.step()
	}
	for _, def := range document.Directives {
		s.Directives[def.Name] = def
	}
}

// roots finds the root types, which the document has.
func (v *validation) roots(def *ast.SchemaDefinition) {
	s := v.schema
	for _, root := range def.OperationTypes {
		of := s.Types[root.Type]
		if of == nil || of.Kind != ast.Object {
			v.failf("the root type %s is no object type", root.Type)
		}
		switch root.Operation {
		case ast.Query:
			s.Query = of
		case ast.Mutation:
			s.Mutation = of
		case ast.Subscription:
			s.Subscription = of
		}
	}
	s.Description, s.SchemaDirectives = def.Description, def.Directives
	v.directives(path{of: "the schema"}, def.Directives, ast.LocationSchema)
}

func (v *validation) definition(def *ast.Definition) {
	place := path{of: def.Name}
	if !def.BuiltIn {
		v.name(place, def.Name)
	}
	v.directives(place, def.Directives, ast.DirectiveLocation(def.Kind))
	odd := len(def.Fields) + len(def.Interfaces) + len(def.Types) + len(def.EnumValues)
	switch def.Kind {
	case ast.Object, ast.Interface:
		odd -= len(def.Fields) + len(def.Interfaces)
		v.fields(def, ast.LocationFieldDefinition)
		v.interfaces(def)
	case ast.InputObject:
		odd -= len(def.Fields)
		v.fields(def, ast.LocationInputFieldDefinition)
	case ast.Union:
		odd -= len(def.Types)
		v.members(def)
	case ast.Enum:
		odd -= len(def.EnumValues)
		v.values(place, def)
	case ast.Scalar:
	}
	if odd > 0 {
		v.failf("type %s has parts that its kind has not", def.Name)
	}
	v.pace.step()
}

func (v *validation) fields(def *ast.Definition, location ast.DirectiveLocation) {
	if len(def.Fields) == 0 {
		v.failf("type %s has no fields", def.Name)
	}
	if again, found := repeated(v.seen, def.Fields, func(f *ast.FieldDefinition) string { return f.Name }); found {
		v.failf("type %s has two fields called %s", def.Name, again)
	}
	for _, f := range def.Fields {
		place := path{def.Name, f.Name}
		v.name(place, f.Name)
		if to := v.schema.Types[f.Type.Name()]; to == nil {
			v.undefined(place, f.Type.Name())
		} else if def.Kind == ast.InputObject && !to.IsInputType() {
			v.failf("%s is an input and cannot be of type %s", place, to.Name)
		} else if def.Kind != ast.InputObject && to.Kind == ast.InputObject {
			v.failf("%s cannot be of type %s, which is an input", place, to.Name)
		}
		v.value(place, f.DefaultValue)
		v.arguments(place, f.Arguments)
		v.directives(place, f.Directives, location)
		v.pace.step()
	}
}

func (v *validation) arguments(place path, list ast.ArgumentDefinitionList) {
	if again, found := repeated(v.seen, list, func(a *ast.ArgumentDefinition) string { return a.Name }); found {
		v.failf("%s has two arguments called %s", place, again)
	}
	for _, a := range list {
		v.name(place, a.Name)
		if to := v.schema.Types[a.Type.Name()]; to == nil {
			v.undefined(place, a.Type.Name())
		} else if !to.IsInputType() {
			v.failf("argument %s of %s cannot be of type %s, which is no input", a.Name, place, to.Name)
		}
		v.value(place, a.DefaultValue)
		v.directives(place, a.Directives, ast.LocationArgumentDefinition)
	}
}

func (v *validation) members(def *ast.Definition) {
	if len(def.Types) == 0 {
		v.failf("union %s has no members", def.Name)
	}
	if again, found := repeated(v.seen, def.Types, itself); found {
		v.failf("union %s has member %s twice", def.Name, again)
	}
	for _, name := range def.Types {
		if member := v.schema.Types[name]; member == nil || member.Kind != ast.Object {
			v.failf("member %s of union %s is no object type", name, def.Name)
		}
	}
}

func (v *validation) values(place path, def *ast.Definition) {
	if len(def.EnumValues) == 0 {
		v.failf("enum %s has no values", def.Name)
	}
	if again, found := repeated(v.seen, def.EnumValues, func(e *ast.EnumValueDefinition) string { return e.Name }); found {
		v.failf("enum %s has value %s twice", def.Name, again)
	}
	for _, e := range def.EnumValues {
		v.name(place, e.Name)
		if e.Name == "true" || e.Name == "false" || e.Name == "null" {
			v.failf("enum %s has a value called %s", def.Name, e.Name)
		}
		v.directives(place, e.Directives, ast.LocationEnumValue)
	}
}

// interfaces checks that a type has what its interfaces promise.
func (v *validation) interfaces(def *ast.Definition) {
	if again, found := repeated(v.seen, def.Interfaces, itself); found {
		v.failf("type %s implements %s twice", def.Name, again)
	}
	for _, name := range def.Interfaces {
		of := v.schema.Types[name]
		if of == nil || of.Kind != ast.Interface || of == def {
			v.failf("type %s implements %s, which is no interface that it may", def.Name, name)
			return
		}
		for _, other := range of.Interfaces {
			if other == def.Name || !slices.Contains(def.Interfaces, other) {
				v.failf("type %s implements %s, and %s only through it", def.Name, name, other)
			}
		}
		for _, promised := range of.Fields {
			v.keeps(path{def.Name, promised.Name}, of, promised, def.Fields.ForName(promised.Name))
		}
	}
}

// keeps checks a field against the one that an interface promises.
func (v *validation) keeps(place path, of *ast.Definition, promised, f *ast.FieldDefinition) {
	if f == nil || !v.covers(promised.Type, f.Type) {
		v.failf("%s is not as interface %s promises it: %s", place, of.Name, promised.Type)
		return
	}
	for _, a := range promised.Arguments {
		if own := f.Arguments.ForName(a.Name); own == nil || !a.Type.IsCompatible(own.Type) {
			v.failf("%s lacks argument %s as interface %s promises it", place, a.Name, of.Name)
		}
	}
	for _, own := range f.Arguments {
		if promised.Arguments.ForName(own.Name) == nil && own.Type.NonNull && own.DefaultValue == nil {
			v.failf("%s demands argument %s, of which interface %s knows nothing", place, own.Name, of.Name)
		}
	}
}

// covers reports whether what is of one type may stand where another was promised.
func (v *validation) covers(promised, actual *ast.Type) bool {
	switch {
	case promised.NonNull && !actual.NonNull:
		return false
	case promised.Elem != nil || actual.Elem != nil:
		return promised.Elem != nil && actual.Elem != nil && v.covers(promised.Elem, actual.Elem)
	default:
		return promised.NamedType == actual.NamedType || slices.ContainsFunc(v.schema.PossibleTypes[promised.NamedType],
			func(def *ast.Definition) bool { return def != nil && def.Name == actual.NamedType })
	}
}
