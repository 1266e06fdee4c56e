package providers

import (
	"regexp"
	"slices"
	"strings"
)

// maxQuote bounds how much of a provider's text is kept, in bytes.
const maxQuote = 200

// minPrivate is the shortest text that [Quote] looks for: a shorter one occurs in any sentence.
const minPrivate = 3

var (
	quotedDigits    = regexp.MustCompile(`\+?\d[\d -]{3,}\d`)
	quotedAddresses = regexp.MustCompile(`(?i)\b(?:https?|wss?)://\S*`)
	quotedForeign   = regexp.MustCompile(`[^\x20-\x7e]+`)
)

// Quote makes a provider's text fit for the operator's log, "#" standing for what is left out: phone numbers; addresses,
// which may hold keys; what is no ASCII, which may be a patient's words; and the private texts, which the provider may
// repeat, whole or word by word.
func Quote(text string, private ...string) string {
	for _, word := range privateWords(private) {
		text = strings.ReplaceAll(text, word, "#")
	}
	if len(text) > maxQuote {
		text = text[:maxQuote]
	}
	text = quotedAddresses.ReplaceAllString(text, "#")
	text = quotedForeign.ReplaceAllString(text, "#")
	return quotedDigits.ReplaceAllString(text, "#")
}

// privateWords gives texts and their words, the longest first.
func privateWords(texts []string) []string {
	words := slices.Clone(texts)
	for _, text := range texts {
		words = append(words, strings.Fields(text)...)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return len(word) < minPrivate })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}
