package elevenlabs

import (
	"regexp"
	"slices"
	"strings"
)

// maxText bounds how much of the provider's text is kept, in bytes.
const maxText = 200

// minPrivate is the shortest text that is looked for: a shorter one occurs in any sentence.
const minPrivate = 3

var (
	digits    = regexp.MustCompile(`\+?\d[\d -]{3,}\d`)
	addresses = regexp.MustCompile(`(?i)\b(?:https?|wss?)://\S*`)
	foreign   = regexp.MustCompile(`[^\x20-\x7e]+`)
)

// quote makes the provider's text fit for a log: private words, phone numbers, addresses, which may hold signatures, and
// what is no ASCII, which may be words of the patient, are left out.
func quote(text string, private []string) string {
	for _, word := range private {
		text = strings.ReplaceAll(text, word, "#")
	}
	if len(text) > maxText {
		text = text[:maxText]
	}
	text = addresses.ReplaceAllString(text, "#")
	text = foreign.ReplaceAllString(text, "#")
	return digits.ReplaceAllString(text, "#")
}

// quote leaves out what the agent was told of the patient, each word of it as well.
func (v *Voice) quote(text string) string {
	told := v.private.Load()
	if told == nil || text == "" {
		return quote(text, nil)
	}
	words := slices.Clone(*told)
	for _, sentence := range *told {
		words = append(words, strings.Fields(sentence)...)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return len(word) < minPrivate })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return quote(text, words)
}
