package fortytwo

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// inputCoercer brings values of arguments and variables into the form of their types: single values into lists, members in the order
// of the type, which decides what line 1.5 makes of several operators.
type inputCoercer struct {
	schema *ast.Schema
	// checks is off for values that validation has seen. Its scalars take literals as they are; those of variables are checked.
	checks bool
}

// misfit is where a value does not fit and why, in the words of graphql-js.
type misfit struct {
	path, reason string
	value        any
}

// variables coerces the variables of an operation. Error: line 1.5's refusal of the whole request (fortytwo.md 16).
func (c inputCoercer) variables(d *document) (*dict, *apiError) {
	out := newDict()
	for _, v := range d.operation.VariableDefinitions {
		value, given := d.variable(v.Variable)
		switch {
		case !given && v.Type.NonNull:
			return nil, errVariable(v, "of required type \"%s\" was not provided.", v.Type)
		case !given:
			continue
		case value == nil && v.Type.NonNull:
			return nil, errVariable(v, "of non-null type \"%s\" must not be null.", v.Type)
		}
		coerced, wrong := c.coerce(v.Type, value, "")
		if wrong != nil {
			at := ""
			if wrong.path != "" {
				at = " at \"" + v.Variable + wrong.path + "\""
			}
			return nil, errVariable(v, "got invalid value %s%s; %s", appendJSON(nil, wrong.value), at, wrong.reason)
		}
		out.set(v.Variable, coerced)
	}
	return out, nil
}

func errVariable(v *ast.VariableDefinition, format string, args ...any) *apiError {
	status := newDict()
	status.set("status", 400)
	extra := newDict()
	extra.set("http", status)
	return &apiError{
		message: "Variable \"$" + v.Variable + "\" " + fmt.Sprintf(format, args...), code: codeBadInput, extra: extra, locations: at(v.Position),
	}
}

func (c inputCoercer) coerce(typ *ast.Type, value any, path string) (any, *misfit) {
	if value == nil {
		if typ.NonNull {
			return nil, &misfit{path, "Expected non-nullable type \"" + typ.String() + "\" not to be null.", value}
		}
		return nil, nil
	}
	if typ.Elem != nil {
		return c.list(typ.Elem, value, path)
	}
	definition := c.schema.Types[typ.NamedType]
	switch definition.Kind {
	case ast.InputObject:
		return c.object(definition, value, path)
	case ast.Enum:
		name, ok := value.(string)
		switch {
		case !ok:
			return nil, &misfit{path, fmt.Sprintf("Enum \"%s\" cannot represent non-string value: %s.", definition.Name, appendJSON(nil, value)), value}
		case definition.EnumValues.ForName(name) == nil:
			return nil, &misfit{path, fmt.Sprintf("Value \"%s\" does not exist in \"%s\" enum.", name, definition.Name), value}
		}
		return value, nil
	default:
		if !c.checks {
			return value, nil
		}
		return scalar(definition.Name, value, path)
	}
}

func (c inputCoercer) list(elem *ast.Type, value any, path string) (any, *misfit) {
	items, ok := value.([]any)
	if !ok {
		one, wrong := c.coerce(elem, value, path)
		return []any{one}, wrong
	}
	out := make([]any, len(items))
	for i, item := range items {
		coerced, wrong := c.coerce(elem, item, path+"["+strconv.Itoa(i)+"]")
		if wrong != nil {
			return nil, wrong
		}
		out[i] = coerced
	}
	return out, nil
}

func (c inputCoercer) object(definition *ast.Definition, value any, path string) (any, *misfit) {
	given, ok := value.(*dict)
	if !ok {
		return nil, &misfit{path, "Expected type \"" + definition.Name + "\" to be an object.", value}
	}
	for _, key := range given.keys {
		if definition.Fields.ForName(key) == nil {
			return nil, &misfit{path, unknownMember(definition, key), value}
		}
	}
	out := newDict()
	for _, f := range definition.Fields {
		inner, set := given.get(f.Name)
		if !set {
			if f.Type.NonNull && f.DefaultValue == nil {
				return nil, &misfit{path, fmt.Sprintf("Field \"%s\" of required type \"%s\" was not provided.", f.Name, f.Type), value}
			}
			continue // no input of the schema has a default
		}
		coerced, wrong := c.coerce(f.Type, inner, path+"."+f.Name)
		if wrong != nil {
			return nil, wrong
		}
		out.set(f.Name, coerced)
	}
	return out, nil
}

func unknownMember(definition *ast.Definition, key string) string {
	var names []string
	for _, f := range definition.Fields {
		names = append(names, f.Name)
	}
	text := fmt.Sprintf("Field \"%s\" is not defined by type \"%s\".", key, definition.Name)
	if near := core.SuggestionList(key, names); len(near) > 0 {
		text += " Did you mean " + core.QuotedOrList(near...) + "?"
	}
	return text
}

// scalar checks a value of a variable. The scalars of dates and JSON take anything here; the database refuses it later.
func scalar(name string, value any, path string) (any, *misfit) {
	number, isNumber := value.(float64)
	text, isText := value.(string)
	whole := isNumber && number == math.Trunc(number)
	wrong := func(reason string) (any, *misfit) {
		return nil, &misfit{path, reason + ": " + string(appendJSON(nil, value)), value}
	}
	switch name {
	case "Int":
		if !whole {
			return wrong("Int cannot represent non-integer value")
		}
		if math.Abs(number) > math.MaxInt32 {
			return wrong("Int cannot represent non 32-bit signed integer value")
		}
	case "Float":
		if !isNumber {
			return wrong("Float cannot represent non numeric value")
		}
	case "String":
		if !isText {
			return wrong("String cannot represent a non string value")
		}
	case "Boolean":
		if _, ok := value.(bool); !ok {
			return wrong("Boolean cannot represent a non boolean value")
		}
	case "ID":
		if whole {
			return strconv.FormatFloat(number, 'f', 0, 64), nil
		}
		if !isText {
			return wrong("ID cannot represent value")
		}
	case "UUID":
		if _, ok := parseUUID(value); !ok {
			return nil, &misfit{path, "Invalid UUID", value}
		}
		return strings.ToLower(text), nil
	}
	return value, nil
}
