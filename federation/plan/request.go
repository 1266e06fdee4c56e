package plan

import (
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
)

// Request is one root field of FortyTwo, asked for on its own: only then is it known what failed (fortytwo.md 0.2). Its
// arguments go as variables of the types that FortyTwo declares.
type Request struct {
	Field    string // FortyTwo's name of it, under which the answer's data has the value
	Name     string // the same, for traces: of a bounded set
	Mutation bool

	root       *compose.Root
	arguments  []argument
	foreignKey string // of lists that are asked for by their parent
	byIDs      bool   // records are asked for by their ids
	selection  *selection
	schema     *ast.Schema

	cursors  bool     // some are wanted
	unstable string   // a field of a constant order by which cursors do not work
	text     []byte   // the document, as JSON
	constant []byte   // the whole body, where no variable is in it
	variants sync.Map // by what an order adds: the document, as JSON
	ordered  int
	mu       sync.Mutex
}

// argument is one that the client gave.
type argument struct {
	name     string
	typ      *ast.Type
	literal  *ast.Value
	constant []byte // its JSON, when no variable is in it
}

// pageLimit is how many records one list answers at most; FortyTwo itself has no such bound (fortytwo.md 3).
const pageLimit = 200

// maxVariants bounds the documents kept for orders that come in variables. Further ones are written each time.
const maxVariants = 32

func newRequest(composed *compose.Composed, root *compose.Root, operation ast.Operation, given ast.ArgumentList) *Request {
	r := &Request{
		Field: root.Name, Name: root.Name, Mutation: operation == ast.Mutation, root: root, selection: &selection{}, schema: composed.Schema,
	}
	for _, a := range given {
		if a.Value.ExpectedType != nil {
			r.arguments = append(r.arguments, argument{name: a.Name, typ: a.Value.ExpectedType, literal: a.Value})
		}
	}
	return r
}

// finish is called when all is known that the plan asks of the field.
func (r *Request) finish() error {
	r.cursors = r.selection.has("edges", "cursor") || r.selection.has("pageInfo", "startCursor") || r.selection.has("pageInfo", "endCursor")
	if r.cursors && r.lists() {
		r.selection.child("edges").child("node").add("id")
	}
	constants := coercer{schema: r.schema}
	for i := range r.arguments {
		a := &r.arguments[i]
		if hasVariable(a.literal) {
			continue
		}
		v, _, err := constants.literal(a.typ, a.literal)
		if err != nil {
			continue // told when the request is made, at the field
		}
		if a.name == argOrderBy && r.lists() {
			var paths [][]string
			paths, r.unstable = r.ordering(&v)
			r.orderBy(r.selection, paths)
		}
		if v, err = r.lower(a, v); err == nil {
			a.constant = v.append(nil)
		}
	}
	r.text = r.document(r.selection)
	if r.foreignKey == "" && !r.byIDs && !slices.ContainsFunc(r.arguments, func(a argument) bool { return a.constant == nil }) {
		r.constant, _ = r.body(nil, nil, nil) // what is refused is refused at each request
	}
	return nil
}

// Names of arguments that mean the same on every list.
const (
	argFilter  = "filter"
	argOrderBy = "orderBy"
	argFirst   = "first"
	argAfter   = "after"
	argBefore  = "before"
	argLast    = "last"
)

func (r *Request) lists() bool { return r.root.Kind == compose.List }

// lower rewrites an argument into what FortyTwo understands.
func (r *Request) lower(a *argument, v value) (value, error) {
	switch a.name {
	case argFilter:
		v = lowerFilter(r.schema, a.typ, v)
	case argFirst, argLast:
		if n, ok := v.number(); ok && n > pageLimit {
			return value{}, pageTooLong()
		}
	}
	return v, nil
}

// paging is which page of a list is asked for.
type paging struct {
	cursor   bool // after or before a record
	fromLast bool // by the number of the last ones
}

func (p *paging) take(a *argument, null bool) {
	switch a.name {
	case argAfter, argBefore:
		p.cursor = p.cursor || !null
	case argLast:
		p.fromLast = !null
	}
}

// check refuses pages that FortyTwo gets wrong. unstable is the field, if any, by whose order cursors lose records.
func (p *paging) check(unstable string) error {
	switch {
	case p.cursor && unstable != "":
		return helix.BadInput("a list in the order of " + unstable + " cannot be paged by cursors, since the value may be missing: " +
			"order by createdAt or id, or page by offset")
	case p.fromLast && !p.cursor: // FortyTwo answers with the first ones
		return helix.BadInput("`last` needs `before`, the cursor of the record that comes after the page: for the end of a list turn the order round and ask for `first`")
	}
	return nil
}

// appendName begins the next member of an object.
func appendName(dst []byte, name string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	return append(appendString(dst, name), ':')
}

// Body is the request for one choice of variables. It may be shared with others and must not be written to.
func (r *Request) Body(variables map[string]any) ([]byte, error) {
	if r.constant != nil {
		return r.constant, nil
	}
	return r.body(variables, nil, nil)
}

