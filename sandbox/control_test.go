package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestACallIsDrivenFromRingToHangUpByTheControlServer(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	if err := s.Ozonetel().LogIn("agent1"); err != nil {
		t.Fatal(err)
	}
	call := s.ok("POST", "/sandbox/calls", `{"phone":"+919812345678","did":"918041763265"}`)
	if call["phone"] != "9812345678" || call["callId"] != call["ucid"] {
		t.Errorf("rang in as %v", call)
	}
	path := "/sandbox/calls/" + call["ucid"].(string)
	for _, step := range []struct{ move, body, want string }{
		{"offer", `{"agentId":"agent1"}`, "agent-ringing"},
		{"answer", "", "answered"},
		{"hangup", `{"by":"agent"}`, "ended"},
	} {
		if got := s.ok("POST", path+"/"+step.move, step.body); got["state"] != step.want {
			t.Errorf("%s: %v", step.move, got)
		}
	}
	if calls := s.ok("GET", "/sandbox/calls?state=ended", "")["calls"].([]any); len(calls) != 1 {
		t.Errorf("calls: %v", calls)
	}
	if agents := s.ok("GET", "/sandbox/agents", "")["agents"].([]any); agents[0].(map[string]any)["state"] != "ACW" {
		t.Errorf("agents: %v", agents)
	}
}

func TestACallRungInWithoutAPhoneGetsOneAndNothingHappensToItByItself(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	if err := s.Ozonetel().LogIn("agent1"); err != nil {
		t.Fatal(err)
	}
	call := s.ok("POST", "/sandbox/calls", "")
	if phone, _ := call["phone"].(string); len(phone) != 10 {
		t.Errorf("rang in as %v", call)
	}
	s.Advance(time.Hour)
	calls := s.ok("GET", "/sandbox/calls", "")["calls"].([]any)
	if len(calls) != 1 || calls[0].(map[string]any)["state"] != "queued" {
		t.Errorf("an hour later: %v", calls)
	}
}

func TestACallRungInDuringTrafficIsTakenLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficCalm})
	ucid := s.ok("POST", "/sandbox/calls", "")["ucid"].(string)
	s.Advance(time.Minute)
	call, err := s.Ozonetel().Call(ucid)
	if err != nil || call.State != ozonetel.Ended || call.AnsweredAt.IsZero() {
		t.Errorf("a minute later: %+v, %v", call, err)
	}
}

func TestTheControlServerLetsOnlyTheReportsKnowACall(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff, AuthMode: ozonetel.BasicAuth, History: 5})
	ucid := s.ok("POST", "/sandbox/calls", `{"unpushed":true}`)["ucid"].(string)
	s.ok("POST", "/sandbox/calls/"+ucid+"/abandon", "")
	s.ok("PUT", "/sandbox/ozonetel/limits", `{"off":true}`)
	for _, test := range []struct {
		day, until string
		want       int
	}{{"2026-01-14", "14:30:00", 1}, {"2026-01-13", "23:59:59", 5}} {
		body := `{"userName":"sandbox_hospital","fromDate":"` + test.day + ` 00:00:00","toDate":"` + test.day + ` ` + test.until + `"}`
		for range 3 { // more often than the limits allow
			request, err := http.NewRequestWithContext(t.Context(), "GET", s.OzonetelURL()+"/ca_reports/fetchCDRDetails", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("apiKey", s.OzonetelAccount().APIKey)
			response, err := s.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			var out struct{ Details []struct{ UCID string } }
			err = json.NewDecoder(response.Body).Decode(&out)
			response.Body.Close()
			if err != nil || len(out.Details) != test.want {
				t.Errorf("%s: %v, %v", test.day, out.Details, err)
			}
		}
	}
	if pushes := s.Ozonetel().PushCounts(); pushes != (ozonetel.PushCounts{}) {
		t.Errorf("pushes %+v", pushes)
	}
}

func TestControlRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	waiting := s.ok("POST", "/sandbox/calls", "")["ucid"].(string)
	tests := []struct {
		name, method, path, body string
		code                     int
		text                     string
	}{
		{"unknown member", "POST", "/sandbox/calls", `{"fone":"1"}`, 400, `unknown field "fone"`},
		{"no object", "POST", "/sandbox/calls", `[]`, 400, "body:"},
		{"two values", "POST", "/sandbox/calls", `{} {}`, 400, "more than one JSON value"},
		{"broken JSON", "POST", "/sandbox/calls", `{`, 400, "body:"},
		{"too large", "POST", "/sandbox/calls", `{"phone":"` + strings.Repeat("9", 70_000) + `"}`, 413, "too large"},
		{"no phone number", "POST", "/sandbox/calls", `{"phone":"12"}`, 400, "not a phone number"},
		{"another did", "POST", "/sandbox/calls", `{"did":"1"}`, 400, "not in service"},
		{"negative seconds", "POST", "/sandbox/calls", `{"talkSeconds":-1}`, 400, "talkSeconds must be between"},
		{"unknown call", "POST", "/sandbox/calls/1/answer", "", 404, "unknown call"},
		{"unknown agent", "POST", "/sandbox/calls/" + waiting + "/offer", `{"agentId":"x"}`, 404, "unknown agent"},
		{"nobody ready", "POST", "/sandbox/calls/" + waiting + "/offer", "", 409, "no agent who is READY"},
		{"answer a queued call", "POST", "/sandbox/calls/" + waiting + "/answer", "", 409, "illegal move"},
		{"hang up by a stranger", "POST", "/sandbox/calls/" + waiting + "/hangup", `{"by":"x"}`, 400, "must be user or agent"},
		{"unknown outcome", "POST", "/sandbox/dials/next", `{"outcome":"x"}`, 400, `unknown outcome "x"`},
		{"unknown target", "POST", "/sandbox/faults", `{"target":"x","kind":"hang"}`, 400, "must be ozonetel, fortytwo, knowlarity or elevenlabs"},
		{"unknown endpoint", "POST", "/sandbox/faults", `{"target":"ozonetel","endpoint":"x","kind":"hang"}`, 400, `unknown endpoint "x"`},
		{"unknown fault", "POST", "/sandbox/faults", `{"target":"ozonetel","kind":"x"}`, 400, `unknown fault kind "x"`},
		{
			"a GraphQL error of ozonetel", "POST", "/sandbox/faults", `{"target":"ozonetel","kind":"body","code":"X"}`, 400,
			"for the target fortytwo",
		},
		{"unknown fault of fortytwo", "POST", "/sandbox/faults", `{"target":"fortytwo","kind":"x"}`, 400, `unknown fault kind "x"`},
		{
			"unknown path of fortytwo", "POST", "/sandbox/faults", `{"target":"fortytwo","endpoint":"/x","kind":"hang"}`, 400,
			`unknown path "/x"`,
		},
		{"field of an unknown object", "POST", "/sandbox/fortytwo/fields", `{"object":"x","name":"y","type":"TEXT"}`, 404, `object "x"`},
		{"field of an unknown type", "POST", "/sandbox/fortytwo/fields", `{"object":"call","name":"y","type":"x"}`, 400, "fortytwo emulator"},
		{
			"field that is there", "POST", "/sandbox/fortytwo/fields", `{"object":"call","name":"createdAt","type":"TEXT"}`, 400,
			"fortytwo emulator",
		},
		{"unknown agent's line", "POST", "/sandbox/agents/x/stick", "", 404, "unknown agent"},
		{"nobody to join", "POST", "/sandbox/calls/" + waiting + "/join", "", 409, "nobody is called"},
		{"no status", "PUT", "/sandbox/ozonetel/limits", `{"status":99}`, 400, "final HTTP status"},
		{"unknown push effect", "POST", "/sandbox/pushes", `{"effect":"x"}`, 400, `unknown push effect "x"`},
		{"nobody dialled", "POST", "/sandbox/knowlarity/calls/1/hangup", "", 404, "unknown call"},
		{"an unknown sentence", "POST", "/sandbox/knowlarity/calls/1/speak", `{"say":"x"}`, 400, `no sentence "x" in "hi"`},
		{"two keys at once", "POST", "/sandbox/knowlarity/calls/1/press", `{"digit":"12"}`, 400, "must be one key"},
		{"unknown outcome of a patient", "PUT", "/sandbox/knowlarity/patients", `{"calls":[{"outcome":"x"}]}`, 400, `unknown outcome "x"`},
		{"a line of a patient that is none", "PUT", "/sandbox/knowlarity/patients", `{"calls":[{"lines":[{"say":"x"}]}]}`, 400, `no sentence "x"`},
		{"a patient in no time", "PUT", "/sandbox/knowlarity/patients", `{"calls":[{"ringSeconds":-1}]}`, 400, "ringSeconds must be between"},
		{"unknown dialect", "PUT", "/sandbox/knowlarity/stream", `{"dialect":"x"}`, 400, `unknown dialect "x"`},
		{"unknown shape", "PUT", "/sandbox/knowlarity/callbacks", `{"shapes":["x"]}`, 400, "must be status, cdr or query"},
		{"unknown effect on callbacks", "POST", "/sandbox/knowlarity/callbacks/faults", `{"effect":"x"}`, 400, `unknown effect "x"`},
		{"unknown endpoint of knowlarity", "POST", "/sandbox/faults", `{"target":"knowlarity","endpoint":"x","kind":"hang"}`, 400, `unknown endpoint "x"`},
		{"unknown fault of elevenlabs", "POST", "/sandbox/faults", `{"target":"elevenlabs","kind":"x"}`, 400, `unknown fault kind "x"`},
		{"unknown fault of a conversation", "POST", "/sandbox/elevenlabs/conversations/faults", `{"kind":"x"}`, 400, `unknown fault kind "x"`},
		{"unknown conversation", "POST", "/sandbox/elevenlabs/conversations/1/end", "", 404, "unknown conversation"},
		{"a code that closes nothing", "POST", "/sandbox/elevenlabs/conversations/1/end", `{"code":1006}`, 400, "cannot close a socket"},
		{"unknown kind of webhook", "POST", "/sandbox/elevenlabs/webhook/faults", `{"kind":"x","effect":"drop"}`, 400, `unknown kind of webhook "x"`},
		{"unknown path", "GET", "/sandbox/nothing", "", 404, "see GET /sandbox"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, out := s.control(test.method, test.path, test.body)
			if text, _ := out["error"].(string); code != test.code || !strings.Contains(text, test.text) {
				t.Errorf("got %d %v, want %d with %q", code, out, test.code, test.text)
			}
		})
	}
}

