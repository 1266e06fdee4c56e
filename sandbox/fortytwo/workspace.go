package fortytwo

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
)

// workspace is one tenant: its metadata, records, members, keys and webhooks. mu guards everything below it; a root field holds it for
// as long as it works, so each is atomic.
type workspace struct {
	line                       Line
	id, displayName, subdomain string
	now                        func() time.Time // to the millisecond, UTC

	mu         sync.RWMutex
	version    int // metadataVersion
	objects    []*objectMeta
	roots      map[string]root
	tables     map[*objectMeta]*table
	nextNumber uint64
	random     *rand.Rand
	roles      map[string]*roleEntry // by id
	members    map[string]*membership
	keys       map[string]*apiKey
	webhooks   []*webhook
	schema     *ast.Schema // of schemaVersion
	schemaOf   int
}

// roleEntry is a role with its id.
type roleEntry struct {
	id string
	Role
}

// membership is a user in a workspace.
type membership struct {
	userWorkspaceID, memberID string
	role                      *roleEntry
}

func newWorkspace(id, displayName, subdomain string, o Options) (*workspace, error) {
	ws := &workspace{
		line: o.Line, id: id, displayName: displayName, subdomain: subdomain, version: 1, tables: map[*objectMeta]*table{},
		now:    func() time.Time { return o.Now().UTC().Truncate(time.Millisecond) },
		random: rand.New(rand.NewPCG(uint64(o.Seed), 0x42)),
		roles:  map[string]*roleEntry{}, members: map[string]*membership{}, keys: map[string]*apiKey{},
	}
	objects, err := buildModel(o.Line, id, ws.now(), o.Metadata)
	if err != nil {
		return nil, err
	}
	ws.objects = objects
	for _, o := range objects {
		ws.tables[o] = newTable()
	}
	ws.roots = rootsOf(o.Line, objects)
	return ws, nil
}

// newID makes a version 4 UUID out of the seeded source, so that a run can be repeated.
func (ws *workspace) newID() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(ws.random.UintN(256))
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

func (ws *workspace) objectNamed(singular string) *objectMeta {
	for _, o := range ws.objects {
		if o.singular == singular {
			return o
		}
	}
	return nil
}

func (ws *workspace) objectByID(id string) *objectMeta {
	for _, o := range ws.objects {
		if o.id == id {
			return o
		}
	}
	return nil
}

func (ws *workspace) fieldByID(id string) *fieldMeta {
	for _, o := range ws.objects {
		for _, f := range o.fields {
			if f.id == id {
				return f
			}
		}
	}
	return nil
}

func (ws *workspace) roleLabelled(label string) *roleEntry {
	for _, r := range ws.roles {
		if r.Label == label {
			return r
		}
	}
	return nil
}

// changed makes a change of metadata visible: the version rises by one (fortytwo.md 13).
func (ws *workspace) changed() {
	ws.version++
	ws.roots = rootsOf(ws.line, ws.objects)
}

// removeField forgets a field and its values; those of a relation take the other end along.
func (ws *workspace) removeField(f *fieldMeta) {
	column := f.column()
	for _, r := range ws.tables[f.object].records {
		if _, set := r.row[column]; set {
			changed := r.row.clone()
			delete(changed, column)
			r.row = changed
		}
	}
	f.object.fields = slices.DeleteFunc(f.object.fields, func(other *fieldMeta) bool { return other == f })
	f.object.index()
}

// renameField moves the values along with the name.
func (ws *workspace) renameField(f *fieldMeta, name string) {
	old := f.column()
	f.name = name
	if f.manyToOne() {
		f.relation.column = name + "Id"
		f.settings.set("joinColumnName", f.relation.column)
	}
	for _, r := range ws.tables[f.object].records {
		if value, set := r.row[old]; set {
			changed := r.row.clone()
			delete(changed, old)
			changed[f.column()] = value
			r.row = changed
		}
	}
	f.object.index()
}
