package knowlarity_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/hooks"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

const calls = "/Basic/v1/account/call/"

func TestWhatRESTAnswers(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	good := `{"k_number":"` + number + `","agent_number":"+918035550002","customer_number":"` + patient + `","additional_params":{"trace_id":"b1"}}`
	order := func(change string) string {
		out := map[string]any{}
		for _, text := range []string{`{"ivr_id":"ivr_sandbox","k_number":"` + number + `","timezone":"Asia/Kolkata","start_time":"2026-01-14 10:01","additional_number":"` + patient + `"}`, change} {
			if err := json.Unmarshal([]byte(text), &out); err != nil {
				t.Fatal(err)
			}
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	node := func(nodes string) string {
		return `{"k_number":"` + number + `","customer_number":"` + patient + `","ivr_flow":{"nodes":[` + nodes + `]}}`
	}
	tests := []struct {
		name, method, path, body, want string
		code                           int
		header                         []string
	}{
		{"no key", "POST", calls + "makecall", good, `{"message":"Forbidden"}`, 403, []string{"x-api-key", ""}},
		{"Bearer", "POST", calls + "makecall", good, `{"message":"Unauthorized"}`, 401, []string{"authorization", "Bearer " + knowlarity.DefaultAccount().Authorization}},
		{"another channel", "POST", "/Premium/v1/account/call/makecall", good, "404", 404, nil},
		{"no JSON", "POST", calls + "makecall", `{`, `{"message":"Invalid JSON"}`, 400, nil},
		{"a call", "POST", calls + "makecall", good, `"status":"success"`, 200, nil},
		{"a strange number", "POST", calls + "makecall", strings.Replace(good, number, "+910000000000", 1), "k_number is not registered", 200, nil},
		{"no customer", "POST", calls + "makecall", strings.Replace(good, patient, "9812345678", 1), "customer_number is invalid", 200, nil},
		{"no agent", "POST", calls + "makecall", strings.Replace(good, "+918035550002", "", 1), "agent_number is invalid", 200, nil},
		{"click to call", "GET", "/newsr/api/v1/click2call/?phone_number=" + url.QueryEscape(patient) + "&sr_number=" + url.QueryEscape(number), "", `"call_id"`, 200, nil},
		{"click, + as a space", "GET", "/newsr/api/v1/click2call/?phone_number=" + patient + "&sr_number=" + number, "", "is not registered", 200, nil},
		{"no flow", "POST", knowlarity.DefaultFlowPath, good, "ivr_flow has no nodes", 200, nil},
		{"a strange node", "POST", knowlarity.DefaultFlowPath, node(`{"type":"menu"}`), `node type \"menu\" is unknown`, 200, nil},
		{"no next node", "POST", knowlarity.DefaultFlowPath, node(`{"id":"a","type":"play","next":"b"}`), "the next node does not exist", 200, nil},
		{"a circle", "POST", knowlarity.DefaultFlowPath, node(`{"id":"a","type":"play","next":"a"}`), "the next node does not exist", 200, nil},
		{"no URL", "POST", knowlarity.DefaultFlowPath, node(`{"type":"stream","config":{"wss_url":"https://x"}}`), "wss_url is invalid", 200, nil},
		{"a campaign", "POST", calls + "campaign", order(`{}`), `"status_code":1`, 200, nil},
		{"no zone", "POST", calls + "campaign", order(`{"timezone":""}`), "timezone is invalid", 200, nil},
		{"no time", "POST", calls + "campaign", order(`{"start_time":"now"}`), "start_time is invalid", 200, nil},
		{"no IVR", "POST", calls + "campaign", order(`{"ivr_id":""}`), "ivr_id or sound_id is required", 200, nil},
		{"a strange IVR", "POST", calls + "campaign", order(`{"ivr_id":"x"}`), "ivr_id is invalid", 200, nil},
		{"nobody", "POST", calls + "campaign", order(`{"additional_number":""}`), "additional_number is required", 200, nil},
		{"no order", "PUT", calls + "campaign/x", `{"status":"stop"}`, "order or status is invalid", 200, nil},
		{"numbers for no order", "POST", calls + "campaign/add-numbers", `{"order_id":"x"}`, "order_id is invalid", 200, nil},
		{"no times", "GET", "/Basic/v1/account/calllog", "", "are required", 400, nil},
		{"no URL of a number", "POST", "/knowlarity/update_wss_url", `{"data":{"number":"` + number + `","wss_url":"x"}}`, "wss_url is invalid", 200, nil},
		{"URL of a strange number", "POST", "/knowlarity/update_wss_url", `{"data":{"number":"1","wss_url":"wss://x"}}`, "number is not registered", 200, nil},
		{"a URL", "POST", "/knowlarity/update_wss_url", `{"data":{"number":"` + number + `","wss_url":"wss://x"}}`, `"status":"success"`, 200, nil},
		{"strange notifications", "POST", "/Basic/v1/account/notifications", `{"knowlarity_number":["1"]}`, "is not registered", 200, nil},
		{"events without the key", "GET", "/update-stream/x/konnect", "", "Unauthorized", 401, nil},
	}
	for _, test := range tests {
		if code, body := a.do(test.method, test.path, test.body, test.header...); code != test.code || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", test.name, code, body)
		}
	}
	if err := a.Fail(faults.Request{Endpoint: "makecall", Kind: faults.KindReset, AfterEffect: true}); err != nil {
		t.Fatal(err)
	}
	before := len(a.Calls())
	if _, body := a.do("POST", calls+"makecall", good); body != "lost" || len(a.Calls()) != before+1 || a.RequestCounts()["makecall"] != 8 {
		t.Errorf("%s, %d calls more, counts %v", body, len(a.Calls())-before, a.RequestCounts())
	}
}

func TestAFlowThatIsBentIsNoted(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	_, body := a.do("POST", knowlarity.DefaultFlowPath, `{"k_number":"`+number+`","customer_number":"`+patient+`","ivr_flow":{"nodes":[
		{"id":"a","type":"play","audio":{"type":"file"},"next":"b"},
		{"id":"b","type":"stream","config":{"wss_url":"ws://x/`+strings.Repeat("p", 4_100)+`","sampling_rate":"44k","metadata":{"callid":"x"}}}]}}`)
	want := []string{"a play node without text", "the URL of the stream is too long", "sampling_rate is neither 8k nor 16k", "metadata is no string"}
	if diff := cmp.Diff(want, a.Calls()[0].Violations); diff != "" {
		t.Errorf("%s (-want +got):\n%s", body, diff)
	}
}

func TestACampaignDialsAtItsTimeAndCanBeStopped(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	_, body := a.do("POST", calls+"campaign", `{"ivr_id":"ivr_sandbox","k_number":"`+number+`","timezone":"Asia/Kolkata",
		"start_time":"2026-01-14 10:01","additional_number":"`+patient+`;+919812345679","call_scheduling":"[1, 1, 1, 1, 1, 1, 1]"}`)
	var placed struct {
		ID string `json:"order_id"`
	}
	if err := json.Unmarshal([]byte(body), &placed); err != nil {
		t.Fatal(err)
	}
	a.do("PUT", calls+"campaign/"+placed.ID, `{"status":"stop"}`)
	a.Advance(time.Minute)
	if n := len(a.Calls()); n != 0 {
		t.Errorf("%d calls of a stopped order", n)
	}
	a.do("POST", calls+"campaign/add-numbers", `{"order_id":"`+placed.ID+`","phone_numbers":"+919812345670"}`)
	a.do("PUT", calls+"campaign/"+placed.ID, `{"status":"start"}`)
	if n := len(a.Calls()); n != 3 {
		t.Errorf("%d calls", n)
	}
	if _, list := a.do("GET", calls+"campaign?limit=1", ""); !strings.Contains(list, `"total_calls":3`) {
		t.Errorf("list %s", list)
	}
}

func TestTheStreamOfANumberIsThatOfItsCalls(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	a.do("POST", "/knowlarity/update_wss_url", `{"data":{"number":"`+number+`","wss_url":"`+a.stream+`/n/secret"}}`)
	a.do("POST", calls+"makecall", `{"k_number":"`+number+`","agent_number":"+918035550002","customer_number":"`+patient+`"}`)
	a.Advance(time.Minute)
	if _, data := (<-a.streams).next(); !strings.Contains(string(data), `"from":"`+patient+`"`) {
		t.Errorf("first %s", data)
	}
}

func TestTheCallLogKnowsEndedCalls(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	if err := a.SetScripts(patient, knowlarity.Script{Outcome: knowlarity.NoAnswer}); err != nil {
		t.Fatal(err)
	}
	id := a.place()
	query := func(customer string) string {
		_, body := a.do("GET", "/Basic/v1/account/calllog?start_time=2026-01-14%2009%3A59%3A00%2B05%3A30&end_time=2026-01-14%2010%3A05%3A00%2B05%3A30&customer_number="+url.QueryEscape(customer), "")
		return body
	}
	if got := query(""); !strings.Contains(got, `"total_count":0`) {
		t.Errorf("before the end %s", got)
	}
	a.Advance(time.Minute)
	for _, part := range []string{`"total_count":1`, id, `"business_call_type":"Unanswered"`, `"agent_number":"Call Missed#` + number, `"call_duration":0`} {
		if got := query(patient); !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
	if got := query("+911111111111"); !strings.Contains(got, `"total_count":0`) {
		t.Errorf("of another %s", got)
	}
}

func TestCallbacksComeInAllShapes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		callbacks knowlarity.Callbacks
		fault     hooks.Fault
		want      []string // parts of what arrives, in order
	}{
		{
			"status and record",
			knowlarity.Callbacks{},
			hooks.Fault{Effect: hooks.Delay, Kind: "query"},
			[]string{`"status":"initiated"`, `"call_session_id":"8b7e"`, `"reason":"busy"`, `"call_duration":"0"`},
		},
		{
			"as forms",
			knowlarity.Callbacks{Form: true},
			hooks.Fault{Effect: hooks.Drop, Kind: "cdr"},
			[]string{"status=initiated", "status=ringing", "status=busy"},
		},
		{
			"a query",
			knowlarity.Callbacks{Shapes: []knowlarity.Shape{knowlarity.QueryShape}},
			hooks.Fault{Effect: hooks.Duplicate},
			[]string{"business_call_type=Unanswered", "business_call_type=Unanswered"},
		},
		{
			"out of order",
			knowlarity.Callbacks{Shapes: []knowlarity.Shape{knowlarity.StatusShape}},
			hooks.Fault{Effect: hooks.Reorder},
			[]string{`"status":"ringing"`, `"status":"initiated"`, `"status":"busy"`},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan string, 8)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.URL.Query().Get("secret") != "s" {
					t.Error("the URL lost its secret")
				}
				arrived <- string(body) + r.URL.RawQuery
			}))
			t.Cleanup(receiver.Close)
			test.callbacks.URL = receiver.URL + "?secret=s"
			a := newAccount(t, knowlarity.Options{Callbacks: test.callbacks})
			if err := a.FailCallbacks(test.fault); err != nil {
				t.Fatal(err)
			}
			if err := a.SetScripts(patient, knowlarity.Script{Outcome: knowlarity.Busy}); err != nil {
				t.Fatal(err)
			}
			a.place()
			a.Advance(time.Minute)
			for _, want := range test.want {
				if got := <-arrived; !strings.Contains(got, want) {
					t.Errorf("%s is not in %s", want, got)
				}
			}
		})
	}
}

