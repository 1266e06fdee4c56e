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
}

// list gives the matching records.
func (c *Client) list(ctx context.Context, q listQuery) ([]node, error) {
	typ := q.object.typeName()
	doc := fmt.Sprintf(
		"query($filter: %[1]sFilterInput, $orderBy: [%[1]sOrderByInput!], $first: Int) "+
			"{ %[2]s(filter: $filter, orderBy: $orderBy, first: $first) { edges { node { %[3]s } } } }",
		typ, q.object.plural, q.sel)
	connection, err := fetch[struct {
		Edges []struct {
			Node node `json:"node"`
		} `json:"edges"`
	}](ctx, c, request{
		op: q.op, url: c.recordsURL, access: q.access, lookup: true, safety: providers.Safe, query: doc,
		variables: map[string]any{"filter": and(q.where...), "orderBy": q.order, "first": min(q.first, maxPage)},
	}, q.object.plural)
	if err != nil {
		return nil, err
	}
	nodes := make([]node, 0, len(connection.Edges))
	for _, e := range connection.Edges {
		nodes = append(nodes, e.Node)
	}
	return nodes, nil
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

// count gives how many records match. It asks for one record, since `first: 0` is not known to work on every line.
func (c *Client) count(ctx context.Context, name string, access helix.Access, o *object, where []filter) (int, error) {
	doc := fmt.Sprintf("query($filter: %sFilterInput, $first: Int) { %s(filter: $filter, first: $first) { totalCount } }",
		o.typeName(), o.plural)
	connection, err := fetch[struct {
		TotalCount int `json:"totalCount"`
	}](ctx, c, request{
		op: name, url: c.recordsURL, access: access, lookup: true, safety: providers.Safe, query: doc,
		variables: map[string]any{"filter": and(where...), "first": 1},
	}, o.plural)
	return connection.TotalCount, err
}

var errShape = errors.New("the answer has another shape than expected")

// fetch sends r and reads its only root field.
func fetch[T any](ctx context.Context, c *Client, r request, root string) (value T, err error) {
	err = c.send(ctx, r, func(data json.RawMessage) error {
		var fields map[string]json.RawMessage
		var fresh T // an earlier attempt may have left something
		if json.Unmarshal(data, &fields) != nil || isNull(fields[root]) || json.Unmarshal(fields[root], &fresh) != nil {
			return errShape
		}
		value = fresh
		return nil
	})
	return value, err
}
