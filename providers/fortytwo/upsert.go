package fortytwo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// maxBatch is how many records one request writes; FortyTwo takes 200 (fortytwo.md 3).
const maxBatch = 100

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
