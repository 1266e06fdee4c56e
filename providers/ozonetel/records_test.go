package ozonetel_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

const (
	dayPath = "/ca_reports/fetchCDRDetails"
	onePath = "/ca_reports/fetchCdrByUCID"
)

// noon is in the middle of the account's day.
var noon = time.Date(2026, 1, 14, 12, 0, 0, 0, time.FixedZone("IST", 19800))

// date is how callers name a day.
func date(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }

func records(rows string) string {
	return `{"status":"success","message":"success","totalCount":1,"details":[` + rows + `]}`
}

// watch is a time that tests move.
type watch struct{ offset atomic.Int64 }

func (w *watch) now() time.Time          { return noon.Add(time.Duration(w.offset.Load())) }
func (w *watch) advance(d time.Duration) { w.offset.Add(int64(d)) }

func TestADayIsAskedForAsTheAccountWants(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		day      time.Time
		now      time.Duration // from noon
		from, to string
	}{
		"today ends before now":    {date(14), 0, "2026-01-14 00:00:00", "2026-01-14 11:59:30"},
		"a past day ends at night": {date(13), 0, "2026-01-13 00:00:00", "2026-01-13 23:59:59"},
		"the last day kept":        {date(0), 24 * time.Hour, "2025-12-31 00:00:00", "2025-12-31 23:59:59"},
		"a moment of the day":      {noon.Add(5 * time.Hour), 6 * time.Hour, "2026-01-14 00:00:00", "2026-01-14 17:59:30"},
		"just after midnight":      {date(15), 12*time.Hour + 10*time.Second, "2026-01-15 00:00:00", "2026-01-15 00:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{dayPath: records("")})
			client := s.client(t, func(o *ozonetel.Options) { o.Now = func() time.Time { return noon.Add(c.now) } })
			if got, err := client.CallRecords(t.Context(), c.day); err != nil || len(got.Records) != 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			want := []request{{Line: "GET " + dayPath, Fields: map[string]string{"userName": "demo_account", "fromDate": c.from, "toDate": c.to}}}
			if diff := cmp.Diff(want, s.seen(dayPath)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDaysThatHaveNoRecordsAreNotAskedFor(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]string{})
	client := s.client(t, func(o *ozonetel.Options) { o.Now = func() time.Time { return noon } })
	for name, day := range map[string]time.Time{"tomorrow": date(15), "too long ago": date(14 - 16)} {
		if _, err := client.CallRecords(t.Context(), day); !helix.IsCode(err, helix.CodeBadInput) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := client.CallRecord(t.Context(), day, "1"); !helix.IsCode(err, helix.CodeBadInput) {
			t.Errorf("a call of %s: %v", name, err)
		}
	}
	if _, err := client.CallRecord(t.Context(), date(14), ""); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("a call without an id: %v", err)
	}
	if len(s.requests) != 0 {
		t.Errorf("requests are %v", s.requests)
	}
}

func TestAnswersThatAreNoRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		code helix.Code
	}{
		"no records, in words":  {`{"status":"fail","message":"No Data Found"}`, ""},
		"null":                  {`{"status":"success","message":"success","totalCount":0,"details":null}`, ""},
		"a missing user":        {`{"status":"false","message":"Missing userName or apiKey"}`, helix.CodeRejected},
		"a wrong key":           {`{"status":"false","message":"userName or apiKey is Invalid"}`, helix.CodeRejected},
		"dates missing":         {`{"status":"fail","message":"Missing fromDate and toDate"}`, helix.CodeRejected},
		"dates in another form": {`{"status":"fail","message":"Invalid fromDate format. Please pass the date in the format yyyy-MM-dd HH:mm:ss"}`, helix.CodeRejected},
		"dates of the future":   {`{"status":"fail","message":"fromDate and toDate should not be future dates"}`, helix.CodeRejected},
		"an unknown campaign":   {`{"status":"fail","message":"Invalid campaignName"}`, helix.CodeRejected},
		"no JSON was seen":      {`{"status":"false","message":"Invalid Json Pass Valid Json"}`, helix.CodeRejected},
		"the limit":             {`{"status":"error","message":"max limit exceeded"}`, helix.CodeTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{dayPath: c.body})
			got, err := s.client(t).CallRecords(t.Context(), time.Now())
			if c.code == "" && err != nil || c.code != "" && !helix.IsCode(err, c.code) || len(got.Records) != 0 {
				t.Errorf("%+v, %v; want %q", got, err, c.code)
			}
			if n := len(s.seen(dayPath)); n != 1 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

func TestAnswersAboutADayAreKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		day   time.Time
		fresh time.Duration
	}{
		"today":              {date(14), 2 * time.Minute},
		"yesterday":          {date(13), 30 * time.Minute},
		"the day before":     {date(12), 30 * time.Minute},
		"a day further back": {date(11), 12 * time.Hour}, // until midnight, when the test would have to go on
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, line := newScript(t, map[string]string{dayPath: records(`{"CallID":1}`)}), &watch{}
			client := s.client(t, func(o *ozonetel.Options) { o.Now = line.now })
			ask := func(id string, asOf time.Time) {
				t.Helper()
				got, err := client.CallRecords(t.Context(), c.day)
				if err != nil || len(got.Records) != 1 || got.Records[0].ID != id || !got.AsOf.Equal(asOf) {
					t.Fatalf("%+v, %v; want record %s as of %v", got, err, id, asOf)
				}
			}
			ask("1", noon)
			s.answer(dayPath, records(`{"CallID":2}`))
			line.advance(c.fresh - time.Second)
			ask("1", noon)
			if c.fresh < time.Hour {
				line.advance(time.Second)
				ask("2", line.now())
			}
		})
	}
}

