package fortytwo

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// inspect words a value the way upstream's messages do: strings in single quotes.
func inspect(value any) string {
	switch v := value.(type) {
	case string:
		return "'" + v + "'"
	case nil:
		return "null"
	default:
		return string(appendJSON(nil, v))
	}
}

// invalidValue is upstream's refusal of a value; kind is the word for its type.
func invalidValue(subCode, kind, name string, value any) *apiError {
	return badInput(subCode, fmt.Sprintf("Invalid value for %s: \"%s\"", kind, inspect(value)),
		"Invalid %s value %s for field \"%s\"", kind, inspect(value), name)
}

// parseUUID takes the versions that upstream does: 1 to 5 with the usual variant, and the nil UUID. Version 7, 8 and all ones
// are refused (fortytwo.md 0, trap 21).
func parseUUID(value any) (string, bool) {
	text, ok := value.(string)
	if !ok || len(text) != 36 {
		return "", false
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return "", false
	}
	if id == uuid.Nil {
		return id.String(), true
	}
	if id.Version() < 1 || id.Version() > 5 || id.Variant() != uuid.RFC4122 {
		return "", false
	}
	return id.String(), true
}

// instantLayouts are the date-time forms that are taken; one without a zone is UTC (fortytwo.md 7).
var instantLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.DateOnly,
}

func parseInstant(value any) (time.Time, bool) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Millisecond), true
		}
	}
	return time.Time{}, false
}

// parseDate is as lenient as upstream: "03/02/1990" is the second of March (fortytwo.md 7).
func parseDate(value any) (string, bool) {
	text, ok := value.(string)
	if !ok {
		return "", false
	}
	for _, layout := range []string{time.DateOnly, "1/2/2006", "2006/01/02", "January 2, 2006", "2 January 2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	if t, ok := parseInstant(value); ok {
		return t.Format(time.DateOnly), true
	}
	return "", false
}

func invalidDate(subCode, name string, typ FieldType, value any) *apiError {
	kind, format := "date", "YYYY-MM-DD"
	if typ == TypeDateTime {
		kind, format = "date-time", "YYYY-MM-DDTHH:mm:ssZ"
	}
	return badInput(subCode, fmt.Sprintf("Invalid value for %s: \"%s\"", kind, inspect(value)),
		"Invalid value %s for %s field \"%s\". Expected format: '%s'", inspect(value), kind, name, format)
}

// parseNumber takes a JSON number, and where text is allowed its decimal form.
func parseNumber(value any, text bool) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		if text {
			number, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return number, err == nil && !math.IsNaN(number) && !math.IsInf(number, 0)
		}
	}
	return 0, false
}

// stringList takes a list of strings, or one string in its place.
func stringList(value any) ([]string, bool) {
	switch v := value.(type) {
	case string:
		return []string{v}, true
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			list = append(list, text)
		}
		return list, true
	default:
		return nil, false
	}
}

// blank is nil for empty text: upstream stores it as NULL.
func blank(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// readValue is a stored value as upstream answers it: text never null, lists never null, composites whole.
func readValue(f *fieldMeta, r row) any {
	value := r[f.name]
	if c := f.composite(); c != nil {
		inner, _ := value.(row)
		return readComposite(f.object.line, c, inner)
	}
	switch f.typ {
	case TypeText:
		return readPart(part{typ: TypeText}, value)
	case TypeDate:
		return f.object.line.readDate(value)
	case TypeMultiSelect, TypeArray:
		if list, ok := value.([]string); ok {
			return list
		}
		return []string{}
	default:
		return value
	}
}

func readComposite(l Line, c *composite, value row) *dict {
	out := newDict()
	for _, p := range c.parts {
		out.set(p.name, l.readPart(p, value[p.name]))
	}
	return out
}

// readPart is a part of a composite. Numbers stay numbers on line 1.5.
func (l Line) readPart(p part, value any) any {
	if l == Line15 {
		p.textOut = false
	}
	return readPart(p, value)
}

// readDate is a day as it is answered: a whole date-time at midnight on line 1.5.
func (l Line) readDate(value any) any {
	if day, ok := value.(string); ok && l == Line15 {
		return day + "T00:00:00.000Z"
	}
	return value
}

func readPart(p part, value any) any {
	switch {
	case value == nil && p.typ == TypeText:
		return ""
	case value == nil && p.list:
		return []any{}
	case p.textOut && value != nil:
		number, _ := value.(float64)
		return strconv.FormatFloat(number, 'f', -1, 64)
	default:
		return value
	}
}

// compareValues orders two values of a column as the database does; nil is not asked for here. options are those of a select,
// which sorts by position.
func compareValues(a, b any, options []string) int {
	switch x := a.(type) {
	case string:
		y, _ := b.(string)
		if options != nil {
			return slices.Index(options, x) - slices.Index(options, y)
		}
		return strings.Compare(x, y)
	case float64:
		y, _ := b.(float64)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case bool:
		y, _ := b.(bool)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case time.Time:
		y, _ := b.(time.Time)
		return x.Compare(y)
	default:
		return bytes.Compare(appendJSON(nil, a), appendJSON(nil, b))
	}
}
