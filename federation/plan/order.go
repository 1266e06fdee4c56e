package plan

import (
	"slices"
	"strconv"

	"github.com/helix-engage/gateway/federation/compose"
)

// ordering reads an orderBy: the paths of the fields that decide the order, and the first of them, if any, by which cursors
// do not work: FortyTwo loses the records without a value after the first page, and does not page by relations at all
// (fortytwo.md 0.10, 3).
func (r *Request) ordering(orderBy *value) (paths [][]string, unstable string) {
	terms := []value{*orderBy}
	if orderBy.kind == kindList {
		terms = orderBy.members
	}
	for i := range terms {
		for j, name := range terms[i].names {
			direction := &terms[i].members[j]
			if direction.kind == kindNull {
				continue
			}
			field := r.field(name)
			relation := field != nil && field.Relation != nil && field.Name == name
			if unstable == "" && (relation || (field != nil && mayBeMissing(field))) {
				unstable = name
			}
			switch {
			case relation: // no cursor is made of it
			case direction.kind == kindObject:
				for _, part := range direction.names {
					paths = append(paths, []string{name, part})
				}
			default:
				paths = append(paths, []string{name})
			}
		}
	}
	return paths, unstable
}

// field finds a field of the records by its name, or by that of its foreign key.
func (r *Request) field(name string) *compose.Field {
	if r.root.Object == nil {
		return nil
	}
	i := slices.IndexFunc(r.root.Object.Fields, func(f *compose.Field) bool {
		return f.Name == name || (f.Relation != nil && f.Relation.Kind == compose.ManyToOne && f.Relation.ForeignKey == name)
	})
	if i < 0 {
		return nil
	}
	return r.root.Object.Fields[i]
}

// mayBeMissing tells whether records may have no value. A text is never null, it is empty (fortytwo.md 7), and every record has
// its id and its times, whatever the metadata say.
func mayBeMissing(f *compose.Field) bool {
	switch f.Name {
	case "id", "createdAt", "updatedAt":
		return false
	}
	return f.Nullable && f.Type != "TEXT"
}

// number is the value of an integer.
func (v *value) number() (int, bool) {
	if v.kind != kindScalar {
		return 0, false
	}
	n, err := strconv.Atoi(v.text)
	return n, err == nil
}

func itoa(n int) string { return strconv.Itoa(n) }
