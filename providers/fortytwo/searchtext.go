package fortytwo

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	helix "github.com/helix-engage/gateway"
)

// What a search takes: enough to mean something, and no more than a name and a number need.
const (
	minSearchCharacters = 2
	maxSearchRunes      = 100
	maxSearchTerms      = 8
)

// searchText is a search as it was understood: records match that have all terms.
type searchText struct {
	terms []searchTerm
	whole []string // all of it, in each spelling
}

// searchTerm is a word, or a run of digits that people set apart as they like: "98123 45678", "+91-98123".
type searchTerm struct {
	forms  []string // the term as text, in each spelling that counts as the same
	number *partialNumber
}

// partialNumber is a piece of a phone number. A number has it when the digits stand inside of its national part, or
// when it begins in one of the ways.
type partialNumber struct {
	inside string // "" when the piece says that it begins with a calling code
	begins []numberStart
}

type numberStart struct {
	calling  string // digits; "" for any country
	national string
}

// understand reads what a user typed. White space, commas and semicolons part words, control characters too, since
// FortyTwo's database takes no NUL. Fewer than two letters or digits are BAD_USER_INPUT, and so is more than is sane.
func understand(typed string) (searchText, error) {
	typed = strings.ToValidUTF8(typed, "")
	if utf8.RuneCountInString(typed) > maxSearchRunes {
		return searchText{}, errSearchTooLong()
	}
	if characters(typed) < minSearchCharacters {
		return searchText{}, helix.BadInput("type at least two letters or digits to search")
	}
	words := strings.FieldsFunc(typed, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == ',' || r == ';'
	})
	s := searchText{whole: spellings(strings.Join(words, " "))}
	for len(words) > 0 {
		n := 1
		if isNumberPart(words[0]) {
			for n < len(words) && isNumberPart(words[n]) && !strings.ContainsAny(words[n], plusSigns) {
				n++
			}
		}
		s.terms = append(s.terms, newSearchTerm(strings.Join(words[:n], " ")))
		words = words[n:]
	}
	if len(s.terms) > maxSearchTerms {
		return searchText{}, errSearchTooLong()
	}
	return s, nil
}

func errSearchTooLong() error {
	return helix.BadInput("the search is too long: write at most eight words and a hundred characters")
}

func newSearchTerm(written string) searchTerm {
	digits := ""
	if isNumberPart(written) {
		digits = digitsOf(written)
	}
	if digits == "" {
		return searchTerm{forms: spellings(written)}
	}
	international := strings.IndexAny(strings.TrimLeft(written, " ("), plusSigns) == 0
	return searchTerm{forms: distinct(written, digits), number: newPartialNumber(digits, international)}
}

// The lengths of a piece of a number: a single digit would match nearly every number, E.164 ends at fifteen, which an
// exit code may precede.
const (
	minPartialDigits = 2
	maxPartialDigits = 18
)

// newPartialNumber works out what the digits may stand for; nil when nothing.
func newPartialNumber(digits string, international bool) *partialNumber {
	if len(digits) < minPartialDigits || len(digits) > maxPartialDigits {
		return nil
	}
	n := &partialNumber{inside: digits}
	rest := strings.TrimLeft(digits, "0")
	switch zeros := len(digits) - len(rest); {
	case rest == "":
	case zeros == 0 || zeros == 2: // no prefix, or the exit code
		n.beginInternationally(rest)
	case zeros == 1: // the trunk prefix, which FortyTwo does not keep
		n.begins = append(n.begins, numberStart{national: rest})
	}
	if international && len(n.begins) > 0 {
		n.inside = ""
	}
	return n
}

// beginInternationally adds the reading by which the digits begin with a calling code. No code is the prefix of another.
// A trunk prefix behind the code, "+91 098…", is a common slip.
func (n *partialNumber) beginInternationally(digits string) {
	for length := 1; length <= 3 && length < len(digits); length++ {
		code, err := strconv.Atoi(digits[:length])
		if err != nil || !phonenumbers.GetSupportedCallingCodes()[code] {
			continue
		}
		national := digits[length:]
		n.begins = append(n.begins, numberStart{calling: digits[:length], national: national})
		if bare := strings.TrimLeft(national, "0"); bare != "" && bare != national {
			n.begins = append(n.begins, numberStart{calling: digits[:length], national: bare})
		}
		return
	}
}

const (
	plusSigns  = "+\uff0b"
	separators = " -.()/\u2010\u2011\u2013"
)

// isNumberPart reports whether a word may be a part of a phone number: digits of any script and what sets them apart.
func isNumberPart(word string) bool {
	for _, r := range word {
		if !unicode.IsDigit(r) && !strings.ContainsRune(plusSigns+separators, r) {
			return false
		}
	}
	return true
}

// digitsOf gives the digits of a text in ASCII.
func digitsOf(s string) string {
	var b strings.Builder
	for _, r := range s {
		if d, ok := decimal(r); ok {
			b.WriteByte(d)
		}
	}
	return b.String()
}

// decimal gives a decimal digit of any script in ASCII. Unicode lists each script's ten in a row, zero first.
func decimal(r rune) (byte, bool) {
	if r >= '0' && r <= '9' {
		return byte(r), true
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte('0' + (r-rune(t.Lo))%10), true
		}
	}
	return 0, false
}
