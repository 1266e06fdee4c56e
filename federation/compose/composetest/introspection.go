package composetest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
)

// Server answers what [compose.Read] asks as a server with up's schema would: it is a [compose.Post]. Records of objects
// come in one page.
func Server(up *compose.Upstream) compose.Post {
	return func(_ context.Context, endpoint compose.Endpoint, query string, _ any) (json.RawMessage, error) {
		switch {
		case endpoint == compose.Records:
			return Introspection(up)
		case strings.Contains(query, "currentWorkspace"):
			return json.Marshal(member{"currentWorkspace": member{"metadataVersion": up.Version}})
		default:
			return objects(up)
		}
	}
}

type member map[string]any

// Introspection is the data of a server's answer to introspection.
func Introspection(up *compose.Upstream) (json.RawMessage, error) {
	var types []member
	for _, name := range []string{"Boolean", "Float", "ID", "Int", "String"} {
		types = append(types, member{"kind": "SCALAR", "name": name})
	}
	for _, name := range slices.Sorted(maps.Keys(up.Types)) {
		types = append(types, definition(up.Types[name]))
	}
	schema := member{"queryType": member{"name": up.Query}, "mutationType": nil, "types": types}
	if up.Mutation != "" {
		schema["mutationType"] = member{"name": up.Mutation}
	}
	return json.Marshal(member{"__schema": schema})
}

func definition(def *ast.Definition) member {
	out := member{
		"kind": def.Kind, "name": def.Name, "description": nullable(def.Description), "fields": nil, "inputFields": nil, "interfaces": nil,
		"enumValues": nil, "possibleTypes": nil,
	}
	switch def.Kind {
	case ast.InputObject:
		list := []member{}
		for _, f := range def.Fields {
			list = append(list, input(f.Name, f.Description, f.Type, f.DefaultValue))
		}
		out["inputFields"] = list
	case ast.Object, ast.Interface:
		list := []member{}
		for _, f := range def.Fields {
			arguments := []member{}
			for _, a := range f.Arguments {
				arguments = append(arguments, input(a.Name, a.Description, a.Type, a.DefaultValue))
			}
			field := member{"name": f.Name, "description": nullable(f.Description), "args": arguments, "type": reference(f.Type)}
			deprecate(field, f.Directives)
			list = append(list, field)
		}
		out["fields"], out["interfaces"] = list, named(def.Interfaces)
	case ast.Union:
		out["possibleTypes"] = named(def.Types)
	case ast.Enum:
		list := []member{}
		for _, v := range def.EnumValues {
			value := member{"name": v.Name, "description": nullable(v.Description)}
			deprecate(value, v.Directives)
			list = append(list, value)
		}
		out["enumValues"] = list
	}
	return out
}

func deprecate(out member, directives ast.DirectiveList) {
	d := directives.ForName("deprecated")
	out["isDeprecated"], out["deprecationReason"] = d != nil, nil
	if d != nil && len(d.Arguments) > 0 {
		out["deprecationReason"] = d.Arguments[0].Value.Raw
	}
}

func input(name, description string, t *ast.Type, value *ast.Value) member {
	out := member{"name": name, "description": nullable(description), "type": reference(t), "defaultValue": nil}
	if value != nil {
		out["defaultValue"] = value.String()
	}
	return out
}

// reference gives every named type the kind of a scalar: readers know the type by its name.
func reference(t *ast.Type) member {
	switch {
	case t.NonNull:
		inner := *t
		inner.NonNull = false
		return member{"kind": "NON_NULL", "name": nil, "ofType": reference(&inner)}
	case t.Elem != nil:
		return member{"kind": "LIST", "name": nil, "ofType": reference(t.Elem)}
	default:
		return member{"kind": "SCALAR", "name": t.NamedType, "ofType": nil}
	}
}

func named(names []string) []member {
	list := []member{}
	for _, name := range names {
		list = append(list, member{"name": name})
	}
	return list
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func objects(up *compose.Upstream) (json.RawMessage, error) {
	edges := []member{}
	for _, o := range up.Objects {
		fields := []member{}
		for _, f := range o.Fields {
			fields = append(fields, metadata(f))
		}
		edges = append(edges, member{"node": member{
			"nameSingular": o.Singular, "namePlural": o.Plural, "isActive": o.Active, "isSystem": o.System, "fieldsList": fields,
		}})
	}
	return json.Marshal(member{"objects": member{"edges": edges, "pageInfo": member{"hasNextPage": false, "endCursor": nil}}})
}

func metadata(f *compose.Field) member {
	out := member{"name": f.Name, "type": f.Type, "isNullable": f.Nullable, "isUnique": f.Unique, "settings": nil, "relation": nil}
	if r := f.Relation; r != nil {
		out["relation"] = member{
			"type": r.Kind, "targetObjectMetadata": member{"nameSingular": r.Target},
			"targetFieldMetadata": member{"name": strings.TrimSuffix(r.ForeignKey, "Id")},
		}
		if r.Kind == compose.ManyToOne {
			out["settings"] = member{"joinColumnName": r.ForeignKey}
		}
	}
	return out
}
