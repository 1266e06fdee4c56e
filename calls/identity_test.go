package calls_test

import (
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestACallIsFoundByAnyIdThatTheProviderHasForIt(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	const dialed helix.CallID = "8d7b9f2e-6f6e-5d5c-9b6a-333333333333"
	if err := s.Know(t.Context(), helix.ProviderOzonetel, dialed, "2190", "2191"); err != nil {
		t.Fatal(err)
	}
	inbound := report(helix.ReportOffered, "2192", 0)
	ingest(t, s, inbound)
	for _, c := range []struct {
		name, id string
		want     helix.CallID
	}{
		{"the id of a dial", "2190", dialed},
		{"the id of its leg", "2191", dialed},
		{"the id of an inbound call", "2192", helix.CallID(helix.NewID("OZONETEL", "2192"))},
		{"an id that nobody has told of", "2193", helix.CallID(helix.NewID("OZONETEL", "2193"))},
	} {
		if got, err := s.IDOf(t.Context(), helix.ProviderOzonetel, c.id); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v", c.name, got, err)
		}
	}
}
