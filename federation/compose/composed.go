package compose

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Composed is the schema that clients see, and where each part of it comes from. It is immutable.
type Composed struct {
	// Schema is validated. Directives of Apollo Federation (@key, @link …) are not in it; _service and _entities are when
	// the local schema has them.
	Schema *ast.Schema
	// Local is the local schema as it was given: all that the generated executor can answer. PageInfo may have fields in
	// Schema that it does not have here; below a local root field these are null.
	Local     *ast.Schema
	Upstream  *Upstream  // nil when the local part stands alone
	Conflicts []Conflict // what was renamed or left out and why; sorted by Place
	// Roots are FortyTwo's root fields by composed name. A root field that is not here is local. Both maps are there, also
	// when empty.
	Roots map[ast.Operation]map[string]*Root
	// Types are the composed object and interface types that have fields of FortyTwo, by composed name.
	Types map[string]*Type
	// Entities are the types that both sides have, by composed name, e.g. Lead.
	Entities map[string]*Entity
}

// Conflict is a name of FortyTwo's that could not stay.
type Conflict struct {
	Place  string // FortyTwo's name: "type MissedCall", "Query.search", "Lead.callTimeline"
	Became string // the composed name, or "" when it was left out
	Reason string // a sentence without a full stop
}

// String is the conflict in one line.
func (c Conflict) String() string {
	became := "became " + c.Became
	if c.Became == "" {
		became = "is left out"
	}
	return c.Place + " " + became + ": " + c.Reason
}

// RootKind says how a root field of FortyTwo behaves (fortytwo.md 3).
type RootKind uint8

// The kinds of root fields.
const (
	One        RootKind = iota + 1 // lead(filter!): an object; a missing one is null and NOT_FOUND
	List                           // leads(filter, orderBy, first, …): a connection
	GroupBy                        // leadsGroupBy: a list of groups
	Duplicates                     // leadDuplicates: a list of connections
	Search                         // search: the core's own connection
	Write                          // createLead, updateLead, deleteLead, restoreLead, destroyLead, mergeLeads: one record
	WriteMany                      // createLeads, updateLeads, …: a list of records
)

// Root is a root field of FortyTwo.
type Root struct {
	Name   string // there, e.g. search when the composed name is fortyTwoSearch
	Kind   RootKind
	Object *Object           // whose records; nil for search
	Args   map[string]string // FortyTwo's type of each argument as text, e.g. "[LeadOrderByInput]"
}

// Type is a composed type with fields of FortyTwo.
type Type struct {
	Name   string  // there
	Object *Object // whose record it is; nil for connections, edges, composites …
	// Fields are by composed field name. A field that is not in it is local: it extends an entity.
	Fields map[string]*Origin
}

// Origin is where a field comes from.
type Origin struct {
	Name     string    // there
	Children *Children // one-to-many: never sent nested; nil for all others
}

// Children says how the records of a one-to-many connection are asked for.
type Children struct {
	Root       string // composed name of the list, e.g. calls
	ForeignKey string // field of the list's filter that names the parent, e.g. leadId; never empty
}

// Entity is a type that both sides have; its records are joined by id.
type Entity struct {
	Name      string // composed, and on both sides
	List      *Root  // FortyTwo's list of these; its filter has an id
	ListField string // composed name of that list, e.g. leads
}
