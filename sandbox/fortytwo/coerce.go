package fortytwo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// coerce brings a value of a write into its stored form. before is the stored value: composites are merged into it.
func (ws *workspace) coerce(f *fieldMeta, name string, value, before any) (any, *apiError) {
	if value == nil {
		return nil, nil
	}
	if f.composite() != nil {
		object, ok := value.(*dict)
		if !ok {
			return nil, badInput(subData, fmt.Sprintf("Invalid value for object: \"%s\"", inspect(value)),
				"Invalid object value %s for field \"%s\"", inspect(value), name)
		}
		return coerceComposite(f, object, before)
	}
	switch f.typ {
	case TypeText:
		text, ok := value.(string)
		if !ok {
			return nil, badInput(subData, fmt.Sprintf("Invalid value for text: \"%s\"", inspect(value)),
				"Invalid string value %s for text field \"%s\"", inspect(value), name)
		}
		return blank(text), nil
	case TypeNumber, TypeNumeric:
		number, ok := parseNumber(value, f.typ == TypeNumeric)
		if !ok {
			return nil, invalidValue(subData, "number", name, value)
		}
		return number, nil
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			return nil, invalidValue(subData, "boolean", name, value)
		}
		return value, nil
	case TypeDate:
		if day, ok := parseDate(value); ok {
			return day, nil
		}
		return nil, invalidDate(subData, name, f.typ, value)
	case TypeDateTime:
		if instant, ok := parseInstant(value); ok {
			return instant, nil
		}
		return nil, invalidDate(subData, name, f.typ, value)
	case TypeSelect, TypeRating:
		return coerceOption(f, name, value)
	case TypeMultiSelect, TypeArray:
		return coerceList(f, name, value)
	case TypeRawJSON:
		return value, nil
	case TypePosition:
		return ws.coercePosition(f.object, name, value)
	case TypeUUID, TypeRelation, TypeMorph:
		id, ok := parseUUID(value)
		if !ok {
			return nil, invalidValue(subData, "UUID", name, value)
		}
		return id, nil
	default:
		return nil, badInput(subData, genericMessage, "%s %s-typed field does not support write operations", name, f.typ)
	}
}

func coerceOption(f *fieldMeta, name string, value any) (any, *apiError) {
	text, ok := value.(string)
	if !ok {
		return nil, badInput(subData, fmt.Sprintf("Invalid value for text: \"%s\"", inspect(value)),
			"Invalid string value %s for text field \"%s\"", inspect(value), name)
	}
	if valid := f.values(); !slices.Contains(valid, text) {
		return nil, badInput(subData, "Invalid value for field \""+name+"\"",
			"Invalid value \"%s\" for field \"%s\". Valid values are: %s", text, name, strings.Join(valid, ", "))
	}
	return text, nil
}

func coerceList(f *fieldMeta, name string, value any) (any, *apiError) {
	list, ok := stringList(value)
	if !ok {
		return nil, badInput(subData, fmt.Sprintf("Invalid value for array: \"%s\"", inspect(value)),
			"Invalid value %s for field \"%s - Array values need to be string\"", inspect(value), name)
	}
	if f.typ == TypeMultiSelect {
		for _, item := range list {
			if !slices.Contains(f.values(), item) {
				return nil, badInput(subData, "Invalid value for field \""+name+"\"",
					"Invalid value '%s' for multi select field \"%s\"", item, name)
			}
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// coercePosition takes a number, or a place at either end.
func (ws *workspace) coercePosition(o *objectMeta, name string, value any) (any, *apiError) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case string:
		if v == "first" || v == "last" {
			lowest, highest := ws.positions(o)
			if v == "first" {
				return lowest - 1, nil
			}
			return highest + 1, nil
		}
	}
	return nil, invalidValue(subData, "position", name, value)
}

func (ws *workspace) positions(o *objectMeta) (lowest, highest float64) {
	for i, r := range ws.tables[o].records {
		p, _ := r.row["position"].(float64)
		if i == 0 {
			lowest, highest = p, p
		}
		lowest, highest = min(lowest, p), max(highest, p)
	}
	return lowest, highest
}

// coerceComposite merges the given parts into the stored ones.
func coerceComposite(f *fieldMeta, object *dict, before any) (any, *apiError) {
	c := f.composite()
	given := row{}
	for _, key := range object.keys {
		p, ok := c.part(key)
		if !ok {
			return nil, badInput(subData, genericMessage, "Sub field \"%s\" not found for composite type: %s", key, f.typ)
		}
		value, err := coercePart(f, p, object.at(key))
		if err != nil {
			return nil, err
		}
		given[key] = value
	}
	if err := transform(f, given); err != nil {
		return nil, err
	}
	stored, _ := before.(row)
	merged := stored.clone()
	maps.Copy(merged, given)
	return merged, nil
}

func coercePart(f *fieldMeta, p part, value any) (any, *apiError) {
	name := f.name + "." + p.name
	if value == nil {
		return nil, nil
	}
	switch p.typ {
	case TypeText:
		text, ok := value.(string)
		if !ok {
			return nil, badInput(subData, fmt.Sprintf("Invalid value for text: \"%s\"", inspect(value)),
				"Invalid string value %s for text field \"%s\"", inspect(value), name)
		}
		return blank(text), nil
	case TypeNumeric:
		number, ok := parseNumber(value, true)
		if !ok {
			return nil, badInput(subData, "Invalid value for number: \"NaN\"", "Invalid number value NaN for field \"%s\"", name)
		}
		return number, nil
	case TypeSelect:
		if text, ok := value.(string); ok && slices.Contains(actorSources, text) {
			return text, nil
		}
		return nil, badInput(subData, "Invalid value for field \""+name+"\"", "Invalid value %s for field \"%s\"", inspect(value), name)
	case TypeRawJSON:
		if text, ok := value.(string); ok {
			if parsed, err := decodeJSON([]byte(text)); err == nil {
				return parsed, nil
			}
		}
		return value, nil
	default:
		return value, nil
	}
}
