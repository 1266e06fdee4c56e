package fortytwo_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/fortytwo"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// hospital is an emulated hospital with people whose names and numbers are easy to mix up.
type hospital struct {
	*upstream
	client *fortytwo.Client
	asha   agent
}

func newHospital(t *testing.T, change func(*emulator.Options)) *hospital {
	t.Helper()
	return newUpstream(t, change).hospital(t)
}

func (u *upstream) hospital(t *testing.T) *hospital {
	t.Helper()
	h := &hospital{upstream: u, client: u.client(t)}
	patient := func(key, name, phone, mrn string) helix.RecordWrite {
		return write(helix.ObjectPatient, key, map[string]any{"name": name, "phone": phone, "mrn": mrn})
	}
	lead := func(key, name, phone, status string) helix.RecordWrite {
		return write(helix.ObjectLead, key, map[string]any{"name": name, "phone": phone, "leadStatus": status})
	}
	rao := patient("rao", "Asha Rao", "+919812345678", "MRN-10001")
	hindi := patient("hindi", "आशा राव", "+919898989898", "MRN-10002")
	h.now.Store(time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	for _, record := range []helix.RecordWrite{
		rao, hindi,
		patient("khan", "फ\u093cरहान ख\u093cान", "+917012345678", "MRN-10003"), // letter and dot apart
		patient("percent", "Discount 100% Club", "+919712300001", "MRN-10004"),
		patient("plain", "Discount 100x Club", "+919712300002", "MRN-10005"),
		patient("abroad", "Owen Ashworth", "+447911123456", "MRN_10006"),
		lead("raote", "Asha Raote", "+918812345679", "CONTACTED"),
		lead("new", "Natasha Verma", "+919812399999", "NEW"),
		lead("backslash", `A\B under_score`, "+919712300003", "NEW"),
		write(helix.ObjectAppointment, "knee", map[string]any{
			"name": "Knee check", "scheduledAt": "2026-05-03T08:30:00Z", "appointmentStatus": "CONFIRMED", "patientId": rao.Record,
		}),
		write(helix.ObjectAppointment, "eyes", map[string]any{
			"name": "Eye check", "scheduledAt": "2026-05-04T08:30:00Z", "appointmentStatus": "BOOKED", "patientId": hindi.Record,
		}),
	} {
		put(t, h.client, record)
		h.now.Add(int64(time.Minute))
	}
	h.asha = signIn(t, h.client, "asha@sandbox.test")
	return h
}

func (h *hospital) search(t *testing.T, text string, kinds ...helix.SearchKind) helix.SearchResults {
	t.Helper()
	results, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: text, Kinds: kinds})
	if err != nil {
		t.Fatal(err)
	}
	for kind, part := range results {
		if part.Err != nil || part.More || part.Total != len(part.Hits) {
			t.Errorf("%s: %+v", kind, part)
		}
	}
	return results
}

// titles gives the hits of all kinds in order of rank.
func titles(results helix.SearchResults) []string {
	var hits []helix.SearchHit
	for _, part := range results {
		hits = append(hits, part.Hits...)
	}
	slices.SortFunc(hits, helix.SearchHit.Compare)
	out := []string{}
	for _, hit := range hits {
		out = append(out, hit.Title)
	}
	return out
}