func TestEventsOfWatchedNumbersAreStreamed(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.Options{})
	a.do("POST", "/Basic/v1/account/notifications", `{"knowlarity_number":["`+number+`"]}`)
	if _, list := a.do("GET", "/Basic/v1/account/notifications", ""); !strings.Contains(list, number) {
		t.Errorf("watched %s", list)
	}
	if err := a.SetScripts(patient, knowlarity.Script{Outcome: knowlarity.Busy}); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/update-stream/"+a.Account().Authorization+"/konnect", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	a.place()
	a.Advance(time.Minute)
	lines := bufio.NewScanner(response.Body)
	for _, want := range []string{"ORIGINATE", "HANGUP"} {
		for lines.Scan() && lines.Text() == "" {
		}
		if !strings.HasPrefix(lines.Text(), "data: {") || !strings.Contains(lines.Text(), want) {
			t.Errorf("got %s", lines.Text())
		}
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := knowlarity.New(knowlarity.Options{Stream: knowlarity.StreamSettings{Rate: 11_025}}); err == nil {
		t.Error("a rate is accepted")
	}
	a := newAccount(t, knowlarity.Options{})
	for _, script := range []knowlarity.Script{
		{Outcome: "x"},
		{Ring: -1},
		{Lines: []knowlarity.Line{{Say: "x"}}},
		{Lines: []knowlarity.Line{{Say: "age", When: "x"}}},
		{Stream: &knowlarity.StreamSettings{Dialect: "x"}},
	} {
		if a.SetScripts(patient, script) == nil {
			t.Errorf("%+v is accepted", script)
		}
	}
	if a.SetStream(knowlarity.StreamSettings{Framing: "x"}) == nil || a.SetStreamURL("1", "wss://x") == nil {
		t.Error("a framing or a number is accepted")
	}
}

func FuzzDialling(f *testing.F) {
	f.Add(`{"k_number":"+918035550001","customer_number":"+919812345678","ivr_flow":{"nodes":[{"type":"stream","config":{"metadata":"{"}}]}}`)
	f.Add(`{"k_number":1,"ivr_flow":[]}`)
	f.Add(`{"timezone":"Local","start_time":"2026-01-14 10:01","additional_number":";"}`)
	f.Fuzz(func(t *testing.T, body string) {
		emulator, err := knowlarity.New(knowlarity.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			knowlarity.DefaultFlowPath, calls + "makecall", calls + "campaign", calls + "campaign/add-numbers",
			"/knowlarity/update_wss_url", "/Basic/v1/account/notifications",
		} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
			request.Header.Set("x-api-key", emulator.Account().APIKey)
			request.Header.Set("authorization", emulator.Account().Authorization)
			answer := httptest.NewRecorder()
			emulator.Handler().ServeHTTP(answer, request)
			if (answer.Code != http.StatusOK && answer.Code != http.StatusBadRequest) || !json.Valid(answer.Body.Bytes()) {
				t.Errorf("%s %q: %d %s", path, body, answer.Code, answer.Body)
			}
		}
	})
}
