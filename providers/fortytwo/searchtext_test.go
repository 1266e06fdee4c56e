package fortytwo

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
)

func TestCharactersAreCountedAsPeoplePerceiveThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":          0,
		"a":         1,
		"Jo":        2,
		"जो":        1, // a letter and its vowel sign
		"राम":       2,
		"श्री":      1, // two consonants that a virama joins
		"लक्ष्मी":   2,
		"ल\u0958":   2,
		"क\u093cल":  2, // a nukta of its own
		"ക്ഷ":       1,
		"க்ஷ":       2, // Tamil's virama joins nothing
		"é":         1,
		"e\u0301":   1,
		"李明":        2,
		"٤٥":        2,
		"%_-":       0,
		"\u093e":    0, // a sign without a letter
		"क्\u200cष": 2, // a non-joiner keeps them apart
	} {
		if got := characters(text); got != want {
			t.Errorf("%q has %d characters, want %d", text, got, want)
		}
	}
}

func TestASearchIsSplitIntoWordsAndNumbers(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][]string{
		"Asha Rao":               {"Asha", "Rao"},
		"rao, asha;x":            {"rao", "asha", "x"},
		"98123 45678":            {"98123 45678"},
		"asha 98123 45678 rao":   {"asha", "98123 45678", "rao"},
		"98123 +91 45678":        {"98123", "+91 45678"},
		"(040) 2345-6789":        {"(040) 2345-6789"},
		"MRN-10001":              {"MRN-10001"},
		"a\x00b\tc":              {"a", "b", "c"},
		"९८१२३ ४५६७८":            {"९८१२३ ४५६७८"},
		"O'Brien 100% under_way": {"O'Brien", "100%", "under_way"},
	} {
		text, err := understand(typed)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, term := range text.terms {
			got = append(got, term.forms[0])
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", typed, diff)
		}
	}
}

// row is a patient for filters of the strict server, and for ranking.
type row struct{ name, first, last, mrn, calling, number string }

func (r row) fields() map[string]any {
	return map[string]any{
		"name": r.name, "fullName": map[string]any{"firstName": r.first, "lastName": r.last}, "mrn": r.mrn,
		"phone": phones(r.number, r.calling),
	}
}

func (r row) node(t *rapid.T) node {
	raw, err := json.Marshal(r.fields())
	if err != nil {
		t.Fatal(err)
	}
	return nodeOf(raw, new(nameTable))
}

// found evaluates a filter as the database would.
func found(t *rapid.T, where []filter, r row) bool {
	raw, err := json.Marshal(and(where...))
	if err != nil {
		t.Fatal(err)
	}
	var f map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return matches(r.fields(), f)
}

func TestAPatternMatchesItsLiteralAlone(t *testing.T) {
	t.Parallel()
	texts := rapid.StringOfN(rapid.RuneFrom([]rune(`ab%_\क`)), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		wanted, text := texts.Draw(t, "wanted"), texts.Draw(t, "text")
		if got := like(literal(wanted), text); got != (wanted == text) {
			t.Fatalf("%q matches %q: %v", wanted, text, got)
		}
		if got := like("%"+literal(wanted)+"%", text); got != strings.Contains(text, wanted) {
			t.Fatalf("%q is found in %q: %v", wanted, text, got)
		}
	})
}

func patientObject(t testing.TB) *object {
	return resolve(1, metadataOf(t, defaultObjects()), nil).objects[helix.ObjectPatient]
}

func TestWhatFortyTwoFindsIsWhatIsHighlighted(t *testing.T) {
	t.Parallel()
	o := patientObject(t)
	words := rapid.SampledFrom([]string{"Asha", "ash", "Rao", "a%", "_", `\`, "आशा", "राव", "शा", "98", "812", "123 45", "+91 98", "0981", "M-1", "o"})
	names := rapid.SampledFrom([]string{"", "Asha Rao", "asha%rao_", `A\B`, "आशा राव", "M-1", "98123", "Naशाo"})
	rapid.Check(t, func(t *rapid.T) {
		typed := strings.Join(rapid.SliceOfN(words, 1, 3).Draw(t, "words"), " ")
		text, err := understand(typed)
		if err != nil {
			return
		}
		r := row{
			name: names.Draw(t, "name"), first: names.Draw(t, "first"), mrn: names.Draw(t, "mrn"),
			calling: rapid.SampledFrom([]string{"+91", "+98", ""}).Draw(t, "calling"),
			number:  rapid.StringMatching(`(98123|812|91)?[0-9]{0,5}`).Draw(t, "number"),
		}
		wide, err := text.matching(o, anywhere)
		if err != nil {
			t.Fatal(err)
		}
		narrow, err := text.matching(o, beginning)
		if err != nil {
			t.Fatal(err)
		}
		score, highlights := text.rank(r.node(t).shown(o))
		isFound := found(t, wide, r)
		switch {
		case isFound && (score <= 0 || score > 1 || len(highlights) == 0):
			t.Fatalf("%q finds %+v, but scores %v with %v", typed, r, score, highlights)
		case !isFound && found(t, narrow, r):
			t.Fatalf("%q finds more of %+v at the beginning than anywhere", typed, r)
		}
	})
}

func TestEveryPieceOfANumberFindsIt(t *testing.T) {
	t.Parallel()
	o := patientObject(t)
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[6-9][0-9]{9}`).Draw(t, "number")
		from := rapid.IntRange(0, 8).Draw(t, "from")
		piece := number[from:rapid.IntRange(from+2, 10).Draw(t, "to")]
		if from == 0 {
			piece = rapid.SampledFrom([]string{"", "+91", "+91 ", "(+91) 0", "91", "0", "0091-", "+91 0"}).Draw(t, "prefix") + piece
		}
		if at := rapid.IntRange(0, len(piece)).Draw(t, "gap"); at > 0 && !strings.ContainsAny(piece[at:], "+") {
			piece = piece[:at] + rapid.SampledFrom([]string{"", " ", "-", ".", "  "}).Draw(t, "separator") + piece[at:]
		}
		text, err := understand(piece)
		if err != nil {
			t.Fatal(err)
		}
		where, err := text.matching(o, anywhere)
		if err != nil {
			t.Fatal(err)
		}
		if r := (row{calling: "+91", number: number}); !found(t, where, r) {
			t.Fatalf("%q does not find %s", piece, number)
		}
	})
}

