package federationtest

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// group is the fields of a selection set that share a response key, in document order.
type group struct {
	key    string
	fields []*ast.Field
}

// selections are the selection sets that are merged to answer the field.
func (g *group) selections() []ast.SelectionSet {
	sets := make([]ast.SelectionSet, 0, len(g.fields))
	for _, f := range g.fields {
		sets = append(sets, f.SelectionSet)
	}
	return sets
}

// collector collects the fields of an object (specification 6.3.2).
type collector struct {
	*execution

	typ     *ast.Definition
	groups  []*group
	byKey   map[string]*group
	visited map[string]bool // fragments
}

func (r *execution) collect(sets []ast.SelectionSet, typ *ast.Definition) []*group {
	c := &collector{execution: r, typ: typ, byKey: map[string]*group{}, visited: map[string]bool{}}
	for _, set := range sets {
		c.add(set)
	}
	return c.groups
}

func (c *collector) add(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				c.addField(s)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && c.applies(s.TypeCondition) {
				c.add(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			c.spread(s)
		}
	}
}

func (c *collector) addField(f *ast.Field) {
	key := f.Alias
	if key == "" {
		key = f.Name
	}
	g := c.byKey[key]
	if g == nil {
		g = &group{key: key}
		c.byKey[key] = g
		c.groups = append(c.groups, g)
	}
	g.fields = append(g.fields, f)
}

func (c *collector) spread(s *ast.FragmentSpread) {
	if !c.included(s.Directives) || c.visited[s.Name] {
		return
	}
	c.visited[s.Name] = true
	fragment := c.fragments.ForName(s.Name)
	if fragment == nil {
		fragment = s.Definition // of a narrowed operation whose document does not hold it
	}
	if fragment != nil && c.applies(fragment.TypeCondition) {
		c.add(fragment.SelectionSet)
	}
}

// included evaluates @skip and @include.
func (c *collector) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		argument := d.Arguments.ForName("if")
		if argument == nil {
			continue
		}
		condition := argument.Value.Raw == "true"
		if argument.Value.Kind == ast.Variable {
			condition, _ = c.variables[argument.Value.Raw].(bool)
		}
		if condition == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// applies tells whether a fragment on a type concerns the object.
func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.typ.Name {
		return true
	}
	if slices.Contains(c.typ.Interfaces, condition) {
		return true
	}
	definition := c.schema.Types[condition]
	return definition != nil && definition.Kind == ast.Union && slices.Contains(definition.Types, c.typ.Name)
}
