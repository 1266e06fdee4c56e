package fortytwo

import (
	"cmp"
	"maps"
	"slices"
	"strings"
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

// candidates are the records that a filter can select, in order of insertion: those of its ids when it names any, else all.
func (t *table) candidates(filter any) []*record {
	ids, named := idsOf(filter)
	if !named {
		return t.records
	}
	var out []*record
	for _, id := range ids {
		text, _ := id.(string)
		if r := t.byID[strings.ToLower(text)]; r != nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *record) int { return cmp.Compare(a.number, b.number) })
	return slices.Compact(out)
}

// idsOf are the ids that a filter asks for by itself or in one of its ands.
func idsOf(filter any) ([]any, bool) {
	object, _ := filter.(*dict)
	if condition, ok := object.at("id").(*dict); ok && condition.size() == 1 {
		if list, ok := condition.at("in").([]any); ok {
			return list, true
		}
		if id := condition.at("eq"); id != nil {
			return []any{id}, true
		}
	}
	all, _ := object.at("and").([]any)
	for _, part := range all {
		if ids, ok := idsOf(part); ok {
			return ids, true
		}
	}
	return nil, false
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
