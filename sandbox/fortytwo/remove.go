package fortytwo

import "maps"

// removal is one of soft delete, restore and destroy.
type removal struct {
	// withDeleted finds soft-deleted records too.
	withDeleted bool
	allowed     func(ObjectRights) bool
	apply       func(q *request, records []*record)
}

func softDeletion() removal {
	return removal{
		allowed: func(r ObjectRights) bool { return r.SoftDelete },
		apply: func(q *request, records []*record) {
			now := q.ws.now()
			for _, r := range records {
				q.stamp(r, "deleted", row{"deletedAt": now, "updatedAt": now})
			}
		},
	}
}

func restoring() removal {
	return removal{
		withDeleted: true, allowed: func(r ObjectRights) bool { return r.SoftDelete },
		apply: func(q *request, records []*record) {
			for _, r := range records {
				if r.deleted() {
					q.stamp(r, "restored", row{"deletedAt": nil, "updatedAt": q.ws.now()})
				}
			}
		},
	}
}

func destruction() removal {
	return removal{withDeleted: true, allowed: func(r ObjectRights) bool { return r.Destroy }, apply: (*request).destroy}
}

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
	how.apply(q, []*record{found})
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
	how.apply(q, found)
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
	maps.Copy(after, columns)
	q.replace(r, after)
	q.emit(q.object(), action, before, after)
}

// destroy removes records for good; what pointed to them points nowhere.
func (q *request) destroy(records []*record) {
	o := q.object()
	gone := make(map[string]bool, len(records))
	for _, r := range records {
		gone[r.id] = true
	}
	for _, f := range o.fields {
		if !f.oneToMany() {
			continue
		}
		column := f.relation.inverse.relation.column
		for _, child := range q.ws.tables[f.relation.target].records {
			if gone[child.reference(column)] {
				changed := child.row.clone()
				changed[column] = nil
				q.replace(child, changed)
			}
		}
	}
	t := q.ws.tables[o]
	before := t.records
	t.records = make([]*record, 0, len(before))
	for _, r := range before {
		if !gone[r.id] {
			t.records = append(t.records, r)
		}
	}
	for _, r := range records {
		delete(t.byID, r.id)
		q.emit(o, "destroyed", r.row, nil)
	}
	q.writes.undo = append(q.writes.undo, func() {
		t.records = before
		for _, r := range records {
			t.byID[r.id] = r
		}
	})
}
