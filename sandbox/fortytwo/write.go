package fortytwo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxWrites is the most records that one createXs or updateXs touches (fortytwo.md 12).
	maxWrites = 200
	// maxRecords bounds a table; a database would run out of disk.
	maxRecords = 250_000
)

// writeLog remembers what a mutation did: to take it back when it fails half-way, and to tell of it when it succeeds.
type writeLog struct {
	undo   []func()
	events []recordEvent
}

// recordEvent is one change of one record, for webhooks.
type recordEvent struct {
	object        *objectMeta
	action        string
	before, after row
}

func (l *writeLog) rollBack() {
	for _, undo := range slices.Backward(l.undo) {
		undo()
	}
	*l = writeLog{}
}

// insert stores a new row and gives its record.
func (q *request) insert(o *objectMeta, r row) (*record, *apiError) {
	t := q.ws.tables[o]
	if len(t.records) >= maxRecords {
		return nil, internal("could not extend file: No space left on device")
	}
	id, _ := r["id"].(string)
	q.ws.nextNumber++
	stored := &record{id: id, number: q.ws.nextNumber, row: r}
	t.insert(stored)
	q.writes.undo = append(q.writes.undo, func() { t.remove(id) })
	return stored, nil
}

// replace puts another row in a record's place.
func (q *request) replace(r *record, with row) {
	before := r.row
	r.row = with
	q.writes.undo = append(q.writes.undo, func() { r.row = before })
}

func (q *request) emit(o *objectMeta, action string, before, after row) {
	q.writes.events = append(q.writes.events, recordEvent{object: o, action: action, before: before, after: after})
	if action == "created" || action == "updated" {
		q.recordActivity(o, action, after)
	}
}

// activityWindow is how long further changes of a record are folded into its last activity.
const activityWindow = 10 * time.Minute

// recordActivity keeps the record's timeline, as upstream's queue does shortly after a write.
func (q *request) recordActivity(o *objectMeta, action string, after row) {
	timeline := q.ws.objectNamed("timelineActivity")
	if timeline == nil || o == timeline {
		return
	}
	target := timeline.byColumn["target"+pascal(o.singular)+"Id"]
	if o.line == Line15 {
		target = timeline.byColumn[o.singular+"Id"]
	}
	if target == nil {
		return
	}
	now, name := q.ws.now(), o.singular+"."+action
	records := q.ws.tables[timeline].records
	for _, r := range slices.Backward(records[max(0, len(records)-maxWrites):]) {
		if r.row["name"] == name && r.row[target.column()] == after["id"] && now.Sub(r.row.instant("happensAt")) < activityWindow {
			changed := r.row.clone()
			changed["updatedAt"] = now
			q.replace(r, changed)
			return
		}
	}
	activity := row{
		"id": q.ws.newID(), "createdAt": now, "updatedAt": now, "happensAt": now, "name": name, "position": 0.0,
		"createdBy": q.caller.actor(), target.column(): after["id"], "linkedRecordId": after["id"],
	}
	timeline.signUpdate(activity, q.caller.actor())
	if q.caller.memberID != "" {
		activity["workspaceMemberId"] = q.caller.memberID
	}
	_, _ = q.insert(timeline, activity) // a full timeline loses activities, not records
}

// prepared is one item of a write, checked and in stored form.
type prepared struct {
	values row // by column
}

// prepare checks data against the metadata. before is the row that is updated, nil for a create.
func (q *request) prepare(data *dict, before row) (prepared, *apiError) {
	o := q.object()
	if err := q.caller.role.mayWrite(o, data); err != nil {
		return prepared{}, err
	}
	out := prepared{values: row{}}
	for _, key := range data.keys {
		field, byColumn := o.resolve(key)
		if field == nil {
			return out, badInput(subData, genericMessage, "Object %s doesn't have any \"%s\" field.", o.singular, key)
		}
		value := data.at(key)
		if field.relation != nil && !byColumn {
			id, err := q.connect(field, value)
			if err != nil {
				return out, err
			}
			out.values[field.relation.column] = id
			continue
		}
		if key == "id" && value == nil {
			continue
		}
		column := field.column()
		stored, err := q.coerced(field, key, value, before[column])
		if err != nil {
			return out, err
		}
		out.values[column] = stored
	}
	return out, nil
}

// coerced is a value in stored form. On line 1.5 the database refuses NULL for text and what is no UUID or date.
func (q *request) coerced(f *fieldMeta, name string, value, before any) (any, *apiError) {
	if q.ws.line == Line15 && f.typ == TypeText && value == nil {
		return nil, database("null value in column \"%s\" of relation \"%s\" violates not-null constraint", name, f.object.tableName())
	}
	stored, err := q.ws.coerce(f, name, value, before)
	if err != nil && q.ws.line == Line15 {
		switch f.typ {
		case TypeUUID, TypeRelation, TypeMorph, TypeDate, TypeDateTime:
			err = badSyntax(f.typ, value)
		}
	}
	return stored, err
}

