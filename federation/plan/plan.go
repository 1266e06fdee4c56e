package plan

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/raise"
)

// Plan says how one operation is answered, for one version of the schema and one choice of its conditions. It is immutable.
type Plan struct {
	// Local is set when nothing of FortyTwo is wanted: the generated executor answers the operation as it stands. The rest is
	// empty then.
	Local bool

	Roots   []Root   // in the order of the answer
	Steps   []Step   // one after another: one for a query, one for each root field of a mutation
	Fetches []*Fetch // by number, as Roots, Steps and raise.Hop.Fetch name them

	hops map[*raise.Hop]int // numbers of hops, as in Hops
	Hops []Hop
}

// Hop tells what the records of a hop lead to: fields taken from them below which further hops begin.
type Hop struct {
	Fetch int
	Deep  []Deep
}

// Deep is a value taken from a record; From is "" when it is the record itself.
type Deep struct {
	From  string
	Shape *raise.Shape
}

// HopNumber is the place of a hop in Hops.
func (p *Plan) HopNumber(h *raise.Hop) int { return p.hops[h] }

// Root is one member of the answer's data.
type Root struct {
	Key   string
	Const []byte // JSON that is the answer whatever is fetched: __typename
	Fetch int
	Shape *raise.Shape
}

// Step is what is fetched together: level by level, all fetches of one level at the same time.
type Step struct {
	Roots  []int   // places in Plan.Roots that the step answers
	Levels [][]int // numbers of fetches
}

// FetchKind says where an answer comes from.
type FetchKind uint8

// Kinds of fetches.
const (
	FetchLocal          FetchKind = iota // root fields of ours, in one run of the generated executor
	FetchLocalEntities                   // fields of ours on records of FortyTwo, by id
	FetchRemote                          // one root field of FortyTwo
	FetchRemoteEntities                  // records of FortyTwo by id
	FetchChildren                        // one list for each parent
)

// Fetch is one source of the answer.
type Fetch struct {
	Kind FetchKind

	// Operation is what the generated executor runs, of local fetches. That of FetchLocalEntities takes its representations
	// from the variable VariableRepresentations.
	Operation *ast.OperationDefinition
	Entity    string // type of the representations

	Request *Request // of the others

	// Shape is that of a root field's value, to find hops in it and to hand it through. Of hops it is nil: see Plan.Hops.
	Shape *raise.Shape
}

// What hides in narrowed local selections. GraphQL reserves names with two underscores, so no client has them.
const (
	keyID                   = "__helix_id"
	VariableRepresentations = "__helix_representations"
)
