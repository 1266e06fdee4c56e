package limits

import (
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
)

// meter walks a document as it would execute and stops at the first limit passed.
type meter struct {
	limits    Options
	fragments map[string]*ast.FragmentDefinition
	spread    map[string]bool // fragments that some operation has reached

	selections, aliases, directives, comparisons int
}

// place is where fields merge: those with the same response name in one place end in the same member of the answer, and the
// validator compares them in pairs.
type place struct {
	depth  int
	fields map[string][]ast.SelectionSet
	names  []string // of fields, in order
	total  int
}

// measure checks a parsed document. Operations come first; a fragment that none of them reaches is measured by itself, since
// it is validated all the same.
func measure(limits Options, doc *ast.QueryDocument) error {
	m := &meter{
		limits:    limits,
		fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)),
		spread:    make(map[string]bool),
	}
	for _, f := range doc.Fragments {
		m.fragments[f.Name] = f
	}
	if m.hasCycle() {
		return helix.BadInput("a fragment spreads itself")
	}
	for _, op := range doc.Operations {
		if err := m.operation(op); err != nil {
			return err
		}
	}
	for _, f := range doc.Fragments {
		if m.spread[f.Name] && m.fragments[f.Name] == f {
			continue
		}
		if err := m.fragment(f); err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) operation(op *ast.OperationDefinition) error {
	if err := m.addDirectives(op.Directives); err != nil {
		return err
	}
	for _, v := range op.VariableDefinitions {
		if err := m.addDirectives(v.Directives); err != nil {
			return err
		}
		if err := m.value(v.DefaultValue); err != nil {
			return err
		}
	}
	return m.place(1, true, op.SelectionSet)
}

func (m *meter) fragment(f *ast.FragmentDefinition) error {
	if err := m.addDirectives(f.Directives); err != nil {
		return err
	}
	return m.place(1, false, f.SelectionSet)
}

// place measures one place of the answer and those below it.
func (m *meter) place(depth int, root bool, sets ...ast.SelectionSet) error {
	p := &place{depth: depth, fields: make(map[string][]ast.SelectionSet)}
	for _, set := range sets {
		if err := m.collect(p, root, set); err != nil {
			return err
		}
	}
	for _, name := range p.names {
		same := p.fields[name]
		if m.comparisons += len(same) * (len(same) - 1) / 2; m.comparisons > m.limits.Comparisons {
			return exceeded("comparisons of fields with the same name", m.limits.Comparisons)
		}
		if err := m.place(depth+1, false, same...); err != nil {
			return err
		}
	}
	return nil
}

// collect gathers the fields of a selection set in a place, fragments expanded.
func (m *meter) collect(p *place, root bool, set ast.SelectionSet) error {
	for _, selection := range set {
		if m.selections++; m.selections > m.limits.Selections {
			return exceeded("selections, fragments expanded", m.limits.Selections)
		}
		var err error
		switch s := selection.(type) {
		case *ast.Field:
			err = m.field(p, root, s)
		case *ast.InlineFragment:
			if err = m.addDirectives(s.Directives); err == nil {
				err = m.collect(p, root, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			err = m.spreadIn(p, root, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) field(p *place, root bool, f *ast.Field) error {
	p.total++
	switch {
	case p.depth > m.limits.Depth:
		return exceeded("levels of nested fields", m.limits.Depth)
	case root && p.total > m.limits.RootFields:
		return exceeded("root fields in one operation", m.limits.RootFields)
	}
	if f.Alias != f.Name {
		if m.aliases++; m.aliases > m.limits.Aliases {
			return exceeded("aliases", m.limits.Aliases)
		}
	}
	if err := m.addDirectives(f.Directives); err != nil {
		return err
	}
	if err := m.arguments(f.Arguments); err != nil {
		return err
	}
	if _, known := p.fields[f.Alias]; !known {
		p.names = append(p.names, f.Alias)
	}
	p.fields[f.Alias] = append(p.fields[f.Alias], f.SelectionSet)
	return nil
}

func (m *meter) spreadIn(p *place, root bool, s *ast.FragmentSpread) error {
	if err := m.addDirectives(s.Directives); err != nil {
		return err
	}
	f := m.fragments[s.Name]
	if f == nil {
		return nil // validation reports it
	}
	m.spread[s.Name] = true
	if err := m.addDirectives(f.Directives); err != nil {
		return err
	}
	return m.collect(p, root, f.SelectionSet)
}

func (m *meter) addDirectives(directives ast.DirectiveList) error {
	if m.directives += len(directives); m.directives > m.limits.Directives {
		return exceeded("directives", m.limits.Directives)
	}
	for _, d := range directives {
		if err := m.arguments(d.Arguments); err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) arguments(arguments ast.ArgumentList) error {
	for _, a := range arguments {
		if err := m.value(a.Value); err != nil {
			return err
		}
	}
	return nil
}

// value checks a literal; the tokens bound its size, the parser its depth.
func (m *meter) value(v *ast.Value) error {
	if v == nil {
		return nil
	}
	if v.Kind == ast.ListValue && len(v.Children) > m.limits.ListItems {
		return exceeded("items in one list", m.limits.ListItems)
	}
	for _, child := range v.Children {
		if err := m.value(child.Value); err != nil {
			return err
		}
	}
	return nil
}
