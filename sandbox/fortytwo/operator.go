package fortytwo

import (
	"slices"
	"strings"
)

// leaf is one filterable value: a column or a part of a composite.
type leaf struct {
	ws    *workspace
	field *fieldMeta
	name  string // as messages have it: "callStatus", "phone.primaryPhoneNumber"
	typ   FieldType
	get   func(row) any
}

var (
	textOperators   = []string{"eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "startsWith", "endsWith"}
	orderOperators  = []string{"eq", "neq", "gt", "gte", "lt", "lte", "in", "is"}
	selectOperators = []string{"eq", "neq", "in", "containsAny", "is", "isEmptyArray"}
)

// operators are what a field type takes (fortytwo.md 4). SELECT lists two that end in an internal error.
func operators(typ FieldType) []string {
	switch typ {
	case TypeText:
		return textOperators
	case TypeSelect, TypeRating:
		return selectOperators
	case TypeBoolean:
		return []string{"eq", "is"}
	case TypeMultiSelect:
		return []string{"containsAny", "is", "isEmptyArray"}
	case TypeArray:
		return []string{"containsIlike", "is", "isEmptyArray"}
	case TypeRawJSON:
		return []string{"is", "like"}
	case TypeTSVector:
		return nil
	default:
		return orderOperators
	}
}

// compile takes an object with exactly one operator (fortytwo.md 0, trap 7). Line 1.5 drops all but the first, in the order of the schema.
func (l leaf) compile(value any) (predicate, *apiError) {
	object, ok := value.(*dict)
	if !ok {
		return nil, internal("Cannot convert undefined or null to object")
	}
	if l.ws.line == Line15 && object.size() == 0 {
		return nil, database("undefined is not iterable (cannot read property Symbol(Symbol.iterator))")
	}
	if l.ws.line != Line15 && len(object.keys) != 1 {
		return nil, badInput(subFilter, "Invalid filter : field \""+l.name+"\" must have exactly one operator",
			"Filter for field \"%s\" must have exactly one operator", l.name)
	}
	operator := object.keys[0]
	if allowed := operators(l.typ); !slices.Contains(allowed, operator) {
		return nil, badInput(subFilter,
			"Invalid filter : Operator \""+operator+"\" is not valid for this \""+l.name+"\" "+string(l.typ)+" field",
			"Operator \"%s\" is not valid for field \"%s\" of type %s - Allowed operators: %s",
			operator, l.name, l.typ, strings.Join(allowed, ", "))
	}
	operand := object.at(operator)
	switch operator {
	case "is":
		return l.compileIs(operand)
	case "in":
		return l.compileIn(operand)
	case "like", "ilike", "startsWith", "endsWith", "containsIlike":
		return l.compileText(operator, operand)
	case "containsAny":
		return l.compileContainsAny(operand)
	case "isEmptyArray":
		return l.compileIsEmptyArray(operand)
	default:
		return l.compileComparison(operator, operand)
	}
}

func (l leaf) compileIs(operand any) (predicate, *apiError) {
	if operand != "NULL" && operand != "NOT_NULL" {
		return nil, badInput(subFilter, "Invalid value for \"is\" operator",
			"Filter operator \"is\" requires \"NULL\" or \"NOT_NULL\" value for field %s", l.name)
	}
	return func(r row) truth { return truthOf((l.get(r) == nil) == (operand == "NULL")) }, nil
}

func (l leaf) compileIn(operand any) (predicate, *apiError) {
	list, err := l.list("in", operand)
	if err != nil {
		return nil, err
	}
	wanted := make(map[any]bool, len(list))
	hasNull := false
	for _, item := range list {
		value, err := l.operand(item)
		if err != nil {
			return nil, err
		}
		wanted[mapKey(value)] = true
		hasNull = hasNull || value == nil
	}
	return func(r row) truth {
		value := l.get(r)
		switch {
		case value == nil:
			return unknown
		case wanted[mapKey(value)]:
			return isTrue
		case hasNull:
			return unknown
		}
		return isFalse
	}, nil
}

// mapKey makes a value a map key: instants by their text, since equal times may differ as structs.
func mapKey(value any) any {
	switch value.(type) {
	case nil, string, float64, bool:
		return value
	default:
		return string(appendJSON(nil, value))
	}
}

// list takes the operand of an array operator. Empty is an error, not "no rows" (fortytwo.md 0, trap 8).
func (l leaf) list(operator string, operand any) ([]any, *apiError) {
	list, ok := operand.([]any)
	switch {
	case !ok:
		return nil, badInput(subFilter, "Invalid filter : \""+l.name+"\" needs a list",
			"Filter operator \"%s\" requires an array value for field %s", operator, l.name)
	case len(list) == 0:
		return nil, badInput(subQuery, "Invalid filter value: \"\"", "Invalid filter value for field %s. Expected non-empty array", l.name)
	}
	return list, nil
}

func (l leaf) compileText(operator string, operand any) (predicate, *apiError) {
	pattern, ok := operand.(string)
	if !ok {
		return nil, badInput(subFilter, "Invalid filter : \""+l.name+"\" needs a text",
			"Filter operator \"%s\" requires a string value for field %s", operator, l.name)
	}
	match := map[string]func(string) bool{
		"like":          func(text string) bool { return like(pattern, text, false) },
		"ilike":         func(text string) bool { return like(pattern, text, true) },
		"startsWith":    func(text string) bool { return strings.HasPrefix(text, pattern) },
		"endsWith":      func(text string) bool { return strings.HasSuffix(text, pattern) },
		"containsIlike": func(text string) bool { return like(pattern, text, true) },
	}[operator]
	return func(r row) truth {
		switch value := l.get(r).(type) {
		case nil:
			return unknown
		case string:
			return truthOf(match(value))
		case []string:
			return truthOf(slices.ContainsFunc(value, match))
		default:
			return truthOf(match(string(appendJSON(nil, value))))
		}
	}, nil
}

func (l leaf) compileContainsAny(operand any) (predicate, *apiError) {
	if l.typ != TypeMultiSelect {
		return nil, internal("cannot cast type %s to text[]", l.enumType())
	}
	list, err := l.list("containsAny", operand)
	if err != nil {
		return nil, err
	}
	return func(r row) truth {
		values, ok := l.get(r).([]string)
		if !ok {
			return unknown
		}
		return truthOf(slices.ContainsFunc(list, func(item any) bool {
			text, _ := item.(string)
			return slices.Contains(values, text)
		}))
	}, nil
}

// compileIsEmptyArray never finds an unset list: that is stored as NULL (fortytwo.md 4).
func (l leaf) compileIsEmptyArray(operand any) (predicate, *apiError) {
	if l.typ != TypeMultiSelect && l.typ != TypeArray {
		return nil, internal("malformed array literal: \"{}\"")
	}
	if _, ok := operand.(bool); !ok {
		return nil, badInput(subFilter, "Invalid filter : \"isEmptyArray\" needs a boolean",
			"Filter operator \"isEmptyArray\" requires a boolean value for field %s", l.name)
	}
	return func(r row) truth {
		values, ok := l.get(r).([]string)
		if !ok {
			return unknown
		}
		return truthOf(len(values) == 0)
	}, nil
}

func (l leaf) compileComparison(operator string, operand any) (predicate, *apiError) {
	if operand == nil {
		return func(row) truth { return unknown }, nil
	}
	wanted, err := l.operand(operand)
	if err != nil {
		return nil, err
	}
	if wanted == nil { // blank text is NULL, and NULL is blank text
		return func(r row) truth {
			switch operator {
			case "eq":
				return truthOf(l.get(r) == nil)
			case "neq", "gt", "gte":
				return truthOf(l.get(r) != nil)
			}
			return isFalse
		}, nil
	}
	options := l.options()
	return func(r row) truth {
		value := l.get(r)
		if value == nil {
			return unknown
		}
		order := compareValues(value, wanted, options)
		switch operator {
		case "eq":
			return truthOf(order == 0)
		case "neq":
			return truthOf(order != 0)
		case "gt":
			return truthOf(order > 0)
		case "gte":
			return truthOf(order >= 0)
		case "lt":
			return truthOf(order < 0)
		default:
			return truthOf(order <= 0)
		}
	}, nil
}