func TestASearchFindsWhatPeopleType(t *testing.T) {
	t.Parallel()
	h := newHospital(t, nil)
	cases := map[string]struct {
		text string
		want []string // best first
	}{
		"a first name; a whole word before its beginning, before a part": {
			"asha", []string{"Asha Raote", "Asha Rao", "Knee check", "Natasha Verma"},
		},
		"a whole name before a longer one":            {"Asha Rao", []string{"Asha Rao", "Knee check", "Asha Raote"}},
		"words in another order":                      {"rao, ASHA", []string{"Asha Rao", "Asha Raote", "Knee check"}},
		"the beginning of a second word":              {"ver", []string{"Natasha Verma"}},
		"a name in Devanagari":                        {"आशा", []string{"आशा राव", "Eye check"}},
		"a syllable and a letter of Devanagari":       {"राव", []string{"आशा राव", "Eye check"}},
		"nukta letters in one code point":             {"\u095eरहान", []string{"फ\u093cरहान ख\u093cान"}},
		"a Latin name does not find a Devanagari one": {"aashaa", []string{}},
		"a record number":                             {"mrn-10003", []string{"फ\u093cरहान ख\u093cान"}},
		"digits of a record number":                   {"10003", []string{"फ\u093cरहान ख\u093cान"}},
		"an appointment by its own name":              {"knee", []string{"Knee check"}},
		"a per cent sign stands for itself":           {"100%", []string{"Discount 100% Club"}},
		"an underscore stands for itself":             {"MRN_1", []string{"Owen Ashworth"}},
		"a backslash stands for itself":               {`A\B`, []string{`A\B under_score`}},
		"a pattern finds nothing":                     {"A%h_a", []string{}},
		"the ten digits of a number, set apart":       {"98123 45678", []string{"Asha Rao", "Knee check"}},
		"a number with country code and brackets":     {"(+91) 98123-45678", []string{"Asha Rao", "Knee check"}},
		"a number with the trunk prefix":              {"098123 45678", []string{"Asha Rao", "Knee check"}},
		"a number with the exit code":                 {"0044 7911", []string{"Owen Ashworth"}},
		"a number without the plus":                   {"919812345678", []string{"Asha Rao", "Knee check"}},
		"the beginning of a number":                   {"+91 98123", []string{"Natasha Verma", "Asha Rao", "Knee check"}},
		"the end of a number, whoever has it there":   {"45678", []string{"फ\u093cरहान ख\u093cान", "Asha Rao", "Knee check"}},
		"a number in Devanagari digits":               {"९८१२३ ४५६७८", []string{"Asha Rao", "Knee check"}},
		"the country must be right":                   {"+44 98123", []string{}},
		"a name and a piece of a number":              {"asha 45678", []string{"Asha Rao", "Knee check"}},
		"nobody":                                      {"nobody at all", []string{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(tc.want, titles(h.search(t, tc.text))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAHitShowsWhatMatched(t *testing.T) {
	t.Parallel()
	h := newHospital(t, nil)
	results := h.search(t, "Asha 98123")
	id := func(object helix.RecordObject, key string) string { return write(object, key, nil).Record }
	at := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
	want := []helix.SearchHit{{
		Kind: helix.SearchPatients, ID: id(helix.ObjectPatient, "rao"), Title: "Asha Rao", Subtitle: "MRN-10001", Phone: "+919812345678",
		Score: (0.85 + 0.5) / 2, CreatedAt: at,
		Highlights: []helix.Highlight{{Field: "name", Text: "⟦Asha⟧ Rao"}, {Field: "phone", Text: "+91⟦98123⟧45678"}},
	}}
	if diff := gocmp.Diff(want, results[helix.SearchPatients].Hits); diff != "" {
		t.Error(diff)
	}
	zone := time.FixedZone("IST", 5*3600+1800)
	results, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{
		Text: "98123 45678", Kinds: []helix.SearchKind{helix.SearchAppointments}, Zone: zone,
	})
	if err != nil {
		t.Fatal(err)
	}
	hits := results[helix.SearchAppointments].Hits
	if len(results) != 1 || len(hits) != 1 {
		t.Fatalf("got %+v", results)
	}
	hit := hits[0]
	if hit.Title != "Knee check" || hit.Subtitle != "Asha Rao, 3 May 2026 14:00, CONFIRMED" || hit.Phone != "+919812345678" {
		t.Errorf("got %+v", hit)
	}
	if diff := gocmp.Diff([]helix.Highlight{{Field: "patient.phone", Text: "+91⟦9812345678⟧"}}, hit.Highlights); diff != "" {
		t.Error(diff)
	}
	named := h.search(t, "check", helix.SearchAppointments)[helix.SearchAppointments].Hits
	if len(named) != 2 || !strings.HasPrefix(cmp.Or(named[0].Subtitle, "?"), "आशा राव, 4 May 2026 08:30") {
		t.Errorf("got %+v", named)
	}
}

func TestAShortSearchIsRefusedInWords(t *testing.T) {
	t.Parallel()
	h := newHospital(t, nil)
	for _, text := range []string{"", "a", " a ", "श्री", "कि", "क्षि", "7", "%_", "%%%%", "+", "\x00\xff"} {
		_, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: text})
		wantCode(t, err, helix.CodeBadInput)
		if got := helix.AsError(err).Message; got != "type at least two letters or digits to search" {
			t.Errorf("%q: %s", text, got)
		}
	}
	for _, text := range []string{strings.Repeat("a", 101), strings.Repeat("ab ", 9)} {
		_, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: text})
		wantCode(t, err, helix.CodeBadInput)
	}
	if n := h.RequestCount("patients"); n != 0 {
		t.Errorf("sent %d requests", n)
	}
}

func TestASearchForNoKindFindsNothing(t *testing.T) {
	t.Parallel()
	h := newHospital(t, nil)
	for name, c := range map[string]struct {
		kinds []helix.SearchKind
		parts int
	}{"all": {nil, len(helix.SearchKinds())}, "none": {[]helix.SearchKind{}, 0}} {
		results, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: "asha", Kinds: c.kinds})
		if err != nil || len(results) != c.parts {
			t.Errorf("%s: %v, %v", name, results, err)
		}
	}
}
