package fortytwo

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// What an answer holds is found by walking its text, which [json.Valid] has seen once: package json would check every part
// again at each level that is read, and copy it. Names match exactly, and of a name that occurs twice the last one counts.
// Text that is not JSON gives fewer parts, or none.

// members gives the members of an object, whose names are still quoted; none for anything else.
func members(object []byte) iter.Seq2[[]byte, []byte] { return membersTo(object, new(int), nil) }

// membersTo gives members too, and says where the object ends that they are in. The end stays as it was when there is no such
// object, or when its text breaks off or is not made of names and values. pause is that of [pausingEnd].
func membersTo(object []byte, ends *int, pause func()) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		i, more := enter(object, '{')
		if more && i < len(object) && object[i] == '}' {
			*ends = i + 1
			return
		}
		for ; more; i, more = next(object, i) {
			end := valueEnd(object, i)
			name := object[i:end]
			if i = skipSpace(object, end); len(name) == 0 || name[0] != '"' || i == len(object) || object[i] != ':' {
				return
			}
			begin := skipSpace(object, i+1)
			if i = pausingEnd(object, begin, pause); i == begin || !yield(name, object[begin:i]) {
				return
			}
		}
		if i < len(object) && object[i] == '}' {
			*ends = i + 1
		}
	}
}

// elements gives the elements of an array; none for anything else.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i, more := enter(array, '['); more; i, more = next(array, i) {
			begin := i
			if i = valueEnd(array, begin); i == begin || !yield(array[begin:i]) {
				return
			}
		}
	}
}

// enter gives where the first part behind a bracket begins; more is false when there is no such bracket.
func enter(b []byte, bracket byte) (i int, more bool) {
	if !begins(b, bracket) {
		return 0, false
	}
	return skipSpace(b, skipSpace(b, 0)+1), true
}

// next gives where the part after the comma begins; more is false when there is none.
func next(b []byte, i int) (begin int, more bool) {
	if i = skipSpace(b, i); i == len(b) || b[i] != ',' {
		return i, false
	}
	return skipSpace(b, i+1), true
}

// begins reports whether the first character that is no white space is this one.
func begins(b []byte, c byte) bool {
	i := skipSpace(b, 0)
	return i < len(b) && b[i] == c
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// valueEnd gives where the value that begins at i ends; i itself when no value begins there.
func valueEnd(b []byte, i int) int { return pausingEnd(b, i, nil) }

// betweenPauses is how many bytes are walked in a quarter of a millisecond.
const betweenPauses = 256 << 10

// pausingEnd is valueEnd with a pause after every so many bytes; nil: without.
func pausingEnd(b []byte, i int, pause func()) int {
	until := len(b)
	if pause != nil {
		until = i + betweenPauses
	}
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i) - 1; i > until {
				pause()
				until = i + betweenPauses
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 { // of what the value is in
				return i
			}
			depth--
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue // in the middle of a number or a word
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// stringEnd gives where the string ends whose opening quote is at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		quote := bytes.IndexByte(b[i:], '"')
		if quote < 0 {
			break
		}
		begin := i
		i += quote
		escapes := 0
		for i-escapes > begin && b[i-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
	return len(b)
}

// unquoted gives what stands between the quotes of a string that reads as it is written.
func unquoted(b []byte) (text []byte, ok bool) {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' || bytes.IndexByte(b, '\\') >= 0 || !utf8.Valid(b) {
		return nil, false
	}
	return b[1 : len(b)-1], true
}

// stringOf reads a string; "" for anything else.
func stringOf(b []byte) string {
	if plain, ok := unquoted(b); ok {
		return string(plain)
	}
	var s string
	if !begins(b, '"') || json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

// named reports whether a quoted name is this one.
func named(quoted []byte, name string) bool {
	if plain, ok := unquoted(quoted); ok {
		return string(plain) == name
	}
	return stringOf(quoted) == name
}

// valueOf gives a member of an object; nil when it has none of that name.
func valueOf(object []byte, name string) (value []byte) {
	for quoted, v := range members(object) {
		if named(quoted, name) {
			value = v
		}
	}
	return value
}

// nameTable keeps the names that occurred, since the records of an answer all have the same ones.
type nameTable []string

// maxNames is more than any selection of ours has.
const maxNames = 32

func (n *nameTable) of(quoted []byte) string {
	plain, ok := unquoted(quoted)
	if !ok {
		return stringOf(quoted)
	}
	for _, known := range *n {
		if known == string(plain) {
			return known
		}
	}
	name := string(plain)
	if len(*n) < maxNames {
		*n = append(*n, name)
	}
	return name
}
