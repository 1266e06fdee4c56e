package knowlarity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of a document.
const (
	maxDocument = 64 << 10 // bytes of one that is no JSON
	maxDepth    = 32
)

var errLiteral = errors.New("neither JSON nor a literal")

// object reads a JSON object, or the same as Python writes it (6.4). false when it is neither; what could be read of a
// broken one is given nevertheless.
func object(data []byte) (map[string]any, bool) {
	v, err := value(data)
	doc, ok := v.(map[string]any)
	return doc, ok && err == nil
}

// value reads a document: strict JSON first, else a literal. Numbers are [json.Number], so that ids keep their digits.
func value(data []byte) (any, error) {
	data = bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\xef\xbb\xbf"))
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err == nil {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return v, nil
		}
	}
	if len(data) > maxDocument {
		return nil, errLiteral
	}
	l := literal{text: string(data)}
	v, err := l.value(0)
	if err == nil {
		l.space()
		if l.at != len(l.text) {
			err = errLiteral
		}
	}
	return v, err
}

// literal reads a Python literal, which JSON nearly is: both kinds of quotes, tuples, both spellings of the constants,
// and commas at the end.
type literal struct {
	text string
	at   int
}

func (l *literal) value(depth int) (any, error) {
	l.space()
	if depth > maxDepth || l.at >= len(l.text) {
		return nil, errLiteral
	}
	switch ch := l.text[l.at]; {
	case ch == '{':
		return l.dict(depth)
	case ch == '[':
		return l.list(depth, ']')
	case ch == '(':
		return l.list(depth, ')')
	case ch == '\'' || ch == '"':
		return l.quoted()
	case ch == '-' || ch == '+' || ch == '.' || ch >= '0' && ch <= '9':
		return l.number()
	default:
		return l.word()
	}
}

// dict gives what it has read with its error as well.
func (l *literal) dict(depth int) (map[string]any, error) {
	doc := map[string]any{}
	for l.at++; ; {
		if l.take('}') {
			return doc, nil
		}
		key, err := l.value(depth + 1)
		if err != nil {
			return doc, err
		}
		switch key.(type) {
		case map[string]any, []any:
			return doc, errLiteral
		}
		if !l.take(':') {
			return doc, errLiteral
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return doc, err
		}
		doc[scalar(key)] = v
		if !l.take(',') && l.peek() != '}' {
			return doc, errLiteral
		}
	}
}

func (l *literal) list(depth int, end byte) ([]any, error) {
	items := []any{}
	for l.at++; ; {
		if l.take(end) {
			return items, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		if !l.take(',') && l.peek() != end {
			return nil, errLiteral
		}
	}
}

// number gives digits as they stand; whoever wants a number parses it.
func (l *literal) number() (any, error) {
	start := l.at
	for l.at < len(l.text) && strings.IndexByte("+-.eE0123456789", l.text[l.at]) >= 0 {
		l.at++
	}
	text := l.text[start:l.at]
	if _, err := strconv.ParseFloat(text, 64); err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errLiteral
	}
	return json.Number(text), nil
}

func (l *literal) word() (any, error) {
	start := l.at
	for l.at < len(l.text) && (l.text[l.at]|0x20 >= 'a' && l.text[l.at]|0x20 <= 'z') {
		l.at++
	}
	switch word := l.text[start:l.at]; word {
	case "True", "true":
		return true, nil
	case "False", "false":
		return false, nil
	case "None", "null":
		return nil, nil
	case "u", "b", "r": // the prefix of a string
		if l.at < len(l.text) && (l.text[l.at] == '\'' || l.text[l.at] == '"') {
			return l.quoted()
		}
	}
	return nil, errLiteral
}

// quoted reads a string up to the quote that it began with.
func (l *literal) quoted() (string, error) {
	quote := l.text[l.at]
	l.at++
	var b strings.Builder
	for l.at < len(l.text) {
		switch ch := l.text[l.at]; ch {
		case quote:
			l.at++
			return b.String(), nil
		case '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(ch)
			l.at++
		}
	}
	return "", errLiteral
}

// escapes are those of one letter, of Python and of JSON.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', 'v': '\v', 'a': '\a', '\\': '\\', '\'': '\'', '"': '"', '/': '/'}

func (l *literal) escape(b *strings.Builder) error {
	l.at++ // the backslash
	if l.at >= len(l.text) {
		return errLiteral
	}
	ch := l.text[l.at]
	l.at++
	if plain, ok := escapes[ch]; ok {
		b.WriteByte(plain)
		return nil
	}
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[ch]
	if width == 0 { // Python leaves what it does not know as it stands
		b.WriteByte('\\')
		b.WriteByte(ch)
		return nil
	}
	r, err := l.hex(width)
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(l.text[l.at:], `\u`) {
		before := l.at
		l.at += len(`\u`)
		low, err := l.hex(4)
		if err != nil {
			return err
		}
		if joined := utf16.DecodeRune(r, low); joined != utf8.RuneError {
			r = joined
		} else {
			l.at = before
		}
	}
	b.WriteRune(r) // a rune that does not exist becomes U+FFFD
	return nil
}

func (l *literal) hex(width int) (rune, error) {
	if l.at+width > len(l.text) {
		return 0, errLiteral
	}
	n, err := strconv.ParseUint(l.text[l.at:l.at+width], 16, 31)
	if err != nil {
		return 0, errLiteral
	}
	l.at += width
	return rune(n), nil
}

// take passes one character if it comes next.
func (l *literal) take(ch byte) bool {
	if l.peek() != ch {
		return false
	}
	l.at++
	return true
}

// peek gives the next character that is no space; 0 at the end.
func (l *literal) peek() byte {
	l.space()
	if l.at >= len(l.text) {
		return 0
	}
	return l.text[l.at]
}

func (l *literal) space() {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
}
