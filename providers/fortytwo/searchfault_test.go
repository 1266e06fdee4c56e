package fortytwo_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// agentsWithout makes agents unable to read objects, or fields of them.
func agentsWithout(rights map[string]emulator.ObjectRights) func(*emulator.Options) {
	return func(o *emulator.Options) {
		agent := emulator.MemberRole("Agent")
		agent.Objects = rights
		o.Roles = []emulator.Role{emulator.AdminRole(), agent, emulator.MemberRole("Supervisor")}
	}
}

// partErrors gives the codes of the parts that failed.
func partErrors(results helix.SearchResults) map[helix.SearchKind]helix.Code {
	codes := map[helix.SearchKind]helix.Code{}
	for kind, part := range results {
		if part.Err != nil {
			codes[kind] = helix.AsError(part.Err).Code
		}
	}
	return codes
}

func TestARoleFindsWhatItMayRead(t *testing.T) {
	t.Parallel()
	const forbidden = helix.CodeForbidden
	cases := map[string]struct {
		rights map[string]emulator.ObjectRights
		text   string
		titles []string
		errors map[helix.SearchKind]helix.Code
	}{
		"no patients: leads and appointments stay, without the patients' names": {
			map[string]emulator.ObjectRights{"patient": {}},
			"check",
			[]string{"Eye check", "Knee check"},
			map[helix.SearchKind]helix.Code{helix.SearchPatients: forbidden},
		},
		"no patients: their appointments are not found through them": {
			map[string]emulator.ObjectRights{"patient": {}},
			"asha",
			[]string{"Asha Raote", "Natasha Verma"},
			map[helix.SearchKind]helix.Code{helix.SearchPatients: forbidden},
		},
		"no appointments": {
			map[string]emulator.ObjectRights{"appointment": {}},
			"rao",
			[]string{"Asha Rao", "Asha Raote"},
			map[helix.SearchKind]helix.Code{helix.SearchAppointments: forbidden},
		},
		"a hidden number: people are found by name, and the error says that it is not all": {
			map[string]emulator.ObjectRights{"patient": {Read: true, Unreadable: []string{"phone"}}},
			"asha rao",
			[]string{"Asha Rao", "Knee check", "Asha Raote"},
			map[helix.SearchKind]helix.Code{helix.SearchPatients: forbidden},
		},
		"a hidden field gives nothing away": {
			map[string]emulator.ObjectRights{"patient": {Read: true, Unreadable: []string{"phone"}}},
			"45678",
			[]string{},
			map[helix.SearchKind]helix.Code{helix.SearchPatients: forbidden},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHospital(t, agentsWithout(tc.rights))
			results, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: tc.text})
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, tc.titles, titles(results))
			wantEqual(t, tc.errors, partErrors(results))
			for _, hit := range results[helix.SearchAppointments].Hits {
				if hit.Phone != "" {
					t.Errorf("shows the number of a patient who may not be read: %+v", hit)
				}
			}
		})
	}
}

func TestOneFailingKindLeavesTheOthers(t *testing.T) {
	t.Parallel()
	const unavailable = helix.CodeUnavailable
	cases := map[string]struct {
		fault  emulator.Fault
		titles []string
		errors map[helix.SearchKind]helix.Code
	}{
		"leads fail; appointments say that they may be incomplete": {
			emulator.Fault{RootField: "leads", Kind: emulator.FaultStatus, Status: 502},
			[]string{"Asha Rao", "Knee check"},
			map[helix.SearchKind]helix.Code{helix.SearchLeads: unavailable, helix.SearchAppointments: unavailable},
		},
		"appointments fail": {
			emulator.Fault{RootField: "appointments", Kind: emulator.FaultGarbage},
			[]string{"Asha Rao", "Asha Raote"},
			map[helix.SearchKind]helix.Code{helix.SearchAppointments: unavailable},
		},
		"patients hang until the caller gives up": {
			emulator.Fault{RootField: "patients", Kind: emulator.FaultHang},
			[]string{"Asha Raote"},
			map[helix.SearchKind]helix.Code{helix.SearchPatients: unavailable, helix.SearchAppointments: unavailable},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // the caller gives up when nothing else can be waited for
				h := newUpstreamInMemory(t, nil).hospital(t)
				tc.fault.Count = 100
				if err := h.Fail(tc.fault); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				results, err := h.client.Search(ctx, h.asha.access(), helix.SearchQuery{Text: "rao"})
				if err != nil {
					t.Fatal(err)
				}
				wantEqual(t, tc.titles, titles(results))
				wantEqual(t, tc.errors, partErrors(results))
			})
		})
	}
}

func TestASearchWithAnExpiredTokenIsUnauthenticated(t *testing.T) {
	t.Parallel()
	h := newHospital(t, nil)
	h.ExpireTokens()
	_, err := h.client.Search(t.Context(), h.asha.access(), helix.SearchQuery{Text: "asha"})
	wantCode(t, err, helix.CodeUnauthenticated)
	_, err = h.client.Search(t.Context(), helix.Access{}, helix.SearchQuery{Text: "asha"})
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestOfTooManyMatchesTheBetterOnesAreLookedAtToo(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(o *emulator.Options) { o.Rate.Off = true })
	c := u.client(t)
	put(t, c, write(helix.ObjectPatient, "old", map[string]any{"name": "Asha Rao", "phone": "+919812345678"}))
	u.now.Add(int64(time.Minute))
	var writes []helix.RecordWrite
	for i := range 220 {
		writes = append(writes, write(helix.ObjectPatient, fmt.Sprint(i), map[string]any{"name": fmt.Sprintf("Natasha %d", i)}))
	}
	put(t, c, writes...)
	asha := signIn(t, c, "asha@sandbox.test")
	results, err := c.Search(t.Context(), asha.access(), helix.SearchQuery{Text: "asha", First: 3})
	if err != nil {
		t.Fatal(err)
	}
	part := results[helix.SearchPatients]
	if !part.More || part.Total != 201 || len(part.Hits) != 3 || part.Hits[0].Title != "Asha Rao" {
		t.Errorf("got %+v", part)
	}
}
