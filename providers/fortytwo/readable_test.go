package fortytwo_test

import (
	"fmt"
	"testing"

	helix "github.com/helix-engage/gateway"
)

func TestReadableRecordsAreThoseThatExistAndMayBeRead(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	lead, patient := write(helix.ObjectLead, "there", map[string]any{"name": "There"}), write(helix.ObjectPatient, "p", map[string]any{"name": "P"})
	put(t, c, lead, patient)
	gone := helix.NewID("lead", "gone")
	for name, tc := range map[string]struct {
		object helix.RecordObject
		ask    []string
		want   map[string]bool
	}{
		"a lead, and one that is gone": {helix.ObjectLead, []string{lead.Record, gone}, map[string]bool{lead.Record: true}},
		"one of another object":        {helix.ObjectLead, []string{patient.Record}, map[string]bool{}},
		"a member":                     {helix.ObjectMember, []string{string(asha.Member), gone}, map[string]bool{string(asha.Member): true}},
		"none":                         {helix.ObjectAppointment, nil, map[string]bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Readable(t.Context(), asha.access(), tc.object, tc.ask)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, tc.want, got)
		})
	}
	_, err := c.Readable(t.Context(), helix.AsUser("nobody's"), helix.ObjectLead, []string{lead.Record})
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestManyRecordsAreReadInFewRequests(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	var ids []string
	want := map[string]bool{}
	for i := range 450 {
		w := write(helix.ObjectLead, fmt.Sprint(i), map[string]any{"name": "Lead"})
		if i%150 == 0 {
			put(t, c, w)
			want[w.Record] = true
		}
		ids = append(ids, w.Record)
	}
	before := u.RequestCount("leads")
	got, err := c.Readable(t.Context(), asha.access(), helix.ObjectLead, ids)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, want, got)
	if n := u.RequestCount("leads") - before; n != 3 {
		t.Errorf("%d requests for 450 records", n)
	}
}
