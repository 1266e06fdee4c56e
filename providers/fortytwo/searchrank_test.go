package fortytwo

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestMarksStandAroundWholeCharacters(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text  string
		spans []span
		want  string
	}{
		"a part of a word":                          {"Natasha", []span{{3, 7}}, "Nat⟦asha⟧"},
		"a letter takes its vowel sign along":       {"आशि", []span{{1, 2}}, "आ⟦शि⟧"},
		"a sign takes its letter along":             {"आशि", []span{{2, 3}}, "आ⟦शि⟧"},
		"joined consonants stay together":           {"अक्षत", []span{{3, 4}}, "अ⟦क्ष⟧त"},
		"overlapping matches are one":               {"Asha Rao", []span{{0, 3}, {2, 4}}, "⟦Asha⟧ Rao"},
		"adjacent matches are one":                  {"Asha", []span{{2, 4}, {0, 2}}, "⟦Asha⟧"},
		"matches that are apart are marked apart":   {"Asha Rao", []span{{5, 6}, {0, 1}}, "⟦A⟧sha ⟦R⟧ao"},
		"the text's own marks are gone beforehand":  {string(unmarked("⟦A⟧sha")), []span{{0, 1}}, "⟦A⟧sha"},
		"without a match there is nothing to mark":  {"Asha", nil, "Asha"},
		"a number is marked together with its plus": {"+919812345678", []span{{0, 8}}, "⟦+9198123⟧45678"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := marked([]rune(tc.text), tc.spans); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestABetterPlaceScoresHigher(t *testing.T) {
	t.Parallel()
	name := func(text string) shownField { return shownField{name: "name", text: text} }
	phone := func(number string) shownField {
		return shownField{name: "phone", text: "+91" + number, phone: true, calling: "91", national: number}
	}
	for typed, fields := range map[string][]shownField{ // best first
		"ram":    {name("Ram"), name("Ram Rao"), name("Ramesh Rao"), name("Sita Ram"), name("Sita Ramesh"), name("Abhiram")},
		"ram ra": {name("Ram Ra"), name("Ram Rao"), name("Rao Ram"), name("Abhiram Abra")},
		"राम":    {name("राम"), name("राम सिंह"), name("सिंह राम"), name("परशुराम")},
		"98123":  {phone("98123"), phone("7000098123"), phone("9812300000"), phone("7009812300")},
	} {
		text, err := understand(typed)
		if err != nil {
			t.Fatal(err)
		}
		last := 2.0
		for _, f := range fields {
			score, highlights := text.rank([]shownField{f})
			if score >= last || score <= 0 || len(highlights) != 1 {
				t.Errorf("%q in %q scores %v after %v, with %v", typed, f.text, score, last, highlights)
			}
			last = score
		}
	}
}

func TestAFullNameThatRepeatsTheNameIsNotShownTwice(t *testing.T) {
	t.Parallel()
	o := patientObject(t)
	text, err := understand("asha")
	if err != nil {
		t.Fatal(err)
	}
	same := nodeOf([]byte(`{"name":"Asha Rao","fullName":{"firstName":"Asha","lastName":"Rao"}}`), new(nameTable))
	_, got := text.rank(same.shown(o))
	if diff := gocmp.Diff([]helix.Highlight{{Field: "name", Text: "⟦Asha⟧ Rao"}}, got); diff != "" {
		t.Error(diff)
	}
	other := nodeOf([]byte(`{"name":"Mrs Rao","fullName":{"firstName":"Asha","lastName":"Rao"}}`), new(nameTable))
	_, got = text.rank(other.shown(o))
	if diff := gocmp.Diff([]helix.Highlight{{Field: "fullName", Text: "⟦Asha⟧ Rao"}}, got); diff != "" {
		t.Error(diff)
	}
}