// ForIDs asks for records by their ids, all of which must be accepted ones; see AcceptsID. At most 200.
func (r *Request) ForIDs(ids []string) []byte {
	in := make([]value, len(ids))
	for i, id := range ids {
		in[i] = scalar(`"` + id + `"`)
	}
	filter := object("id", object("in", list(in...)))
	first := scalar(itoa(len(ids)))
	body, _ := r.body(nil, &filter, &first) // without the client's arguments nothing can be refused
	return body
}

// ForParent asks for a list by its parent.
func (r *Request) ForParent(variables map[string]any, parent string) ([]byte, error) {
	filter := object(r.foreignKey, object("eq", scalar(`"`+parent+`"`)))
	return r.body(variables, &filter, nil)
}

func (r *Request) body(variables map[string]any, filter, first *value) ([]byte, error) {
	text := r.text
	c := coercer{schema: r.schema, variables: variables}
	unstable := r.unstable
	var given paging
	var room [512]byte
	members := room[:0] // of the variables
	for i := range r.arguments {
		a := &r.arguments[i]
		json := a.constant
		if json == nil || (filter != nil && a.name == argFilter) {
			v, present, err := c.literal(a.typ, a.literal)
			if err != nil {
				return nil, err
			}
			if !present {
				continue
			}
			if a.name == argOrderBy && r.lists() && a.constant == nil {
				var paths [][]string
				paths, unstable = r.ordering(&v)
				text = r.documentFor(paths)
			}
			if filter != nil && a.name == argFilter {
				if v.kind == kindObject && len(v.names) > 0 {
					joined := object("and", list(*filter, lowerFilter(r.schema, a.typ, v)))
					filter = &joined
				}
				continue
			}
			if v, err = r.lower(a, v); err != nil {
				return nil, err
			}
			given.take(a, v.kind == kindNull)
			members = v.append(appendName(members, a.name))
			continue
		}
		given.take(a, string(json) == "null")
		members = append(appendName(members, a.name), json...)
	}
	if filter != nil {
		members = filter.append(appendName(members, argFilter))
	}
	if first != nil {
		members = first.append(appendName(members, argFirst))
	}
	if err := given.check(unstable); err != nil && r.lists() {
		return nil, err
	}
	out := make([]byte, 0, len(text)+len(members)+32)
	out = append(append(out, `{"query":`...), text...)
	if len(members) > 0 {
		out = append(append(append(out, `,"variables":{`...), members...), '}')
	}
	return append(out, '}'), nil
}

// documentFor is the document with what an order needs.
func (r *Request) documentFor(paths [][]string) []byte {
	missing := slices.ContainsFunc(paths, func(path []string) bool { return !r.selection.has(slices.Concat([]string{"edges", "node"}, path)...) })
	if !r.cursors || !missing {
		return r.text
	}
	var key strings.Builder
	for _, path := range paths {
		key.WriteString(strings.Join(path, "."))
		key.WriteByte(' ')
	}
	if text, ok := r.variants.Load(key.String()); ok {
		return text.([]byte)
	}
	with := r.selection.clone()
	r.orderBy(with, paths)
	text := r.document(with)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ordered < maxVariants {
		r.ordered++
		r.variants.Store(key.String(), text)
	}
	return text
}

// orderBy selects what cursors are made of: FortyTwo puts into them only what is selected (fortytwo.md 0.9).
func (r *Request) orderBy(s *selection, paths [][]string) {
	if !r.cursors {
		return
	}
	for _, path := range paths {
		s.child("edges").child("node").add(path...)
	}
}

// document writes the request's document, as a JSON string.
func (r *Request) document(s *selection) []byte {
	var names []string
	for _, a := range r.arguments {
		names = append(names, a.name)
	}
	forced := []string(nil)
	switch {
	case r.foreignKey != "":
		forced = []string{argFilter}
	case r.byIDs:
		forced = []string{argFilter, argFirst}
	}
	for _, name := range forced {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	text := []byte("query")
	if r.Mutation {
		text = []byte("mutation")
	}
	var declared, passed []string
	for _, name := range names {
		typ, ok := r.root.Args[name]
		if !ok {
			continue
		}
		declared = append(declared, "$"+name+":"+typ)
		passed = append(passed, name+":$"+name)
	}
	if len(declared) > 0 {
		text = append(text, "("+strings.Join(declared, ",")+")"...)
	}
	text = append(append(text, '{'), r.Field...)
	if len(passed) > 0 {
		text = append(text, "("+strings.Join(passed, ",")+")"...)
	}
	if !s.leaf {
		text = s.append(text)
	}
	return quoted(string(append(text, '}')))
}

func hasVariable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return hasVariable(c.Value) })
}

func pageTooLong() error {
	return &helix.Error{Code: helix.CodeLimitExceeded, Message: "too many records on one page: the limit is " + itoa(pageLimit)}
}

// Kind says how the root field behaves.
func (r *Request) Kind() compose.RootKind { return r.root.Kind }
