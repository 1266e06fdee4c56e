package fortytwo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const (
	// maxBatch is how many records one request writes; FortyTwo takes 200 (fortytwo.md 3).
	maxBatch = 100
	// maxFaults is how many INTERNAL_SERVER_ERRORs a call of UpsertRecords takes before it gives up. Finding the one
	// record of a hundred that FortyTwo stumbles over costs eight.
	maxFaults = 20
)

// Result is the fate of one write.
type Result struct {
	ID  string // the id that FortyTwo keeps the record under; "" with an error
	Err error  // nil when written
}

// UpsertRecords writes records in as few requests as may be and answers one result per write, in order. The error is
// set, and results nil, only when nothing could be tried: not configured, no rights, data model not read yet.
//
// A record that FortyTwo knows by a unique field, such as providerCallId, under another id keeps that id, which its
// result tells. Writes to the same record are merged in order. A refused batch is halved until only the refused records
// are left, so one bad record fails alone; a failure to reach FortyTwo ends the call, and what was not written yet fails
// with it, retryable. Fields and values that the workspace lacks are left out, and the log says so once.
func (c *Client) UpsertRecords(ctx context.Context, access helix.Access, writes []helix.RecordWrite) ([]Result, error) {
	m, err := c.resolved()
	if err != nil {
		return nil, err
	}
	if _, _, err := c.authorize(request{op: "fortytwo.upsert", url: c.recordsURL, access: access}); err != nil {
		return nil, err
	}
	u := &upsert{client: c, access: access, model: m, results: make([]Result, len(writes)), renamed: map[string]string{}}
	all := make([]int, len(writes))
	for i := range writes {
		all[i] = i
	}
	stale := u.run(ctx, writes, all)
	if len(stale) > 0 && u.moved { // once more, in the words of the new model
		u.model = c.model.Load()
		u.run(ctx, writes, stale)
	}
	return u.results, nil
}

// upsert is one call of UpsertRecords.
type upsert struct {
	client  *Client
	access  helix.Access
	model   *model
	results []Result
	looked  bool              // whether the model's version was looked at because of a refusal
	moved   bool              // whether it then was a new one
	faults  int               // INTERNAL_SERVER_ERRORs so far
	renamed map[string]string // records that are kept under another id than was asked for
	stopped error             // why nothing more is sent
}

// record is what is written to one record: the merged fields of one or more writes.
type record struct {
	object *object
	asked  string // the id that the writes name
	id     string // the id that it is sent under
	data   map[string]any
	writes []int // indices of the writes
}

// run writes the chosen writes and gives those that were refused because the model moved.
func (u *upsert) run(ctx context.Context, writes []helix.RecordWrite, chosen []int) (stale []int) {
	records := u.merge(ctx, writes, chosen)
	for _, w := range wanted() { // relations point up in this order, so what they point to is written first
		var batch []*record
		for _, r := range records {
			if r.object.ours == w.object {
				u.repoint(r)
				batch = append(batch, r)
			}
		}
		for chunk := range slices.Chunk(batch, maxBatch) {
			u.write(ctx, chunk)
		}
	}
	for _, i := range chosen {
		if errors.Is(u.results[i].Err, errModelChanged) {
			stale = append(stale, i)
		}
	}
	return stale
}

// repoint lets relations follow records that turned out to be kept under another id.
func (u *upsert) repoint(r *record) {
	for _, f := range r.object.fields {
		if id, ok := r.data[f.column].(string); ok && f.kind == kindRelation && u.renamed[id] != "" {
			r.data[f.column] = u.renamed[id]
		}
	}
}

// merge encodes the writes and joins those of one record. A write that cannot be encoded fails here.
func (u *upsert) merge(ctx context.Context, writes []helix.RecordWrite, chosen []int) []*record {
	var records []*record
	known := map[string]*record{}
	for _, i := range chosen {
		w := writes[i]
		r, err := u.encode(ctx, w)
		if err != nil {
			u.results[i] = Result{Err: err}
			continue
		}
		key := string(w.Object) + "/" + r.id
		if first, ok := known[key]; ok {
			maps.Copy(first.data, r.data)
			first.writes = append(first.writes, i)
			continue
		}
		r.writes = []int{i}
		known[key], records = r, append(records, r)
	}
	return records
}

func (u *upsert) encode(ctx context.Context, w helix.RecordWrite) (*record, error) {
	o, err := u.model.object(w.Object)
	if err != nil {
		return nil, err
	}
	if !isRecordID(w.Record) {
		return nil, helix.BadInput("the record id is not a UUID of version 4 or 5")
	}
	id := strings.ToLower(w.Record)
	r := &record{object: o, asked: id, id: id, data: map[string]any{columnID: id}}
	for key, value := range w.Fields {
		f, absent := o.writable(key)
		if absent {
			u.leaveOut(ctx, string(w.Object)+"."+key)
			continue
		}
		if f == nil {
			return nil, helix.BadInput(fmt.Sprintf("the object %s has no field %s", w.Object, key))
		}
		encoded, err := f.encode(value)
		if helix.IsCode(err, helix.CodeNotConfigured) {
			u.leaveOut(ctx, f.path)
			continue
		}
		if err != nil {
			return nil, err
		}
		if f.unique && encoded == "" {
			continue // 1.5 holds two blanks for a duplicate
		}
		r.data[f.column] = encoded
	}
	return r, nil
}

// leaveOut says once per model that a field is not written.
func (u *upsert) leaveOut(ctx context.Context, path string) {
	if _, said := u.model.warned.LoadOrStore(path, true); !said {
		u.client.log.WarnContext(ctx, "FortyTwo's data model lacks a field; it is not written", "field", path)
	}
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
	var duplicate errDuplicate
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
	sel := columnID
	for _, f := range o.correlated {
		if f.kind == kindText {
			sel += " " + f.name
		}
	}
	root := "create" + upperFirst(o.plural)
	data := make([]map[string]any, 0, len(batch))
	for _, r := range batch {
		data = append(data, r.data)
	}
	kept, err := fetch[[]node](ctx, u.client, request{
		op: "fortytwo.upsert", url: u.client.recordsURL, access: u.access, safety: providers.Idempotent,
		query:     fmt.Sprintf("mutation($data: [%sCreateInput!]!) { %s(data: $data, upsert: true) { %s } }", o.typeName(), root, sel),
		variables: map[string]any{"data": data},
	}, root)
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
		if value == "" || f.kind != kindText {
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
