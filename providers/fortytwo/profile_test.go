package fortytwo_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/fortytwo"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

const callerPhone = helix.Phone("+919812345678")

// callerHistory gives a hospital in which the caller is a patient and a lead with more of everything than is shown.
func callerHistory(t *testing.T, change func(*emulator.Options)) (*upstream, *fortytwo.Client, agent) {
	t.Helper()
	u := newUpstream(t, change)
	c, asha := u.callerHistory(t)
	return u, c, asha
}

func (u *upstream) callerHistory(t *testing.T) (*fortytwo.Client, agent) {
	t.Helper()
	c := u.client(t)
	patient := write(helix.ObjectPatient, "rao", map[string]any{"name": "Asha Rao", "phone": string(callerPhone)})
	lead := write(helix.ObjectLead, "rao", map[string]any{"name": "Asha R", "phone": string(callerPhone)})
	writes := []helix.RecordWrite{patient, lead}
	day := func(n int) string {
		return time.Now().Add(time.Duration(n)*24*time.Hour - time.Hour).Format(time.RFC3339)
	}
	add := func(object helix.RecordObject, key string, fields map[string]any) {
		fields["name"] = key
		writes = append(writes, write(object, key, fields))
	}
	for n := -8; n <= 4; n++ {
		add(helix.ObjectAppointment, fmt.Sprintf("day %d", n), map[string]any{
			"scheduledAt": day(n), "durationMinutes": 30, "appointmentStatus": "BOOKED", "patientId": patient.Record,
		})
	}
	add(helix.ObjectAppointment, "as a lead", map[string]any{"scheduledAt": day(5), "leadId": lead.Record})
	add(helix.ObjectAppointment, "without a time", map[string]any{"patientId": patient.Record})
	add(helix.ObjectAppointment, "another's", map[string]any{"scheduledAt": day(1)})
	add(helix.ObjectFollowUp, "later", map[string]any{"dueAt": day(2), "followUpStatus": "PENDING", "patientId": patient.Record})
	add(helix.ObjectFollowUp, "sooner", map[string]any{
		"dueAt": day(1), "followUpStatus": "PENDING", "leadId": lead.Record, "remark": "before noon",
	})
	add(helix.ObjectFollowUp, "without a time", map[string]any{"followUpStatus": "PENDING", "leadId": lead.Record})
	add(helix.ObjectFollowUp, "done", map[string]any{"dueAt": day(1), "followUpStatus": "DONE", "leadId": lead.Record})
	for n := range 12 {
		add(helix.ObjectCall, fmt.Sprintf("call %d", n), map[string]any{
			"callerNumber": string(callerPhone), "startedAt": day(-n), "direction": "INBOUND", "callStatus": "COMPLETED",
			"durationSeconds": 61.5, "disposition": "General Enquiry", "agentName": "Asha Nair",
		})
	}
	add(helix.ObjectCall, "missed", map[string]any{
		"callerNumber": string(callerPhone), "startedAt": day(1), "direction": "INBOUND", "callStatus": "MISSED",
		"agentName": "Ravi Menon", // who is to call back
	})
	add(helix.ObjectCall, "another country", map[string]any{"callerNumber": "+449812345678", "startedAt": day(1)})
	put(t, c, writes...)
	return c, signIn(t, c, "asha@sandbox.test")
}

// appointmentNames gives what the appointments of a profile are called.
func appointmentNames(p helix.CallerProfile) []string {
	var names []string
	for _, a := range p.Appointments {
		names = append(names, a.Name)
	}
	return names
}

func followUpNames(p helix.CallerProfile) []string {
	var names []string
	for _, f := range p.OpenFollowUps {
		names = append(names, f.Name)
	}
	return names
}

func profileErrors(p helix.CallerProfile) map[helix.ProfilePart]helix.Code {
	codes := map[helix.ProfilePart]helix.Code{}
	for part, err := range p.Failed {
		codes[part] = helix.AsError(err).Code
	}
	return codes
}

func TestAProfileTellsWhoCalls(t *testing.T) {
	t.Parallel()
	_, c, asha := callerHistory(t, nil)
	p, err := c.CallerByPhone(t.Context(), asha.access(), callerPhone)
	if err != nil || len(p.Failed) > 0 {
		t.Fatal(err, p.Failed)
	}
	id := func(object helix.RecordObject, key string) string { return write(object, key, nil).Record }
	patient, lead := id(helix.ObjectPatient, "rao"), id(helix.ObjectLead, "rao")
	wantEqual(t, helix.Contact{Lead: lead, Patient: patient, DisplayName: "Asha Rao"}, p.Contact)
	wantEqual(t, []string{
		"day 1", "day 2", "day 3", "day 4", "as a lead", "day 0", "day -1", "day -2", "day -3", "day -4",
	}, appointmentNames(p))
	first := p.Appointments[0]
	wantEqual(t, helix.AppointmentRecord{
		ID: id(helix.ObjectAppointment, "day 1"), Name: "day 1", ScheduledAt: first.ScheduledAt, Duration: 30 * time.Minute,
		Status: "BOOKED", Patient: patient,
	}, first)
	if left := time.Until(first.ScheduledAt); left < 22*time.Hour || left > 23*time.Hour {
		t.Errorf("the next appointment is in %v", left)
	}
	wantEqual(t, []string{"sooner", "later", "without a time"}, followUpNames(p))
	wantEqual(t, helix.FollowUpRecord{
		ID: id(helix.ObjectFollowUp, "sooner"), Name: "sooner", Remark: "before noon", DueAt: p.OpenFollowUps[0].DueAt, Lead: lead,
		Phone: callerPhone, Person: "Asha Rao",
	}, p.OpenFollowUps[0])
	if len(p.RecentCalls) != 10 {
		t.Fatalf("%d calls", len(p.RecentCalls))
	}
	wantEqual(t, []helix.RecentCall{
		{ID: id(helix.ObjectCall, "missed"), At: p.RecentCalls[0].At, Direction: helix.Inbound, Outcome: helix.OutcomeMissed},
		{
			ID: id(helix.ObjectCall, "call 0"), At: p.RecentCalls[1].At, Direction: helix.Inbound, Outcome: helix.OutcomeAnswered,
			Disposition: "General Enquiry", Duration: 61500 * time.Millisecond, AgentName: "Asha Nair",
		},
	}, p.RecentCalls[:2])
}

