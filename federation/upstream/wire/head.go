package wire

import (
	"bytes"
	"fmt"
)

// head is what matters of the head of an answer.
type head struct {
	status      int
	length      int64 // Content-Length; -1: it was not said
	chunked     bool
	close       bool   // the connection ends with this answer
	contentType []byte // nil: none, or more than one
	types       int
	retryAfter  []byte
}

// malformed says what of an answer is not as it must be. It quotes nothing.
func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

var crlf = []byte("\r\n")

// parseHead reads a head from its status line to its empty line (RFC 9112 4 and 5).
func parseHead(text []byte) (head, error) {
	h := head{length: -1}
	line, text, _ := bytes.Cut(text, crlf)
	if err := h.statusLine(line); err != nil {
		return h, err
	}
	old := h.close
	for {
		line, text, _ = bytes.Cut(text, crlf)
		if len(line) == 0 {
			break
		}
		if err := h.field(line); err != nil {
			return h, err
		}
	}
	switch {
	case h.chunked && h.length >= 0:
		return h, malformed("both Content-Length and Transfer-Encoding")
	case h.chunked && old:
		return h, malformed("Transfer-Encoding in HTTP/1.0")
	case h.types > 1:
		h.contentType = nil
	}
	return h, nil
}

// statusLine reads e.g. "HTTP/1.1 200 OK". HTTP/1.0 counts as said "close".
func (h *head) statusLine(line []byte) error {
	const version = "HTTP/1."
	if len(line) < len("HTTP/1.1 200") || string(line[:len(version)]) != version || line[8] != ' ' {
		return malformed("status line")
	}
	minor, code, reason := line[7], line[9:12], line[12:]
	if minor != '0' && minor != '1' || code[0] < '1' || code[0] > '9' || !isDigit(code[1]) || !isDigit(code[2]) {
		return malformed("status line")
	}
	if len(reason) > 0 && reason[0] != ' ' || !isValue(reason) {
		return malformed("status line")
	}
	h.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	h.close = minor == '0'
	return nil
}

// field reads one line of the header.
func (h *head) field(line []byte) error {
	name, value, err := splitField(line)
	if err != nil {
		return err
	}
	switch {
	case is(name, "content-length"):
		if h.length >= 0 {
			return malformed("more than one Content-Length")
		}
		h.length, err = parseLength(value)
	case is(name, "transfer-encoding"):
		if h.chunked || !is(value, "chunked") {
			return malformed("Transfer-Encoding")
		}
		h.chunked = true
	case is(name, "connection"):
		h.close = h.close || hasToken(value, "close")
	case is(name, "content-type"):
		h.contentType = value
		h.types++
	case is(name, "retry-after"):
		h.retryAfter = value
	}
	return err
}

// splitField checks a line of a header or trailer. A folded line has no name, so it is refused.
func splitField(line []byte) (name, value []byte, err error) {
	name, value, found := bytes.Cut(line, []byte{':'})
	if !found || !isToken(name) {
		return nil, nil, malformed("name of a field")
	}
	if !isValue(value) {
		return nil, nil, malformed("value of a field")
	}
	return name, bytes.Trim(value, " \t"), nil
}

func parseLength(digits []byte) (n int64, err error) {
	if len(digits) == 0 || len(digits) > 18 {
		return 0, malformed("Content-Length")
	}
	for _, d := range digits {
		if !isDigit(d) {
			return 0, malformed("Content-Length")
		}
		n = n*10 + int64(d-'0')
	}
	return n, nil
}

// hasToken looks for a word, in lower case, in a list.
func hasToken(list []byte, word string) bool {
	for item := range bytes.SplitSeq(list, []byte{','}) {
		if is(bytes.Trim(item, " \t"), word) {
			return true
		}
	}
	return false
}

// is compares with a word in lower case.
func is(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isToken reports whether text can be a field's name (RFC 9110 5.6.2).
func isToken(text []byte) bool {
	for _, c := range text {
		if !tokens[c] {
			return false
		}
	}
	return len(text) > 0
}

var tokens = func() (allowed [256]bool) {
	for c := range allowed {
		allowed[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		allowed[c] = true
	}
	return allowed
}()

// isValue reports whether text has no control characters but tabs (RFC 9110 5.5).
func isValue[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] < ' ' && text[i] != '\t' || text[i] == 0x7f {
			return false
		}
	}
	return true
}

// IsValue reports whether s can be the value of a field: no control character but tabs.
func IsValue(s string) bool { return isValue(s) }
