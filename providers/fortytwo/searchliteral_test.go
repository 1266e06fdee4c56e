package fortytwo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// What a database takes for a pattern must find itself and nothing else, all the way through FortyTwo.
func TestASearchFindsExactlyTheNamesThatContainItsWords(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(o *emulator.Options) { o.Rate.Off = true })
	c := u.client(t)
	word := rapid.StringOfN(rapid.RuneFrom([]rune(`abB%_\क'"`)), 2, 4, -1)
	names := rapid.SliceOfN(word, 150, 150).Example(1)
	var writes []helix.RecordWrite
	for i, name := range names {
		names[i] = name + " " + names[len(names)-1-i]
		writes = append(writes, write(helix.ObjectPatient, fmt.Sprint(i), map[string]any{"name": names[i]}))
	}
	put(t, c, writes...)
	asha := signIn(t, c, "asha@sandbox.test")
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.OneOf(word, rapid.Custom(func(t *rapid.T) string {
			return strings.Fields(rapid.SampledFrom(names).Draw(t, "name"))[0]
		})), 1, 2).Draw(t, "words")
		found, err := c.Search(t.Context(), asha.access(), helix.SearchQuery{
			Text: strings.Join(words, " "), Kinds: []helix.SearchKind{helix.SearchPatients}, First: 100,
		})
		if helix.IsCode(err, helix.CodeBadInput) {
			t.Skip("too few letters")
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(containing(names, words), hitTitles(found)); diff != "" {
			t.Fatalf("%q: %s", words, diff)
		}
	})
}

// containing gives the names that hold all words, letter case aside, in alphabetical order.
func containing(names, words []string) []string {
	var out []string
	for _, name := range names {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(strings.ToLower(name), strings.ToLower(w)) }) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func hitTitles(found helix.SearchResults) []string {
	var out []string
	for _, hit := range found[helix.SearchPatients].Hits {
		out = append(out, hit.Title)
	}
	slices.Sort(out)
	return out
}
