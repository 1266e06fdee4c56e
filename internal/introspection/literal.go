package introspection

import (
	"bytes"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// noReason is the default of @deprecated.
const noReason = "No longer supported"

func deprecation(directives ast.DirectiveList) *ast.Directive {
	return directives.ForName("deprecated")
}

// reason says why something is deprecated.
func reason(d *ast.Directive) string {
	if given := d.Arguments.ForName("reason"); given != nil && given.Value != nil && given.Value.Kind != ast.NullValue {
		return given.Value.Raw
	}
	return noReason
}

func argument(d *ast.Directive, name string) string {
	if d == nil {
		return ""
	}
	if given := d.Arguments.ForName(name); given != nil && given.Value != nil {
		return given.Value.Raw
	}
	return ""
}

// literal writes a default as a document would.
func literal(v *ast.Value) string {
	var parts []string
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		var quoted bytes.Buffer
		graphql.MarshalString(v.Raw).MarshalGQL(&quoted)
		return quoted.String()
	case ast.ListValue:
		for _, element := range v.Children {
			parts = append(parts, literal(element.Value))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case ast.ObjectValue:
		for _, member := range v.Children {
			parts = append(parts, member.Name+": "+literal(member.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case ast.NullValue:
		return "null"
	default:
		return v.Raw
	}
}
