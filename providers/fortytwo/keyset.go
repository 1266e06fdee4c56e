package fortytwo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

// millisecond is the unit in which FortyTwo tells times; it keeps them finer (createdAt in microseconds).
const millisecond = "2006-01-02T15:04:05.000Z07:00"

// keyed is a record with its place in the order.
type keyed struct {
	helix.DueKey
	node node
}

// stretch is a part of the records in order of their keys.
type stretch struct {
	rows  []keyed
	total int       // how many records match, when the query wants it
	rest  time.Time // none of those behind is earlier; zero when there are none
}

// before counts the records before a time; ok is false when those of a first page do not tell.
func (s stretch) before(t time.Time) (n int, ok bool) {
	t = t.Truncate(time.Millisecond)
	n = slices.IndexFunc(s.rows, func(r keyed) bool { return !r.Due.Before(t) })
	if n >= 0 {
		return n, true
	}
	return len(s.rows), s.rest.IsZero() || !s.rest.Before(t)
}

// keyset gives the records of q after a key, ordered by (column to the millisecond, id), at most limit.
//
// FortyTwo compares by microsecond but tells milliseconds, so records of one millisecond come in an order that their
// keys do not show. A full page may end inside such a millisecond; then that one is read again in order of id, so that
// paging neither skips nor repeats.
func (c *Client) keyset(ctx context.Context, q listQuery, column string, after helix.DueKey, limit int) (stretch, error) {
	limit = min(limit, maxPage-1)
	if limit <= 0 {
		return stretch{}, nil
	}
	where := q.where
	if !after.Due.IsZero() {
		if after.ID != "" && !isRecordID(after.ID) {
			return stretch{}, helix.BadInput("the cursor is not one of ours")
		}
		where = append(slices.Clone(where), beyond(column, after))
	}
	page := q
	page.where, page.order, page.first = where, []order{ascending(column), ascending(columnID)}, limit+1
	found, err := c.keyedList(ctx, page, column)
	if err != nil {
		return stretch{}, err
	}
	if len(found.rows) <= limit {
		return found, nil
	}
	rows, last := found.rows, found.rows[limit].Due
	found.rest = last
	found.rows = rows[:slices.IndexFunc(rows, func(r keyed) bool { return r.Due.Equal(last) })]
	if len(found.rows) == limit {
		return found, nil
	}
	page.where = append(slices.Clone(where),
		cond(column, "gte", last.Format(millisecond)), cond(column, "lt", last.Add(time.Millisecond).Format(millisecond)))
	page.order, page.first, page.total = []order{ascending(columnID)}, limit-len(found.rows), false
	tail, err := c.keyedList(ctx, page, column)
	if err != nil {
		return stretch{}, err
	}
	found.rows = append(found.rows, tail.rows...)
	return found, nil
}

func (c *Client) keyedList(ctx context.Context, q listQuery, column string) (stretch, error) {
	found, err := c.connect(ctx, q)
	if err != nil {
		return stretch{}, err
	}
	rows := make([]keyed, 0, len(found.nodes))
	for _, n := range found.nodes {
		rows = append(rows, keyed{helix.DueKey{Due: n.time(column).Truncate(time.Millisecond), ID: n.id()}, n})
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return stretch{rows: rows, total: found.total}, nil
}

// beyond is the filter for records after a key.
func beyond(column string, after helix.DueKey) filter {
	due := after.Due.UTC().Truncate(time.Millisecond)
	if after.ID == "" {
		return cond(column, "gte", due.Format(millisecond))
	}
	next := due.Add(time.Millisecond).Format(millisecond)
	return or(
		cond(column, "gte", next),
		and(cond(column, "gte", due.Format(millisecond)), cond(column, "lt", next), cond(columnID, "gt", after.ID)),
	)
}

// isRecordID reports whether FortyTwo takes the id: a UUID of version 4 or 5 (fortytwo.md 0.21).
func isRecordID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && len(id) == 36 && (u.Version() == 4 || u.Version() == 5)
}
