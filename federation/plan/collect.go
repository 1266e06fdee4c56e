package plan

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// collected is one field of an answer: every selection of the same response name in one place, merged.
type collected struct {
	key        string // in the answer
	field      *ast.Field
	selections []ast.SelectionSet // of all that were merged
}

// collector merges selections as the specification's CollectFields does. Conditions are decided: a plan belongs to one choice
// of the variables in them.
type collector struct {
	schema    *ast.Schema
	fragments ast.FragmentDefinitionList
	variables map[string]any
}

// collect gives the fields that objects of a type answer, in the order of the answer.
func (c *collector) collect(object *ast.Definition, sets ...ast.SelectionSet) []collected {
	var fields []collected
	visited := make(map[string]bool)
	for _, set := range sets {
		c.into(&fields, object, set, visited)
	}
	return fields
}

func (c *collector) into(fields *[]collected, object *ast.Definition, set ast.SelectionSet, visited map[string]bool) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if !c.included(s.Directives) {
				continue
			}
			i := slices.IndexFunc(*fields, func(f collected) bool { return f.key == s.Alias })
			if i < 0 {
				*fields = append(*fields, collected{key: s.Alias, field: s})
				i = len(*fields) - 1
			}
			if len(s.SelectionSet) > 0 {
				(*fields)[i].selections = append((*fields)[i].selections, s.SelectionSet)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && c.applies(s.TypeCondition, object) {
				c.into(fields, object, s.SelectionSet, visited)
			}
		case *ast.FragmentSpread:
			if visited[s.Name] || !c.included(s.Directives) {
				continue
			}
			visited[s.Name] = true
			if f := c.fragments.ForName(s.Name); f != nil && c.applies(f.TypeCondition, object) {
				c.into(fields, object, f.SelectionSet, visited)
			}
		}
	}
}

// applies tells whether a fragment with a type condition speaks of an object type.
func (c *collector) applies(condition string, object *ast.Definition) bool {
	if condition == "" || condition == object.Name {
		return true
	}
	d := c.schema.Types[condition]
	if d == nil || !d.IsAbstractType() {
		return false
	}
	return slices.ContainsFunc(c.schema.GetPossibleTypes(d), func(p *ast.Definition) bool { return p.Name == object.Name })
}

// included decides @skip and @include.
func (c *collector) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		if condition, known := c.condition(d); known && condition == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// condition is the value of a directive's if.
func (c *collector) condition(d *ast.Directive) (value, known bool) {
	argument := d.Arguments.ForName("if")
	if argument == nil {
		return false, false
	}
	v, err := argument.Value.Value(c.variables)
	if err != nil {
		return false, false
	}
	value, known = v.(bool)
	return value, known
}

// concrete gives the object types that a value of a type may be.
func (c *collector) concrete(d *ast.Definition) []*ast.Definition {
	if !d.IsAbstractType() {
		return []*ast.Definition{d}
	}
	return c.schema.GetPossibleTypes(d)
}

// Conditions are the variables that decide @skip and @include in an operation, each once, in the order of the document.
func Conditions(doc *ast.QueryDocument, op *ast.OperationDefinition) []string {
	var names []string
	note := func(directives ast.DirectiveList) {
		for _, d := range directives {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable && !slices.Contains(names, a.Value.Raw) {
				names = append(names, a.Value.Raw)
			}
		}
	}
	visited := make(map[string]bool)
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				note(s.Directives)
				if f := doc.Fragments.ForName(s.Name); f != nil && !visited[s.Name] {
					visited[s.Name] = true
					walk(f.SelectionSet)
				}
			}
		}
	}
	walk(op.SelectionSet)
	return names
}