func TestOneCallIsFound(t *testing.T) {
	t.Parallel()
	two := records(`{"CallID":7,"monitorUCID":5,"Disposition":"first"},{"CallID":8,"UCID":6,"monitorUCID":5,"Disposition":"last"}`)
	s, line := newScript(t, map[string]string{dayPath: two, onePath: records("")}), &watch{}
	client := s.client(t, func(o *ozonetel.Options) { o.Now = line.now })
	if _, err := client.CallRecords(t.Context(), date(14)); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"7": "first", "5": "last", "6": "last"} {
		if got, err := client.CallRecord(t.Context(), date(14), id); err != nil || got.Report.Disposition != want {
			t.Errorf("call %s is %+v, %v; want the %s", id, got, err, want)
		}
	}
	if n := len(s.seen(onePath)); n != 0 {
		t.Errorf("%d requests for what was known", n)
	}
	if _, err := client.CallRecord(t.Context(), date(14), "9"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown call: %v", err)
	}
	want := []request{{Line: "GET " + onePath, Fields: map[string]string{
		"userName": "demo_account", "fromDate": "2026-01-14 00:00:00", "toDate": "2026-01-14 11:59:30", "ucid": "9",
	}}}
	if diff := cmp.Diff(want, s.seen(onePath)); diff != "" {
		t.Error(diff)
	}
}

func TestOneCallIsAskedForAgainUntilItHasARecord(t *testing.T) {
	t.Parallel()
	s, line := newScript(t, map[string]string{onePath: records("")}), &watch{}
	client := s.client(t, func(o *ozonetel.Options) { o.Now = line.now })
	if _, err := client.CallRecord(t.Context(), date(14), "5"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Fatalf("before: %v", err)
	}
	s.answer(onePath, records(`{"CallID":5}`))
	for range 3 {
		if got, err := client.CallRecord(t.Context(), date(14), "5"); err != nil || got.ID != "5" {
			t.Fatalf("after: %+v, %v", got, err)
		}
	}
	if n := len(s.seen(onePath)); n != 2 {
		t.Errorf("%d requests were sent, want one before and one after", n)
	}
}

func TestCallersShareOneRequest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := g.client(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got, err := client.CallRecords(t.Context(), date(14)); err != nil || len(got.Records) != 1 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	<-g.arrived
	close(g.open)
	group.Wait()
	if n := g.requests.Load(); n != 1 {
		t.Errorf("20 callers sent %d requests", n)
	}
}

func TestARequestGoesOnWhenItsCallersLeave(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	client := g.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := client.CallRecords(ctx, date(14))
		left <- err
	}()
	<-g.arrived
	cancel()
	if err := <-left; !helix.IsCode(err, helix.CodeUnavailable) || !helix.IsRetryable(err) {
		t.Errorf("the caller who left got %v", err)
	}
	close(g.open)
	if got, err := client.CallRecords(t.Context(), date(14)); err != nil || len(got.Records) != 1 {
		t.Errorf("the next caller got %+v, %v", got, err)
	}
	if n := g.requests.Load(); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAQueueThatIsTooLongIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, transport := newScriptInMemory(t, map[string]string{dayPath: records("")})
		client := s.client(t, func(o *ozonetel.Options) {
			o.Now = func() time.Time { return noon }
			o.HTTP = newKit(t, providers.Options{Transport: transport})
		})
		for _, day := range []int{14, 13} {
			if _, err := client.CallRecords(t.Context(), date(day)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		_, err := client.CallRecords(ctx, date(12))
		e := helix.AsError(err)
		if e == nil || e.Code != helix.CodeTooManyRequests || !e.Retryable || e.RetryAfter < 50*time.Second || e.RetryAfter > 62*time.Second {
			t.Errorf("the third day failed with %#v", e)
		}
		if n, took := len(s.seen(dayPath)), time.Since(began); n != 2 || took != 0 {
			t.Errorf("%d requests, refused after %v", n, took)
		}
		if _, err := client.CallRecords(ctx, date(13)); err != nil {
			t.Errorf("an answer that is kept needs no turn: %v", err)
		}
	})
}

// gate is a CloudAgent whose answers wait until it is opened.
type gate struct {
	*httptest.Server
	arrived  chan struct{} // closed with the first request
	open     chan struct{}
	requests atomic.Int32
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan struct{}), open: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.requests.Add(1) == 1 {
			close(g.arrived)
		}
		select {
		case <-g.open:
			_, _ = io.WriteString(w, records(`{"CallID":1}`))
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) client(t *testing.T) *ozonetel.Client {
	t.Helper()
	return newClient(t, nil, func(o *ozonetel.Options) {
		o.BaseURL, o.UserName, o.APIKey, o.AuthMode = g.URL, "demo_account", "KKgated0000000", ozonetel.AuthAPIKey
		o.Now = func() time.Time { return noon }
	})
}
