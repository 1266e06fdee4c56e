package federationtest

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// Generator draws valid documents with their variables over a schema.
type Generator struct {
	Schema *ast.Schema
	Hints  Hints
}

// Hints say what is worth asking, so that most documents answer data and none asks for too much. All may be left out but Roots.
type Hints struct {
	// Roots are the root fields to ask, by kind of operation; a name that stands twice is drawn twice as often.
	Roots map[ast.Operation][]string
	// Prefer names fields of a type that are drawn six times of ten.
	Prefer map[string][]string
	// Skip tells which fields of objects and input objects are never used.
	Skip func(typ, field string) bool
	// Arguments draws the arguments of a field as JSON that fits the schema; nil: they are made up from the schema.
	Arguments func(t *rapid.T, typ, field string) map[string]any
	// Values are JSON values for a leaf of the input: path leads there from the argument, through fields of input objects. Nil: made up.
	Values func(path []string, typ *ast.Definition) []any
	// OneField tells input objects of which exactly one field is given.
	OneField func(typ string) bool
	// Costly tells fields that cost a request for each parent. A document has at most Requests of them in all.
	Costly   func(typ, field string) bool
	Requests int
	// Fixed are arguments that are always given, with all in them: no variable in them is absent.
	Fixed []string
	// Depth is how many levels of objects a document has at most; default 7. Page is how long a list without `first` is; default 10.
	Depth, Page int
}

func (h Hints) skip(typ, field string) bool { return h.Skip != nil && h.Skip(typ, field) }

func (h Hints) costly(typ, field string) bool { return h.Costly != nil && h.Costly(typ, field) }

// drawing is a document in the making.
type drawing struct {
	*Generator

	t         *rapid.T
	depth     int                 // levels that may still be opened
	keys      map[string]string   // response keys of the whole document with what they stand for, so that fields can always be merged
	asked     map[string][]asking // arguments that a field was asked with
	fragments []fragment
	variables []string // their definitions
	values    map[string]any
	requests  int // left
	number    int // of names made up
}

// asking is the arguments of a field: as text, and how many items they ask for.
type asking struct {
	text string
	page int
}

// fragment is a named fragment that was drawn.
type fragment struct {
	name, typ, text string
	page            int
	cost            int // requests for each object that it is applied to
	depth           int // levels that were left where it was drawn
}

// Draw draws a document of one kind of operation.
func (g *Generator) Draw(t *rapid.T, kind ast.Operation) Request {
	d := &drawing{
		Generator: g, t: t, keys: map[string]string{}, asked: map[string][]asking{}, values: map[string]any{},
		requests: g.Hints.Requests,
	}
	most := 7
	if g.Hints.Depth > 0 {
		most = g.Hints.Depth
	}
	d.depth = 2 + d.up(most-2, "depth")
	root := g.Schema.Query
	if kind == ast.Mutation {
		root = g.Schema.Mutation
	}
	body := d.selection(root, 1, 0)
	var out strings.Builder
	request := Request{Variables: d.values}
	operation := string(kind)
	switch {
	case d.oneOf(10):
		request.OperationName = "Asked"
		operation += " Asked"
		out.WriteString("query Other { __typename }\n")
	case d.oneOf(5):
		operation += " Asked"
	case len(d.variables) == 0 && kind == ast.Query:
		operation = ""
	}
	if len(d.variables) > 0 {
		operation += "(" + strings.Join(d.variables, ", ") + ")"
	}
	out.WriteString(strings.TrimSpace(operation + " " + body))
	for _, f := range d.fragments {
		fmt.Fprintf(&out, "\nfragment %s on %s %s", f.name, f.typ, f.text)
	}
	request.Query = out.String()
	return request
}

// oneOf is true once in n times; it shrinks to false.
func (d *drawing) oneOf(n int) bool { return d.up(n-1, "one of") == n-1 && n > 1 }

// up draws a number from 0 to most.
func (d *drawing) up(most int, label string) int { return rapid.IntRange(0, most).Draw(d.t, label) }

// name makes up a name.
func (d *drawing) name(prefix string) string {
	d.number++
	return fmt.Sprintf("%s%d", prefix, d.number)
}

func pick[T any](d *drawing, from []T) T { return from[d.up(len(from)-1, "pick")] }

// key gives a field its response key: its name, or an alias. A key stands for one thing in the whole document.
func (d *drawing) key(typ *ast.Definition, name, meaning string) string {
	key := name
	if d.oneOf(4) {
		candidates := []string{"a", "b", "items", "node", "id"}
		if len(typ.Fields) > 0 {
			candidates = append(candidates, pick(d, typ.Fields).Name)
		}
		key = pick(d, candidates)
	}
	if strings.HasPrefix(key, "__") && key != name {
		key = "c"
	}
	if known, taken := d.keys[key]; taken && known != meaning {
		key = d.name("k")
	}
	d.keys[key] = meaning
	return key
}

// directives draws @skip and @include, which mostly leave what they stand on.
func (d *drawing) directives() string {
	if !d.oneOf(12) {
		return ""
	}
	name, keeps := pick(d, []string{"include", "skip"}), true
	if name == "skip" {
		keeps = false
	}
	if d.oneOf(3) {
		keeps = !keeps
	}
	condition := fmt.Sprint(keeps)
	if d.oneOf(2) {
		variable := d.name("v")
		switch d.up(2, "condition") {
		case 0:
			d.variables = append(d.variables, fmt.Sprintf("$%s: Boolean!", variable))
			d.values[variable] = keeps
		case 1:
			d.variables = append(d.variables, fmt.Sprintf("$%s: Boolean! = %t", variable, keeps))
		default:
			d.variables = append(d.variables, fmt.Sprintf("$%s: Boolean = %t", variable, !keeps))
			d.values[variable] = keeps
		}
		condition = "$" + variable
	}
	return fmt.Sprintf(" @%s(if: %s)", name, condition)
}
