package compose

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Line is the line of FortyTwo's server, as far as it changes what may be asked (fortytwo.md 16).
type Line string

// The lines. A server whose lists take offset, or that groups, is of the newer.
const (
	Line15 Line = "1.5"
	Line2  Line = "2.x"
)

// Upstream is what is known of FortyTwo's schema: what its introspection lists, cut to what can be composed, and the objects
// of /metadata. It is immutable; Types are shared with composed schemas and must not be edited. Its JSON is the form that is
// kept on disk.
type Upstream struct {
	Version  int                        // currentWorkspace.metadataVersion
	Line     Line                       // seen by what introspection offers
	Query    string                     // name of the root type of queries
	Mutation string                     // name of the root type of mutations, or ""
	Types    map[string]*ast.Definition // by FortyTwo's names; no built-in scalars, no introspection types
	Objects  []*Object                  // sorted by Singular
}

// Object is an object of FortyTwo's data model (fortytwo.md 13).
type Object struct {
	Singular string   `json:"singular"` // e.g. followUp
	Plural   string   `json:"plural"`   // e.g. followUps
	Active   bool     `json:"active"`   // only active ones have root fields
	System   bool     `json:"system"`
	Fields   []*Field `json:"fields"` // sorted by Name
}

// Field is a field of an object.
type Field struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"` // e.g. DATE_TIME, RELATION (fortytwo.md 7)
	Nullable bool      `json:"nullable,omitempty"`
	Unique   bool      `json:"unique,omitempty"`
	Relation *Relation `json:"relation,omitempty"` // nil for what is no relation
}

// Relation is where a relation field leads.
type Relation struct {
	Kind       RelationKind `json:"kind"`
	Target     string       `json:"target"`               // singular of the object at the other side
	ForeignKey string       `json:"foreignKey,omitempty"` // column on the many side, e.g. leadId; "" when unknown
}

// RelationKind is the side of a relation that a field stands on.
type RelationKind string

// The sides of a relation, in FortyTwo's words.
const (
	ManyToOne RelationKind = "MANY_TO_ONE"
	OneToMany RelationKind = "ONE_TO_MANY"
)

// Object finds an object by its singular; nil when there is none.
func (u *Upstream) Object(singular string) *Object {
	for _, o := range u.Objects {
		if o.Singular == singular {
			return o
		}
	}
	return nil
}

// Field finds a field by its name; nil when there is none. A nil object has no fields.
func (o *Object) Field(name string) *Field {
	if o == nil {
		return nil
	}
	for _, f := range o.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}
