package limits

import "github.com/vektah/gqlparser/v2/ast"

// hasCycle tells whether a fragment spreads itself, however many others are between. It looks at each selection once.
func (m *meter) hasCycle() bool {
	const walking, done = 1, 2
	state := make(map[string]int, len(m.fragments))
	var meets func(name string) bool
	var within func(set ast.SelectionSet) bool
	meets = func(name string) bool {
		f := m.fragments[name]
		if f == nil || state[name] == done {
			return false
		}
		if state[name] == walking {
			return true
		}
		state[name] = walking
		defer func() { state[name] = done }()
		return within(f.SelectionSet)
	}
	within = func(set ast.SelectionSet) bool {
		for _, selection := range set {
			var found bool
			switch s := selection.(type) {
			case *ast.Field:
				found = within(s.SelectionSet)
			case *ast.InlineFragment:
				found = within(s.SelectionSet)
			case *ast.FragmentSpread:
				found = meets(s.Name)
			}
			if found {
				return true
			}
		}
		return false
	}
	for name := range m.fragments {
		if meets(name) {
			return true
		}
	}
	return false
}
