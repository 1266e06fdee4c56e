package fortytwo

import (
	"strings"
	"unicode"
)

// linkers are the viramas that join two consonants to one user-perceived character (Unicode 15.1, UAX 29, rule GB9c):
// Devanagari, Bengali, Gujarati, Odia, Telugu, Malayalam.
const linkers = "\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d"

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// clusterEnd gives where the user-perceived character that begins at i ends: its signs belong to it, and so does a
// consonant that a virama joins. It knows what names are written with, not flags and families of emoji.
func clusterEnd(text []rune, i int) int {
	linked := false
	for i++; i < len(text); i++ {
		r := text[i]
		switch {
		case strings.ContainsRune(linkers, r):
			linked = true
		case r == zeroWidthNonJoiner:
			linked = false
		case unicode.IsMark(r), r == zeroWidthJoiner:
		case linked && unicode.IsLetter(r):
			linked = false
		default:
			return i
		}
	}
	return i
}

// characters counts the user-perceived characters that are letters or digits: "कि" and "श्री" are one each.
func characters(s string) int {
	text, n := []rune(s), 0
	for i := 0; i < len(text); i = clusterEnd(text, i) {
		if unicode.IsLetter(text[i]) || unicode.IsNumber(text[i]) {
			n++
		}
	}
	return n
}

// nuktaPairs are the Indic letters that Unicode knows in two spellings: as one code point, and as a letter with a dot
// below. Keyboards write either. Normalising alone would not do, since records keep what was typed.
var nuktaPairs = []string{
	"\u0929", "\u0928\u093c", "\u0931", "\u0930\u093c", "\u0934", "\u0933\u093c", // Devanagari
	"\u0958", "\u0915\u093c", "\u0959", "\u0916\u093c", "\u095a", "\u0917\u093c", "\u095b", "\u091c\u093c",
	"\u095c", "\u0921\u093c", "\u095d", "\u0922\u093c", "\u095e", "\u092b\u093c", "\u095f", "\u092f\u093c",
	"\u09dc", "\u09a1\u09bc", "\u09dd", "\u09a2\u09bc", "\u09df", "\u09af\u09bc", // Bengali
	"\u0a33", "\u0a32\u0a3c", "\u0a36", "\u0a38\u0a3c", "\u0a59", "\u0a16\u0a3c", "\u0a5a", "\u0a17\u0a3c", // Gurmukhi
	"\u0a5b", "\u0a1c\u0a3c", "\u0a5e", "\u0a2b\u0a3c",
	"\u0b5c", "\u0b21\u0b3c", "\u0b5d", "\u0b22\u0b3c", // Odia
}

// spellings gives the text as it stands, and with all nukta letters in the one and in the other spelling, each once.
func spellings(s string) []string {
	apart := strings.NewReplacer(nuktaPairs...).Replace(s)
	together := make([]string, len(nuktaPairs))
	for i := 0; i < len(nuktaPairs); i += 2 {
		together[i], together[i+1] = nuktaPairs[i+1], nuktaPairs[i]
	}
	return distinct(s, apart, strings.NewReplacer(together...).Replace(apart))
}

func distinct(texts ...string) []string {
	seen := map[string]bool{}
	var out []string
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
