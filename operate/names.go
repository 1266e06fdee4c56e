package operate

import (
	"strings"

	helix "github.com/helix-engage/gateway"
)

// maxNumber is how many digits a telephone number has at most, with every prefix that is dialled before it: 15 of E.164,
// and "00". A longer row of digits is an id or a time.
const maxNumber = 17

// maxPrefix is how many digits may stand before the last ten of a number: "0091" and the like.
const maxPrefix = 5

// naming reports of a message's raw text whether it names a number: whether a row of digits in it ends with the number's
// last ten, whatever prefix is before. Spaces and hyphens may stand between the digits. It works on any text, also on
// what no decoder can read, since dead letters are just that.
func naming(phone helix.Phone) func(text []byte) bool {
	wanted := phone.Last10()
	return func(text []byte) bool { return rows(text, false, wanted) || rows(text, true, wanted) }
}

// rows looks through the rows of digits; spaced ones may be broken by spaces and hyphens.
func rows(text []byte, spaced bool, wanted string) bool {
	var row [maxNumber + 1]byte
	n := 0
	found := func() bool {
		digits := string(row[:min(n, len(row))])
		return n <= maxNumber && n <= len(wanted)+maxPrefix && strings.HasSuffix(digits, wanted)
	}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9':
			if n < len(row) {
				row[n] = c
			}
			n++
			continue
		case spaced && (c == ' ' || c == '-'):
			continue
		}
		if n > 0 && found() {
			return true
		}
		n = 0
	}
	return n > 0 && found()
}
