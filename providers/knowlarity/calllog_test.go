package knowlarity_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

func TestTheCallLogTellsHowCallsWent(t *testing.T) {
	t.Parallel()
	p := newPeer(t, says(200, `{"meta":{"limit":"50","next":"","offset":0,"total_count":"3"},"objects":[
	 {"uuid":"3f0c6c52","customer_number":"+919812345678","agent_number":"Call Missed#+918035550002","destination":"+918035550002",
	  "knowlarity_number":"+918035550001","start_time":"2026-11-20 10:11:12+05:30","call_duration":42,"extension":"None","business_call_type":"Call Group",
	  "call_recording":"None"},
	 {"uuid":"3f0c6c53","customer_number":"9812345678","agent_number":"+918035550002","start_time":"2026-11-20 10:11:12+05:30","call_duration":"42",
	  "business_call_type":"Outbound","call_recording":"https://rec.example/a.mp3"},
	 {"uuid":"3f0c6c54","customer_number":"+919800000000","start_time":"2026-11-20 10:11:12+05:30","call_duration":1,"business_call_type":"Outbound"},
	 "None"]}`))
	client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
	got, err := client.CallLog(t.Context(), morning.Add(-time.Hour), morning, patient)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 20, 10, 11, 12, 0, india).UTC()
	want := []helix.DialReport{
		{
			Provider: helix.ProviderKnowlarity, ProviderCallID: "3f0c6c52", Customer: patient, Status: helix.DialNoAnswer, Finished: true,
			Duration: 42 * time.Second, At: began.Add(42 * time.Second), Detail: "the vendor says: Call Group, Call Missed",
		},
		{
			Provider: helix.ProviderKnowlarity, ProviderCallID: "3f0c6c53", Customer: patient, Status: helix.DialCompleted, Finished: true,
			Duration: 42 * time.Second, At: began.Add(42 * time.Second), Detail: "the vendor says: Outbound", RecordingURL: "https://rec.example/a.mp3",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	asked := p.requests()[0]
	if strings.Contains(asked.query, "+") || asked.path != "/Basic/v1/account/calllog" {
		t.Errorf("asked for %s?%s", asked.path, asked.query)
	}
	query, _ := url.ParseQuery(asked.query)
	wantQuery := url.Values{
		"start_time": {"2026-11-20 09:00:15+05:30"}, "end_time": {"2026-11-20 10:00:15+05:30"}, "limit": {"50"}, "offset": {"0"}, "customer_number": {string(patient)},
	}
	if diff := cmp.Diff(wantQuery, query); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

// pages answers with full pages of a log, up to total rows.
func pages(total int, meta string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var offset int
		_, _ = fmt.Sscan(r.URL.Query().Get("offset"), &offset)
		var rows []string
		for i := offset; i < min(offset+50, total); i++ {
			rows = append(rows, fmt.Sprintf(`{"uuid":"c%d","business_call_type":"Unanswered"}`, i))
		}
		next := `"next":""`
		if offset+50 < total {
			next = `"next":"/v1/account/calllog?offset=x"`
		}
		_, _ = fmt.Fprintf(w, `{"meta":{%s},"objects":[%s]}`, strings.ReplaceAll(meta, "NEXT", next), strings.Join(rows, ","))
	}
}

func TestTheCallLogIsReadPageByPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer          http.HandlerFunc
		calls, requests int
		code            helix.Code
	}{
		"by the count":             {pages(120, `"total_count":120`), 120, 3, ""},
		"by a count in a string":   {pages(100, `"total_count":"100"`), 100, 2, ""},
		"by the next page":         {pages(70, `NEXT`), 70, 2, ""},
		"an empty log":             {pages(0, `"total_count":0`), 0, 1, ""},
		"a count that is too high": {pages(10, `"total_count":999`), 10, 2, ""},
		"more than may be read":    {pages(5000, `"total_count":5000`), 0, 40, helix.CodeLimitExceeded},
		"an error in a 200":        {says(200, `{"error":{"message":"start_time is mandatory"}}`), 0, 1, helix.CodeRejected},
		"a 403":                    {says(403, `{"message":"Forbidden"}`), 0, 1, helix.CodeRejected},
		"a page of HTML":           {says(200, `<html>`), 0, 3, helix.CodeUnavailable},
		"no list":                  {says(200, `{"meta":{}}`), 0, 3, helix.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, c.answer)
			client := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
			got, err := client.CallLog(t.Context(), morning.Add(-time.Hour), morning, "")
			if len(got) != c.calls || (c.code == "") != (err == nil) || c.code != "" && !helix.IsCode(err, c.code) {
				t.Errorf("%d calls, %v; want %d, %q", len(got), err, c.calls, c.code)
			}
			if n := len(p.requests()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
}

func TestAPeriodThatEndsBeforeItBeginsIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := newClient(t).CallLog(t.Context(), morning, morning, ""); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("error is %v", err)
	}
}

func TestTheStreamURLOfANumberIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   helix.Code
	}{
		"taken":               {says(200, `{"message":"updated"}`), ""},
		"taken without words": {says(204, ``), ""},
		"refused in words":    {says(200, `{"error":"unknown number"}`), helix.CodeRejected},
		"refused by status":   {says(403, `{"message":"Forbidden `+streamURL+`"}`), helix.CodeRejected},
		"broken":              {says(500, ``), helix.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, c.answer)
			client := newClient(t, func(o *knowlarity.Options) { o.StreamURLAPI = p.URL + "/knowlarity/update_wss_url" })
			err := client.SetStreamURL(t.Context(), "", streamURL)
			if (c.code == "") != (err == nil) || c.code != "" && !helix.IsCode(err, c.code) {
				t.Fatalf("error is %v, want %q", err, c.code)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells the address: %v", err)
			}
			got := p.requests()[0]
			if want := `{"data":{"number":"+918035550001","wss_url":"` + streamURL + `"}}`; string(got.body) != want || got.path != "/knowlarity/update_wss_url" {
				t.Errorf("sent %s to %s", got.body, got.path)
			}
		})
	}
	if err := newClient(t).SetStreamURL(t.Context(), patient, "https://x.example"); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("an address of a page gives %v", err)
	}
}
