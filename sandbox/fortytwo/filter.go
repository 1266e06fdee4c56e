package fortytwo

import (
	"slices"
	"strings"
)

// truth is SQL's: comparisons with NULL are neither true nor false, and only true selects a row.
type truth int8

const (
	isFalse truth = iota - 1
	unknown
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// predicate decides about one row.
type predicate func(row) truth

func everything(row) truth { return isTrue }

// filterCompiler turns a filter argument into a predicate, refusing what upstream refuses.
type filterCompiler struct {
	ws *workspace
	// mentionsDeleted is set when deletedAt occurs anywhere: then soft-deleted rows are not hidden (fortytwo.md 10).
	mentionsDeleted bool
}

// compile takes a *dict or nil. hop counts relations crossed; one is the most.
func (c *filterCompiler) compile(o *objectMeta, filter any, hop int) (predicate, *apiError) {
	if filter == nil {
		return everything, nil
	}
	object, ok := filter.(*dict)
	if !ok {
		return nil, badInput(subQuery, genericMessage, "Invalid argument: \"filter\" must be an object")
	}
	var all []predicate
	for _, key := range object.keys {
		p, err := c.compileKey(o, key, object.at(key), hop)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return conjunction(all), nil
}

func (c *filterCompiler) compileKey(o *objectMeta, key string, value any, hop int) (predicate, *apiError) {
	switch key {
	case "and", "or":
		list, ok := value.([]any)
		if !ok {
			return nil, internal("value.map is not a function")
		}
		parts := make([]predicate, 0, len(list))
		for _, item := range list {
			p, err := c.compile(o, item, hop)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
		if key == "or" {
			return disjunction(parts), nil
		}
		return conjunction(parts), nil
	case "not":
		p, err := c.compile(o, value, hop)
		if inner, ok := value.(*dict); err != nil || !ok || inner.size() == 0 {
			return everything, err
		}
		return func(r row) truth { return -p(r) }, nil
	default:
		return c.compileField(o, key, value, hop)
	}
}

func conjunction(parts []predicate) predicate {
	if len(parts) == 1 {
		return parts[0]
	}
	return func(r row) truth {
		out := isTrue
		for _, p := range parts {
			out = min(out, p(r))
		}
		return out
	}
}

// disjunction of nothing selects everything, as upstream's `or: []` does (fortytwo.md 4).
func disjunction(parts []predicate) predicate {
	if len(parts) == 0 {
		return everything
	}
	return func(r row) truth {
		out := isFalse
		for _, p := range parts {
			out = max(out, p(r))
		}
		return out
	}
}

func (c *filterCompiler) compileField(o *objectMeta, key string, value any, hop int) (predicate, *apiError) {
	field, byColumn := o.resolve(key)
	if field == nil {
		return nil, badInput(subFilter, "Invalid filter : "+o.singular+" object doesn't have any \""+key+"\" field.",
			"Object %s doesn't have any \"%s\" field.", o.singular, key)
	}
	if key == "deletedAt" {
		c.mentionsDeleted = true
	}
	if field.relation != nil && !byColumn {
		return c.compileRelation(field, value, hop)
	}
	if composite := field.composite(); composite != nil {
		return compileComposite(c.ws, field, composite, value)
	}
	column := field.column()
	leaf := leaf{ws: c.ws, field: field, name: key, typ: field.typ, get: func(r row) any { return r[column] }}
	if byColumn {
		leaf.typ = TypeUUID
	}
	return leaf.compile(value)
}

// compileRelation crosses a many-to-one relation, at most once.
func (c *filterCompiler) compileRelation(field *fieldMeta, value any, hop int) (predicate, *apiError) {
	if !field.manyToOne() {
		return nil, badInput(subFilter, "Invalid filter: filtering by relation field \""+field.name+"\" is not supported",
			"Cannot filter by relation field \"%s\"", field.name)
	}
	target := field.relation.target
	if !traverses(target, value) {
		return nil, badInput(subFilter, "Invalid filter: use \""+field.relation.column+"\" to filter by this relation field",
			"Cannot filter by relation field \"%s\": use \"%s\" instead", field.name, field.relation.column)
	}
	if hop >= 1 {
		return nil, badInput(subFilter, "Relation filters can only traverse one relation deep",
			"Relation filter nesting deeper than 1 hop is not supported")
	}
	inner, err := c.compile(target, value, hop+1)
	if err != nil {
		return nil, err
	}
	column, records := field.relation.column, c.ws.tables[target]
	return func(r row) truth {
		id, _ := r[column].(string)
		other := records.byID[id]
		if other == nil {
			return inner(row{}) // an outer join: every column of the missing row is NULL
		}
		return inner(other.row)
	}, nil
}

// traverses tells a filter on the target's fields from an operator that belongs on the join column.
func traverses(target *objectMeta, value any) bool {
	object, ok := value.(*dict)
	if !ok {
		return false
	}
	return slices.ContainsFunc(object.keys, func(key string) bool {
		field, _ := target.resolve(key)
		return field != nil || key == "and" || key == "or" || key == "not"
	})
}

func compileComposite(ws *workspace, field *fieldMeta, c *composite, value any) (predicate, *apiError) {
	object, ok := value.(*dict)
	if !ok {
		return nil, internal("Cannot convert undefined or null to object")
	}
	var all []predicate
	for _, key := range object.keys {
		p, ok := c.part(key)
		if !ok {
			return nil, badInput(subFilter, genericMessage, "Sub field \"%s\" not found for composite type: %s", key, field.typ)
		}
		leaf := leaf{ws: ws, field: field, name: field.name + "." + key, typ: p.typ, get: func(r row) any {
			inner, _ := r[field.name].(row)
			return inner[key]
		}}
		compiled, err := leaf.compile(object.at(key))
		if err != nil {
			return nil, err
		}
		all = append(all, compiled)
	}
	return conjunction(all), nil
}

// like matches SQL's LIKE: % any text, _ any one character, \ takes the next one as it is.
func like(pattern, text string, fold bool) bool {
	if fold {
		pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	}
	return likeRunes([]rune(pattern), []rune(text))
}

// likeRunes walks both at once and goes back to the last % when a character does not fit, so the time is bounded by the
// product of the lengths.
func likeRunes(pattern, text []rune) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		width := 1
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, t
			p++
			continue
		case p < len(pattern) && pattern[p] == '_':
			p, t = p+1, t+1
			continue
		case p+1 < len(pattern) && pattern[p] == '\\':
			width = 2
		}
		if p+width <= len(pattern) && pattern[p+width-1] == text[t] {
			p, t = p+width, t+1
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, t = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '%' {
		p++
	}
	return p == len(pattern)
}
