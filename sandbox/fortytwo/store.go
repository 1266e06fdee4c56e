package fortytwo

import (
	"maps"
	"slices"
	"time"
)

// row holds the values of a record by column: field names, and <relation>Id for many-to-one relations.
//
// A value is nil when unset, else by type: string (TEXT, UUID, SELECT, RATING, DATE as YYYY-MM-DD), float64, bool,
// time.Time (DATE_TIME, UTC, milliseconds), []string (MULTI_SELECT, ARRAY), anything that JSON can hold (RAW_JSON), and row for
// composites. Blank text is stored as nil. A row that is stored is never changed again: a write puts another in its place.
type row map[string]any

// record is one stored row.
type record struct {
	id     string
	number uint64 // order of insertion
	row    row
}

func (r *record) deleted() bool { return r.row["deletedAt"] != nil }

// reference is the id in a join column, empty when unset.
func (r *record) reference(column string) string {
	id, _ := r.row[column].(string)
	return id
}

// table holds the records of one object in order of insertion.
type table struct {
	records []*record
	byID    map[string]*record
}

func newTable() *table { return &table{byID: map[string]*record{}} }

func (t *table) insert(r *record) {
	t.records = append(t.records, r)
	t.byID[r.id] = r
}

func (t *table) remove(id string) {
	r := t.byID[id]
	if r == nil {
		return
	}
	delete(t.byID, id)
	t.records = slices.DeleteFunc(t.records, func(other *record) bool { return other == r })
}

// live are the records that are not soft-deleted.
func (t *table) live(id string) *record {
	if r := t.byID[id]; r != nil && !r.deleted() {
		return r
	}
	return nil
}

// instant is a DATE_TIME value of a row, zero when unset.
func (r row) instant(column string) time.Time {
	at, _ := r[column].(time.Time)
	return at
}

// clone copies a row so that the copy can be changed; composites are replaced whole, never changed in place.
func (r row) clone() row {
	out := make(row, len(r)+4)
	maps.Copy(out, r)
	return out
}
