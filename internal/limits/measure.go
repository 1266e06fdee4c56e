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
	defaults  map[string]int  // numbers that the variables of the operation at hand are by default

	selections, aliases, directives, comparisons int
}

// place is where fields merge: those with the same response name in one place end in the same member of the answer, and the
// validator compares them in pairs.
type place struct {
	depth         int
	root          bool // of an operation
	introspection bool // below __schema or __type
	connection    bool // it has edges or nodes
	fields        map[string]*member
	names         []string // of fields, in order
	total         int
}

// member is one member of the answer.
type member struct {
	name string // of its field
	size size
	sets []ast.SelectionSet
}

// measure checks a parsed document, and estimates the answer of each operation. Operations come first; a fragment that none of
// them reaches is measured by itself, since it is validated all the same.
func measure(limits Options, doc *ast.QueryDocument) ([]estimate, error) {
	m := &meter{
		limits:    limits,
		fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)),
		spread:    make(map[string]bool),
	}
	if len(doc.Operations) > limits.Operations {
		return nil, exceeded("operations in the document", limits.Operations)
	}
	for _, f := range doc.Fragments {
		m.fragments[f.Name] = f
	}
	if m.hasCycle() {
		return nil, helix.BadInput("a fragment spreads itself")
	}
	answers := make([]estimate, len(doc.Operations))
	for i, op := range doc.Operations {
		var err error
		if answers[i], err = m.operation(op); err != nil {
			return nil, err
		}
	}
	for _, f := range doc.Fragments {
		if m.spread[f.Name] && m.fragments[f.Name] == f {
			continue
		}
		if err := m.fragment(f); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (m *meter) operation(op *ast.OperationDefinition) (answer estimate, err error) {
	if err := m.addDirectives(op.Directives); err != nil {
		return answer, err
	}
	m.defaults = make(map[string]int)
	for _, v := range op.VariableDefinitions {
		if err := m.addDirectives(v.Directives); err != nil {
			return answer, err
		}
		if err := m.value(v.DefaultValue, 0); err != nil {
			return answer, err
		}
		if v.DefaultValue != nil && v.DefaultValue.Kind == ast.IntValue {
			m.defaults[v.Variable] = literal(v.DefaultValue)
		}
	}
	introspection, err := m.place(&place{depth: 1, root: true}, &answer, op.SelectionSet)
	if err == nil && introspection > m.limits.Introspection {
		err = exceeded("values of introspection in the answer, as estimated", m.limits.Introspection)
	}
	return answer, err
}

func (m *meter) fragment(f *ast.FragmentDefinition) error {
	if err := m.addDirectives(f.Directives); err != nil {
		return err
	}
	_, err := m.place(&place{depth: 1}, &estimate{}, f.SelectionSet)
	return err
}

// place measures one place of the answer and those below it. It adds to what the answer holds, and tells apart how much
// introspection does.
func (m *meter) place(p *place, answer *estimate, sets ...ast.SelectionSet) (introspection int, err error) {
	p.fields = make(map[string]*member)
	for _, set := range sets {
		if err := m.collect(p, set); err != nil {
			return 0, err
		}
	}
	for _, name := range p.names {
		f := p.fields[name]
		if m.comparisons += len(f.sets) * (len(f.sets) - 1) / 2; m.comparisons > m.limits.Comparisons {
			return 0, exceeded("comparisons of fields with the same name", m.limits.Comparisons)
		}
		below := &place{depth: p.depth + 1, introspection: p.introspection || f.name == "__schema" || f.name == "__type"}
		var each estimate
		n, err := m.place(below, &each, f.sets...)
		if err != nil {
			return 0, err
		}
		introspection = plus(introspection, n)
		switch {
		case below.introspection && !p.introspection:
			introspection = plus(introspection, each.fixed)
			answer.add(size{}, estimate{})
			continue
		case below.introspection:
			f.size = size{given: introspected[f.name]}
		case below.connection:
			f.size.unstated = unstatedPage
		}
		answer.add(f.size, each)
	}
	return introspection, nil
}

// collect gathers the fields of a selection set in a place, fragments expanded.
func (m *meter) collect(p *place, set ast.SelectionSet) error {
	for _, selection := range set {
		if m.selections++; m.selections > m.limits.Selections {
			return exceeded("selections, fragments expanded", m.limits.Selections)
		}
		var err error
		switch s := selection.(type) {
		case *ast.Field:
			err = m.field(p, s)
		case *ast.InlineFragment:
			if err = m.addDirectives(s.Directives); err == nil {
				err = m.collect(p, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			err = m.spreadIn(p, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) field(p *place, f *ast.Field) error {
	p.total++
	switch {
	case p.depth > m.limits.Depth:
		return exceeded("levels of nested fields", m.limits.Depth)
	case p.root && p.total > m.limits.RootFields:
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
	p.connection = p.connection || f.Name == "edges" || f.Name == "nodes"
	same, known := p.fields[f.Alias]
	if !known {
		// Where it is known, its arguments are the same, or the document is not valid.
		same = &member{name: f.Name, size: sizeOf(f.Arguments, m.defaults)}
		p.fields[f.Alias] = same
		p.names = append(p.names, f.Alias)
	}
	same.sets = append(same.sets, f.SelectionSet)
	return nil
}

func (m *meter) spreadIn(p *place, s *ast.FragmentSpread) error {
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
	return m.collect(p, f.SelectionSet)
}

func (m *meter) addDirectives(directives ast.DirectiveList) error {
	if m.directives += len(directives); m.directives > m.limits.Directives {
		return exceeded("directives", m.limits.Directives)
	}
	for _, d := range directives {
		if d.Name == "defer" || d.Name == "stream" { // refused here, since the executor notices when it has begun
			return helix.BadInput("incremental delivery (@defer, @stream) is not supported")
		}
		if err := m.arguments(d.Arguments); err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) arguments(arguments ast.ArgumentList) error {
	for _, a := range arguments {
		if err := m.value(a.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

// value checks a literal below so many lists and objects; the tokens bound its size.
func (m *meter) value(v *ast.Value, depth int) error {
	if v == nil {
		return nil
	}
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		return checkString(m.limits, v.Raw)
	case ast.ListValue, ast.ObjectValue:
		if depth++; depth > m.limits.ValueDepth {
			return exceeded("levels of nested values", m.limits.ValueDepth)
		}
		if v.Kind == ast.ListValue && len(v.Children) > m.limits.ListItems {
			return exceeded("items in one list", m.limits.ListItems)
		}
	}
	for _, child := range v.Children {
		if err := m.value(child.Value, depth); err != nil {
			return err
		}
	}
	return nil
}
