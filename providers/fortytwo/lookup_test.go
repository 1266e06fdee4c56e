package fortytwo

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func phones(number, calling string) map[string]any {
	return map[string]any{"primaryPhoneNumber": number, "primaryPhoneCallingCode": calling, "primaryPhoneCountryCode": ""}
}

const (
	leadID    = "33333333-3333-4333-8333-333333333333"
	patientID = "44444444-4444-4444-8444-444444444444"
)

func TestAContactIsFoundByNationalNumberAndCallingCode(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	s.rows["leads"] = []map[string]any{
		{"id": "55555555-5555-4555-8555-555555555555", "name": "Older", "phone": phones("9812345678", "+91"), "createdAt": at},
		{"id": leadID, "name": "Newer", "phone": phones("9812345678", "+91"), "createdAt": at.Add(time.Hour)},
		{
			"id": "66666666-6666-4666-8666-666666666666", "name": "Abroad", "phone": phones("9812345678", "+44"),
			"createdAt": at.Add(2 * time.Hour),
		},
	}
	s.rows["patients"] = []map[string]any{
		{
			"id": patientID, "name": "", "fullName": map[string]any{"firstName": "Asha", "lastName": "Rao"},
			"phone": phones("9900000000", "+91"), "createdAt": at,
		},
	}
	c := s.client(t, nil)
	cases := map[string]struct {
		phone helix.Phone
		want  helix.Contact
	}{
		"the newest lead, and no patient":    {"+919812345678", helix.Contact{Lead: leadID, DisplayName: "Newer"}},
		"a patient by the parts of her name": {"+919900000000", helix.Contact{Patient: patientID, DisplayName: "Asha Rao"}},
		"nobody":                             {"+919811111111", helix.Contact{}},
		"a withheld number":                  {"", helix.Contact{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ContactByPhone(t.Context(), helix.AsUser("u"), tc.phone)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// forbid refuses the documents that contain part, as a role without the right does.
func forbid(parts ...string) func(http.ResponseWriter, string) bool {
	return func(w http.ResponseWriter, doc string) bool {
		for _, p := range parts {
			if strings.Contains(doc, p) {
				fail(w, "Entity performing the request does not have permission",
					map[string]any{"code": "FORBIDDEN", "subCode": "PERMISSION_DENIED", "userFriendlyMessage": "User does not have permission."})
				return true
			}
		}
		return false
	}
}

func TestAContactShowsWhatTheAskerMaySee(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.rows["leads"] = []map[string]any{{"id": leadID, "name": "Asha", "phone": phones("9812345678", "+91"), "createdAt": time.Now()}}
	c := s.client(t, nil)
	s.intercept = forbid("patients(")
	got, err := c.ContactByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
	if err != nil || got.Lead != leadID || got.Patient != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	s.mu.Lock()
	s.intercept = forbid("patients(", "leads(")
	s.mu.Unlock()
	_, err = c.ContactByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
	wantCode(t, err, helix.CodeForbidden)
	if e := helix.AsError(err); e.Message != "User does not have permission" || e.Op != "fortytwo.contact" {
		t.Errorf("got %+v", e)
	}
}

func TestTheWorklistShowsPendingFollowUpsWithTheirPerson(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	row := func(id string, more map[string]any) map[string]any {
		r := map[string]any{"id": id, "name": "Call back", "followUpStatus": "PENDING", "assigneeId": string(member), "dueAt": due}
		maps.Copy(r, more)
		return r
	}
	s := newStrict(t)
	s.rows["leads"] = []map[string]any{{"id": leadID, "name": "Lead", "phone": phones("9812345678", "+91")}}
	s.rows["patients"] = []map[string]any{{"id": patientID, "name": "Patient", "phone": phones("", "")}}
	s.rows["followUps"] = []map[string]any{
		row("a0000000-0000-4000-8000-000000000001", map[string]any{"leadId": leadID, "patientId": patientID, "remark": "before noon"}),
		row("a0000000-0000-4000-8000-000000000002", map[string]any{"followUpStatus": "DONE"}),
		row("a0000000-0000-4000-8000-000000000003", map[string]any{"assigneeId": leadID}),
		row("a0000000-0000-4000-8000-000000000004", map[string]any{"dueAt": nil}),
		row("a0000000-0000-4000-8000-000000000005", map[string]any{"dueAt": due.Add(-time.Hour), "leadId": leadID}),
	}
	c := s.client(t, nil)
	want := []helix.FollowUpRecord{
		{
			ID: "a0000000-0000-4000-8000-000000000005", Name: "Call back", DueAt: due.Add(-time.Hour), Lead: leadID,
			Phone: "+919812345678", Person: "Lead",
		},
		{
			ID: "a0000000-0000-4000-8000-000000000001", Name: "Call back", Remark: "before noon", DueAt: due, Lead: leadID, Patient: patientID,
			Phone: "+919812345678", Person: "Patient",
		},
	}
	got, err := c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, helix.DueKey{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	total, overdue, err := c.FollowUpCounts(t.Context(), helix.AsUser("u"), member, due)
	if err != nil || total != 2 || overdue != 1 {
		t.Errorf("counted %d, %d overdue, %v", total, overdue, err)
	}

	s.mu.Lock()
	s.intercept = forbid("lead {")
	s.mu.Unlock()
	got, err = c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, helix.DueKey{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Phone, want[i].Person = "", ""
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("for a role that reads no leads: %s", diff)
	}
}

func TestLeadsThatWaitAreCountedByAge(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	for i, status := range []string{"NEW", "NEW", "CONTACTED", "NEW"} {
		s.rows["leads"] = append(s.rows["leads"], map[string]any{
			"id": leadID, "name": "Lead", "leadStatus": status, "assigneeId": string(member), "createdAt": at.Add(time.Duration(i) * time.Hour),
		})
	}
	c := s.client(t, nil)
	total, older, err := c.LeadCounts(t.Context(), helix.AsUser("u"), member, at.Add(time.Hour))
	if err != nil || total != 3 || older != 1 {
		t.Errorf("counted %d, %d older, %v", total, older, err)
	}
}

func TestAQueryThatNeedsWhatTheWorkspaceLacksNamesIt(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.objects = edit(s.objects, "followUp", "dueAt", nil)
	s.objects = edit(s.objects, "lead", "leadStatus", map[string]any{"options": []any{}})
	c := s.client(t, nil)
	_, err := c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, helix.DueKey{}, 10)
	wantCode(t, err, helix.CodeNotConfigured)
	if !strings.Contains(err.Error(), "followUp.dueAt") {
		t.Errorf("does not name the field: %v", err)
	}
	_, err = c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueKey{}, 10)
	wantCode(t, err, helix.CodeNotConfigured)
	if !strings.Contains(err.Error(), "lead.leadStatus.NEW") {
		t.Errorf("does not name the value: %v", err)
	}
}

func TestAProfileHoldsOnLine15(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newStrict(t)
	s.rows["patients"] = []map[string]any{{"id": patientID, "name": "Asha", "phone": phones("9812345678", "+91"), "createdAt": now}}
	s.rows["appointments"] = []map[string]any{
		{"id": "a0000000-0000-4000-8000-000000000001", "name": "Past", "patientId": patientID, "scheduledAt": now.Add(-time.Hour)},
		{"id": "a0000000-0000-4000-8000-000000000002", "name": "Next", "patientId": patientID, "scheduledAt": now.Add(time.Hour)},
	}
	s.rows["followUps"] = []map[string]any{
		{"id": "a0000000-0000-4000-8000-000000000003", "name": "Call back", "patientId": patientID, "followUpStatus": "PENDING", "dueAt": now},
	}
	s.rows["calls"] = []map[string]any{
		{
			"id": "a0000000-0000-4000-8000-000000000004", "callerNumber": phones("9812345678", "+91"), "startedAt": now, "durationSeconds": 60,
			"callStatus": "FAILED", "direction": "OUTBOUND",
		},
	}
	c := s.client(t, nil)
	p, err := c.CallerByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
	if err != nil || len(p.Failed) > 0 {
		t.Fatal(err, p.Failed)
	}
	if len(p.Appointments) != 2 || p.Appointments[0].Name != "Next" || len(p.OpenFollowUps) != 1 || p.OpenFollowUps[0].Person != "Asha" {
		t.Errorf("got %+v", p)
	}
	if len(p.RecentCalls) != 1 || p.RecentCalls[0].Outcome != helix.OutcomeNotAnswered || p.RecentCalls[0].Duration != time.Minute {
		t.Errorf("calls: %+v", p.RecentCalls)
	}
}

func TestAProfileNamesWhatTheWorkspaceLacks(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.rows["patients"] = []map[string]any{{"id": patientID, "name": "Asha", "phone": phones("9812345678", "+91"), "createdAt": time.Now()}}
	for object, field := range map[string]string{"appointment": "scheduledAt", "followUp": "dueAt", "call": "callerNumber"} {
		s.objects = edit(s.objects, object, field, nil)
	}
	c := s.client(t, nil)
	p, err := c.CallerByPhone(t.Context(), helix.AsUser("u"), "+919812345678")
	if err != nil || p.Patient != patientID {
		t.Fatal(err)
	}
	for part, field := range map[helix.ProfilePart]string{
		helix.ProfileAppointments: "appointment.scheduledAt", helix.ProfileFollowUps: "followUp.dueAt",
		helix.ProfileRecentCalls: "call.callerNumber",
	} {
		wantCode(t, p.Failed[part], helix.CodeNotConfigured)
		if !strings.Contains(p.Failed[part].Error(), field) {
			t.Errorf("%s: does not name the field: %v", part, p.Failed[part])
		}
	}
}
