package calls_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/internal/bus"
)

func everyCall(*helix.Call) bool { return true }

// under is the write of a call's record under a lead and a patient.
func under(call helix.CallID, lead, patient string) helix.RecordWrite {
	return helix.RecordWrite{Object: helix.ObjectCall, Record: string(call), Fields: map[string]any{"leadId": lead, "patientId": patient}}
}

func link(t *testing.T, s *calls.Service, writes ...helix.RecordWrite) {
	t.Helper()
	if err := s.Link(t.Context(), writes...); err != nil {
		t.Fatal(err)
	}
}

// story tells the events that are recorded under a lead, and whether more follow.
func story(t *testing.T, s *calls.Service, lead string, visible func(*helix.Call) bool, after uint64, limit int) (told []string, last uint64, more bool) {
	t.Helper()
	events, more, err := s.RecordTimeline(t.Context(), helix.ObjectLead, lead, visible, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		told = append(told, fmt.Sprintf("%s %s", e.Kind, e.ProviderCallID))
		last = e.Cursor.Sequence
	}
	return told, last, more
}

func callOf(providerCall string) helix.CallID {
	return helix.CallID(helix.NewID("OZONETEL", providerCall))
}

func TestTheCallsOfALeadAreOneStory(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	ingest(t, s, report(helix.ReportOffered, "1", 0), report(helix.ReportOffered, "2", 1), report(helix.ReportAnswered, "1", 5),
		report(helix.ReportEnded, "2", 6), report(helix.ReportOffered, "3", 7))
	link(t, s, under(callOf("2"), "lead", "patient"), under(callOf("1"), "lead", ""), under(callOf("1"), "lead", ""))
	link(t, s, helix.RecordWrite{Object: helix.ObjectFollowUp, Record: string(callOf("3")), Fields: map[string]any{"leadId": "lead"}})

	first, last, more := story(t, s, "lead", everyCall, 0, 3)
	if diff := cmp.Diff([]string{"INCOMING 1", "INCOMING 2", "ANSWERED 1"}, first); diff != "" || !more {
		t.Errorf("%s, more: %t", diff, more)
	}
	rest, _, more := story(t, s, "lead", everyCall, last, 3)
	if diff := cmp.Diff([]string{"ENDED 2"}, rest); diff != "" || more {
		t.Errorf("%s, more: %t", diff, more)
	}
	unseen := func(c *helix.Call) bool { return c.ProviderCallID != "1" }
	if seen, _, _ := story(t, s, "lead", unseen, 0, 10); len(seen) != 2 {
		t.Errorf("who may not see the first call is told %v", seen)
	}
	if nothing, _, more := story(t, s, "patient", everyCall, 0, 10); len(nothing) > 0 || more {
		t.Errorf("a patient is no lead: %v", nothing)
	}
}

func TestTheLastCallIsTheOneThatBeganLast(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	ingest(t, s, report(helix.ReportOffered, "late", 60), report(helix.ReportOffered, "early", 0))
	link(t, s, under(callOf("late"), "", "p"), under(callOf("early"), "", "p"), under(callOf("unheard of"), "", "p"))
	for name, tc := range map[string]struct {
		visible func(*helix.Call) bool
		want    string
	}{
		"of all":           {everyCall, "late"},
		"of those visible": {func(c *helix.Call) bool { return c.ProviderCallID == "early" }, "early"},
		"of none":          {func(*helix.Call) bool { return false }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := s.LastOf(t.Context(), helix.ObjectPatient, "p", tc.visible)
			if err != nil || (got == nil) != (tc.want == "") || got != nil && got.ProviderCallID != tc.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestALeadWithVeryManyCallsKeepsTheLatest(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	var writes []helix.RecordWrite
	for i := range 52 {
		name := fmt.Sprint(i)
		ingest(t, s, report(helix.ReportOffered, name, i))
		writes = append(writes, under(callOf(name), "lead", ""))
	}
	link(t, s, writes...)
	told, _, _ := story(t, s, "lead", everyCall, 0, 100)
	if len(told) != 50 || told[0] != "INCOMING 2" || told[49] != "INCOMING 51" {
		t.Errorf("%d calls, from %s to %s", len(told), told[0], told[len(told)-1])
	}
}

func TestAnErasedPersonsCallsAreUnderNobody(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	other := report(helix.ReportOffered, "other", 1)
	other.Phone = "+919800000009"
	ingest(t, s, report(helix.ReportOffered, "1", 0), other)
	link(t, s, under(callOf("1"), "lead", "patient"), under(callOf("other"), "lead", ""))
	if _, err := s.ErasePerson(t.Context(), helix.Erasure{ID: "e1", At: start}, rahul); err != nil {
		t.Fatal(err)
	}
	if told, _, _ := story(t, s, "lead", everyCall, 0, 10); !slices.Equal(told, []string{"INCOMING other"}) {
		t.Errorf("told %v", told)
	}
	// Nor does what is stored name them.
	links, err := bus.OpenBucket[[]helix.CallID](t.Context(), b, bus.BucketRecordCalls)
	if err != nil {
		t.Fatal(err)
	}
	left, err := links.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]helix.CallID{"lead.lead": {callOf("other")}}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
}
