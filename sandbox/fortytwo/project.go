package fortytwo

// checkNesting refuses a one-to-many inside a one-to-many (fortytwo.md 0, trap 12). Line 1.5 answers it.
func checkNesting(o *objectMeta, s *selection, inMany bool) *apiError {
	if s == nil || o.line == Line15 {
		return nil
	}
	for _, f := range s.fields {
		field := o.byName[f.name]
		if field == nil || field.relation == nil || f.sub == nil {
			continue
		}
		inner := f.sub
		if field.oneToMany() {
			if inMany {
				return badInput(subTooComplex, genericMessage,
					"Query complexity is too high. One-to-Many relation cannot be nested in another One-to-Many relation.")
			}
			inner = f.sub.get("edges").get("node")
		}
		// Below a many-to-one a one-to-many reads null and is not counted.
		if err := checkNesting(field.relation.target, inner, field.oneToMany()); err != nil {
			return err
		}
	}
	return nil
}

// project answers a selection for each record. Relations are loaded once for all of them.
func (ws *workspace) project(o *objectMeta, s *selection, records []*record) []*dict {
	return ws.projectBelow(o, s, records, false)
}

func (ws *workspace) projectBelow(o *objectMeta, s *selection, records []*record, underRelation bool) []*dict {
	out := make([]*dict, len(records))
	size := 0
	if s != nil {
		size = len(s.fields)
	}
	for i := range out {
		out[i] = newDictOf(size)
	}
	if s == nil {
		return out
	}
	for _, f := range s.fields {
		field, byColumn := o.resolve(f.name)
		switch {
		case f.name == "__typename":
			fill(out, f.name, func(int) any { return o.typeName() })
		case field == nil || field.typ == TypeTSVector && f.sub != nil:
			fill(out, f.name, func(int) any { return nil }) // unknown fields are null (fortytwo.md 0, trap 6)
		case byColumn:
			ws.fillReference(out, records, field, s.has(field.name))
		case field.manyToOne():
			ws.fillManyToOne(out, records, field, f.sub)
		case field.oneToMany():
			if underRelation && ws.line != Line15 {
				fill(out, f.name, func(int) any { return nil })
				continue
			}
			ws.fillOneToMany(out, records, field, f.sub)
		default:
			fill(out, f.name, func(i int) any { return readSelected(field, records[i].row, f.sub) })
		}
	}
	return out
}

func fill(out []*dict, name string, value func(i int) any) {
	for i := range out {
		out[i].set(name, value(i))
	}
}

func readSelected(field *fieldMeta, r row, s *selection) any {
	c := field.composite()
	if c == nil || s == nil {
		return readValue(field, r)
	}
	inner, _ := r[field.name].(row)
	out := newDictOf(len(s.fields))
	for _, f := range s.fields {
		p, known := c.part(f.name)
		switch {
		case f.name == "__typename":
			out.set(f.name, c.graphQLName)
		case known:
			out.set(f.name, field.object.line.readPart(p, inner[p.name]))
		default:
			out.set(f.name, nil)
		}
	}
	return out
}

// fillReference answers a join column. With the relation selected too, a soft-deleted target's id reads null (fortytwo.md 9).
func (ws *workspace) fillReference(out []*dict, records []*record, field *fieldMeta, withRelation bool) {
	column, target := field.relation.column, ws.tables[field.relation.target]
	fill(out, column, func(i int) any {
		id := records[i].reference(column)
		if id == "" || withRelation && target.live(id) == nil {
			return nil
		}
		return id
	})
}

func (ws *workspace) fillManyToOne(out []*dict, records []*record, field *fieldMeta, s *selection) {
	column, target := field.relation.column, ws.tables[field.relation.target]
	var others []*record
	place := map[string]int{}
	for _, r := range records {
		other := target.live(r.reference(column))
		if other == nil {
			continue
		}
		if _, known := place[other.id]; !known {
			place[other.id] = len(others)
			others = append(others, other)
		}
	}
	var loaded []*dict
	if s != nil {
		loaded = ws.projectBelow(field.relation.target, s, others, true)
	}
	fill(out, field.name, func(i int) any {
		at, ok := place[records[i].reference(column)]
		if !ok || loaded == nil {
			return nil
		}
		return loaded[at]
	})
}

// fillOneToMany ignores every argument and takes so many children per parent out of one pool (fortytwo.md 0, trap 11).
func (ws *workspace) fillOneToMany(out []*dict, parents []*record, field *fieldMeta, s *selection) {
	child := field.relation.target
	column := field.relation.inverse.relation.column
	wanted := make(map[string]bool, len(parents))
	for _, p := range parents {
		wanted[p.id] = true
	}
	var children []*record
	for _, r := range ws.tables[child].records {
		if len(children) >= ws.line.maxChildren()*len(parents) {
			break
		}
		if !r.deleted() && wanted[r.reference(column)] {
			children = append(children, r)
		}
	}
	node := s.get("edges").get("node")
	nodes := ws.projectBelow(child, node, children, false)
	lists := map[string]*connection{}
	for i, r := range children {
		id := r.reference(column)
		if lists[id] == nil {
			lists[id] = &connection{object: child, node: node}
		}
		list := lists[id]
		list.nodes, list.records = append(list.nodes, nodes[i]), append(list.records, r)
		list.counted = append(list.counted, r)
	}
	fill(out, field.name, func(i int) any {
		if s == nil {
			return nil
		}
		if list := lists[parents[i].id]; list != nil {
			return list.dict(s)
		}
		return connection{object: child}.dict(s)
	})
}
