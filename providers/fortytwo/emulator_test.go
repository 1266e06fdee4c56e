package fortytwo_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/fortytwo"
	"github.com/helix-engage/gateway/providers/providertest"
	emulator "github.com/helix-engage/gateway/sandbox/fortytwo"
)

// upstream is an emulated FortyTwo of line 2.7 over real HTTP, with a clock that a test may put forward.
type upstream struct {
	*emulator.Server
	url       string
	now       atomic.Int64
	transport *http.Transport // that leads to it; nil over TCP
}

func newUpstream(t testing.TB, change func(*emulator.Options)) *upstream {
	t.Helper()
	return (&upstream{}).start(t, httptest.NewUnstartedServer(nil), time.Now(), change)
}

// newUpstreamInMemory is for tests inside a synctest bubble, whose own time begins before the emulator's keys are good.
func newUpstreamInMemory(t testing.TB, change func(*emulator.Options)) *upstream {
	t.Helper()
	web, memory := httptest.NewUnstartedServer(nil), providertest.NewMemory()
	_ = web.Listener.Close()
	web.Listener = memory
	began := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	return (&upstream{transport: &http.Transport{DialContext: memory.Dial}}).start(t, web, began, change)
}

func (u *upstream) start(t testing.TB, web *httptest.Server, now time.Time, change func(*emulator.Options)) *upstream {
	t.Helper()
	u.now.Store(now.UnixNano())
	o := emulator.Options{Empty: true, Now: func() time.Time { return time.Unix(0, u.now.Load()).UTC() }}
	if change != nil {
		change(&o)
	}
	server, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = server.Handler()
	web.Start()
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	u.Server, u.url = server, web.URL
	return u
}

// client gives a client whose model is resolved.
func (u *upstream) client(t testing.TB) *fortytwo.Client {
	t.Helper()
	return u.watcher(t, 0)
}

// agent is a signed-in user of the emulated hospital.
type agent struct {
	helix.User
	session helix.Session
}

func (a agent) access() helix.Access { return helix.AsUser(a.session.AccessToken) }

func signIn(t testing.TB, c *fortytwo.Client, email string) agent {
	t.Helper()
	session, err := c.SignIn(t.Context(), email, "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := c.WhoAmI(t.Context(), session.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return agent{user, session}
}

// put writes records and fails the test unless all are written.
func put(t *testing.T, c *fortytwo.Client, writes ...helix.RecordWrite) {
	t.Helper()
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("write %d: %v", i, r.Err)
		}
	}
}

func write(object helix.RecordObject, name string, fields map[string]any) helix.RecordWrite {
	return helix.RecordWrite{Object: object, Record: helix.NewID(string(object), name), Fields: fields}
}

