package raise

import (
	"encoding/json"
	"iter"
)

// Kind is what JSON a value is.
type Kind uint8

// The kinds.
const (
	KindAbsent Kind = iota // the zero Value
	KindNull
	KindBoolean
	KindNumber
	KindString
	KindList
	KindObject
)

// Value is a value of a tape, good until the tape's next Parse or Reset. The zero Value is absent.
type Value struct {
	tape *Tape
	at   int32
}

// Kind is what the value is.
func (v Value) Kind() Kind {
	if v.tape == nil {
		return KindAbsent
	}
	return v.tape.nodes[v.at].kind
}

// IsNull reports whether the value is null or absent, between which GraphQL makes no difference.
func (v Value) IsNull() bool { return v.Kind() <= KindNull }

// Raw is the value's JSON as it came, nil when it is absent. It is part of the parsed text and must not be changed.
func (v Value) Raw() []byte {
	if v.tape == nil {
		return nil
	}
	n := &v.tape.nodes[v.at]
	return v.tape.src[n.start:n.end]
}

// Member is the first member called name; absent when there is none, and when the value is no object. Names that are
// spelled with escapes are never found.
func (v Value) Member(name string) Value {
	if v.Kind() != KindObject {
		return Value{}
	}
	if found := v.tape.find(v.at, name); found > 0 {
		return Value{v.tape, found}
	}
	return Value{}
}

// Elements goes through the elements of a list with their indexes; over nothing when the value is no list.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != KindList {
			return
		}
		nodes := v.tape.nodes
		for i, at := 0, v.at+1; at < nodes[v.at].next; i, at = i+1, nodes[at].next {
			if !yield(i, Value{v.tape, at}) {
				return
			}
		}
	}
}

// Text is the content of a string that has no escapes, without a copy; ok is false for every other value.
func (v Value) Text() (text []byte, ok bool) {
	if v.Kind() != KindString {
		return nil, false
	}
	n := &v.tape.nodes[v.at]
	return v.tape.src[n.start+1 : n.end-1], !n.escaped
}

// String is the content of a string, decoded; ok is false for every other value. A lone surrogate becomes U+FFFD.
func (v Value) String() (text string, ok bool) {
	if content, plain := v.Text(); plain {
		return string(content), true
	}
	if v.Kind() != KindString || json.Unmarshal(v.Raw(), &text) != nil {
		return "", false
	}
	return text, true
}

// key is the content of a string as it came, escapes included; nil for every other value.
func (v Value) key() []byte {
	if v.Kind() != KindString {
		return nil
	}
	n := &v.tape.nodes[v.at]
	return v.tape.src[n.start+1 : n.end-1]
}

// find is the first member called name of the object at, or 0.
func (t *Tape) find(at int32, name string) int32 {
	end := t.nodes[at].next
	for at++; at < end; at = t.nodes[at].next {
		if t.named(at, name) {
			return at
		}
	}
	return 0
}

// named reports whether the member at is called name.
func (t *Tape) named(at int32, name string) bool {
	n := &t.nodes[at]
	return int(n.nameLen) == len(name) && string(t.src[n.name:n.name+n.nameLen]) == name
}
