package introspection

import (
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

func (w *writer) schemaObject(of graphql.CollectedField) {
	w.object("__Schema", of, func(f graphql.CollectedField) {
		switch f.Name {
		case "description":
			w.optional(w.schema.Description)
		case "types":
			list(w, slices.Sorted(maps.Keys(w.schema.Types)), nil, func(name string) { w.named(w.schema.Types[name], f) })
		case "queryType":
			w.named(w.schema.Query, f)
		case "mutationType":
			w.named(w.schema.Mutation, f)
		case "subscriptionType":
			w.named(w.schema.Subscription, f)
		case "directives":
			names, hides := slices.Sorted(maps.Keys(w.schema.Directives)), w.hides(f)
			list(w, names, func(name string) bool { return hides && deprecation(w.schema.Directives[name].Directives) != nil }, func(name string) {
				w.directive(w.schema.Directives[name], f)
			})
		}
	})
}

// named writes a type that has a name; null when there is none.
func (w *writer) named(def *ast.Definition, of graphql.CollectedField) {
	if def == nil {
		w.null()
		return
	}
	w.object("__Type", of, func(f graphql.CollectedField) {
		composite := def.Kind == ast.Object || def.Kind == ast.Interface
		switch f.Name {
		case "kind":
			w.text(string(def.Kind))
		case "name":
			w.text(def.Name)
		case "description":
			w.optional(def.Description)
		case "specifiedByURL":
			w.optional(argument(def.Directives.ForName("specifiedBy"), "url"))
		case "isOneOf":
			w.when(def.Kind == ast.InputObject, func() { w.boolean(def.Directives.ForName("oneOf") != nil) })
		case "fields":
			w.when(composite, func() {
				hides := w.hides(f)
				list(w, def.Fields, func(d *ast.FieldDefinition) bool {
					return len(d.Name) > 1 && d.Name[:2] == "__" || hides && deprecation(d.Directives) != nil
				}, func(d *ast.FieldDefinition) { w.field(d, f) })
			})
		case "interfaces":
			w.when(composite, func() { list(w, def.Interfaces, nil, func(name string) { w.named(w.schema.Types[name], f) }) })
		case "possibleTypes":
			w.when(def.IsAbstractType(), func() {
				list(w, w.schema.GetPossibleTypes(def), func(d *ast.Definition) bool { return d.Kind != ast.Object }, func(d *ast.Definition) { w.named(d, f) })
			})
		case "enumValues":
			w.when(def.Kind == ast.Enum, func() {
				hides := w.hides(f)
				list(w, def.EnumValues, func(v *ast.EnumValueDefinition) bool { return hides && deprecation(v.Directives) != nil },
					func(v *ast.EnumValueDefinition) { w.enumValue(v, f) })
			})
		case "inputFields":
			w.when(def.Kind == ast.InputObject, func() {
				hides := w.hides(f)
				list(w, def.Fields, func(d *ast.FieldDefinition) bool { return hides && deprecation(d.Directives) != nil }, func(d *ast.FieldDefinition) {
					w.input(input{d.Name, d.Description, d.Type, d.DefaultValue, d.Directives}, f)
				})
			})
		default: // ofType
			w.null()
		}
	})
}

// typeRef writes the type of a field or an input.
func (w *writer) typeRef(t *ast.Type, of graphql.CollectedField) {
	if !t.NonNull && t.Elem == nil {
		w.named(w.schema.Types[t.NamedType], of)
		return
	}
	kind, inner := "LIST", t.Elem
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		kind, inner = "NON_NULL", &nullable
	}
	w.object("__Type", of, func(f graphql.CollectedField) {
		switch f.Name {
		case "kind":
			w.text(kind)
		case "ofType":
			w.typeRef(inner, f)
		default:
			w.null()
		}
	})
}

func (w *writer) field(d *ast.FieldDefinition, of graphql.CollectedField) {
	w.object("__Field", of, func(f graphql.CollectedField) {
		switch f.Name {
		case "args":
			w.arguments(d.Arguments, f)
		case "type":
			w.typeRef(d.Type, f)
		default:
			w.common(d.Name, d.Description, d.Directives, f)
		}
	})
}

func (w *writer) enumValue(v *ast.EnumValueDefinition, of graphql.CollectedField) {
	w.object("__EnumValue", of, func(f graphql.CollectedField) { w.common(v.Name, v.Description, v.Directives, f) })
}

func (w *writer) directive(d *ast.DirectiveDefinition, of graphql.CollectedField) {
	w.object("__Directive", of, func(f graphql.CollectedField) {
		switch f.Name {
		case "isRepeatable":
			w.boolean(d.IsRepeatable)
		case "locations":
			list(w, d.Locations, nil, func(l ast.DirectiveLocation) { w.text(string(l)) })
		case "args":
			w.arguments(d.Arguments, f)
		default:
			w.common(d.Name, d.Description, d.Directives, f)
		}
	})
}

func (w *writer) arguments(arguments ast.ArgumentDefinitionList, of graphql.CollectedField) {
	hides := w.hides(of)
	list(w, arguments, func(a *ast.ArgumentDefinition) bool { return hides && deprecation(a.Directives) != nil }, func(a *ast.ArgumentDefinition) {
		w.input(input{a.Name, a.Description, a.Type, a.DefaultValue, a.Directives}, of)
	})
}

// input is an argument or a field of an input object.
type input struct {
	name, description string
	typ               *ast.Type
	defaultValue      *ast.Value
	directives        ast.DirectiveList
}

func (w *writer) input(in input, of graphql.CollectedField) {
	w.object("__InputValue", of, func(f graphql.CollectedField) {
		switch f.Name {
		case "type":
			w.typeRef(in.typ, f)
		case "defaultValue":
			w.when(in.defaultValue != nil, func() { w.text(literal(in.defaultValue)) })
		default:
			w.common(in.name, in.description, in.directives, f)
		}
	})
}

// common writes what everything with a name has.
func (w *writer) common(name, description string, directives ast.DirectiveList, f graphql.CollectedField) {
	switch f.Name {
	case "name":
		w.text(name)
	case "description":
		w.optional(description)
	case "isDeprecated":
		w.boolean(deprecation(directives) != nil)
	case "deprecationReason":
		w.when(deprecation(directives) != nil, func() { w.text(reason(deprecation(directives))) })
	default:
		w.null()
	}
}

// when writes null unless there is anything to write.
func (w *writer) when(there bool, write func()) {
	if !there {
		w.null()
		return
	}
	write()
}

// hides tells whether what is deprecated is left out of a list.
func (w *writer) hides(f graphql.CollectedField) bool {
	include, _ := f.ArgumentMap(w.oc.Variables)[includeDeprecated].(bool)
	return !include
}
