package fortytwo

// removal is one of soft delete, restore and destroy.
type removal struct {
	// withDeleted finds soft-deleted records too.
	withDeleted bool
	allowed     func(ObjectRights) bool
	apply       func(q *request, r *record)
}

var (
	softDeletion = removal{
		allowed: func(r ObjectRights) bool { return r.SoftDelete },
		apply: func(q *request, r *record) {
			now := q.ws.now()
			q.stamp(r, "deleted", row{"deletedAt": now, "updatedAt": now})
		},
	}
	restoring = removal{
		withDeleted: true, allowed: func(r ObjectRights) bool { return r.SoftDelete },
		apply: func(q *request, r *record) {
			if r.deleted() {
				q.stamp(r, "restored", row{"deletedAt": nil, "updatedAt": q.ws.now()})
			}
		},
	}
	destruction = removal{
		withDeleted: true, allowed: func(r ObjectRights) bool { return r.Destroy },
		apply: func(q *request, r *record) { q.destroy(r) },
	}
)

func (q *request) removeOne(how removal) (any, *apiError) {
	if err := q.allow("id"); err != nil {
		return nil, err
	}
	if !how.allowed(q.caller.role.rights(q.object())) {
		return nil, errDenied()
	}
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	t := q.ws.tables[q.object()]
	found := t.live(id)
	if how.withDeleted {
		found = t.byID[id]
	}
	if found == nil {
		return nil, errRecordNotFound()
	}
	how.apply(q, found)
	return q.ws.project(q.object(), q.node, []*record{found})[0], nil
}

// removeMany has no upper bound (fortytwo.md 3). A restore whose filter mentions deletedAt answers nothing: the filter is asked
// again after the write.
func (q *request) removeMany(how removal) (any, *apiError) {
	if err := q.allow("filter"); err != nil {
		return nil, err
	}
	if !how.allowed(q.caller.role.rights(q.object())) {
		return nil, errDenied()
	}
	found, err := q.filtered(how.withDeleted)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		how.apply(q, r)
	}
	if q.root.op == restoreMany {
		if found, err = q.filtered(false); err != nil {
			return nil, err
		}
	}
	return q.ws.project(q.object(), q.node, found), nil
}

// stamp changes the bookkeeping columns of a record.
func (q *request) stamp(r *record, action string, columns row) {
	before, after := r.row, r.row.clone()
	for column, value := range columns {
		after[column] = value
	}
	q.replace(r, after)
	q.emit(q.object(), action, before, after)
}

// destroy removes a record for good; what pointed to it points nowhere.
func (q *request) destroy(r *record) {
	o := q.object()
	for _, f := range o.fields {
		if !f.oneToMany() {
			continue
		}
		column := f.relation.inverse.relation.column
		for _, child := range q.ws.tables[f.relation.target].records {
			if child.reference(column) == r.id {
				changed := child.row.clone()
				changed[column] = nil
				q.replace(child, changed)
			}
		}
	}
	t := q.ws.tables[o]
	place := len(t.records)
	for i, other := range t.records {
		if other == r {
			place = i
		}
	}
	t.remove(r.id)
	q.writes.undo = append(q.writes.undo, func() {
		t.records = append(t.records[:place:place], append([]*record{r}, t.records[place:]...)...)
		t.byID[r.id] = r
	})
	q.emit(o, "destroyed", r.row, nil)
}
