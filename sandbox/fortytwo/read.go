package fortytwo

// request is one root field at work, under the workspace's lock.
type request struct {
	ws     *workspace
	caller *caller
	root   root
	args   *dict
	node   *selection // of records; for lists what stands under edges.node
	outer  *selection // of the root field
	writes *writeLog  // of mutations
}

func (q *request) object() *objectMeta { return q.root.object }

func (q *request) findOne() (any, *apiError) {
	if err := q.allow("filter"); err != nil {
		return nil, err
	}
	filter, _ := q.args.get("filter")
	if object, ok := filter.(*dict); !ok || object.size() == 0 {
		return nil, badInput(subQuery, genericMessage, "Missing filter argument")
	}
	records, err := q.matching(filter, false)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, errRecordNotFound()
	}
	return q.ws.project(q.object(), q.node, records[:1])[0], nil
}

func (q *request) findMany() (any, *apiError) {
	if err := q.allow("filter", "orderBy", "first", "last", "before", "after", "offset"); err != nil {
		return nil, err
	}
	p, err := readPage(q.args)
	if err != nil {
		return nil, err
	}
	filter, _ := q.args.get("filter")
	all, err := q.matching(filter, false)
	if err != nil {
		return nil, err
	}
	orderBy, _ := q.args.get("orderBy")
	terms, err := q.ws.orderTerms(q.object(), orderBy)
	if err != nil {
		return nil, err
	}
	terms = append(terms, byID())
	if p.backward {
		terms = reversed(terms)
	}
	records, more, err := p.cut(q.ws.line, all, terms)
	if err != nil {
		return nil, err
	}
	connection := connection{
		object: q.object(), nodes: q.ws.project(q.object(), q.node, records), counted: all,
		hasNext: more && !p.backward, hasPrevious: more && p.backward, records: records, terms: terms, node: q.node,
	}
	return connection.dict(q.outer), nil
}

// cut gives the page out of all matching records and whether there is more in its direction. Line 1.5 leaves a page before a cursor the
// wrong way round.
func (p page) cut(line Line, all []*record, terms []orderTerm) (records []*record, more bool, err *apiError) {
	condition := everything
	if p.cursor != nil {
		if condition, err = cursorCondition(p.cursor, terms); err != nil {
			return nil, false, err
		}
	}
	for _, r := range all {
		if condition(r.row) == isTrue {
			records = append(records, r)
		}
	}
	records = firstSorted(records, terms, p.offset+p.limit+1)
	records = records[min(p.offset, len(records)):]
	if more = len(records) > p.limit; more {
		records = records[:p.limit]
	}
	if p.backward && line != Line15 {
		for i, j := 0, len(records)-1; i < j; i, j = i+1, j-1 {
			records[i], records[j] = records[j], records[i]
		}
	}
	return records, more, nil
}

// matching are the records of the object that a filter selects, in order of insertion. Soft-deleted ones are hidden unless the
// filter mentions deletedAt or withDeleted is set.
func (q *request) matching(filter any, withDeleted bool) ([]*record, *apiError) {
	compiler := &filterCompiler{ws: q.ws}
	condition, err := compiler.compile(q.object(), filter, 0)
	if err != nil {
		return nil, err
	}
	var out []*record
	for _, r := range q.ws.tables[q.object()].candidates(filter) {
		if r.deleted() && !withDeleted && !compiler.mentionsDeleted {
			continue
		}
		if condition(r.row) == isTrue {
			out = append(out, r)
		}
	}
	return out, nil
}

// allow refuses an argument that the root field does not have. On line 1.5 validation has done so.
func (q *request) allow(names ...string) *apiError {
	if q.ws.line == Line15 {
		return nil
	}
	for _, given := range q.args.keys {
		known := false
		for _, name := range names {
			known = known || given == name
		}
		if !known {
			return badInput(subQuery, genericMessage, "Argument not allowed: %s", given)
		}
	}
	return nil
}

// connection is a list as it is answered.
type connection struct {
	object               *objectMeta
	nodes                []*dict
	records              []*record   // of the nodes
	terms                []orderTerm // what their cursors hold, if selected in node
	node                 *selection
	counted              []*record // what totalCount and the aggregates are of
	hasNext, hasPrevious bool
}

// cursor of the i-th node.
func (c connection) cursor(i int) string { return encodeCursor(c.records[i].row, c.terms, c.node) }

func (c connection) dict(s *selection) *dict {
	if s == nil {
		return newDict()
	}
	out := newDictOf(len(s.fields))
	for _, f := range s.fields {
		switch f.name {
		case "__typename":
			out.set(f.name, c.object.typeName()+"Connection")
		case "edges":
			out.set(f.name, c.edges(f.sub))
		case "pageInfo":
			out.set(f.name, c.pageInfo(f.sub))
		default:
			if a, ok := c.object.aggregates[f.name]; ok {
				out.set(f.name, aggregateOut(a.compute(c.counted)))
			} else {
				out.set(f.name, nil)
			}
		}
	}
	return out
}

func (c connection) edges(s *selection) []*dict {
	edges := make([]*dict, len(c.nodes))
	for i, node := range c.nodes {
		edge := newDictOf(2)
		if s != nil {
			for _, f := range s.fields {
				switch f.name {
				case "__typename":
					edge.set(f.name, c.object.typeName()+"Edge")
				case "node":
					edge.set(f.name, node)
				case "cursor":
					edge.set(f.name, c.cursor(i))
				default:
					edge.set(f.name, nil)
				}
			}
		}
		edges[i] = edge
	}
	return edges
}

func (c connection) pageInfo(s *selection) *dict {
	values := map[string]any{
		"__typename": "PageInfo", "hasNextPage": c.hasNext, "hasPreviousPage": c.hasPrevious, "startCursor": nil, "endCursor": nil,
	}
	if last := len(c.records) - 1; last >= 0 {
		values["startCursor"], values["endCursor"] = c.cursor(0), c.cursor(last)
	}
	return pick(s, values)
}

// pick answers a selection out of given values; what is not among them is null.
func pick(s *selection, values map[string]any) *dict {
	out := newDict()
	if s != nil {
		for _, f := range s.fields {
			out.set(f.name, values[f.name])
		}
	}
	return out
}
