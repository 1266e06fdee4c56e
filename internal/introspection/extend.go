package introspection

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

const includeDeprecated = "includeDeprecated"

// Extend gives the schema with deprecation of directives, as graphql-js 16.12 and newer may ask for it. The schema that is given
// stays as it is.
func Extend(schema *ast.Schema) *ast.Schema {
	out := *schema
	out.Types = maps.Clone(schema.Types)
	if def := schema.Types["__Schema"]; def != nil {
		def = clone(def)
		for i, f := range def.Fields {
			if f.Name == "directives" && f.Arguments.ForName(includeDeprecated) == nil {
				extended := *f
				extended.Arguments = append(slices.Clip(f.Arguments), &ast.ArgumentDefinition{
					Name: includeDeprecated, Type: ast.NonNullNamedType("Boolean", nil), Position: f.Position,
					DefaultValue: &ast.Value{Raw: "false", Kind: ast.BooleanValue, Position: f.Position},
				})
				def.Fields[i] = &extended
			}
		}
		out.Types[def.Name] = def
	}
	if def := schema.Types["__Directive"]; def != nil && def.Fields.ForName("isDeprecated") == nil {
		def = clone(def)
		def.Fields = append(def.Fields,
			&ast.FieldDefinition{Name: "isDeprecated", Type: ast.NonNullNamedType("Boolean", nil), Position: def.Position},
			&ast.FieldDefinition{Name: "deprecationReason", Type: ast.NamedType("String", nil), Position: def.Position})
		out.Types[def.Name] = def
	}
	return &out
}

func clone(def *ast.Definition) *ast.Definition {
	out := *def
	out.Fields = slices.Clone(def.Fields)
	return &out
}
