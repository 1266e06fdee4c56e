package knowlarity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

// india is the zone of the account's local times.
var india = time.FixedZone("IST", 19800)

const callDataPush = `{"dispnumber":"+918035550001","extension":"None","callid":"ec8a4ba6","call_duration":"7","destination":"Welcome Sound",
 "caller_id":"+919812345678","end_time":"2026-11-20 09:19:34.667036+05:30","action":"6","timezone":"Asia/Kolkata",
 "resource_url":"","hangup_cause":"900","type":"dtmf","start_time":"2026-11-20 03:49:14.391601+00:00","call_type":"outgoing"}`

func TestCallbacksOfEveryShapeAreRead(t *testing.T) {
	t.Parallel()
	const say = "the vendor says: "
	pushed := helix.DialReport{
		Provider: helix.ProviderKnowlarity, ProviderCallID: "ec8a4ba6", Customer: patient, Status: helix.DialCompleted, Finished: true,
		Duration: 7 * time.Second, At: time.Date(2026, 11, 20, 3, 49, 34, 667036000, time.UTC), Detail: say + "900",
	}
	bridged := helix.DialReport{
		Provider: helix.ProviderKnowlarity, Call: ourID, Status: helix.DialAnswered, Detail: say + "connected",
	}
	queried := helix.DialReport{
		Provider: helix.ProviderKnowlarity, ProviderCallID: "3f0c", Customer: patient, Status: helix.DialCompleted, Finished: true,
		Duration: 42 * time.Second, RecordingURL: "https://rec.example/a.mp3", Detail: say + "Outbound",
	}
	for name, c := range map[string]struct {
		contentType, body string
		want              []helix.DialReport
	}{
		"a push of call data":                   {"application/json", callDataPush, []helix.DialReport{pushed}},
		"a push that is a Python literal":       {"text/plain", strings.ReplaceAll(callDataPush, `"`, `'`), []helix.DialReport{pushed}},
		"a list of records":                     {"", "[" + callDataPush + "," + callDataPush + "]", []helix.DialReport{pushed, pushed}},
		"a form with one field that holds JSON": {"application/x-www-form-urlencoded", "data=%7B%22callid%22%3A%22c1%22%2C%22status%22%3A%22busy%22%7D", []helix.DialReport{{Provider: helix.ProviderKnowlarity, ProviderCallID: "c1", Status: helix.DialBusy, Finished: true, Detail: say + "busy"}}},
		"a status of a bridge":                  {"application/json", `{"call_session_id":"` + string(ourID) + `","status":"Connected"}`, []helix.DialReport{withDetail(bridged, say+"Connected")}},
		"a status of a bridge as a form":        {"application/x-www-form-urlencoded; charset=utf-8", "call_session_id=" + string(ourID) + "&status=connected", []helix.DialReport{bridged}},
		"a status of a bridge labelled wrongly": {"application/x-www-form-urlencoded", `{"call_session_id":"` + string(ourID) + `","status":"connected"}`, []helix.DialReport{bridged}},
		"ids nested in what we gave":            {"", `{"metadata":"{\"client_meta_id\":\"` + string(ourID) + `\"}","status":"connected"}`, []helix.DialReport{bridged}},
		"a configured push in a query": {
			"", "agent_number=%2B918035550002&customer_number=%2B919812345678&call_duration=42&Call_Type=1&business_call_type=Outbound&uuid=3f0c&caller_id=%2B918047770003&resource_url=https%3A%2F%2Frec.example%2Fa.mp3",
			[]helix.DialReport{queried},
		},
		"the other route of a bridge": {"", `{"call_id":"c2","status":"no-answer","caller_id":"+918047770003","customer_number":"9812345678"}`, []helix.DialReport{{
			Provider: helix.ProviderKnowlarity, ProviderCallID: "c2", Customer: patient, Status: helix.DialNoAnswer, Finished: true, Detail: say + "no-answer",
		}}},
		"an event of the stream": {"", `{"event_type":"HANGUP","uuid":"c3","customer_number":"+919812345678","business_call_type":"Unanswered"}`, []helix.DialReport{{
			Provider: helix.ProviderKnowlarity, ProviderCallID: "c3", Customer: patient, Status: helix.DialNoAnswer, Finished: true, Detail: say + "HANGUP, Unanswered",
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := knowlarity.DecodeCallback(c.contentType, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func withDetail(r helix.DialReport, detail string) helix.DialReport {
	r.Detail = detail
	return r
}

func TestEveryStatusHasItsMeaning(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		status helix.DialStatus
		over   bool
	}{
		`"status":"initiated"`:                                 {helix.DialPlaced, false},
		`"event_type":"ORIGINATE"`:                             {helix.DialPlaced, false},
		`"status":"Ringing"`:                                   {helix.DialPlaced, false},
		`"status":"dialing"`:                                   {helix.DialPlaced, false},
		`"event_type":"AGENT_ANSWER"`:                          {helix.DialPlaced, false},
		`"event_type":"CUSTOMER_ANSWER"`:                       {helix.DialAnswered, false},
		`"status":"answered"`:                                  {helix.DialAnswered, false},
		`"status":"BRIDGE"`:                                    {helix.DialAnswered, false},
		`"event":"call_start"`:                                 {helix.DialAnswered, false},
		`"status":"completed"`:                                 {helix.DialCompleted, true},
		`"status":"hangup"`:                                    {helix.DialUnclear, true},
		`"status":"hangup","call_duration":"3"`:                {helix.DialCompleted, true},
		`"status":"Busy"`:                                      {helix.DialBusy, true},
		`"status":"NO ANSWER"`:                                 {helix.DialNoAnswer, true},
		`"status":"noanswer"`:                                  {helix.DialNoAnswer, true},
		`"business_call_type":"Missed Call"`:                   {helix.DialNoAnswer, true},
		`"business_call_type":"Unanswered","call_duration":20`: {helix.DialNoAnswer, true},
		`"agent_number":"Call Missed#+918035550002"`:           {helix.DialNoAnswer, true},
		`"business_call_type":"Phone","call_duration":"5"`:     {helix.DialCompleted, true},
		`"business_call_type":"Phone","call_duration":"0"`:     {helix.DialUnclear, true},
		`"call_duration":"None","type":"CDR"`:                  {helix.DialUnclear, true},
		`"status":"rejected"`:                                  {helix.DialFailed, true},
		`"status":"failed","reason":"busy"`:                    {helix.DialBusy, true},
		`"status":"failed","reason":"No Answer"`:               {helix.DialNoAnswer, true},
		`"status":"failed","reason":"wrong number"`:            {helix.DialFailed, true},
		`"status":"CANCEL"`:                                    {helix.DialFailed, true},
		`"status":"transferring"`:                              {"", false},
		`"status":null`:                                        {"", false},
	} {
		got, err := knowlarity.DecodeCallback("application/json", []byte(`{"uuid":"c1",`+body+`}`))
		if err != nil || len(got) != 1 || got[0].Status != want.status || got[0].Finished != want.over {
			t.Errorf("%s means %+v, %v; want %+v", body, got, err, want)
		}
	}
}

func TestTimesAreReadInAllTheirForms(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 20, 3, 49, 34, 0, time.UTC)
	for _, text := range []string{
		`"2026-11-20 09:19:34+05:30"`, `"2026-11-20 03:49:34.000000+00:00"`, `"2026-11-20 09:19:34"`, `"2026-11-20T03:49:34Z"`, `1795146574`, `"1795146574000"`,
	} {
		got, err := knowlarity.DecodeCallback("", []byte(`{"uuid":"c1","status":"busy","end_time":`+text+`}`))
		if err != nil || !got[0].At.Equal(want) || got[0].At.Location() != time.UTC {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`"yesterday"`, `"None"`, `"99999-01-01 00:00:00"`, `-1`, `1e300`} {
		got, err := knowlarity.DecodeCallback("", []byte(`{"uuid":"c1","end_time":`+text+`}`))
		if err != nil || !got[0].At.IsZero() {
			t.Errorf("%s is %v, %v; want no time", text, got, err)
		}
	}
}

func TestCallbacksWithoutACallAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":                    "",
		"a word":                     "hello",
		"an object without ids":      `{"status":"busy"}`,
		"blank ids":                  `{"status":"busy","call_session_id":"None","callid":""}`,
		"an id with spaces":          `{"status":"busy","call_session_id":"a b"}`,
		"a list of numbers":          `[1,2]`,
		"broken JSON":                `{"status":"busy","callid":"c1"`,
		"a withheld number":          `caller_id=anonymous&status=busy`,
		"more records than may come": "[" + strings.Repeat(`{"callid":"c1"},`, 500) + `{"callid":"c1"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := knowlarity.DecodeCallback("", []byte(body))
			if !helix.IsCode(err, helix.CodeBadInput) || len(got) != 0 {
				t.Errorf("%d reports, %v", len(got), err)
			}
		})
	}
}

func TestDetailsHoldNoNumbersAddressesOrNames(t *testing.T) {
	t.Parallel()
	got, err := knowlarity.DecodeCallback("", []byte(`{"uuid":"c1","status":"failed","reason":"+919812345678 told https://x.example/k राहुल","customer_number":"+919812345678"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "the vendor says: failed, # told # #"; got[0].Detail != want {
		t.Errorf("detail is %q, want %q", got[0].Detail, want)
	}
}

func FuzzDecodeCallback(f *testing.F) {
	f.Add("application/json", []byte(callDataPush))
	f.Add("", []byte(strings.ReplaceAll(callDataPush, `"`, `'`)))
	f.Add("application/x-www-form-urlencoded", []byte("callid=c1&status=busy&caller_id=%2B919812345678"))
	f.Add("", []byte(`[{"uuid":"c1","metadata":"{\"metadata\":{\"client_meta_id\":\"x\"}}"},(1,2)]`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		reports, err := knowlarity.DecodeCallback(contentType, body)
		if (err == nil) != (len(reports) > 0) {
			t.Fatalf("%d reports and %v", len(reports), err)
		}
		if err != nil && !helix.IsCode(err, helix.CodeBadInput) {
			t.Fatalf("error is %v", err)
		}
		for _, r := range reports {
			switch {
			case r.Call == "" && r.ProviderCallID == "" && r.Customer == "":
				t.Fatalf("%+v names no call", r)
			case r.Provider != helix.ProviderKnowlarity || r.Duration < 0 || r.Duration > 24*time.Hour:
				t.Fatalf("%+v is not plausible", r)
			case r.Finished && r.Status == "", !r.Finished && (r.Status == helix.DialBusy || r.Status == helix.DialUnclear):
				t.Fatalf("%+v contradicts itself", r)
			case len(r.Detail) > 400:
				t.Fatalf("a detail of %d bytes", len(r.Detail))
			}
			if _, err := r.At.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
