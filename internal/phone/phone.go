package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	helix "github.com/helix-engage/gateway"
)

// maxInput is the longest text that is looked at, in bytes. The longest real number, fifteen digits of three bytes each
// with separators, stays below it.
const maxInput = 64

// Parse reads a number that a person wrote: E.164, or a national form of region (an ISO 3166 code, "IN"), with spaces,
// dashes, dots, brackets or slashes, in the digits of any Indian script. The number must exist in its numbering plan.
// Anything else is BAD_USER_INPUT, in words that do not repeat the number.
func Parse(s, region string) (helix.Phone, error) {
	digits, ok := clean(s)
	if !ok {
		return "", notANumber()
	}
	n, err := phonenumbers.Parse(digits, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", notANumber()
	}
	return format(n)
}

// FromProvider reads the number in an Indian provider's field: ten digits, "0" or "91" and ten digits, or an
// international number with or without its "+" (ozonetel.md 12.3). A withheld or unreadable number is "".
//
// It is more lenient than [Parse]: a caller may show a number that no numbering plan knows, and the call is real still.
func FromProvider(s string) helix.Phone {
	digits, ok := clean(s)
	if !ok {
		return ""
	}
	digits, plus := strings.CutPrefix(digits, "+")
	switch {
	case plus:
	case len(digits) == 11 && digits[0] == '0':
		digits = "91" + digits[1:]
	case len(digits) == 10:
		digits = "91" + digits
	}
	if national, india := strings.CutPrefix(digits, "91"); india && len(national) == 10 && national[0] != '0' {
		return helix.Phone("+" + digits)
	}
	p, err := Parse("+"+digits, "")
	if err != nil {
		return ""
	}
	return p
}

// National splits a number as FortyTwo stores it: the national number and the calling code with its "+", e.g.
// "9812345678" and "+91" (fortytwo.md, PHONES). The empty Phone gives two empty strings.
func National(p helix.Phone) (number, callingCode string) {
	if number, ok := indian(p); ok {
		return number, "+91"
	}
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return "", ""
	}
	number = phonenumbers.GetNationalSignificantNumber(n)
	return number, strings.TrimSuffix(string(p), number)
}

// indian gives the ten digits of an Indian number: most numbers are, and no numbering plan need be asked to split one.
func indian(p helix.Phone) (number string, ok bool) {
	number, ok = strings.CutPrefix(string(p), "+91")
	if !ok || len(number) != 10 || number[0] == '0' { // a trunk zero
		return "", false
	}
	for i := range len(number) {
		if number[i] < '0' || number[i] > '9' {
			return "", false
		}
	}
	return number, true
}

// clean reduces a text to an optional "+" and ASCII digits; false when it holds anything that is no part of a number.
func clean(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) > maxInput {
		return "", false
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" -.()/\u00a0\u2010\u2011\u2013", r):
		case (r == '+' || r == '\uff0b') && b.Len() == 0:
			b.WriteByte('+')
		default:
			d, ok := scriptDigit(r)
			if !ok {
				return "", false
			}
			b.WriteByte(d)
		}
	}
	return b.String(), b.Len() > 0
}

// scriptZeros are the zeros of the scripts that India writes in, of Arabic, Persian and of full-width forms. Unicode
// puts each script's ten digits in a row.
const scriptZeros = "\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0660\u06f0\uff10"

func scriptDigit(r rune) (byte, bool) {
	for _, zero := range scriptZeros {
		if r >= zero && r <= zero+9 {
			return byte('0' + r - zero), true
		}
	}
	return 0, false
}

// format writes E.164. A number with an extension or of a length that E.164 does not have is none of ours.
func format(n *phonenumbers.PhoneNumber) (helix.Phone, error) {
	s := phonenumbers.Format(n, phonenumbers.E164)
	if len(s) < 8 || len(s) > 16 {
		return "", notANumber()
	}
	return helix.Phone(s), nil
}

func notANumber() *helix.Error {
	return helix.BadInput("this is not a phone number: write +919812345678, or the ten digits of an Indian number")
}
