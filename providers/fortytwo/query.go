package fortytwo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// maxPage is the largest page that is asked for; FortyTwo itself does not cap it (fortytwo.md 3).
const maxPage = 200

// filter is a FortyTwo filter. Each one holds a single operator or composition: two operators on one field are an error
// in 2.x, and all but one are silently dropped in 1.5 (fortytwo.md 0.7).
type filter map[string]any

func eq(column string, value any) filter { return cond(column, "eq", value) }

func cond(column, operator string, value any) filter {
	return filter{column: map[string]any{operator: value}}
}

func and(parts ...filter) filter { return filter{"and": parts} }

func or(parts ...filter) filter { return filter{"or": parts} }

// order is one entry of orderBy. Whatever is ordered by must be selected too (fortytwo.md 0.9).
type order map[string]string

func ascending(column string) order { return order{column: "AscNullsLast"} }

func descending(column string) order { return order{column: "DescNullsLast"} }

// newestFirst is a total order; createdAt must be selected.
func newestFirst() []order { return []order{descending(columnCreatedAt), ascending(columnID)} }

// listQuery is one find-many request in the style that holds on every line: one root field, everything in variables
// of the schema's own types, no alias, no directive, no argument below the root (fortytwo.md 16).
type listQuery struct {
	op     string
	access helix.Access
	object *object
	sel    string
	where  []filter
	order  []order
	first  int
	total  bool // how many match is told too, which costs FortyTwo a little more
}

// list gives the matching records.
func (c *Client) list(ctx context.Context, q listQuery) ([]node, error) {
	found, err := c.connect(ctx, q)
	return found.nodes, err
}

// connect gives the matching records and, when q wants it, how many there are.
func (c *Client) connect(ctx context.Context, q listQuery) (connection, error) {
	typ, counted := q.object.typeName(), ""
	if q.total {
		counted = "totalCount "
	}
	doc := fmt.Sprintf(
		"query($filter: %[1]sFilterInput, $orderBy: [%[1]sOrderByInput!], $first: Int) "+
			"{ %[2]s(filter: $filter, orderBy: $orderBy, first: $first) { %[3]sedges { node { %[4]s } } } }",
		typ, q.object.plural, counted, q.sel)
	return fetch(ctx, c, request{
		op: q.op, url: c.recordsURL, access: q.access, lookup: true, safety: providers.Safe, query: doc,
		variables: map[string]any{"filter": and(q.where...), "orderBy": q.order, "first": min(q.first, maxPage)},
	}, q.object.plural, readConnection)
}

// lists runs queries side by side and gives their records one behind the other. It fails when one of them does.
func (c *Client) lists(ctx context.Context, queries ...listQuery) ([]node, error) {
	found := make([][]node, len(queries))
	g, ctx := errgroup.WithContext(ctx)
	for i, q := range queries {
		g.Go(func() (err error) {
			found[i], err = c.list(ctx, q)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// count gives how many records match, whatever else q asks for. It asks for one record, since `first: 0` is not known to
// work on every line.
func (c *Client) count(ctx context.Context, q listQuery) (int, error) {
	doc := fmt.Sprintf("query($filter: %sFilterInput, $first: Int) { %s(filter: $filter, first: $first) { totalCount } }",
		q.object.typeName(), q.object.plural)
	found, err := fetch(ctx, c, request{
		op: q.op + "Count", url: c.recordsURL, access: q.access, lookup: true, safety: providers.Safe, query: doc,
		variables: map[string]any{"filter": and(q.where...), "first": 1},
	}, q.object.plural, readConnection)
	return found.total, err
}

var errShape = errors.New("the answer has another shape than expected")

// fetch sends r and reads its only root field; read is false for a value of another shape.
func fetch[T any](ctx context.Context, c *Client, r request, root string, read func([]byte) (T, bool)) (value T, err error) {
	err = c.send(ctx, r, func(data json.RawMessage) error {
		fresh, ok := read(valueOf(data, root)) // an earlier attempt may have left something in value
		if !ok {
			return errShape
		}
		value = fresh
		return nil
	})
	return value, err
}

// connection is the answer of a find-many field.
type connection struct {
	total int // 0 unless asked for
	nodes []node
}

func readConnection(raw []byte) (found connection, ok bool) {
	if !begins(raw, '{') {
		return connection{}, false
	}
	for name, value := range members(raw) {
		switch {
		case named(name, "totalCount"):
			ok = json.Unmarshal(value, &found.total) == nil
		case named(name, "edges"):
			found.nodes, ok = readList(value, func(edge []byte) []byte { return valueOf(edge, "node") })
		default:
			continue
		}
		if !ok {
			return connection{}, false
		}
	}
	return found, true
}

func readNodes(raw []byte) ([]node, bool) {
	return readList(raw, func(element []byte) []byte { return element })
}

// readList reads the records of a list, which pick finds in its elements. One that is null has no fields.
func readList(raw []byte, pick func(element []byte) []byte) (nodes []node, ok bool) {
	if !begins(raw, '[') {
		return nil, false
	}
	var known nameTable
	for element := range elements(raw) {
		record := pick(element)
		if !begins(record, '{') && !isNull(record) {
			return nil, false
		}
		nodes = append(nodes, nodeOf(record, &known))
	}
	return nodes, true
}