func TestAStrangerHasCallsAlone(t *testing.T) {
	t.Parallel()
	u, c, asha := callerHistory(t, nil)
	p, err := c.CallerByPhone(t.Context(), asha.access(), "+449812345678")
	if err != nil || len(p.Failed) > 0 || p.Known() || len(p.RecentCalls) != 1 || len(p.Appointments)+len(p.OpenFollowUps) > 0 {
		t.Errorf("got %+v, %v", p, err)
	}
	if n := u.RequestCount("appointments") + u.RequestCount("followUps"); n > 0 {
		t.Errorf("asked %d times about nobody", n)
	}
	p, err = c.CallerByPhone(t.Context(), asha.access(), "")
	if err != nil || p.Known() || len(p.RecentCalls) > 0 {
		t.Errorf("a withheld number: %+v, %v", p, err)
	}
	_, err = c.CallerByPhone(t.Context(), asha.access(), "98123")
	wantCode(t, err, helix.CodeBadInput)
}

func TestPartsOfAProfileFailApart(t *testing.T) {
	t.Parallel()
	const forbidden, unavailable = helix.CodeForbidden, helix.CodeUnavailable
	cases := map[string]struct {
		rights map[string]emulator.ObjectRights
		fault  string // root field that fails
		kind   emulator.FaultKind
		errors map[helix.ProfilePart]helix.Code
		counts [3]int // appointments, follow-ups, calls
	}{
		"appointments may not be read": {
			rights: map[string]emulator.ObjectRights{"appointment": {}}, counts: [3]int{0, 3, 10},
			errors: map[helix.ProfilePart]helix.Code{helix.ProfileAppointments: forbidden},
		},
		"calls may not be read": {
			rights: map[string]emulator.ObjectRights{"call": {}}, counts: [3]int{10, 3, 0},
			errors: map[helix.ProfilePart]helix.Code{helix.ProfileRecentCalls: forbidden},
		},
		"patients may not be read: what the lead has stays": {
			rights: map[string]emulator.ObjectRights{"patient": {}}, counts: [3]int{1, 2, 10},
			errors: map[helix.ProfilePart]helix.Code{},
		},
		"neither patients nor leads may be read": {
			rights: map[string]emulator.ObjectRights{"patient": {}, "lead": {}}, counts: [3]int{0, 0, 10},
			errors: map[helix.ProfilePart]helix.Code{
				helix.ProfileContact: forbidden, helix.ProfileAppointments: forbidden, helix.ProfileFollowUps: forbidden,
			},
		},
		"follow-ups fail": {
			fault: "followUps", kind: emulator.FaultStatus, counts: [3]int{10, 0, 10},
			errors: map[helix.ProfilePart]helix.Code{helix.ProfileFollowUps: unavailable},
		},
		"patients fail: what the lead has stays, but is said to be incomplete": {
			fault: "patients", kind: emulator.FaultStatus, counts: [3]int{1, 2, 10},
			errors: map[helix.ProfilePart]helix.Code{
				helix.ProfileContact: unavailable, helix.ProfileAppointments: unavailable, helix.ProfileFollowUps: unavailable,
			},
		},
		"calls hang until the caller gives up": {
			fault: "calls", kind: emulator.FaultHang, counts: [3]int{10, 3, 0},
			errors: map[helix.ProfilePart]helix.Code{helix.ProfileRecentCalls: unavailable},
		},
		"patients hang until the caller gives up": {
			fault: "patients", kind: emulator.FaultHang, counts: [3]int{0, 0, 10},
			errors: map[helix.ProfilePart]helix.Code{
				helix.ProfileContact: unavailable, helix.ProfileAppointments: unavailable, helix.ProfileFollowUps: unavailable,
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // the caller gives up when nothing else can be waited for
				u := newUpstreamInMemory(t, agentsWithout(tc.rights))
				c, asha := u.callerHistory(t)
				if tc.fault != "" {
					if err := u.Fail(emulator.Fault{RootField: tc.fault, Kind: tc.kind, Count: 100}); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				p, err := c.CallerByPhone(ctx, asha.access(), callerPhone)
				if err != nil {
					t.Fatal(err)
				}
				wantEqual(t, tc.errors, profileErrors(p))
				wantEqual(t, tc.counts, [3]int{len(p.Appointments), len(p.OpenFollowUps), len(p.RecentCalls)})
			})
		})
	}
}

func TestAProfileWithAnExpiredTokenIsUnauthenticated(t *testing.T) {
	t.Parallel()
	u, c, asha := callerHistory(t, nil)
	u.ExpireTokens()
	_, err := c.CallerByPhone(t.Context(), asha.access(), callerPhone)
	wantCode(t, err, helix.CodeUnauthenticated)
}
