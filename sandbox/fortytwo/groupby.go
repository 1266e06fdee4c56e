package fortytwo

import "slices"

const (
	// defaultGroups is how many groups there are without limit; groupRecords how many records each has (fortytwo.md 6).
	defaultGroups = 50
	groupRecords  = 10
)

// recordGroup is the records that share their dimension values.
type recordGroup struct {
	values  []any
	records []*record
}

func (q *request) groupBy() (any, *apiError) {
	if err := q.allow("groupBy", "filter", "orderBy", "orderByForRecords", "limit", "offsetForRecords", "viewId"); err != nil {
		return nil, err
	}
	dimensions, err := q.dimensions()
	if err != nil {
		return nil, err
	}
	records, err := q.matching(q.argument("filter"), false)
	if err != nil {
		return nil, err
	}
	recordTerms, err := q.ws.orderTerms(q.object(), q.argument("orderByForRecords"))
	if err != nil {
		return nil, err
	}
	groups := collectGroups(records, dimensions)
	if err := q.orderGroups(groups, dimensions); err != nil {
		return nil, err
	}
	limit := defaultGroups
	if n, ok := q.argument("limit").(float64); ok && n >= 0 {
		limit = int(min(n, maxRecords))
	}
	out := []*dict{}
	for _, g := range groups[:min(limit, len(groups))] {
		out = append(out, q.groupDict(g, recordTerms))
	}
	return out, nil
}

func collectGroups(records []*record, dimensions []dimension) []*recordGroup {
	byKey := map[string]*recordGroup{}
	var groups []*recordGroup
	for _, r := range records {
		values := make([]any, len(dimensions))
		for i, d := range dimensions {
			values[i] = d.value(r.row)
		}
		key := string(appendJSON(nil, values))
		if byKey[key] == nil {
			byKey[key] = &recordGroup{values: values}
			groups = append(groups, byKey[key])
		}
		byKey[key].records = append(byKey[key].records, r)
	}
	slices.SortStableFunc(groups, func(a, b *recordGroup) int {
		for i, d := range dimensions {
			term := orderTerm{options: d.options}
			if order := term.compare(a.values[i], b.values[i]); order != 0 {
				return order
			}
		}
		return 0
	})
	return groups
}

// orderGroups sorts by aggregates ({aggregate:{totalCount:…}}) and by dimensions ({callStatus:…}).
func (q *request) orderGroups(groups []*recordGroup, dimensions []dimension) *apiError {
	var items []any
	switch v := q.argument("orderBy").(type) {
	case []any:
		items = v
	case *dict:
		items = []any{v}
	}
	type groupTerm struct {
		orderTerm
		of func(*recordGroup) any
	}
	var terms []groupTerm
	for _, item := range items {
		object, _ := item.(*dict)
		if object == nil {
			return badInput(subQuery, genericMessage, "Invalid argument: \"orderBy\" must be an array of objects")
		}
		for _, key := range object.keys {
			name, value := key, object.at(key)
			inner, nested := value.(*dict)
			switch {
			case key == "aggregate" && nested:
				for _, aggregateName := range inner.keys {
					a, ok := q.object().aggregates[aggregateName]
					if !ok {
						return badInput("FIELD_NOT_FOUND", genericMessage, "Field \"%s\" does not exist or is not sortable", aggregateName)
					}
					term, err := direction("Aggregate \""+aggregateName+"\"", inner.at(aggregateName))
					if err != nil {
						return err
					}
					terms = append(terms, groupTerm{term, func(g *recordGroup) any { return numeric(a.compute(g.records)) }})
				}
				continue
			case nested:
				value, _ = inner.get("orderBy")
			}
			at := slices.IndexFunc(dimensions, func(d dimension) bool { return d.name == name })
			if at < 0 {
				return badInput("FIELD_NOT_FOUND", genericMessage, "Field \"%s\" does not exist or is not sortable", name)
			}
			term, err := direction("Scalar field \""+name+"\"", value)
			if err != nil {
				return err
			}
			term.options = dimensions[at].options
			terms = append(terms, groupTerm{term, func(g *recordGroup) any { return g.values[at] }})
		}
	}
	slices.SortStableFunc(groups, func(a, b *recordGroup) int {
		for i := range terms {
			if order := terms[i].compare(terms[i].of(a), terms[i].of(b)); order != 0 {
				return order
			}
		}
		return 0
	})
	return nil
}

func numeric(value any) any {
	if n, ok := value.(int); ok {
		return float64(n)
	}
	return value
}

func (q *request) groupDict(g *recordGroup, terms []orderTerm) *dict {
	records := sorted(g.records, append(slices.Clone(terms), byID()))
	if offset, ok := q.argument("offsetForRecords").(float64); ok && offset > 0 {
		records = records[int(min(offset, float64(len(records)))):]
	}
	records = records[:min(groupRecords, len(records))]
	c := connection{object: q.object(), counted: g.records}
	if q.outer.has("edges") {
		c.nodes, c.records, c.terms, c.node = q.ws.project(q.object(), q.node, records), records, terms, q.node
	}
	out := c.dict(q.outer)
	if q.outer.has("groupByDimensionValues") {
		out.set("groupByDimensionValues", g.values)
	}
	if q.outer.has("__typename") {
		out.set("__typename", q.object().typeName()+"GroupByConnection")
	}
	return out
}
