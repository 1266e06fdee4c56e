package fortytwo

import (
	"slices"
	"strings"
	"unicode"

	helix "github.com/helix-engage/gateway"
)

// How much a match counts, by where it stands. A search of several words counts as the mean of them, or as the whole
// where that stands together. Ends of phone numbers are what people remember.
const (
	scoreExact     = 1.0
	scorePrefix    = 0.75
	scoreWord      = 0.5
	scoreInside    = 0.25
	scoreWholeWord = 0.1 // on top of a prefix or a word, when the word ends there too

	scorePhoneEnd   = 0.75
	scorePhoneStart = 0.5

	throughPerson = 0.9 // of the score of an appointment's person, who thereby comes first himself
)

// shownField is a field of a record that a search may have matched.
type shownField struct {
	name     string
	text     string
	phone    bool
	calling  string // of a phone: digits of the calling code
	national string
}

// span is a part of a text, in runes.
type span struct{ from, to int }

// rank says how well a record matches, from 0 to 1, and what of it did.
func (s searchText) rank(fields []shownField) (float64, []helix.Highlight) {
	best := make([]float64, len(s.terms))
	whole := 0.0
	var highlights []helix.Highlight
	for _, f := range fields {
		text := unmarked(f.text)
		lower := folded(text)
		var spans []span
		for i, t := range s.terms {
			score, at := t.in(f, lower)
			if score > 0 {
				best[i] = max(best[i], score)
				spans = append(spans, at)
			}
		}
		if !f.phone {
			score, _ := bestOf(s.whole, lower)
			whole = max(whole, score)
		}
		if len(spans) > 0 {
			highlights = append(highlights, helix.Highlight{Field: f.name, Text: marked(text, spans)})
		}
	}
	sum := 0.0
	for _, score := range best {
		sum += score
	}
	return max(whole, sum/float64(len(best))), highlights
}

// in finds the term in a field; the score is 0 when it is not there.
func (t searchTerm) in(f shownField, lower []rune) (float64, span) {
	if !f.phone {
		return bestOf(t.forms, lower)
	}
	if t.number == nil {
		return 0, span{}
	}
	return t.number.in(f)
}

// bestOf finds the best place of any of the forms in a folded text.
func bestOf(forms []string, text []rune) (best float64, at span) {
	for _, form := range forms {
		needle := folded([]rune(form))
		for i := 0; i+len(needle) <= len(text); i++ {
			if !slices.Equal(text[i:i+len(needle)], needle) {
				continue
			}
			place := span{i, i + len(needle)}
			if score := place.score(text); score > best {
				best, at = score, place
			}
		}
	}
	return best, at
}

func (p span) score(text []rune) float64 {
	begins := p.from == 0 || !isWordRune(text[p.from-1]) && isWordRune(text[p.from])
	ends := p.to == len(text) || !isWordRune(text[p.to])
	switch {
	case p.from == 0 && p.to == len(text):
		return scoreExact
	case p.from == 0 && ends:
		return scorePrefix + scoreWholeWord
	case p.from == 0:
		return scorePrefix
	case begins && ends:
		return scoreWord + scoreWholeWord
	case begins:
		return scoreWord
	default:
		return scoreInside
	}
}

// in finds the piece in a phone number, whose text ends with the national number.
func (n partialNumber) in(f shownField) (best float64, at span) {
	base := len(f.text) - len(f.national)
	take := func(score float64, from, to int) {
		if score > best {
			best, at = score, span{from, to}
		}
	}
	if i := strings.Index(f.national, n.inside); i >= 0 && n.inside != "" {
		end := len(f.text)
		switch {
		case f.national == n.inside:
			take(scoreExact, base, end)
		case strings.HasSuffix(f.national, n.inside):
			take(scorePhoneEnd, end-len(n.inside), end)
		case i == 0:
			take(scorePhoneStart, base, base+len(n.inside))
		default:
			take(scoreInside, base+i, base+i+len(n.inside))
		}
	}
	for _, b := range n.begins {
		if b.calling != "" && b.calling != f.calling || !strings.HasPrefix(f.national, b.national) {
			continue
		}
		from, score := base, scorePhoneStart
		if b.calling != "" {
			from = 0
		}
		if b.national == f.national {
			score = scoreExact
		}
		take(score, from, base+len(b.national))
	}
	return best, at
}

// marked puts the marks around spans, widened to whole user-perceived characters.
func marked(text []rune, spans []span) string {
	inside := make([]bool, len(text))
	for i := 0; i < len(text); {
		end := clusterEnd(text, i)
		if slices.ContainsFunc(spans, func(p span) bool { return p.from < end && i < p.to }) {
			for j := i; j < end; j++ {
				inside[j] = true
			}
		}
		i = end
	}
	var b strings.Builder
	for i, r := range text {
		if inside[i] && (i == 0 || !inside[i-1]) {
			b.WriteString(helix.MarkOpen)
		}
		b.WriteRune(r)
		if inside[i] && (i+1 == len(text) || !inside[i+1]) {
			b.WriteString(helix.MarkClose)
		}
	}
	return b.String()
}

// unmarked gives a text without our marks, should it hold them.
func unmarked(s string) []rune {
	return []rune(strings.NewReplacer(helix.MarkOpen, "", helix.MarkClose, "").Replace(s))
}

// folded gives a text rune by rune without letter case, so that places in it are places in the text.
func folded(text []rune) []rune {
	out := make([]rune, len(text))
	for i, r := range text {
		out[i] = unicode.ToLower(r)
	}
	return out
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
