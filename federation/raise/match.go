package raise

import "encoding/binary"

// matcher is a shape laid out flat, for answers that are what it asks for as they stand. What leads from one value to the next,
// names and brackets, is known beforehand then, and is compared a word at a time. It is immutable.
type matcher []matchStep

// matchStep is a value, with the text that leads to it.
type matchStep struct {
	text        string
	first, mask uint64   // its first eight bytes, and which of them count
	last        uint64   // its last eight, when it is longer
	middle      []uint64 // what is between; the last of them may reach into last
	room        int      // how much of a source must be left for words to be compared

	kind     matchKind
	isText   bool // a string will do
	nullable bool
	depth    int // levels above the value
	next     int // the step behind a null or an empty list; after a comma, the first of an element
	skip     int // how much of the text behind a null belongs to what is not there
}

// matchKind is what is expected behind the text.
type matchKind uint8

const (
	matchAny matchKind = iota // the leaves, as Leaf has them
	matchString
	matchNumber
	matchBoolean
	matchID
	matchObject // one that may be null; its bracket begins the text of the next step
	matchList
	matchMore  // what follows an element: another one, or the end of the list
	matchEnd   // anything
	matchNever // nothing
)

// newMatcher lays out a shape for values that have depth levels above them.
func newMatcher(s *Shape, depth int) matcher {
	l := layout{possible: true}
	l.value(s, depth)
	l.add(matchStep{kind: matchEnd})
	if !l.possible {
		l = layout{}
		l.add(matchStep{kind: matchNever})
	}
	return l.steps
}

// layout is a matcher in the making.
type layout struct {
	steps    matcher
	text     []byte // of the step to come
	possible bool   // an answer can be what is asked for as it stands
}

func (l *layout) value(s *Shape, depth int) {
	switch {
	case s.Elem == nil && s.Object == nil:
		l.leaf(s, depth)
	case depth == maxDepth:
		l.possible = false
	case s.Elem != nil:
		list := l.add(matchStep{kind: matchList, nullable: !s.NonNull})
		l.value(s.Elem, depth+1)
		l.add(matchStep{kind: matchMore, next: list + 1})
		l.steps[list].next = len(l.steps)
	case s.NonNull:
		l.object(s.Object, depth+1)
	default:
		object := l.add(matchStep{kind: matchObject, nullable: true})
		l.object(s.Object, depth+1)
		l.steps[object].next, l.steps[object].skip = len(l.steps), len(l.text)
	}
}

func (l *layout) leaf(s *Shape, depth int) {
	kinds := [...]matchKind{
		LeafAny: matchAny, LeafString: matchString, LeafNumber: matchNumber, LeafBoolean: matchBoolean, LeafID: matchID,
	}
	isText := s.Leaf == LeafAny || s.Leaf == LeafString || s.Leaf == LeafID
	l.add(matchStep{kind: kinds[s.Leaf], isText: isText, nullable: !s.NonNull, depth: depth})
}

func (l *layout) object(o *Object, depth int) {
	if o.ByType != nil || len(o.Hops) > 0 {
		l.possible = false
		return
	}
	l.text = append(l.text, '{')
	for i := range o.Fields {
		f := &o.Fields[i]
		if f.Const != nil || f.From != f.Key {
			l.possible = false
			return
		}
		if i > 0 {
			l.text = append(l.text, ',')
		}
		l.text = append(append(append(l.text, '"'), f.Key...), '"', ':')
		l.value(f.Shape, depth)
	}
	l.text = append(l.text, '}')
}

// add appends a step behind the text that has gathered.
func (l *layout) add(s matchStep) (at int) {
	n := len(l.text)
	s.text, s.room = string(l.text), max(n, 8)
	l.text = append(l.text, make([]byte, 8)...)
	s.first, s.mask = word(l.text, 0), 1<<(8*n)-1
	for i := 8; i+8 < n; i += 8 {
		s.middle = append(s.middle, word(l.text, i))
	}
	if n > 8 {
		s.last = word(l.text, n-8)
	}
	l.text = l.text[:0]
	l.steps = append(l.steps, s)
	return len(l.steps) - 1
}

// match scans the value at i as check does, and is negative also when it is not what the matcher's shape asks for.
func (m matcher) match(src []byte, i int) int {
	skip := 0
	for next := 0; ; {
		s := &m[next]
		switch n := len(s.text); { // written out here: a call for each value would cost a fifth more
		case skip > 0 || len(src)-i < s.room:
			if i = scanWord(src, i, s.text[skip:]); i < 0 {
				return i
			}
		case (word(src, i)^s.first)&s.mask != 0 || n > 8 && (word(src, i+n-8) != s.last || !s.between(src, i)):
			return -1
		default:
			i += n
		}
		next, skip = next+1, 0
		switch c := at(src, i); {
		case c == '"' && s.isText:
			i, _ = scanString(src, i)
		case c == 'n' && s.nullable:
			i = scanWord(src, i, "null")
			if s.kind == matchObject || s.kind == matchList {
				next, skip = s.next, s.skip
			}
		case s.kind == matchObject && c == '{':
		case s.kind == matchList && c == '[':
			if i++; at(src, i) == ']' {
				i++
				next = s.next
			}
		case s.kind == matchMore && c == ',':
			i++
			next = s.next
		case s.kind == matchMore && c == ']':
			i++
		case s.kind == matchEnd:
			return i
		default:
			i = s.plain(src, i, c)
		}
		if i < 0 {
			return i
		}
	}
}

// between compares what is between the first and the last eight bytes of the text.
func (s *matchStep) between(src []byte, i int) bool {
	for k, w := range s.middle {
		if word(src, i+8+8*k) != w {
			return false
		}
	}
	return true
}

// plain scans a leaf that is neither a string nor null.
func (s *matchStep) plain(src []byte, i int, c byte) int {
	switch s.kind {
	case matchAny:
		if c != 'n' {
			return check(src, i, s.depth)
		}
	case matchNumber, matchID:
		return scanNumber(src, i)
	case matchBoolean:
		if c == 't' || c == 'f' {
			return check(src, i, s.depth)
		}
	}
	return -1
}

// word is the eight bytes at i, which must be there.
func word(src []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(src[i : i+8 : i+8]) // with a bounded capacity it is one comparison and one load
}
