package federationtest

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// coerceVariables checks and completes the variables of an operation (specification 6.1.2). Absent ones without default stay absent.
func coerceVariables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, v := range op.VariableDefinitions {
		value, present := given[v.Variable]
		switch {
		case !present && v.DefaultValue != nil:
			coerced, err := coerceLiteral(schema, v.Type, v.DefaultValue, nil)
			if err != nil {
				return nil, fmt.Errorf("variable $%s: %w", v.Variable, err)
			}
			out[v.Variable] = coerced
		case !present && v.Type.NonNull:
			return nil, fmt.Errorf("variable $%s is required", v.Variable)
		case present:
			coerced, err := coerceValue(schema, v.Type, value)
			if err != nil {
				return nil, fmt.Errorf("variable $%s: %w", v.Variable, err)
			}
			out[v.Variable] = coerced
		}
	}
	return out, nil
}

// coerceArguments makes the arguments of a field (specification 6.4.1).
func coerceArguments(
	schema *ast.Schema, definitions ast.ArgumentDefinitionList, arguments ast.ArgumentList, variables map[string]any,
) (map[string]any, error) {
	out := map[string]any{}
	for _, d := range definitions {
		var node *ast.Value
		if a := arguments.ForName(d.Name); a != nil {
			node = a.Value
		}
		if err := coerceInto(out, schema, place{d.Name, d.Type, d.DefaultValue}, node, variables); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// place is where a value goes: an argument or a field of an input object.
type place struct {
	name     string
	typ      *ast.Type
	fallback *ast.Value
}

// coerceInto sets the member of a place out of a literal, which may be nil or an absent variable: then the default counts.
func coerceInto(out map[string]any, schema *ast.Schema, p place, node *ast.Value, variables map[string]any) error {
	absent := node == nil
	if node != nil && node.Kind == ast.Variable {
		_, present := variables[node.Raw]
		absent = !present
	}
	switch {
	case absent && p.fallback != nil:
		node = p.fallback
	case absent && p.typ.NonNull:
		return fmt.Errorf("%s is required", p.name)
	case absent:
		return nil
	}
	value, err := coerceLiteral(schema, p.typ, node, variables)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	out[p.name] = value
	return nil
}

// coerceLiteral makes a value out of a literal. An absent variable is null here, in lists (specification 3.11).
func coerceLiteral(schema *ast.Schema, typ *ast.Type, node *ast.Value, variables map[string]any) (any, error) {
	switch node.Kind {
	case ast.Variable: // again: gqlgen leaves defaults of input objects to the generated code
		return coerceValue(schema, typ, variables[node.Raw])
	case ast.NullValue:
		return coerceValue(schema, typ, nil)
	}
	if typ.Elem != nil {
		children := node.Children
		if node.Kind != ast.ListValue {
			children = ast.ChildValueList{{Value: node}}
		}
		list := make([]any, 0, len(children))
		for _, child := range children {
			item, err := coerceLiteral(schema, typ.Elem, child.Value, variables)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	}
	definition := schema.Types[typ.NamedType]
	if definition.Kind != ast.InputObject || node.Kind != ast.ObjectValue {
		return coerceScalar(definition, plainLiteral(node, variables))
	}
	out := map[string]any{}
	for _, f := range definition.Fields {
		if err := coerceInto(out, schema, place{f.Name, f.Type, f.DefaultValue}, node.Children.ForName(f.Name), variables); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// plainLiteral reads a literal without a type, as a custom scalar has it.
func plainLiteral(node *ast.Value, variables map[string]any) any {
	switch node.Kind {
	case ast.Variable:
		return variables[node.Raw]
	case ast.IntValue, ast.FloatValue:
		return json.Number(node.Raw)
	case ast.BooleanValue:
		return node.Raw == "true"
	case ast.NullValue:
		return nil
	case ast.ListValue:
		list := make([]any, 0, len(node.Children))
		for _, child := range node.Children {
			list = append(list, plainLiteral(child.Value, variables))
		}
		return list
	case ast.ObjectValue:
		object := map[string]any{}
		for _, child := range node.Children {
			object[child.Name] = plainLiteral(child.Value, variables)
		}
		return object
	default:
		return node.Raw
	}
}

// coerceValue makes a value out of JSON, as variables have it (specification 3, "Input Coercion").
func coerceValue(schema *ast.Schema, typ *ast.Type, value any) (any, error) {
	if value == nil {
		if typ.NonNull {
			return nil, fmt.Errorf("null where %s is required", typ)
		}
		return nil, nil
	}
	if typ.Elem != nil {
		items, isList := value.([]any)
		if !isList {
			items = []any{value}
		}
		list := make([]any, 0, len(items))
		for _, item := range items {
			coerced, err := coerceValue(schema, typ.Elem, item)
			if err != nil {
				return nil, err
			}
			list = append(list, coerced)
		}
		return list, nil
	}
	definition := schema.Types[typ.NamedType]
	if definition.Kind == ast.InputObject {
		return coerceObject(schema, definition, value)
	}
	return coerceScalar(definition, value)
}

func coerceObject(schema *ast.Schema, definition *ast.Definition, value any) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no object where %s is required", definition.Name)
	}
	for name := range object {
		if definition.Fields.ForName(name) == nil {
			return nil, fmt.Errorf("%s has no field %s", definition.Name, name)
		}
	}
	out := map[string]any{}
	for _, f := range definition.Fields {
		item, present := object[f.Name]
		if !present {
			if err := coerceInto(out, schema, place{f.Name, f.Type, f.DefaultValue}, nil, nil); err != nil {
				return nil, err
			}
			continue
		}
		coerced, err := coerceValue(schema, f.Type, item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out[f.Name] = coerced
	}
	return out, nil
}

// coerceScalar coerces the input of a leaf (specification 3.5, 3.9). Custom scalars take everything.
func coerceScalar(definition *ast.Definition, value any) (any, error) {
	var out any
	var ok bool
	switch {
	case definition.Kind == ast.Enum:
		name, _ := value.(string)
		out, ok = name, definition.EnumValues.ForName(name) != nil
	case definition.Name == "Int":
		out, ok = integer(value)
	case definition.Name == "Float":
		out, ok = decimal(value)
	case definition.Name == "Boolean":
		out, ok = value.(bool)
	case definition.Name == "String":
		out, ok = value.(string)
	case definition.Name == "ID":
		if number, isNumber := integer(value); isNumber {
			return strconv.FormatInt(number, 10), nil
		}
		out, ok = value.(string)
	default:
		out, ok = value, definition.Kind == ast.Scalar
	}
	if !ok {
		return nil, fmt.Errorf("a value that is no %s", definition.Name)
	}
	return out, nil
}

// integer reads a whole number of 32 bits in any of the forms that JSON and literals come in.
func integer(value any) (int64, bool) {
	switch v := value.(type) {
	case json.Number:
		number, err := strconv.ParseInt(v.String(), 10, 32)
		return number, err == nil
	case int:
		return int64(v), true
	case int64:
		return v, true
	case float64:
		return int64(v), v == float64(int32(v))
	default:
		return 0, false
	}
}

func decimal(value any) (float64, bool) {
	switch v := value.(type) {
	case json.Number:
		number, err := v.Float64()
		return number, err == nil
	case float64:
		return v, true
	default:
		number, ok := integer(value)
		return float64(number), ok
	}
}