func FuzzASearchIsUnderstoodWithoutPanic(f *testing.F) {
	f.Add("Asha Rao 98123", "Asha Rao", "+91", "9812345678")
	f.Add("श्री +91 00 0", "श्रीमती ⟦x⟧", "+1", "")
	f.Add("%_\\ a\x00\xff", "%_\\", "", "12")
	o := patientObject(f)
	f.Fuzz(func(t *testing.T, typed, name, calling, number string) {
		text, err := understand(typed)
		if err != nil {
			wantCode(t, err, helix.CodeBadInput)
			return
		}
		if len(text.terms) == 0 || len(text.terms) > maxSearchTerms {
			t.Fatalf("%d terms", len(text.terms))
		}
		for _, how := range []reach{anywhere, beginning} {
			where, err := text.matching(o, how)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(where)
			if err != nil || !utf8.Valid(raw) || strings.Contains(string(raw), `\u0000`) {
				t.Fatalf("a filter that FortyTwo does not take: %q, %v", raw, err)
			}
		}
		n := nodeOf([]byte(`{"name":`+string(quoted(t, name))+`,"phone":{"primaryPhoneCallingCode":`+string(quoted(t, calling))+
			`,"primaryPhoneNumber":`+string(quoted(t, number))+`}}`), new(nameTable))
		score, highlights := text.rank(n.shown(o))
		if score < 0 || score > 1 {
			t.Fatalf("score %v", score)
		}
		for _, h := range highlights {
			checkMarks(t, h.Text)
		}
	})
}

func quoted(t *testing.T, s string) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkMarks fails the test unless marks come in pairs around whole user-perceived characters.
func checkMarks(t *testing.T, text string) {
	t.Helper()
	plain, open := string(unmarked(text)), false
	for i, r := range text {
		switch string(r) {
		case helix.MarkOpen:
			if open {
				t.Fatalf("nested marks: %q", text)
			}
			open = true
		case helix.MarkClose:
			if !open {
				t.Fatalf("unpaired marks: %q", text)
			}
			open = false
			before, _ := strings.CutSuffix(plain, string(unmarked(text[i:])))
			if ends := []rune(before); len(ends) > 0 && !isBoundary([]rune(plain), len(ends)) {
				t.Fatalf("a mark within a character: %q", text)
			}
		}
	}
	if open || !strings.Contains(text, helix.MarkOpen) {
		t.Fatalf("marks: %q", text)
	}
}

func isBoundary(text []rune, at int) bool {
	for i := 0; i < len(text); i = clusterEnd(text, i) {
		if i == at {
			return true
		}
	}
	return at == len(text)
}

func TestASearchHoldsOnLine15(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	name := func(first, last string) map[string]any { return map[string]any{"firstName": first, "lastName": last} }
	s.rows["patients"] = []map[string]any{
		{"id": patientID, "name": "", "fullName": name("Asha", "Rao"), "mrn": "MRN-1", "phone": phones("9812345678", "+91"), "createdAt": at},
	}
	s.rows["leads"] = []map[string]any{
		{"id": leadID, "name": "Natasha", "fullName": name("", ""), "leadStatus": "NEW", "phone": phones("9812399999", "+91"), "createdAt": at},
	}
	s.rows["appointments"] = []map[string]any{
		{"id": "a0000000-0000-4000-8000-000000000001", "name": "Knee", "patientId": patientID, "scheduledAt": at, "createdAt": at},
		{"id": "a0000000-0000-4000-8000-000000000002", "name": "Nobody's", "createdAt": at},
	}
	c := s.client(t, nil)
	s.documents()
	results, err := c.Search(t.Context(), helix.AsUser("u"), helix.SearchQuery{Text: "asha +91 98123"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[helix.SearchKind]string{helix.SearchPatients: "Asha Rao", helix.SearchLeads: "Natasha", helix.SearchAppointments: "Knee"}
	for kind, title := range want {
		if part := results[kind]; part.Err != nil || len(part.Hits) != 1 || part.Hits[0].Title != title {
			t.Errorf("%s: %+v", kind, part)
		}
	}
	if docs := s.documents(); len(docs) != 4 {
		t.Errorf("took %d requests", len(docs))
	}
}
