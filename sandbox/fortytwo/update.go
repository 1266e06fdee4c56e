package fortytwo

import (
	"maps"
	"reflect"
	"slices"
)

func (q *request) updateOne() (any, *apiError) {
	if err := q.allow("id", "data"); err != nil {
		return nil, err
	}
	data, ok := q.argument("data").(*dict)
	if !ok {
		return nil, badInput(subQuery, genericMessage, "Missing required argument: data")
	}
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	if err := q.caller.role.mayWrite(q.object(), data); err != nil {
		return nil, err
	}
	found := q.ws.tables[q.object()].live(id)
	if found == nil {
		return nil, errRecordNotFound()
	}
	changed, err := q.change(found, data, "")
	if err != nil {
		return nil, err
	}
	return q.ws.project(q.object(), q.node, []*record{changed})[0], nil
}

func (q *request) updateMany() (any, *apiError) {
	if err := q.allow("filter", "data"); err != nil {
		return nil, err
	}
	data, ok := q.argument("data").(*dict)
	if !ok {
		return nil, badInput(subQuery, genericMessage, "Missing required argument: data")
	}
	if err := q.caller.role.mayWrite(q.object(), data); err != nil {
		return nil, err
	}
	found, err := q.filtered(false)
	if err != nil {
		return nil, err
	}
	if len(found) > maxWrites {
		return nil, badInput("", "You can only update up to 200 records at once.", "Cannot update more than %d records at once", maxWrites)
	}
	for _, r := range found {
		if _, err := q.change(r, data, ""); err != nil {
			return nil, err
		}
	}
	return q.ws.project(q.object(), q.node, found), nil
}

// id is the required id argument.
func (q *request) id() (string, *apiError) {
	value := q.argument("id")
	if value == nil {
		return "", badInput(subQuery, genericMessage, "Missing required argument: id")
	}
	id, ok := parseUUID(value)
	if !ok {
		return "", invalidValue(subData, "UUID", "id", value)
	}
	return id, nil
}

// filtered are the records of the required filter argument.
func (q *request) filtered(withDeleted bool) ([]*record, *apiError) {
	filter, given := q.args.get("filter")
	if !given || filter == nil {
		return nil, badInput(subQuery, genericMessage, "Missing required argument: filter")
	}
	return q.matching(filter, withDeleted)
}

// change patches a record: omitted fields stay, composites merge. An upsert keeps the record's id and restores it.
func (q *request) change(r *record, data *dict, mode string) (*record, *apiError) {
	o := q.object()
	p, err := q.prepare(data, r.row)
	if err != nil {
		return nil, err
	}
	before, after := r.row, r.row.clone()
	for column, value := range p.values {
		if column == "id" || column == "createdBy" && mode == "upsert" {
			continue
		}
		after[column] = value
	}
	if mode == "upsert" {
		after["deletedAt"] = nil
	}
	after["updatedAt"] = q.ws.now()
	o.signUpdate(after, q.caller.actor())
	if err := q.check(o, after); err != nil {
		return nil, err
	}
	q.replace(r, after)
	q.emit(o, "updated", before, after)
	return r, nil
}

// changedColumns are the columns that differ, sorted; updatedAt is not told of.
func changedColumns(before, after row) []string {
	columns := map[string]bool{}
	for _, r := range []row{before, after} {
		for column := range r {
			if column != "updatedAt" && !reflect.DeepEqual(before[column], after[column]) {
				columns[column] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(columns))
}
