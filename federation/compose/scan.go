package compose

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// scanner reads JSON member by member, so that an answer of 3 MB costs its strings alone, each kept once, and an absurd one
// is left at its first excess. The first fault sticks: everything after it reads as empty.
type scanner struct {
	src    []byte
	at     int
	depth  int
	err    error
	shared sharing
	pace   *Pace
}

// sharing keeps each text once. It does not hold on to what it is given.
type sharing map[string]string

func (s sharing) bytes(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if kept, ok := s[string(b)]; ok {
		return kept
	}
	return s.keep(string(b))
}

func (s sharing) text(t string) string {
	if kept, ok := s[t]; ok {
		return kept
	}
	return s.keep(strings.Clone(t))
}

func (s sharing) keep(t string) string {
	s[t] = t
	return t
}

func (s *scanner) failf(format string, args ...any) {
	if s.err == nil {
		s.err = illegible(format, args...)
	}
}

// next skips white space and gives the byte there; 0 at the end or after a fault.
func (s *scanner) next() byte {
	if s.err != nil {
		return 0
	}
	for s.at < len(s.src) {
		switch c := s.src[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take consumes c when it comes next.
func (s *scanner) take(c byte) bool {
	if s.next() != c || c == 0 {
		return false
	}
	s.at++
	return true
}

// null consumes a null when it comes next.
func (s *scanner) null() bool {
	if s.next() != 'n' {
		return false
	}
	if !bytes.HasPrefix(s.src[s.at:], []byte("null")) {
		s.failf("a value is not JSON")
		return false
	}
	s.at += len("null")
	return true
}

// object calls member for each member of the object that comes next; member must consume the value, [scanner.skip] at the
// least. A null has no members. The key is valid until member returns.
func (s *scanner) object(member func(key []byte)) {
	s.items('{', '}', func() {
		key := s.raw()
		if !s.take(':') {
			s.failf("a member has no value")
			return
		}
		member(key)
	})
}

// member reads the named member of the object that comes next and passes over all others.
func (s *scanner) member(name string, read func()) {
	s.object(func(key []byte) {
		if string(key) == name {
			read()
		} else {
			s.skip()
		}
	})
}

// array calls element for each element of the array that comes next, at most limit of them. A null has no elements.
func (s *scanner) array(limit int, element func()) {
	n := 0
	s.items('[', ']', func() {
		if n++; n > limit {
			s.failf("a list has more than %d elements", limit)
			return
		}
		element()
	})
}

func (s *scanner) items(open, closing byte, item func()) {
	if !s.take(open) {
		if !s.null() {
			s.failf("a value has not the kind that introspection gives it")
		}
		return
	}
	if s.depth++; s.depth > maxNesting {
		s.failf("values are nested more than %d deep", maxNesting)
	}
	for more := !s.take(closing); more && s.err == nil; {
		item()
		switch s.next() {
		case ',':
			if s.at++; s.next() == closing {
				s.failf("a comma is followed by nothing")
			}
		case closing:
			s.at++
			more = false
		default:
			s.failf("an object or a list does not end")
		}
	}
	s.depth--
}

// text reads a string; a null is empty.
func (s *scanner) text() string { return s.shared.bytes(s.raw()) }

// raw is text that is not kept: it may lie in the source.
func (s *scanner) raw() []byte {
	if !s.take('"') {
		if !s.null() {
			s.failf("a value is not the text that introspection gives it")
		}
		return nil
	}
	start := s.at
	s.at = plainEnd(s.src, start)
	if s.at == len(s.src) {
		s.failf("a text does not end")
		return nil
	}
	switch s.src[s.at] {
	case '"':
		b := s.src[start:s.at]
		s.at++
		if !utf8.Valid(b) {
			return bytes.ToValidUTF8(b, []byte("\uFFFD"))
		}
		return b
	case '\\':
		return s.escaped(start)
	default:
		s.failf("a text holds a control character")
		return nil
	}
}

// plainEnd is where the first quote, backslash or control character stands from i on, or the end of b. It looks at eight bytes
// at once: in each of them the highest bit of (x-c)&^x is set when the byte is below c, and maybe in bytes behind that one.
func plainEnd(b []byte, i int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := x^('"'*each), x^('\\'*each)
		if found := ((quote-each)&^quote | (backslash-each)&^backslash | (x-' '*each)&^x) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// escaped reads a text with escapes, which are rare, in the library's way; start is behind its quote.
func (s *scanner) escaped(start int) []byte {
	for s.at < len(s.src) && s.src[s.at] != '"' {
		if s.src[s.at] == '\\' {
			s.at++
		}
		s.at++
	}
	if s.at >= len(s.src) {
		s.failf("a text does not end")
		return nil
	}
	s.at++
	var out string
	if json.Unmarshal(s.src[start-1:s.at], &out) != nil {
		s.failf("a text is not JSON")
		return nil
	}
	return []byte(out)
}

// boolean reads true or false; a null is false.
func (s *scanner) boolean() bool {
	if s.null() || s.err != nil {
		return false
	}
	for _, word := range []string{"true", "false"} {
		if bytes.HasPrefix(s.src[s.at:], []byte(word)) {
			s.at += len(word)
			return word == "true"
		}
	}
	s.failf("a value is not the boolean that introspection gives it")
	return false
}

// skip passes over any value.
func (s *scanner) skip() {
	switch s.next() {
	case '{':
		s.object(func([]byte) { s.skip() })
	case '[':
		s.array(len(s.src), s.skip)
	case '"':
		s.raw()
	case 't', 'f':
		s.boolean()
	case 'n':
		s.null()
	default:
		s.number()
	}
}

func (s *scanner) number() {
	if s.err != nil {
		return
	}
	start := s.at
	for s.at < len(s.src) && strings.IndexByte("+-.0123456789eE", s.src[s.at]) >= 0 {
		s.at++
	}
	if !json.Valid(s.src[start:s.at]) {
		s.failf("a value is not JSON")
	}
}

// end faults what follows the value.
func (s *scanner) end() {
	if s.next(); s.err == nil && s.at < len(s.src) {
		s.failf("something follows the answer")
	}
}
