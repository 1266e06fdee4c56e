package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// What clients send is small, and read for every operation: encoding/json judges it, and the cutting and decoding here, of text
// that is known to be JSON, spares most of what its reflection would allocate.

// fields are the members of one object, as they came.
type fields []field

type field struct {
	name []byte // decoded
	raw  []byte // its JSON, without blanks around it
}

// get finds a member; of several with one name the last counts, as in encoding/json.
func (f fields) get(name string) (json.RawMessage, bool) {
	for _, one := range slices.Backward(f) {
		if string(one.name) == name {
			return one.raw, true
		}
	}
	return nil, false
}

// parseObject splits one JSON object into its members, in the room given while it suffices; nothing may follow it. Names match exactly, where encoding/json matches
// the keys of a struct in any case.
func parseObject(b []byte, room []field) (fields, error) {
	if !json.Valid(b) || b[blanks(b, 0)] != '{' {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(b, &object); err != nil {
			return nil, describeJSON(err)
		}
		return nil, fmt.Errorf("it is null")
	}
	out := room[:0]
	for i := blanks(b, 0) + 1; ; {
		var one field
		if one.name, one.raw, i = nextMember(b, i); one.raw == nil {
			return out, nil
		}
		out = append(out, one)
	}
}

// nextMember reads the member of an object that begins at i, behind a bracket or another member, and gives the offset behind it; raw is
// nil at the object's end.
func nextMember(b []byte, i int) (name, raw []byte, next int) {
	i = blanks(b, i)
	if b[i] == ',' {
		i = blanks(b, i+1)
	}
	if b[i] == '}' {
		return nil, nil, i + 1
	}
	end := skip(b, i)
	name = text(b[i:end])
	i = blanks(b, blanks(b, end)+len(":"))
	end = skip(b, i)
	return name, b[i:end], end
}

// text is the content of a string: part of the text, or a copy where something is escaped.
func text(quoted []byte) []byte {
	content := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(content, '\\') < 0 {
		return content
	}
	return unescape(nil, content)
}

// textString is text as a string of its own. What most documents fit in is unescaped on the stack.
func textString(quoted []byte) string {
	content := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(content, '\\') < 0 {
		return string(content)
	}
	var room [4096]byte
	return string(unescape(room[:0], content))
}

func unescape(out, content []byte) []byte {
	i := 0
	for i < len(content) {
		if c := content[i]; c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		if plain, ok := escapes[content[i+1]]; ok {
			out = append(out, plain)
			i += 2
			continue
		}
		r := codeUnit(content[i:])
		i += len(`\u0000`)
		if utf16.IsSurrogate(r) {
			if r = utf16.DecodeRune(r, codeUnit(content[i:])); r != utf8.RuneError {
				i += len(`\u0000`)
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// escapes are what stands behind a backslash, but for u.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// codeUnit reads \u and four digits; -1 when there is something else.
func codeUnit(b []byte) rune {
	if len(b) < len(`\u0000`) || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:len(`\u0000`)]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// value decodes as encoding/json does into any, but for numbers, which keep their digits.
func value(raw []byte) any {
	switch raw[0] {
	case '{':
		return object(raw)
	case '[':
		out := []any{}
		for i := blanks(raw, 1); raw[i] != ']'; {
			if raw[i] == ',' {
				i = blanks(raw, i+1)
			}
			end := skip(raw, i)
			out = append(out, value(raw[i:end]))
			i = blanks(raw, end)
		}
		return out
	case '"':
		return textString(raw)
	case 't':
		return true
	case 'f':
		return false
	case 'n':
		return nil
	default:
		return json.Number(raw)
	}
}

func object(raw []byte) map[string]any {
	out := make(map[string]any)
	for i := 1; ; {
		var name, below []byte
		if name, below, i = nextMember(raw, i); below == nil {
			return out
		}
		out[string(name)] = value(below)
	}
}

// skip gives the offset behind the value at i.
func skip(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 || !ends(b, i+1) {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// ends tells whether a number or a word that reaches up to i is over.
func ends(b []byte, i int) bool {
	if i == len(b) {
		return true
	}
	switch b[i] {
	case ' ', '\t', '\r', '\n', ',', ':', '}', ']':
		return true
	}
	return false
}

// blanks gives the offset of what comes after blanks.
func blanks(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
