package fortytwo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// maxFaults is how many INTERNAL_SERVER_ERRORs a call of UpsertRecords takes before it gives up. Finding the one record
// of a hundred that FortyTwo stumbles over costs eight.
const maxFaults = 20

// record is what is written to one record: the merged fields of one or more writes.
type record struct {
	object *object
	asked  string // the id that the writes name
	id     string // the id that it is sent under
	data   map[string]any
	writes []int // indices of the writes
}

// write sends a batch and settles its records, in smaller batches when it is refused.
func (u *upsert) write(ctx context.Context, batch []*record) {
	err := u.stopped
	if err == nil {
		err = u.send(ctx, batch)
	}
	switch {
	case err == nil:
		return
	case u.endsAll(err):
		u.stopped = err
		u.fail(batch, err)
	case helix.IsCode(err, helix.CodeForbidden): // concerns the object, whichever the record
		u.fail(batch, err)
	case errors.Is(err, errModelChanged) && u.modelMoved(ctx):
		u.fail(batch, err)
	case len(batch) > 1:
		u.write(ctx, batch[:len(batch)/2])
		u.write(ctx, batch[len(batch)/2:])
	default:
		u.settleRefused(ctx, batch[0], err)
	}
}

// endsAll reports whether a failure would meet every further request as well.
func (u *upsert) endsAll(err error) bool {
	if u.stopped != nil {
		return true
	}
	if errors.Is(err, errFault) {
		u.faults++
		return u.faults > maxFaults
	}
	switch helix.AsError(err).Code {
	case helix.CodeUnavailable, helix.CodeTooManyRequests, helix.CodeUnauthenticated, helix.CodeNotConfigured, helix.CodeInternal:
		return true
	default:
		return false
	}
}

// modelMoved looks once whether the workspace has a new model.
func (u *upsert) modelMoved(ctx context.Context) bool {
	if !u.looked {
		u.looked = true
		u.moved = u.client.Resolve(ctx) == nil && u.client.model.Load() != u.model
	}
	return u.moved
}

// settleRefused deals with a record that was refused on its own. A duplicate is written to the record in the way, or,
// where FortyTwo does not name it, once more: a replica that was first is found by now. A call whose number FortyTwo
// does not know is written without it: the call happened.
func (u *upsert) settleRefused(ctx context.Context, r *record, err error) {
	var duplicate duplicateError
	switch {
	case errors.As(err, &duplicate):
		if isRecordID(duplicate.record) {
			r.id = strings.ToLower(duplicate.record)
			r.data[columnID] = r.id
		}
		err = u.send(ctx, []*record{r})
	case errors.Is(err, errPhone):
		r.dropPhones()
		u.client.log.WarnContext(ctx, "FortyTwo refused a phone number; the record is written without it",
			"object", r.object.ours, "record", r.id)
		err = u.send(ctx, []*record{r})
	}
	if err != nil {
		u.fail([]*record{r}, err)
	}
}

func (r *record) dropPhones() {
	for _, f := range r.object.fields {
		if f.kind == kindPhones {
			delete(r.data, f.column)
		}
	}
}

func (u *upsert) fail(batch []*record, err error) {
	for _, r := range batch {
		for _, i := range r.writes {
			u.results[i] = Result{Err: err}
		}
	}
}

// send writes a batch in one request and notes under which ids its records are kept.
func (u *upsert) send(ctx context.Context, batch []*record) error {
	o := batch[0].object
	sel := []string{columnID}
	for _, f := range o.correlated {
		sel = append(sel, f.name)
	}
	root := "create" + upperFirst(o.plural)
	data := make([]map[string]any, 0, len(batch))
	for _, r := range batch {
		data = append(data, r.data)
	}
	kept, err := fetch(ctx, u.client, request{
		op: "fortytwo.upsert", url: u.client.recordsURL, access: u.access, safety: providers.Idempotent,
		query: fmt.Sprintf("mutation($data: [%sCreateInput!]!) { %s(data: $data, upsert: true) { %s } }",
			o.typeName(), root, strings.Join(sel, " ")),
		variables: map[string]any{"data": data},
	}, root, readNodes)
	if err != nil {
		return err
	}
	for _, r := range batch {
		id := r.keptAs(kept)
		if id != r.asked {
			u.renamed[r.asked] = id
		}
		for _, i := range r.writes {
			u.results[i] = Result{ID: id}
		}
	}
	return nil
}

// keptAs finds the record in what FortyTwo answered: under its id, else under a unique value of its own.
func (r *record) keptAs(kept []node) string {
	for _, n := range kept {
		if n.id() == r.id {
			return r.id
		}
	}
	for _, f := range r.object.correlated {
		value, _ := r.data[f.column].(string)
		if value == "" {
			continue
		}
		for _, n := range kept {
			if n.text(f) == value && n.id() != "" {
				return n.id()
			}
		}
	}
	return r.id
}