func wantEqual[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func wantCode(t *testing.T, err error, code helix.Code) {
	t.Helper()
	if !helix.IsCode(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func TestTheEmulatedHospitalHasTheWholeModel(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	state := c.State()
	if len(state.Missing) > 0 || !state.ModelReady || !state.Configured || state.LastError != "" {
		t.Errorf("state: %+v", state)
	}
}

func TestAUserSignsInRefreshesAndIsRecognised(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	_, workspace, err := c.WhoAmI(t.Context(), asha.session.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := c.Workspace(t.Context())
	if err != nil || ours != workspace {
		t.Errorf("the user is in %q, the server key in %q, %v", workspace, ours, err)
	}
	if asha.Name != "Asha Nair" || asha.Email != "asha@sandbox.test" || !slices.Contains(asha.Roles, "Agent") || asha.Member == "" {
		t.Errorf("user: %+v", asha.User)
	}
	renewed, err := c.Refresh(t.Context(), asha.session.RefreshToken)
	if err != nil || renewed.AccessToken == "" || renewed.RefreshToken == "" {
		t.Fatal(err)
	}
	if _, _, err := c.WhoAmI(t.Context(), renewed.AccessToken); err != nil {
		t.Error(err)
	}
	_, err = c.SignIn(t.Context(), "asha@sandbox.test", "wrong")
	wantCode(t, err, helix.CodeUnauthenticated)
	_, err = c.SignIn(t.Context(), "nobody@sandbox.test", "sandbox")
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestAUserOfAnotherTenantIsToldApart(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	c := u.client(t)
	other := u.SeedFacts().OtherWorkspace
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderFortyTwo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	theirs, err := fortytwo.New(fortytwo.Options{URL: u.url + "/graphql", Origin: other.Origin, HTTP: kit})
	if err != nil {
		t.Fatal(err)
	}
	session, err := theirs.SignIn(t.Context(), other.Email, other.Password)
	if err != nil {
		t.Fatal(err)
	}
	_, workspace, err := c.WhoAmI(t.Context(), session.AccessToken)
	ours, oursErr := c.Workspace(t.Context())
	if err != nil || oursErr != nil || workspace != other.ID || workspace == ours {
		t.Errorf("theirs %q, ours %q, %v, %v", workspace, ours, err, oursErr)
	}
	_, _, err = c.WhoAmI(t.Context(), u.APIKey())
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestSeededCallersAreFoundByTheAgent(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, func(o *emulator.Options) { o.Empty = false })
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	facts := u.SeedFacts()
	for name, caller := range map[string]emulator.SeededCaller{
		"a lead alone": facts.SampleLead, "a lead who is a patient": facts.SharedCaller,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.ContactByPhone(t.Context(), asha.access(), helix.Phone(caller.Phone))
			want := helix.Contact{Lead: caller.LeadID, Patient: caller.PatientID, DisplayName: caller.Name}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(diff, err)
			}
		})
	}
	_, counts, err := c.LeadsWaiting(t.Context(), asha.access(), asha.Member,
		helix.DueQuery{Limit: 1, Total: true, Before: time.Now().Add(24 * time.Hour)})
	if err != nil || counts.Total == 0 || counts.Before != counts.Total {
		t.Errorf("counted %+v, %v", counts, err)
	}
}

func TestAnExpiredTokenIsUnauthenticatedEverywhere(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	u.now.Add(int64(31 * time.Minute))
	_, _, err := c.WhoAmI(t.Context(), asha.session.AccessToken)
	wantCode(t, err, helix.CodeUnauthenticated)
	_, err = c.ContactByPhone(t.Context(), asha.access(), "+919812345678")
	wantCode(t, err, helix.CodeUnauthenticated)
	_, err = c.ContactByPhone(t.Context(), helix.AsUser("not-a-token"), "+919812345678")
	wantCode(t, err, helix.CodeUnauthenticated)
}

func TestACallItsContactAndItsFollowUpAreWrittenAndFoundAgain(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	lead := write(helix.ObjectLead, "1", map[string]any{
		"name": "Lakshmi Rao", "phone": "+919812345678", "leadStatus": "NEW", "assigneeId": string(asha.Member),
	})
	call := write(helix.ObjectCall, "1", map[string]any{
		"name": "Missed call", "callStatus": "MISSED", "direction": "INBOUND", "callerNumber": "+919812345678",
		"startedAt": "2026-05-01T15:30:00+05:30", "durationSeconds": 12.0, "providerCallId": "31016157900000000001",
		"callbackstatus": "PENDING_CALLBACK", "callsourcenumber": "+918041763265", "missedcallcount": 1, "leadId": lead.Record,
		"recordingUrl": "https://recordings.test/1.mp3", "endedAt": nil, "notes": nil,
	})
	due := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
	followUp := write(helix.ObjectFollowUp, "1", map[string]any{
		"name": "Call back", "dueAt": due.Format(time.RFC3339), "followUpStatus": "PENDING", "remark": "before noon",
		"leadId": lead.Record, "callId": call.Record, "assigneeId": string(asha.Member),
	})
	put(t, c, followUp, call, lead)
	put(t, c, followUp, call, lead)

	contact, err := c.ContactByPhone(t.Context(), asha.access(), "+919812345678")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(helix.Contact{Lead: lead.Record, DisplayName: "Lakshmi Rao"}, contact); diff != "" {
		t.Error(diff)
	}
	q := helix.DueQuery{Limit: 10, Total: true, Before: due.Add(time.Second)}
	items, counts, err := c.FollowUpsDue(t.Context(), asha.access(), asha.Member, q)
	if err != nil {
		t.Fatal(err)
	}
	want := []helix.FollowUpRecord{{
		ID: followUp.Record, Name: "Call back", Remark: "before noon", DueAt: due,
		Lead: lead.Record, Phone: "+919812345678", Person: "Lakshmi Rao",
	}}
	if diff := cmp.Diff(want, items); diff != "" {
		t.Error(diff)
	}
	if counts != (helix.DueCounts{Total: 1, Before: 1}) {
		t.Errorf("counted %+v", counts)
	}
	leads, _, err := c.LeadsWaiting(t.Context(), asha.access(), asha.Member, helix.DueQuery{Limit: 10})
	if err != nil || len(leads) != 1 || leads[0].ID != lead.Record || leads[0].Phone != "+919812345678" || leads[0].Status != "NEW" {
		t.Errorf("leads: %+v, %v", leads, err)
	}
}

func TestPagesOfAWorklistOnLine27AreComplete(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	var writes []helix.RecordWrite
	for i := range 60 {
		due := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC).Add(time.Duration(i/7) * time.Millisecond)
		writes = append(writes, write(helix.ObjectFollowUp, fmt.Sprint(i), map[string]any{
			"name": "Call back", "dueAt": due.Format(time.RFC3339Nano), "followUpStatus": "PENDING", "assigneeId": string(asha.Member),
		}))
	}
	put(t, c, writes...)
	seen := map[string]bool{}
	var after helix.DueKey
	for {
		page, counts, err := c.FollowUpsDue(t.Context(), asha.access(), asha.Member, helix.DueQuery{After: after, Limit: 9, Total: true})
		if err != nil || counts.Total != 60 {
			t.Fatalf("counted %d, %v", counts.Total, err)
		}
		if len(page) == 0 {
			break
		}
		for _, item := range page {
			if seen[item.ID] {
				t.Fatalf("%s came twice", item.ID)
			}
			seen[item.ID] = true
			after = helix.DueKey{Due: item.DueAt, ID: item.ID}
		}
	}
	if len(seen) != 60 {
		t.Errorf("saw %d of 60", len(seen))
	}
}

func TestTwoReplicasMakeOneRecordOfOneCall(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	a, b := u.client(t), u.client(t)
	var writes []helix.RecordWrite
	for i := range 40 {
		writes = append(writes, write(helix.ObjectCall, fmt.Sprint(i), map[string]any{"name": "Call", "providerCallId": fmt.Sprint(1000 + i)}))
	}
	var wg sync.WaitGroup
	for _, c := range []*fortytwo.Client{a, b} {
		wg.Go(func() {
			results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
			if err != nil {
				t.Error(err)
				return
			}
			for i, r := range results {
				if r.Err != nil || r.ID != writes[i].Record {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	wg.Wait()
}

func TestARecordKnownByItsProviderCallIDKeepsItsID(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	first := write(helix.ObjectCall, "first", map[string]any{"name": "Call", "providerCallId": "77"})
	put(t, c, first)
	other := write(helix.ObjectCall, "other", map[string]any{"name": "Call", "providerCallId": "77", "notes": "again"})
	third := write(helix.ObjectCall, "third", map[string]any{"name": "Call", "providerCallId": "78"})
	followUp := write(helix.ObjectFollowUp, "1", map[string]any{"name": "Call back", "callId": other.Record})
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{third, followUp, other})
	if err != nil {
		t.Fatal(err)
	}
	want := []fortytwo.Result{{ID: third.Record}, {ID: followUp.Record}, {ID: first.Record}}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Error(diff)
	}
}

func TestOneBadRecordFailsAlone(t *testing.T) {
	t.Parallel()
	c := newUpstream(t, nil).client(t)
	var writes []helix.RecordWrite
	for i := range 12 {
		fields := map[string]any{"name": "Call back"}
		if i == 7 {
			fields["leadId"] = helix.NewID("nobody")
		}
		writes = append(writes, write(helix.ObjectFollowUp, fmt.Sprint(i), fields))
	}
	results, err := c.UpsertRecords(t.Context(), helix.AsServer(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if i == 7 {
			wantCode(t, r.Err, helix.CodeBadInput)
		} else if r.Err != nil {
			t.Errorf("write %d: %v", i, r.Err)
		}
	}
}

func TestTheLimitOfTheServerKeyIsToldAndSitOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := newUpstreamInMemory(t, func(o *emulator.Options) { o.Rate = emulator.RateLimit{Long: 6} })
		c := u.client(t)
		var limited error
		for i := range 10 {
			results, err := c.UpsertRecords(t.Context(), helix.AsServer(), []helix.RecordWrite{
				write(helix.ObjectCall, fmt.Sprint(i), map[string]any{"name": "Call"}),
			})
			if err != nil {
				t.Fatal(err)
			}
			if limited = results[0].Err; limited != nil {
				break
			}
		}
		wantCode(t, limited, helix.CodeTooManyRequests)
		if e := helix.AsError(limited); !e.Retryable || e.RetryAfter <= 0 {
			t.Errorf("got %+v", e)
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // shorter than the pause after a limit
		defer cancel()
		results, err := c.UpsertRecords(ctx, helix.AsServer(), []helix.RecordWrite{write(helix.ObjectCall, "x", map[string]any{"name": "Call"})})
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, results[0].Err, helix.CodeTooManyRequests)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v although the deadline comes first", waited)
		}
		asha := signIn(t, c, "asha@sandbox.test")
		if _, err := c.ContactByPhone(t.Context(), asha.access(), "+919812345678"); err != nil {
			t.Errorf("the limit of the key reached a user: %v", err)
		}
	})
}

func TestAWriteSurvivesWhatHappensToItsAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emulator.Fault{
		"the connection is reset after the write": {Kind: emulator.FaultReset, AfterEffect: true},
		"the answer is garbage after the write":   {Kind: emulator.FaultGarbage, AfterEffect: true},
		"the server stumbles before the write":    {Kind: emulator.FaultStatus, Status: 502},
		"the server reports a fault of its own":   {Kind: emulator.FaultError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t, nil)
			c := u.client(t)
			fault.RootField = "createCalls"
			if err := u.Fail(fault); err != nil {
				t.Fatal(err)
			}
			put(t, c, write(helix.ObjectCall, "1", map[string]any{"name": "A", "providerCallId": "1"}),
				write(helix.ObjectCall, "2", map[string]any{"name": "B", "providerCallId": "2"}))
			if n := u.RequestCount("createCalls"); n < 2 || n > 3 {
				t.Errorf("took %d requests", n)
			}
		})
	}
}

func TestAHangingServerCostsNoMoreThanTheTimeout(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, nil)
	c := u.client(t)
	asha := signIn(t, c, "asha@sandbox.test")
	if err := u.Fail(emulator.Fault{RootField: "leads", Kind: emulator.FaultHang, Count: 10}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, _, err := c.LeadsWaiting(ctx, asha.access(), asha.Member, helix.DueQuery{Limit: 10})
	wantCode(t, err, helix.CodeUnavailable)
	if !helix.IsRetryable(err) {
		t.Error("not retryable")
	}
}
