package fortytwo

import (
	"context"

	helix "github.com/helix-engage/gateway"
)

// CallbackStates gives where missed calls stand in FortyTwo, by record id, for at most 200 records; "" for one whose
// field is empty or holds a value that is not of the queue's. A record that is deleted, or that FortyTwo does not have, is
// missing. NOT_CONFIGURED when the workspace lacks the field or one of the queue's values: what it shows is not to be
// compared then.
func (c *Client) CallbackStates(
	ctx context.Context, access helix.Access, ids []string,
) (states map[string]helix.CallbackStatus, err error) {
	if len(ids) == 0 {
		return map[string]helix.CallbackStatus{}, nil // FortyTwo refuses an empty `in` (fortytwo.md 0.8)
	}
	err = c.withModel(ctx, func(m *model) error {
		o, err := m.object(helix.ObjectCall)
		if err != nil {
			return err
		}
		f, err := o.field("callbackstatus")
		if err != nil {
			return err
		}
		known := map[string]helix.CallbackStatus{}
		for _, status := range []helix.CallbackStatus{
			helix.CallbackPending, helix.CallbackAttempted, helix.CallbackCompleted, helix.CallbackInvalid, helix.CallbackWrong,
		} {
			theirs, err := f.value(string(status))
			if err != nil {
				return err
			}
			known[theirs] = status
		}
		nodes, err := c.list(ctx, listQuery{
			op: "fortytwo.callbackStates", access: access, object: o, sel: o.selection("callbackstatus"),
			where: []filter{cond(columnID, "in", ids)}, order: []order{ascending(columnID)}, first: maxPage,
		})
		if err != nil {
			return err
		}
		states = map[string]helix.CallbackStatus{}
		for _, n := range nodes {
			states[n.id()] = known[n.text(f)]
		}
		return nil
	})
	return states, err
}
