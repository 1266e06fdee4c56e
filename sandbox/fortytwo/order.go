package fortytwo

import (
	"cmp"
	"fmt"
	"slices"
)

// orderTerm is one column to sort by.
type orderTerm struct {
	key                    []string // where a cursor keeps the value: the field, and for a composite its part
	get                    func(row) any
	options                []string
	descending, nullsFirst bool
	relation               bool // cursors do not hold values of relations (fortytwo.md 3)
	typ                    FieldType
}

var directions = map[string]orderTerm{
	"AscNullsFirst":  {nullsFirst: true},
	"AscNullsLast":   {},
	"DescNullsFirst": {descending: true, nullsFirst: true},
	"DescNullsLast":  {descending: true},
}

// orderTerms reads an orderBy argument: a list of objects, or one object.
func (ws *workspace) orderTerms(o *objectMeta, orderBy any) ([]orderTerm, *apiError) {
	var items []any
	switch v := orderBy.(type) {
	case nil:
	case []any:
		items = v
	case *dict:
		items = []any{v}
	default:
		return nil, badInput(subQuery, genericMessage, "Invalid argument: \"orderBy\" must be an array")
	}
	var terms []orderTerm
	for _, item := range items {
		object, ok := item.(*dict)
		if !ok {
			return nil, badInput(subQuery, genericMessage, "Invalid argument: \"orderBy\" must be an array of objects")
		}
		for _, key := range object.keys {
			more, err := ws.fieldOrder(o, key, object.at(key))
			if err != nil {
				return nil, err
			}
			terms = append(terms, more...)
		}
	}
	return terms, nil
}

func (ws *workspace) fieldOrder(o *objectMeta, key string, value any) ([]orderTerm, *apiError) {
	field, byColumn := o.resolve(key)
	if field == nil || field.oneToMany() {
		return nil, badInput("FIELD_NOT_FOUND", genericMessage, "Field \"%s\" does not exist or is not sortable", key)
	}
	switch {
	case field.relation != nil && !byColumn:
		return ws.relationOrder(field, value)
	case field.composite() != nil:
		return compositeOrder(field, value)
	}
	term, err := direction("Scalar field \""+key+"\"", value)
	if err != nil {
		return nil, err
	}
	column := field.column()
	term.key, term.typ, term.get = []string{key}, field.typ, func(r row) any { return r[column] }
	if field.typ == TypeSelect || field.typ == TypeRating {
		term.options = field.values()
	}
	if byColumn {
		term.typ = TypeUUID
	}
	return []orderTerm{term}, nil
}

func compositeOrder(field *fieldMeta, value any) ([]orderTerm, *apiError) {
	object, ok := value.(*dict)
	if !ok {
		return nil, badInput(subQuery, genericMessage,
			"Composite field \"%s\" requires a subfield object (e.g., { %s: { subField: 'AscNullsFirst' } })", field.name, field.name)
	}
	var terms []orderTerm
	for _, name := range object.keys {
		p, ok := field.composite().part(name)
		if !ok {
			return nil, badInput(subQuery, genericMessage, "Sub field \"%s\" not found for composite type: %s", name, field.typ)
		}
		term, err := direction(fmt.Sprintf("Composite sub field \"%s.%s\"", field.name, name), object.at(name))
		if err != nil {
			return nil, err
		}
		term.key, term.typ, term.get = []string{field.name, name}, p.typ, func(r row) any {
			inner, _ := r[field.name].(row)
			return inner[name]
		}
		terms = append(terms, term)
	}
	return terms, nil
}

// relationOrder sorts by a field of the record that a many-to-one points to.
func (ws *workspace) relationOrder(field *fieldMeta, value any) ([]orderTerm, *apiError) {
	object, ok := value.(*dict)
	if !ok {
		return nil, badInput(subQuery, genericMessage,
			"Relation field \"%s\" requires nested field ordering (e.g., { %s: { fieldName: 'AscNullsFirst' } })", field.name, field.name)
	}
	column, target := field.relation.column, ws.tables[field.relation.target]
	var terms []orderTerm
	for _, key := range object.keys {
		if inner, byColumn := field.relation.target.resolve(key); inner != nil && inner.relation != nil && !byColumn {
			return nil, badInput(subQuery, genericMessage, "Nested relation ordering by \"%s.%s\" is not supported", field.name, key)
		}
		inner, err := ws.fieldOrder(field.relation.target, key, object.at(key))
		if err != nil {
			return nil, err
		}
		for _, term := range inner {
			get := term.get
			term.relation = true
			term.get = func(r row) any {
				id, _ := r[column].(string)
				other := target.byID[id]
				if other == nil {
					return nil
				}
				return get(other.row)
			}
			terms = append(terms, term)
		}
	}
	return terms, nil
}

func direction(what string, value any) (orderTerm, *apiError) {
	name, _ := value.(string)
	term, ok := directions[name]
	if !ok {
		return term, badInput(subQuery, genericMessage,
			"%s requires a direction value (AscNullsFirst, AscNullsLast, DescNullsFirst, DescNullsLast)", what)
	}
	return term, nil
}

// byID is the tie-breaker that ends every order.
func byID() orderTerm {
	return orderTerm{key: []string{"id"}, typ: TypeUUID, nullsFirst: true, get: func(r row) any { return r["id"] }}
}

// reversed is the order of a page before a cursor: directions and the place of nulls change sides.
func reversed(terms []orderTerm) []orderTerm {
	out := slices.Clone(terms)
	for i := range out {
		out[i].descending, out[i].nullsFirst = !out[i].descending, !out[i].nullsFirst
	}
	return out
}

// sortable is a record with what it is compared by first.
type sortable struct {
	record *record
	first  any
}

// sorter compares records by terms; what is equal in all of them stays in order of insertion.
type sorter []orderTerm

func (s sorter) sortable(r *record) sortable {
	if len(s) == 0 {
		return sortable{record: r}
	}
	return sortable{r, s[0].get(r.row)}
}

func (s sorter) compare(a, b sortable) int {
	for i := range s {
		var order int
		if i == 0 {
			order = s[0].compare(a.first, b.first)
		} else {
			order = s[i].compare(s[i].get(a.record.row), s[i].get(b.record.row))
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(a.record.number, b.record.number)
}

// sorted are the records in the order of terms.
func sorted(records []*record, terms []orderTerm) []*record {
	return firstSorted(records, terms, len(records))
}

// firstSorted are the first n records in the order of terms, or all of them when there are fewer.
func firstSorted(records []*record, terms []orderTerm, n int) []*record {
	s := sorter(terms)
	best := make([]sortable, 0, min(len(records), 2*n))
	var worst *sortable // of n that are known to come before what was left out
	for _, r := range records {
		one := s.sortable(r)
		if worst != nil && s.compare(one, *worst) >= 0 {
			continue
		}
		if best = append(best, one); len(best) == 2*n {
			slices.SortFunc(best, s.compare)
			best = best[:n]
			worst = &sortable{best[n-1].record, best[n-1].first}
		}
	}
	slices.SortFunc(best, s.compare)
	out := make([]*record, min(n, len(best)))
	for i := range out {
		out[i] = best[i].record
	}
	return out
}

func (t *orderTerm) compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return map[bool]int{true: -1, false: 1}[t.nullsFirst]
	case b == nil:
		return map[bool]int{true: 1, false: -1}[t.nullsFirst]
	}
	order := compareValues(a, b, t.options)
	if t.descending {
		return -order
	}
	return order
}