// connect reads {connect:{where:{…}}} or {disconnect:true} of a many-to-one relation.
func (q *request) connect(field *fieldMeta, value any) (any, *apiError) {
	if field.oneToMany() {
		return nil, badInput(subData, genericMessage, "One-to-many relation %s field does not support write operations.", field.name)
	}
	object, ok := value.(*dict)
	if !ok {
		return nil, badInput(subData, genericMessage, "Invalid relation value %s for field \"%s\"", inspect(value), field.name)
	}
	if disconnect, ok := object.get("disconnect"); ok && disconnect == true {
		return nil, nil
	}
	connect, _ := object.get("connect")
	inner, _ := connect.(*dict)
	where, _ := inner.get("where")
	condition, _ := where.(*dict)
	if condition.size() == 0 {
		return nil, badInput(subData, genericMessage, "Invalid relation value %s for field \"%s\"", inspect(value), field.name)
	}
	found, err := q.findUnique(field.relation.target, condition)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, badInput("CONNECT_RECORD_NOT_FOUND", genericMessage, "Expected 1 record to connect to %s, but found 0.", field.name)
	}
	return found.id, nil
}

// findUnique looks a record up by id or by unique fields.
func (q *request) findUnique(o *objectMeta, where *dict) (*record, *apiError) {
	wanted := row{}
	for _, key := range where.keys {
		field := o.byName[key]
		if field == nil || !field.unique {
			return nil, badInput("CONNECT_UNIQUE_CONSTRAINT_ERROR", genericMessage,
				"Missing required fields: at least one unique constraint have to be fully populated for '%s'.", o.singular)
		}
		value, err := q.ws.coerce(field, key, where.at(key), nil)
		if err != nil {
			return nil, err
		}
		wanted[key] = value
	}
	for _, r := range q.ws.tables[o].records {
		match := !r.deleted()
		for key := range wanted {
			field := o.byName[key]
			match = match && field.uniqueValue(wanted) != nil && field.uniqueValue(wanted) == field.uniqueValue(r.row)
		}
		if match {
			return r, nil
		}
	}
	return nil, nil
}

// uniqueValue is what must not occur twice: the value, or the main part of a composite. nil does not count.
func (f *fieldMeta) uniqueValue(r row) any {
	inner, _ := r[f.name].(row)
	switch f.typ {
	case TypeEmails:
		return inner["primaryEmail"]
	case TypeLinks:
		return inner["primaryLinkUrl"]
	case TypePhones:
		return inner["primaryPhoneNumber"]
	default:
		return mapKey(r[f.name])
	}
}

// check refuses a row that breaks a unique field or, on line 2.7, points to nothing.
func (q *request) check(o *objectMeta, r row) *apiError {
	id, _ := r["id"].(string)
	for _, f := range o.fields {
		if !f.unique {
			continue
		}
		if holder := q.holder(o, f, r, id); holder != nil {
			return errDuplicate(o, f, holder)
		}
	}
	if o.line == Line15 {
		return nil // references are not checked there
	}
	for _, f := range o.byColumn {
		target, _ := r[f.relation.column].(string)
		if target != "" && q.ws.tables[f.relation.target].byID[target] == nil {
			return internal("Data validation error.")
		}
	}
	return nil
}

// holder is another record with the same unique value, soft-deleted ones included.
func (q *request) holder(o *objectMeta, f *fieldMeta, r row, id string) *record {
	t := q.ws.tables[o]
	if f.name == "id" {
		return nil // the id of a create is checked before: here the record may be in the table already
	}
	value := f.uniqueValue(r)
	if value == nil {
		return nil
	}
	for _, other := range t.records {
		if other.id != id && f.uniqueValue(other.row) == value {
			return other
		}
	}
	return nil
}

func errDuplicate(o *objectMeta, f *fieldMeta, holder *record) *apiError {
	if o.line == Line15 {
		return errDuplicate15(f, holder)
	}
	err := badInput("", "This "+f.label+" value is already in use. Please check your data and try again.", "A duplicate entry was detected")
	if !holder.deleted() {
		err.extra = newDict()
		err.extra.set("conflictingRecordId", holder.id)
		err.extra.set("conflictingObjectNameSingular", o.singular)
	}
	return err
}

// errDuplicate15 names the field and the value, but not the record that holds it.
func errDuplicate15(f *fieldMeta, holder *record) *apiError {
	if f.name == "id" {
		return badInput("", "This record already exists. Please check your data and try again.", "A duplicate entry was detected")
	}
	value := mapKey(f.uniqueValue(holder.row))
	return badInput("", fmt.Sprintf("This %s with value %v is already taken. Please choose a different value.", strings.ToLower(f.label), value),
		"Duplicate %s with value %v. Please set a unique one.", f.label, value)
}
