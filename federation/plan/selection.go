package plan

import "slices"

// selection is what is asked of an object upstream: names below names. Aliases, directives and arguments below a root field
// never go upstream, so what several places want of one object merges without a conflict.
type selection struct {
	names []string
	below []*selection
	leaf  bool
}

// child is the selection below a field, added when it is not there.
func (s *selection) child(name string) *selection {
	if i := slices.Index(s.names, name); i >= 0 {
		return s.below[i]
	}
	below := &selection{}
	s.names, s.below = append(s.names, name), append(s.below, below)
	return below
}

// add selects a leaf at the end of a path.
func (s *selection) add(path ...string) {
	for _, name := range path {
		s = s.child(name)
	}
	s.leaf = true
}

func (s *selection) has(path ...string) bool {
	for _, name := range path {
		i := slices.Index(s.names, name)
		if i < 0 {
			return false
		}
		s = s.below[i]
	}
	return true
}

func (s *selection) clone() *selection {
	out := &selection{names: slices.Clone(s.names), leaf: s.leaf}
	for _, below := range s.below {
		out.below = append(out.below, below.clone())
	}
	return out
}

// append writes the selection set. An object of which nothing is wanted is asked for its type, since something must be.
func (s *selection) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, name := range s.names {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, name...)
		if below := s.below[i]; !below.leaf {
			dst = below.append(dst)
		}
	}
	if len(s.names) == 0 {
		dst = append(dst, "__typename"...)
	}
	return append(dst, '}')
}