func TestTheIndexDocumentsEveryEndpointThatIsServed(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff, Seed: 7})
	index := s.ok("GET", "/sandbox", "")
	if index["seed"] != 7.0 || index["ozonetelUrl"] != s.OzonetelURL() {
		t.Errorf("index: %v", index)
	}
	for _, e := range index["endpoints"].([]any) {
		endpoint := e.(map[string]any)
		path := strings.NewReplacer("{ucid}", "1", "{call}", "1", "{conversation}", "1").Replace(endpoint["path"].(string))
		code, out := s.control(endpoint["method"].(string), path, "")
		if text, _ := out["error"].(string); code == http.StatusMethodNotAllowed || strings.Contains(text, "no control endpoint") {
			t.Errorf("%s %s: %d %v", endpoint["method"], path, code, out)
		}
		if does, _ := endpoint["does"].(string); does == "" {
			t.Errorf("%s %s is not described", endpoint["method"], path)
		}
	}
}

func TestFaultsAreTakenInTurnAndDisarmed(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	generate := func() int {
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.OzonetelURL()+"/ca_apis/CAToken/generateToken", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	s.ok("POST", "/sandbox/faults", `{"target":"ozonetel","endpoint":"generateToken","kind":"status","status":503,"count":2}`)
	got := []int{generate(), generate(), generate()}
	if got[0] != 503 || got[1] != 503 || got[2] != 200 {
		t.Errorf("statuses %v, want 503, 503, 200", got)
	}
	s.ok("POST", "/sandbox/faults", `{"target":"ozonetel","kind":"status"}`)
	s.ok("DELETE", "/sandbox/faults", "")
	if code := generate(); code != 200 {
		t.Errorf("after disarming: %d", code)
	}
	requests := s.ok("GET", "/sandbox/requests", "")["ozonetel"].(map[string]any)
	if count := requests["counts"].(map[string]any)["generateToken"]; count != 4.0 {
		t.Errorf("counted %v", count)
	}
	first := requests["latest"].([]any)[0].(map[string]any)
	if first["fault"] != "status" || first["path"] != "/ca_apis/CAToken/generateToken" {
		t.Errorf("first request: %v", first)
	}
}
