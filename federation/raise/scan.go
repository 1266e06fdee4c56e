package raise

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The scanners take the offset at which a token begins and return the offset behind it, or ^offset (negative) of a fault.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// at is the byte at i, or 0 behind the end: no token begins with 0, and none contains it.
func at(src []byte, i int) byte {
	if uint(i) < uint(len(src)) {
		return src[i]
	}
	return 0
}

// space skips white space. FortyTwo's answers have none, so the first look decides.
func space(src []byte, i int) int {
	if at(src, i) > ' ' {
		return i
	}
	return skipSpace(src, i)
}

func skipSpace(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\n' || src[i] == '\r' || src[i] == '\t') {
		i++
	}
	return i
}

// scanString scans the string whose opening quote stands at i. It reads eight bytes at a time up to the first that needs
// a decision: a quote, a backslash, a control character or the begin of a character beyond ASCII.
func scanString(src []byte, i int) (end int, escaped bool) {
	i++
	for {
		for i+8 <= len(src) {
			w := word(src, i)
			// Subtraction sets the high bit of the lowest byte that matches; only bytes above it can be wrong. Exchanging
			// 22 (the quote) with 20 puts it beside the control characters: one subtraction finds both.
			found := ((w ^ 2*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones) | w
			if found &= highs; found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		c := at(src, i)
		switch {
		case c == '"':
			return i + 1, escaped
		case c >= utf8.RuneSelf:
			if i = scanWide(src, i); i < 0 {
				return i, escaped
			}
		case c == '\\':
			escaped = true
			if i = scanEscape(src, i); i < 0 {
				return i, escaped
			}
		case c < ' ':
			return ^i, escaped
		default: // within the last seven bytes of the text
			i++
		}
	}
}

// scanWide scans a run of characters beyond ASCII. Scripts of India take three bytes a character in UTF-8.
func scanWide(src []byte, i int) int {
	for i+4 <= len(src) {
		w := binary.LittleEndian.Uint32(src[i : i+4 : i+4])
		if w&0xC0C0F0 != 0x8080E0 {
			break
		}
		// E0 is followed by A0 to BF, else the form is overlong; ED by 80 to 9F, else it is a surrogate.
		if lead, next := w&0x0F, w>>8&0x20; lead == 0 && next == 0 || lead == 0x0D && next != 0 {
			return ^i
		}
		i += 3
	}
	for at(src, i) >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return ^i
		}
		i += size
	}
	return i
}

func scanEscape(src []byte, i int) int {
	switch at(src, i+1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if c := at(src, j); !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return ^i
			}
		}
		return i + 6
	}
	return ^i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func scanNumber(src []byte, i int) int {
	if at(src, i) == '-' {
		i++
	}
	switch c := at(src, i); {
	case c == '0':
		i++
	case isDigit(c):
		i = scanDigits(src, i)
	default:
		return ^i
	}
	if at(src, i) == '.' {
		if i++; !isDigit(at(src, i)) {
			return ^i
		}
		i = scanDigits(src, i)
	}
	if at(src, i)|0x20 == 'e' {
		i++
		if c := at(src, i); c == '+' || c == '-' {
			i++
		}
		if !isDigit(at(src, i)) {
			return ^i
		}
		i = scanDigits(src, i)
	}
	return i
}

func scanDigits(src []byte, i int) int {
	for isDigit(at(src, i)) {
		i++
	}
	return i
}

func scanWord(src []byte, i int, word string) int {
	if end := i + len(word); end <= len(src) && string(src[i:end]) == word {
		return end
	}
	return ^i
}
