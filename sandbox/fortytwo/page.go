package fortytwo

import (
	"encoding/base64"
	"math"
	"strings"
)

// defaultPage is how many records a list without first or last gives.
const defaultPage = 200

// page is the paging part of a list's arguments.
type page struct {
	limit, offset int
	backward      bool // before is given; last alone does not turn the order round
	cursor        *dict
}

// readPage checks first, last, after, before and offset (fortytwo.md 3).
func readPage(args *dict) (page, *apiError) {
	number := func(name string) (value int, given bool) {
		v, _ := args.get(name)
		n, ok := v.(float64)
		if !ok || math.IsNaN(n) {
			return 0, false
		}
		return int(max(min(n, math.MaxInt32), math.MinInt32)), true
	}
	text := func(name string) string {
		v, _ := args.get(name)
		s, _ := v.(string)
		return s
	}
	first, hasFirst := number("first")
	last, hasLast := number("last")
	after, before := text("after"), text("before")
	for _, conflict := range []struct {
		is   bool
		a, b string
	}{
		{first != 0 && last != 0, "first", "last"},
		{before != "" && after != "", "before", "after"},
		{before != "" && first != 0, "before", "first"},
		{after != "" && last != 0, "after", "last"},
	} {
		if conflict.is {
			return page{}, badInput(subConflict, genericMessage, "Cannot provide both %s and %s", conflict.a, conflict.b)
		}
	}
	switch {
	case hasFirst && first < 0:
		return page{}, badInput("INVALID_ARGS_FIRST", genericMessage, "First argument must be non-negative")
	case hasLast && last < 0:
		return page{}, badInput("INVALID_ARGS_LAST", genericMessage, "Last argument must be non-negative")
	}
	p := page{limit: defaultPage, backward: before != ""}
	if hasFirst {
		p.limit = first
	} else if hasLast {
		p.limit = last
	}
	if offset, given := number("offset"); given {
		p.offset = max(offset, 0)
	}
	if cursor := after + before; cursor != "" {
		var err *apiError
		if p.cursor, err = decodeCursor(cursor); err != nil {
			return page{}, err
		}
	}
	return p, nil
}

func decodeCursor(cursor string) (*dict, *apiError) {
	invalid := badInput(subCursor, genericMessage, "Invalid cursor: %s", cursor)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(cursor, "="))
	if err != nil {
		return nil, invalid
	}
	value, err := decodeJSON(data)
	if err != nil {
		return nil, invalid
	}
	object, ok := value.(*dict)
	if !ok {
		return nil, invalid
	}
	return object, nil
}

// encodeCursor keeps the values of the orderBy fields that are also selected, and the id (fortytwo.md 0, trap 9).
func encodeCursor(r row, terms []orderTerm, node *selection) string {
	cursor := newDict()
	for _, t := range terms {
		if t.relation || !node.has(t.key[0]) || t.key[0] == "id" {
			continue
		}
		if len(t.key) == 1 {
			cursor.set(t.key[0], t.get(r))
			continue
		}
		inner, _ := cursor.at(t.key[0]).(*dict)
		if inner == nil {
			inner = newDict()
			cursor.set(t.key[0], inner)
		}
		inner.set(t.key[1], t.get(r))
	}
	cursor.set("id", r["id"])
	return base64.StdEncoding.EncodeToString(appendJSON(nil, cursor))
}

// cursorCondition selects what comes after the cursor in the order of terms: equal in the first keys and beyond in the next. A NULL
// in the cursor or in a row compares as unknown, so such rows are lost (trap 10).
func cursorCondition(cursor *dict, terms []orderTerm) (predicate, *apiError) {
	type step struct {
		term  orderTerm
		value any
	}
	var steps []step
	for _, key := range cursor.keys {
		found := false
		for _, t := range terms {
			if t.relation || t.key[0] != key {
				continue
			}
			value, err := cursorValue(cursor.at(key), t)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step{t, value})
			found = true
		}
		if !found {
			return nil, badInput(subCursor, genericMessage, "Invalid cursor")
		}
	}
	return func(r row) truth {
		for _, s := range steps {
			value := s.term.get(r)
			if value == nil || s.value == nil {
				return unknown
			}
			switch order := s.term.compare(value, s.value); {
			case order > 0:
				return isTrue
			case order < 0:
				return isFalse
			}
		}
		return isFalse
	}, nil
}

func cursorValue(value any, t orderTerm) (any, *apiError) {
	if len(t.key) == 2 {
		inner, _ := value.(*dict)
		value, _ = inner.get(t.key[1])
	}
	if value == nil {
		return nil, nil
	}
	invalid := badInput(subCursor, genericMessage, "Invalid cursor: %s", t.key[0])
	switch {
	case t.typ == TypeDateTime:
		if instant, ok := parseInstant(value); ok {
			return instant, nil
		}
		return nil, invalid
	case t.typ.isNumber():
		if number, ok := value.(float64); ok {
			return number, nil
		}
		return nil, invalid
	case t.typ == TypeBoolean:
		if yes, ok := value.(bool); ok {
			return yes, nil
		}
		return nil, invalid
	default:
		if text, ok := value.(string); ok {
			return text, nil
		}
		return nil, invalid
	}
}
