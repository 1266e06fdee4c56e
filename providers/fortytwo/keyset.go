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

// keyset gives the records of q after a key, ordered by (column to the millisecond, id), at most limit.
//
// FortyTwo compares by microsecond but tells milliseconds, so records of one millisecond come in an order that their
// keys do not show. A full page may end inside such a millisecond; then that one is read again in order of id, so that
// paging neither skips nor repeats.
func (c *Client) keyset(ctx context.Context, q listQuery, column string, after helix.DueKey, limit int) ([]keyed, error) {
	limit = min(limit, maxPage-1)
	if limit <= 0 {
		return nil, nil
	}
	where := q.where
	if !after.Due.IsZero() {
		if after.ID != "" && !isRecordID(after.ID) {
			return nil, helix.BadInput("the cursor is not one of ours")
		}
		where = append(slices.Clone(where), beyond(column, after))
	}
	page := q
	page.where, page.order, page.first = where, []order{ascending(column), ascending(columnID)}, limit+1
	rows, err := c.keyedList(ctx, page, column)
	if err != nil {
		return nil, err
	}
	if len(rows) <= limit {
		return rows, nil
	}
	last := rows[limit].Due
	whole := rows[:slices.IndexFunc(rows, func(r keyed) bool { return r.Due.Equal(last) })]
	if len(whole) == limit {
		return whole, nil
	}
	page.where = append(slices.Clone(where),
		cond(column, "gte", last.Format(millisecond)), cond(column, "lt", last.Add(time.Millisecond).Format(millisecond)))
	page.order, page.first = []order{ascending(columnID)}, limit-len(whole)
	tail, err := c.keyedList(ctx, page, column)
	if err != nil {
		return nil, err
	}
	return append(whole, tail...), nil
}

func (c *Client) keyedList(ctx context.Context, q listQuery, column string) ([]keyed, error) {
	nodes, err := c.list(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := make([]keyed, 0, len(nodes))
	for _, n := range nodes {
		rows = append(rows, keyed{helix.DueKey{Due: n.time(column).Truncate(time.Millisecond), ID: n.id()}, n})
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	return rows, nil
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
