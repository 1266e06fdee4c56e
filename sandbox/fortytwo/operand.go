package fortytwo

import (
	"math/big"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// options are the values of a select in order, nil for other types.
func (l leaf) options() []string {
	switch {
	case l.typ == TypeRating:
		return ratings
	case l.typ == TypeSelect && l.field.typ == TypeActor:
		return actorSources
	case l.typ == TypeSelect:
		return l.field.values()
	}
	return nil
}

// operand checks a value against the type and brings it into the stored form. On line 1.5 the database does.
func (l leaf) operand(value any) (any, *apiError) {
	stored, err := l.checked(value)
	if err != nil && l.ws.line == Line15 {
		err = badSyntax(l.typ, value)
	}
	return stored, err
}

func (l leaf) checked(value any) (any, *apiError) {
	if value == nil {
		return nil, nil
	}
	switch l.typ {
	case TypeUUID:
		id, ok := parseUUID(value)
		if !ok {
			return nil, invalidValue(subFilter, "UUID", l.name, value)
		}
		return id, nil
	case TypeNumber, TypeNumeric, TypePosition:
		number, ok := parseNumber(value, true)
		if !ok {
			if _, text := value.(string); text {
				return nil, badInput(subFilter, "Invalid value for number: \"NaN\"", "Invalid number value NaN for field \"%s\"", l.name)
			}
			return nil, invalidValue(subFilter, "number", l.name, value)
		}
		return number, nil
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			return nil, invalidValue(subFilter, "boolean", l.name, value)
		}
		return value, nil
	case TypeDate:
		if day, ok := parseDate(value); ok {
			return day, nil
		}
		return nil, invalidDate(subFilter, l.name, l.typ, value)
	case TypeDateTime:
		if instant, ok := parseInstant(value); ok {
			return instant, nil
		}
		return nil, invalidDate(subFilter, l.name, l.typ, value)
	case TypeSelect, TypeRating:
		text, ok := value.(string)
		if !ok || !slices.Contains(l.options(), text) {
			return nil, l.invalidEnum(value)
		}
		return text, nil
	default:
		text, ok := value.(string)
		if !ok {
			return nil, invalidValue(subFilter, "string", l.name, value)
		}
		return blank(text), nil
	}
}

// invalidEnum is the database's own complaint, which names the schema (fortytwo.md 4).
func (l leaf) invalidEnum(value any) *apiError {
	text, ok := value.(string)
	if !ok {
		text = inspect(value)
	}
	return badInput("", "Invalid input provided.", "invalid input value for enum %s: \"%s\"", l.enumType(), text)
}

func (l leaf) enumType() string {
	return l.ws.schemaName() + ".\"" + l.field.object.tableName() + "_" + strings.ReplaceAll(l.name, ".", "") + "_enum\""
}

// schemaName is the database schema of the workspace: its id in base 36.
func (ws *workspace) schemaName() string {
	id, err := uuid.Parse(ws.id)
	if err != nil {
		return "workspace_" + ws.id
	}
	return "workspace_" + new(big.Int).SetBytes(id[:]).Text(36)
}
