package telemetry

import "strings"

// The shapes of phone numbers. A run of 14 digits or more is a provider's call id (ozonetel.md 0) and is kept: without
// it no log line could be matched with the provider's.
const (
	minPhoneDigits     = 10 // a national number
	maxPhoneDigits     = 13 // "0091" and ten digits are 14, which a call id may be too
	minIntlPhoneDigits = 8  // after a "+"
	maxIntlPhoneDigits = 15 // E.164
)

// maskShapes replaces whatever looks like a token, a query string or a phone number. A text without any comes back as
// it is, without an allocation.
func maskShapes(s string) string {
	var b strings.Builder
	kept := 0
	for i := 0; i < len(s); {
		if c := s[i]; c > '9' && c != '?' && c != 'B' && c != 'b' && c != 'e' { // most bytes begin none
			i++
			continue
		}
		width, mask := shapeAt(s, i)
		if width == 0 {
			i++
			continue
		}
		b.WriteString(s[kept:i])
		b.WriteString(mask)
		i += width
		kept = i
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

// shapeAt tells how many bytes at s[i:] are to be masked, and with what; 0 when none.
func shapeAt(s string, i int) (width int, mask string) {
	switch c := s[i]; {
	case c == '?':
		if n := wordLen(s[i:]); strings.IndexByte(s[i:i+n], '=') > 0 {
			return n, "?" + Redacted
		}
	case c == 'B' || c == 'b':
		return bearerAt(s, i)
	case c == 'e' && strings.HasPrefix(s[i:], "eyJ") && !wordBefore(s, i):
		// A JSON web token: "eyJ" is the base64 of `{"`.
		if n := wordLen(s[i:]); n >= 20 {
			return n, Redacted
		}
	case c == '+':
		return internationalAt(s, i)
	case '0' <= c && c <= '9':
		return digitsAt(s, i)
	}
	return 0, ""
}

func bearerAt(s string, i int) (width int, mask string) {
	const scheme = "bearer "
	if len(s) < i+len(scheme) || !strings.EqualFold(s[i:i+len(scheme)], scheme) || wordBefore(s, i) {
		return 0, ""
	}
	n := wordLen(s[i+len(scheme):])
	if n < minSecret {
		return 0, "" // prose: "bearer of news"
	}
	return len(scheme) + n, s[i:i+len(scheme)] + Redacted
}

// internationalAt masks "+", digits and what people put between them, as in "+1 (415) 555-2671".
func internationalAt(s string, i int) (width int, mask string) {
	digits, separators, end := 0, 0, i
	for j := i + 1; j < len(s) && separators <= 2; j++ {
		switch c := s[j]; {
		case isDigit(c):
			digits, separators, end = digits+1, 0, j+1
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')':
			separators++
		default:
			j = len(s)
		}
	}
	if digits < minIntlPhoneDigits || digits > maxIntlPhoneDigits {
		return 0, ""
	}
	return end - i, Redacted
}

// digitsAt masks a run of digits of a phone number's length that stands alone, also when it is written as five and five. Parts of
// UUIDs and of hexadecimal numbers do not stand alone.
func digitsAt(s string, i int) (width int, mask string) {
	if wordBefore(s, i) {
		return 0, ""
	}
	n := digitRun(s[i:])
	end := i + n
	switch {
	case n >= minPhoneDigits && n <= maxPhoneDigits:
	case n == 5 && end < len(s) && (s[end] == ' ' || s[end] == '-') && digitRun(s[end+1:]) == 5:
		end += 6
	default:
		return 0, ""
	}
	if end < len(s) && (isWord(s[end]) || s[end] == '-' && end+1 < len(s) && isWord(s[end+1])) {
		return 0, ""
	}
	return end - i, Redacted
}

func digitRun(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// wordLen is how far a token or query string reaches: up to a blank, a quote or a bracket.
func wordLen(s string) int {
	if n := strings.IndexAny(s, " \t\r\n\"'`<>(){}[],;"); n >= 0 {
		return n
	}
	return len(s)
}

// wordBefore reports whether s[i] continues a word, so that what begins there is only a part of something else.
func wordBefore(s string, i int) bool {
	return i > 0 && (isWord(s[i-1]) || s[i-1] == '-' && i > 1 && isWord(s[i-2]))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}
