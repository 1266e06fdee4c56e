package limits

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// estimate is how many values a place of the answer may hold: one for each field, times the sizes of the lists around it. What
// no variable decides is added up already.
type estimate struct {
	fixed int
	lists []scaled
}

// scaled is a field whose size a variable decides.
type scaled struct {
	size size
	each estimate
}

// size is how many items a field asks for: the largest of its arguments, since which of them counts is the schema's business.
type size struct {
	given     int
	variables []variable
	unstated  int // where no argument says
}

type variable struct {
	name      string
	otherwise int // when it is absent
}

// Bounds of an estimate. Sums and products stop at the ceiling, far above any limit and far below an overflow.
const ceiling = math.MaxInt32

func plus(a, b int) int { return min(a+b, ceiling) }

func times(a, b int) int { return min(a*b, ceiling) }

// add counts a field that has below in each of its items.
func (e *estimate) add(s size, below estimate) {
	e.fixed = plus(e.fixed, 1)
	if len(s.variables) == 0 {
		e.fixed = plus(e.fixed, times(s.of(nil), below.fixed))
		below.fixed = 0
	}
	if below.fixed > 0 || len(below.lists) > 0 {
		e.lists = append(e.lists, scaled{size: s, each: below})
	}
}

// total is the estimate with the variables of a request.
func (e *estimate) total(variables map[string]any) int {
	sum := e.fixed
	for i := range e.lists {
		l := &e.lists[i]
		sum = plus(sum, times(l.size.of(variables), l.each.total(variables)))
	}
	return sum
}

func (s size) of(variables map[string]any) int {
	n := s.given
	for _, v := range s.variables {
		value, present := variables[v.name]
		if !present {
			n = max(n, v.otherwise)
			continue
		}
		n = max(n, number(value))
	}
	if n <= 0 {
		n = s.unstated
	}
	return min(max(n, 1), ceiling)
}

// number reads a variable, of a list how long it is; anything else will be refused by the validation.
func number(value any) int {
	var n float64
	switch v := value.(type) {
	case json.Number:
		n, _ = v.Float64()
	case float64:
		n = v
	case int:
		n = float64(v)
	case int64:
		n = float64(v)
	case []any:
		n = float64(len(v))
	}
	return int(max(0, min(n, ceiling))) // of NaN too
}

// sizes are the arguments by which lists of FortyTwo and of ours are bounded: by their value, representations by how many they
// are.
var sizes = []string{"first", "last", "limit", "representations"}

// sizeOf reads a field's arguments. defaults are those of the operation's variables.
func sizeOf(arguments ast.ArgumentList, defaults map[string]int) (s size) {
	for _, a := range arguments {
		if a.Value == nil || !slices.Contains(sizes, a.Name) {
			continue
		}
		switch a.Value.Kind {
		case ast.IntValue:
			s.given = max(s.given, literal(a.Value))
		case ast.ListValue:
			s.given = max(s.given, len(a.Value.Children))
		case ast.Variable:
			s.variables = append(s.variables, variable{name: a.Value.Raw, otherwise: defaults[a.Value.Raw]})
		}
	}
	return s
}

// literal reads a number of the document; one that is too large for us is too large for anybody.
func literal(v *ast.Value) int {
	n, err := strconv.Atoi(v.Raw)
	if err != nil {
		return ceiling
	}
	return min(n, ceiling)
}

// introspected is how long the lists of introspection are taken to be, in a schema of several hundred types.
var introspected = map[string]int{
	"types": 700, "fields": 10, "inputFields": 10, "args": 3, "enumValues": 5, "possibleTypes": 3, "interfaces": 2, "directives": 10,
}

// unstatedPage is how many items a connection is taken to have when its size is not stated; FortyTwo answers 60.
const unstatedPage = 60
