package raise

import (
	"fmt"

	helix "github.com/helix-engage/gateway"
)

// What a text may be at most.
const (
	maxBytes = 32 << 20
	maxDepth = 200
)

// keptNodes bounds what a tape holds on to between requests: 1.5 MiB, enough for an answer of about a megabyte.
const keptNodes = 1 << 16

// Tape is an index of one JSON text: where each value begins and ends, and what it is. No value is decoded. The zero
// Tape is ready; it is meant to be reused, by one request at a time.
type Tape struct {
	src   []byte
	nodes []node
}

// node is one value, and in an object the name before it. The nodes of a value's members or elements follow it.
type node struct {
	start, end int32 // the value in src
	next       int32 // the first node behind this value
	name       int32 // where the name's characters begin
	nameLen    int32 // how many bytes they are; -1 when they contain escapes
	kind       Kind
	escaped    bool // a string with escapes
}

// Parse indexes src, which must stay as it is for as long as the tape's values are used; values of an earlier text are
// void. An error is an UPSTREAM_REJECTED and says at which byte src is not JSON, not valid UTF-8, more than 200
// levels deep or longer than 32 MiB. Who sent a mutation makes an UNKNOWN_OUTCOME of it.
func (t *Tape) Parse(src []byte) error {
	t.src, t.nodes = src, t.nodes[:0]
	if len(src) > maxBytes {
		return unreadable(maxBytes)
	}
	end := t.value(src, space(src, 0), 0, 0, 0)
	if end >= 0 {
		if end = space(src, end); end == len(src) {
			return nil
		}
		end = ^end
	}
	t.nodes = t.nodes[:0]
	return unreadable(^end)
}

// Root is the whole text; absent when nothing was parsed.
func (t *Tape) Root() Value {
	if len(t.nodes) == 0 {
		return Value{}
	}
	return Value{tape: t}
}

// Reset lets go of the text, and of the index where it is unusually large. Call it before the tape goes into a pool.
func (t *Tape) Reset() {
	t.src, t.nodes = nil, t.nodes[:0]
	if cap(t.nodes) > keptNodes {
		t.nodes = nil
	}
}

// value scans the value at i and indexes it under the name at name. A nil tape only checks.
func (t *Tape) value(src []byte, i, depth, name, nameLen int) int {
	var kind Kind
	var end int
	escaped := false
	switch at(src, i) {
	case '"':
		kind = KindString
		end, escaped = scanString(src, i)
	case '{', '[':
		return t.container(src, i, depth+1, name, nameLen)
	case 't':
		kind = KindBoolean
		end = scanWord(src, i, "true")
	case 'f':
		kind = KindBoolean
		end = scanWord(src, i, "false")
	case 'n':
		kind = KindNull
		end = scanWord(src, i, "null")
	default:
		kind = KindNumber
		end = scanNumber(src, i)
	}
	if t != nil {
		n := t.add(i, name, nameLen)
		n.end, n.next, n.kind, n.escaped = int32(end), int32(len(t.nodes)), kind, escaped
	}
	return end
}

func (t *Tape) container(src []byte, i, depth, name, nameLen int) int {
	if depth > maxDepth {
		return ^i
	}
	here := 0
	if t != nil {
		here = len(t.nodes)
		t.add(i, name, nameLen)
	}
	kind := KindObject
	if src[i] == '[' {
		kind = KindList
		i = t.elements(src, i, depth)
	} else {
		i = t.members(src, i, depth)
	}
	if t != nil {
		n := &t.nodes[here]
		n.end, n.next, n.kind = int32(i), int32(len(t.nodes)), kind
	}
	return i
}

// add appends a node, to be completed in place once the end of its value is known.
func (t *Tape) add(start, name, nameLen int) *node {
	t.nodes = append(t.nodes, node{})
	n := &t.nodes[len(t.nodes)-1]
	n.start, n.name, n.nameLen = int32(start), int32(name), int32(nameLen)
	return n
}

func (t *Tape) members(src []byte, i, depth int) int {
	i = space(src, i+1)
	if at(src, i) == '}' {
		return i + 1
	}
	for {
		if at(src, i) != '"' {
			return ^i
		}
		end, escaped := scanString(src, i)
		if end < 0 {
			return end
		}
		name, nameLen := i+1, end-i-2
		if escaped {
			nameLen = -1
		}
		if i = space(src, end); at(src, i) != ':' {
			return ^i
		}
		if i = t.value(src, space(src, i+1), depth, name, nameLen); i < 0 {
			return i
		}
		switch i = space(src, i); at(src, i) {
		case ',':
			i = space(src, i+1)
		case '}':
			return i + 1
		default:
			return ^i
		}
	}
}

func (t *Tape) elements(src []byte, i, depth int) int {
	i = space(src, i+1)
	if at(src, i) == ']' {
		return i + 1
	}
	for {
		if i = t.value(src, i, depth, 0, 0); i < 0 {
			return i
		}
		switch i = space(src, i); at(src, i) {
		case ',':
			i = space(src, i+1)
		case ']':
			return i + 1
		default:
			return ^i
		}
	}
}

// unreadable is the error for a text that is not what the package reads. It shows nothing of the text.
func unreadable(offset int) *helix.Error {
	return &helix.Error{
		Code: helix.CodeRejected, Provider: helix.ProviderFortyTwo, Op: "raise.read",
		Message: "FortyTwo's answer could not be read",
		Detail:  fmt.Sprintf("no JSON of at most %d levels and %d bytes, at byte %d", maxDepth, maxBytes, offset),
	}
}
