package fortytwo

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// rightsFor is how long a reader's rights are taken for granted. A right that he loses refuses the read that needs it, and is
// heeded at once; one that he gains shows this much later.
const rightsFor = time.Minute

// columnDeletedAt is null unless a record is softly deleted (fortytwo.md 10).
const columnDeletedAt = "deletedAt"

// RecordReader reads one record again and again as its user may see it. It is safe for concurrent use.
type RecordReader struct {
	client         *Client
	access         helix.Access
	object, record string

	mu     sync.Mutex
	rights *userRights // nil before they were asked for
	until  time.Time
}

// userRights are what a user may read, as far as he is told; the zero value hides nothing.
type userRights struct {
	closed map[string]bool // ids of objects
	hidden map[string]bool // ids of fields
}

// RecordReader prepares to read a record; it sends nothing. object is FortyTwo's singular name.
func (c *Client) RecordReader(access helix.Access, object, record string) *RecordReader {
	return &RecordReader{client: c, access: access, object: object, record: record}
}

// Read gives the record with every plain field that the reader may read: one unreadable field would cost him the whole row
// (fortytwo.md 14). Softly deleted records are read too. NOT_FOUND says that there is no such object; FORBIDDEN that he may
// not read its records, whatever is in them.
func (r *RecordReader) Read(ctx context.Context) (view helix.RecordView, err error) {
	id, parseErr := uuid.Parse(r.record)
	switch {
	case !identifier.MatchString(r.object):
		return view, helix.NotFound("object")
	case parseErr != nil || id.Version() != 4 && id.Version() != 5: // FortyTwo refuses others (fortytwo.md 0.21)
		return view, nil
	}
	err = r.client.withModel(ctx, func(m *model) error {
		o := m.catalog[r.object]
		if o == nil {
			return helix.NotFound("object")
		}
		view, err = r.read(ctx, o, id.String())
		return err
	})
	return view, err
}

func (r *RecordReader) read(ctx context.Context, o *catalogued, id string) (helix.RecordView, error) {
	rights, fresh, err := r.allowed(ctx, false)
	if err != nil {
		return helix.RecordView{}, err
	}
	view, err := r.readWith(ctx, o, id, rights)
	if fresh || !helix.IsCode(err, helix.CodeForbidden) {
		return view, err
	}
	if rights, _, err = r.allowed(ctx, true); err != nil { // a field may have been taken from him
		return helix.RecordView{}, err
	}
	return r.readWith(ctx, o, id, rights)
}

// readWith asks for the record among the deleted ones too, which FortyTwo shows to a filter that mentions deletedAt.
func (r *RecordReader) readWith(ctx context.Context, o *catalogued, id string, rights *userRights) (helix.RecordView, error) {
	if rights.closed[o.id] {
		return helix.RecordView{}, helix.Forbidden(messageForbidden)
	}
	columns := o.readable(rights.hidden)
	if len(columns) == 0 {
		return helix.RecordView{}, helix.Forbidden(messageForbidden)
	}
	nodes, err := r.client.list(ctx, listQuery{
		op: "fortytwo.record", access: r.access, object: &object{singular: o.singular, plural: o.plural}, sel: selectionOf(columns), first: 1,
		where: []filter{eq(columnID, id), or(cond(columnDeletedAt, "is", "NULL"), cond(columnDeletedAt, "is", "NOT_NULL"))},
	})
	if err != nil || len(nodes) == 0 || nodes[0] == nil {
		return helix.RecordView{}, err
	}
	n := nodes[0]
	view := helix.RecordView{Found: true, Deleted: !isNull(n.value(columnDeletedAt)), UpdatedAt: n.time("updatedAt")}
	view.JSON, err = writeRecord(columns, n)
	return view, err
}

// writeRecord writes a record's fields in the order of the metadata, which FortyTwo's answers do not keep.
func writeRecord(columns []catalogColumn, n node) (json.RawMessage, error) {
	out := []byte{'{'}
	for i, c := range columns {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), c.name...), `":`...)
		value := n.value(c.name)
		if value == nil {
			value = json.RawMessage("null")
		}
		out = append(out, value...)
	}
	if out = append(out, '}'); !json.Valid(out) {
		return nil, unavailable(errShape)
	}
	return out, nil
}

// allowed gives the reader's rights, asking for them when they are stale or again is set; fresh says that they were.
func (r *RecordReader) allowed(ctx context.Context, again bool) (rights *userRights, fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rights != nil && !again && r.client.now().Before(r.until) {
		return r.rights, false, nil
	}
	if rights, err = r.client.userRights(ctx, r.access); err != nil {
		return nil, false, err
	}
	r.rights, r.until = rights, r.client.now().Add(rightsFor)
	return rights, true, nil
}

// userRights asks what a user may read. A line that cannot tell hides nothing here: the read is refused then, if need be.
func (c *Client) userRights(ctx context.Context, access helix.Access) (*userRights, error) {
	resp, err := currentRights(ctx, metadata{c, request{op: "fortytwo.rights", access: access, lookup: true, safety: providers.Safe}})
	if errors.Is(err, errModelChanged) {
		return &userRights{}, nil
	}
	if err != nil {
		return nil, err
	}
	rights := &userRights{closed: map[string]bool{}, hidden: map[string]bool{}}
	if resp.CurrentUser.CurrentUserWorkspace == nil {
		return rights, nil
	}
	for _, of := range resp.CurrentUser.CurrentUserWorkspace.ObjectsPermissions {
		if of.CanReadObjectRecords != nil && !*of.CanReadObjectRecords {
			rights.closed[of.ObjectMetadataId] = true
		}
		var restricted map[string]struct {
			CanRead *bool `json:"canRead"`
		}
		if json.Unmarshal(of.RestrictedFields, &restricted) != nil {
			continue
		}
		for field, right := range restricted {
			if right.CanRead != nil && !*right.CanRead {
				rights.hidden[field] = true
			}
		}
	}
	return rights, nil
}
