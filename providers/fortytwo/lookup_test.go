package fortytwo

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
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

func TestAnObjectThatMayNotBeReadHoldsNoReadableRecords(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.rows["leads"] = []map[string]any{{"id": leadID, "name": "Asha", "createdAt": time.Now()}}
	c := s.client(t, nil)
	s.intercept = forbid("leads(")
	got, err := c.Readable(t.Context(), helix.AsUser("u"), helix.ObjectLead, []string{leadID})
	if err != nil || len(got) > 0 {
		t.Errorf("got %v, %v", got, err)
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
	q := helix.DueQuery{Limit: 10, Total: true, Before: due}
	got, counts, err := c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if counts != (helix.DueCounts{Total: 2, Before: 1}) {
		t.Errorf("counted %+v", counts)
	}

	s.mu.Lock()
	s.intercept = forbid("lead {")
	s.mu.Unlock()
	got, counts, err = c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, q)
	if err != nil || counts.Total != 2 {
		t.Fatal(counts, err)
	}
	for i := range want {
		want[i].Phone, want[i].Person = "", ""
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("for a role that reads no leads: %s", diff)
	}
}

// waitingLeads gives the member n leads, created an hour apart, and another member one more.
func waitingLeads(s *strict, from time.Time, n int) {
	rng := rand.New(rand.NewPCG(5, 6))
	row := func(assignee string, at time.Time) {
		s.rows["leads"] = append(s.rows["leads"], map[string]any{
			"id": randomID(rng), "name": "Lead", "leadStatus": "NEW", "assigneeId": assignee, "createdAt": at,
		})
	}
	for i := range n {
		row(string(member), from.Add(time.Duration(i)*time.Hour))
	}
	row(patientID, from)
}

func TestCountsCostNoMoreRequestsThanTheyMust(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	waitingLeads(s, at, 6)
	c := s.client(t, nil)
	later := helix.DueKey{Due: at.Add(time.Hour)}
	for _, tc := range []struct {
		name     string
		query    helix.DueQuery
		want     helix.DueCounts
		requests int // the order of the cases matters to them: the client learns who has a backlog
	}{
		{"a page without counts", helix.DueQuery{Limit: 3}, helix.DueCounts{}, 1},
		{"the total is told with the first page", helix.DueQuery{Limit: 3, Total: true}, helix.DueCounts{Total: 6}, 1},
		{
			"the first page shows where the early ones end",
			helix.DueQuery{Limit: 3, Total: true, Before: at.Add(2 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 2},
			1,
		},
		{
			"none is early", helix.DueQuery{Limit: 3, Total: true, Before: at}, helix.DueCounts{Total: 6}, 1,
		},
		{
			"the early ones end with the page",
			helix.DueQuery{Limit: 3, Total: true, Before: at.Add(3 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 3},
			1,
		},
		{
			"the early ones go on behind the page",
			helix.DueQuery{Limit: 3, Total: true, Before: at.Add(5 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 5},
			2,
		},
		{
			"they are expected to, and do: the same requests, side by side",
			helix.DueQuery{Limit: 3, Total: true, Before: at.Add(4 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 4},
			2,
		},
		{
			"they are expected to, and do not",
			helix.DueQuery{Limit: 3, Total: true, Before: at.Add(time.Hour)},
			helix.DueCounts{Total: 6, Before: 1},
			2,
		},
		{
			"all are early, and on the page",
			helix.DueQuery{Limit: 6, Total: true, Before: at.Add(90 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 6},
			1,
		},
		{"only the early ones are counted", helix.DueQuery{Limit: 3, Before: at.Add(time.Hour)}, helix.DueCounts{Before: 1}, 1},
		{"a later page without counts", helix.DueQuery{After: later, Limit: 3}, helix.DueCounts{}, 1},
		{
			"a later page with all counts",
			helix.DueQuery{After: later, Limit: 3, Total: true, Before: at.Add(2 * time.Hour)},
			helix.DueCounts{Total: 6, Before: 2},
			3,
		},
		{"counts without a page", helix.DueQuery{Total: true, Before: at.Add(time.Hour)}, helix.DueCounts{Total: 6, Before: 1}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.documents()
			page, counts, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, tc.query)
			if err != nil || len(page) != min(tc.query.Limit, 6) || counts != tc.want {
				t.Errorf("got %d leads, counted %+v, %v; want %+v", len(page), counts, err, tc.want)
			}
			if docs := s.documents(); len(docs) != tc.requests {
				t.Errorf("sent %d requests, want %d: %q", len(docs), tc.requests, docs)
			}
		})
	}
}

func TestCountsAreRightWhereAMillisecondSplitsThePage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 9 {
		s.rows["leads"] = append(s.rows["leads"], map[string]any{
			"id": randomID(rng), "leadStatus": "NEW", "assigneeId": string(member),
			"createdAt": at.Add(time.Duration(i/3) * time.Millisecond).Add(time.Duration(rng.IntN(999)) * time.Microsecond),
		})
	}
	c := s.client(t, nil)
	for limit := 1; limit <= 9; limit++ {
		for ms := range 4 {
			q := helix.DueQuery{Limit: limit, Total: true, Before: at.Add(time.Duration(ms)*time.Millisecond + 300*time.Microsecond)}
			page, counts, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, q)
			if want := (helix.DueCounts{Total: 9, Before: 3 * ms}); err != nil || len(page) != limit || counts != want {
				t.Errorf("limit %d, %d ms: %d leads, %+v, %v; want %+v", limit, ms, len(page), counts, err, want)
			}
		}
	}
}

func TestACountThatFailsFailsTheSource(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	s := newStrict(t)
	waitingLeads(s, at, 6)
	c := s.client(t, nil)
	s.intercept = forbid("first: $first) { totalCount }")
	for name, after := range map[string]helix.DueKey{"behind": {}, "beside, once it is expected": {}, "later": {Due: at.Add(time.Hour)}} {
		_, _, err := c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{After: after, Limit: 2, Before: at.Add(9 * time.Hour)})
		if !helix.IsCode(err, helix.CodeForbidden) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatIsKnownOfBacklogsIsBounded(t *testing.T) {
	t.Parallel()
	var b backlogs
	for i := range 3 * maxBacklogs {
		of := backlog{helix.ObjectLead, helix.MemberID(strconv.Itoa(i))}
		if b.note(of, true); !b.expected(of) || len(b.known) > maxBacklogs {
			t.Fatalf("after %d: %d are known", i, len(b.known))
		}
	}
}

func TestAQueryThatNeedsWhatTheWorkspaceLacksNamesIt(t *testing.T) {
	t.Parallel()
	s := newStrict(t)
	s.objects = edit(s.objects, "followUp", "dueAt", nil)
	s.objects = edit(s.objects, "lead", "leadStatus", map[string]any{"options": []any{}})
	c := s.client(t, nil)
	_, _, err := c.FollowUpsDue(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 10})
	wantCode(t, err, helix.CodeNotConfigured)
	if !strings.Contains(err.Error(), "followUp.dueAt") {
		t.Errorf("does not name the field: %v", err)
	}
	_, _, err = c.LeadsWaiting(t.Context(), helix.AsUser("u"), member, helix.DueQuery{Limit: 10})
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
