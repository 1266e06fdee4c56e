package fortytwo

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// executeIntrospection answers __schema and __type of the workspace. It is not filtered by permission (fortytwo.md 13).
func (s *Server) executeIntrospection(in incoming, c *caller) reply {
	schema, err := c.workspace.introspectable()
	if err != nil {
		return in.refusal(internal("%s", err.Error()))
	}
	return s.introspections.answer(in, schema, func() reply {
		out := s.runValidated(in, schema, c.workspace, introspecting(schema))
		if out.contentType == jsonUTF8 && out.status == 200 {
			out.contentType = jsonPlain
		}
		return out
	})
}

// introspecting resolves __schema and __type.
func introspecting(schema *ast.Schema) fields {
	return fields{
		"__schema": resolver(func(map[string]any) (any, *apiError) { return introspectSchema(schema), nil }),
		"__type":   resolver(func(args map[string]any) (any, *apiError) { return introspectNamed(schema, args), nil }),
	}
}

func introspectNamed(schema *ast.Schema, args map[string]any) any {
	if d := schema.Types[text(args, "name")]; d != nil {
		return introspectType(schema, d)
	}
	return nil
}

func introspectSchema(schema *ast.Schema) fields {
	var types []any
	for _, name := range sortedKeys(schema.Types) {
		types = append(types, introspectType(schema, schema.Types[name]))
	}
	var directives []any
	for _, name := range sortedKeys(schema.Directives) {
		d := schema.Directives[name]
		var locations []any
		for _, l := range d.Locations {
			locations = append(locations, string(l))
		}
		directives = append(directives, fields{
			"name": d.Name, "description": blank(d.Description), "locations": locations, "args": introspectArguments(schema, d.Arguments),
			"isRepeatable": d.IsRepeatable,
		})
	}
	root := func(d *ast.Definition) any {
		if d == nil {
			return nil
		}
		return introspectType(schema, d)
	}
	return fields{
		"description": nil, "types": types, "queryType": root(schema.Query), "mutationType": root(schema.Mutation),
		"subscriptionType": root(schema.Subscription), "directives": directives,
	}
}

// introspectType is a named type. Its members are made when asked for: types refer to each other in circles.
func introspectType(schema *ast.Schema, d *ast.Definition) fields {
	return fields{
		"kind": string(d.Kind), "name": d.Name, "description": blank(d.Description), "specifiedByURL": nil, "ofType": nil, "isOneOf": false,
		"fields": resolver(func(map[string]any) (any, *apiError) {
			if d.Kind != ast.Object && d.Kind != ast.Interface {
				return nil, nil
			}
			list := []any{}
			for _, f := range d.Fields {
				if strings.HasPrefix(f.Name, "__") {
					continue
				}
				list = append(list, fields{
					"name": f.Name, "description": blank(f.Description), "args": introspectArguments(schema, f.Arguments),
					"type": introspectReference(schema, f.Type), "isDeprecated": false, "deprecationReason": nil,
				})
			}
			return list, nil
		}),
		"interfaces": resolver(func(map[string]any) (any, *apiError) {
			if d.Kind != ast.Object && d.Kind != ast.Interface {
				return nil, nil
			}
			return []any{}, nil
		}),
		"possibleTypes": nil,
		"enumValues": resolver(func(map[string]any) (any, *apiError) {
			if d.Kind != ast.Enum {
				return nil, nil
			}
			list := []any{}
			for _, v := range d.EnumValues {
				list = append(list, fields{
					"name": v.Name, "description": blank(v.Description), "isDeprecated": false, "deprecationReason": nil,
				})
			}
			return list, nil
		}),
		"inputFields": resolver(func(map[string]any) (any, *apiError) {
			if d.Kind != ast.InputObject {
				return nil, nil
			}
			list := []any{}
			for _, f := range d.Fields {
				list = append(list, introspectInput(schema, f.Name, f.Description, f.Type, f.DefaultValue))
			}
			return list, nil
		}),
	}
}

func introspectArguments(schema *ast.Schema, arguments ast.ArgumentDefinitionList) []any {
	list := []any{}
	for _, a := range arguments {
		list = append(list, introspectInput(schema, a.Name, a.Description, a.Type, a.DefaultValue))
	}
	return list
}

func introspectInput(schema *ast.Schema, name, description string, typ *ast.Type, value *ast.Value) fields {
	out := fields{
		"name": name, "description": blank(description), "type": introspectReference(schema, typ), "defaultValue": nil,
		"isDeprecated": false, "deprecationReason": nil,
	}
	if value != nil {
		out["defaultValue"] = value.String()
	}
	return out
}

// introspectReference wraps a type in its lists and non-nulls.
func introspectReference(schema *ast.Schema, t *ast.Type) fields {
	wrap := func(kind string, inner fields) fields {
		return fields{
			"kind": kind, "name": nil, "description": nil, "fields": nil, "interfaces": nil, "possibleTypes": nil, "enumValues": nil,
			"inputFields": nil, "specifiedByURL": nil, "isOneOf": nil, "ofType": inner,
		}
	}
	switch {
	case t.NonNull:
		inner := *t
		inner.NonNull = false
		return wrap("NON_NULL", introspectReference(schema, &inner))
	case t.Elem != nil:
		return wrap("LIST", introspectReference(schema, t.Elem))
	default:
		return introspectType(schema, schema.Types[t.NamedType])
	}
}

// introspectable is the workspace's schema, built once for each metadata version.
func (ws *workspace) introspectable() (*ast.Schema, error) {
	ws.mu.RLock()
	schema, current := ws.schema, ws.schemaOf == ws.version
	ws.mu.RUnlock()
	if schema != nil && current {
		return schema, nil
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.schema != nil && ws.schemaOf == ws.version {
		return ws.schema, nil
	}
	schema, err := buildSchema(ws.line, slices.Clone(ws.objects))
	if err != nil {
		return nil, err
	}
	ws.schema, ws.schemaOf = schema, ws.version
	return schema, nil
}
