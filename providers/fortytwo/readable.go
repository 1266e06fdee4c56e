package fortytwo

import (
	"context"
	"slices"

	helix "github.com/helix-engage/gateway"
)

// Readable gives those of an object's records that exist and that access may read: one query for each 200 of them. An object
// that may not be read at all, or that the workspace lacks, holds none. Ids must be of UUID version 4 or 5.
func (c *Client) Readable(
	ctx context.Context, access helix.Access, object helix.RecordObject, records []string,
) (map[string]bool, error) {
	readable := make(map[string]bool, len(records))
	if len(records) == 0 {
		return readable, nil
	}
	err := c.withModel(ctx, func(m *model) error {
		o, err := m.readableObject(object)
		if err != nil {
			return err
		}
		var queries []listQuery
		for ids := range slices.Chunk(records, maxPage) {
			queries = append(queries, listQuery{
				op: "fortytwo.readable", access: access, object: o, sel: o.selection(), order: []order{ascending(columnID)},
				where: []filter{cond(columnID, "in", ids)}, first: len(ids),
			})
		}
		found, err := c.lists(ctx, queries...)
		for _, n := range found {
			readable[n.id()] = true
		}
		return err
	})
	if err != nil && !forgiven(err) {
		return nil, err
	}
	return readable, nil
}

// readableObject knows members too, which every workspace has under this name (fortytwo.md 1) and of which no field is
// needed.
func (m *model) readableObject(name helix.RecordObject) (*object, error) {
	if name == helix.ObjectMember {
		return &object{ours: name, singular: "workspaceMember", plural: "workspaceMembers"}, nil
	}
	return m.object(name)
}
