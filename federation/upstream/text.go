package upstream

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a text of FortyTwo that is shown.
const (
	maxText   = 200 // bytes
	maxDigits = 4   // in all: a limit or two, never a phone number
)

// genericText is FortyTwo's userFriendlyMessage for all that it has no words for.
const genericText = "An error occurred"

// texts gives message and userFriendlyMessage, the latter "" where FortyTwo sent none.
func (m meaning) texts(f fault) (message, friendly string) {
	message = m.text
	sent := string(f.Extensions.Friendly)
	switch {
	case m.pass == passNothing:
		if field := fieldIn(string(f.Message)); field != "" {
			message += ": " + field
		}
	case plain(sent) && sentence(sent) != genericText:
		message = sentence(sent)
	case m.pass == passMessage && plain(string(f.Message)):
		message = sentence(string(f.Message))
	}
	switch {
	case sent == "":
		return message, ""
	case m.pass != passNothing && plain(sent), sentence(sent) == genericText:
		return message, strings.TrimSpace(sent)
	default:
		return message, message
	}
}

// sentence drops the full stop: our messages have none.
func sentence(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

// plain reports whether a text is a sentence that quotes nothing: letters of any script, spaces, the punctuation of prose,
// and small numbers that stand alone, such as limits. An address, an identifier, a phone or record number, SQL or a path of
// a program are not plain.
func plain(s string) bool {
	s = sentence(s)
	if s == "" || len(s) > maxText || !utf8.ValidString(s) {
		return false
	}
	var before rune
	digits := 0
	for i, r := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch {
		case isDigit(r):
			digits++
			if digits > maxDigits || isWordRune(before) || isWordRune(next) {
				return false
			}
		case r == '\'' || r == '’': // between letters it is an apostrophe, elsewhere a quotation mark
			if !unicode.IsLetter(before) || !unicode.IsLetter(next) {
				return false
			}
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" .,;:!?()-–", r):
			return false
		}
		before = r
	}
	return true
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// isWordRune reports whether a digit beside r is part of a word or a record's number.
func isWordRune(r rune) bool { return unicode.IsLetter(r) || r == '-' }

// fieldIn finds the field that a refusal of FortyTwo names, e.g. `Invalid value "X" for field "callStatus"`. Names of fields are
// the client's own words; the value before them is left behind.
func fieldIn(message string) string {
	const mark = "for field "
	i := strings.LastIndex(message, mark)
	if i < 0 || len(message) > 10*maxText {
		return ""
	}
	name := strings.TrimPrefix(message[i+len(mark):], `"`)
	end := strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && !isDigit(r) && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end >= 0 {
		name = name[:end]
	}
	if name == "" || len(name) > 64 || isDigit(rune(name[0])) || len(strings.Map(onlyDigits, name)) > maxDigits {
		return ""
	}
	return name
}

func onlyDigits(r rune) rune {
	if isDigit(r) {
		return r
	}
	return -1
}
