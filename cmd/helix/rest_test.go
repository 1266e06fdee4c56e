package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// rest calls a kept path and decodes its answer, which is JSON whatever the status.
func (s *system) rest(token, method, path, body string) (status int, answer any) {
	s.t.Helper()
	status, raw := s.send(method, path, "application/json", token, body)
	if err := json.Unmarshal(raw, &answer); err != nil {
		s.t.Fatalf("%s %s: HTTP %d %s: %v", method, path, status, raw, err)
	}
	return status, answer
}

// succeeds calls a path of an agent's command and answers with what it yields.
func (s *system) succeeds(token, method, path, body string) any {
	s.t.Helper()
	status, answer := s.rest(token, method, path, body)
	if message, _ := at(answer, "message").(string); status != http.StatusOK || at(answer, "status") != "success" || message == "" {
		s.t.Fatalf("%s %s: HTTP %d %v", method, path, status, answer)
	}
	return answer
}

func TestAnAgentsDayRunsOverTheRESTPaths(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	post := func(path, body string) any { return s.succeeds(token, http.MethodPost, "/api/ozonetel/"+path, body) }

	s.control("/sandbox/calls", `{"phone": "9812345678", "patienceSeconds": 0.2}`)
	until(t, "the missed call", func() bool {
		_, queue := s.rest(token, http.MethodGet, "/api/worklist/missed-queue", "")
		waiting, _ := at(queue, "PENDING_CALLBACK").([]any)
		return len(waiting) == 1
	})

	if got := post("agent-login", `{"agentId": "agent1", "password": "x", "phoneNumber": 521811}`); at(got, "agent", "sipExtension") != "521811" {
		t.Fatalf("logged in: %v", got)
	}
	if got := post("agent-state", `{"state": "Pause", "pauseReason": "Break"}`); at(got, "agent", "state") != "PAUSED" || at(got, "agent", "stateReason") != "Break" {
		t.Fatalf("paused: %v", got)
	}
	ready := post("agent-state", `{"state": "Ready"}`)
	missed, _ := at(ready, "assignedCall", "id").(string)
	if missed == "" || at(ready, "assignedCall", "phone") != "+919812345678" || at(ready, "assignedCall", "callbackstatus") != "PENDING_CALLBACK" {
		t.Fatalf("ready: %v", ready)
	}

	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 600}`)
	dialed := post("dial", `{"phoneNumber": "098123 45678", "missedCallId": "`+missed+`", "leadId": "", "campaignName": "any"}`)
	ucid, _ := at(dialed, "ucid").(string)
	if ucid == "" || at(dialed, "call", "id") != ucid || at(dialed, "call", "direction") != "OUTBOUND" {
		t.Fatalf("dialled: %v", dialed)
	}
	until(t, "the answer", func() bool {
		_, data, _ := s.ask(token, `{ viewer { agent { currentCall { state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "state") == "ANSWERED"
	})

	provider := s.latestCall()
	if got := post("call-control", `{"ucid": `+provider+`, "action": "hold"}`); at(got, "call", "onHold") != true || at(got, "ucid") != ucid {
		t.Fatalf("held by the provider's id: %v", got)
	}
	if got := post("call-control", `{"callId": "`+ucid+`", "action": "UNHOLD"}`); at(got, "call", "onHold") != false {
		t.Fatalf("taken back: %v", got)
	}
	if got := post("recording", `{"ucid": "`+ucid+`", "action": "pause"}`); at(got, "call", "recordingPaused") != true {
		t.Fatalf("recording paused: %v", got)
	}
	if got := post("recording", `{"ucid": "`+ucid+`", "paused": false}`); at(got, "call", "recordingPaused") != false {
		t.Fatalf("recording resumed: %v", got)
	}
	s.control("/sandbox/calls/"+provider+"/hangup", `{}`)
	until(t, "the end", func() bool {
		_, data, _ := s.ask(token, `{ viewer { agent { currentCall { state } } } }`, nil)
		return at(data, "viewer", "agent", "currentCall", "state") == "ENDED"
	})
	disposed := post("dispose", `{"ucid": "`+ucid+`", "disposition": "Appointment Booked", "notes": "mornings",
		"callbackAt": "2031-01-14 10:40", "durationSec": 7}`)
	if at(disposed, "missedCall", "callbackStatus") != "CALLBACK_COMPLETED" || at(disposed, "followUp", "id") == nil {
		t.Fatalf("disposed: %v", disposed)
	}
	members, _ := disposed.(map[string]any)
	if _, yields := members["assignedCall"]; !yields {
		t.Fatalf("disposed: %v", disposed)
	}

	changed := s.succeeds(token, http.MethodPatch, "/api/worklist/missed-queue/"+missed+"/status", `{"status": "wrong_number"}`)
	if at(changed, "missedCall", "callbackStatus") != "WRONG_NUMBER" {
		t.Fatalf("changed: %v", changed)
	}
	post("agent-ready", "")
	post("agent-logout", `{"agentId": "agent1", "password": "x"}`)
}

func TestTheListsOfTheRESTPaths(t *testing.T) {
	t.Parallel()
	s := startSystem(t, map[string]string{"LIMIT_PAGE_SIZE": "40"})
	asha, meera := s.signIn("asha@sandbox.test"), s.signIn("meera@sandbox.test")
	get := func(token, path string) any {
		status, answer := s.rest(token, http.MethodGet, path, "")
		if status != http.StatusOK {
			t.Fatalf("%s: HTTP %d %v", path, status, answer)
		}
		return answer
	}
	s.control("/sandbox/calls", `{"phone": "9812345678", "patienceSeconds": 0.2}`)
	until(t, "the abandoned call", func() bool {
		rows, _ := get(asha, "/api/ozonetel/missed-calls").([]any)
		if len(rows) == 0 { // unless a day has just ended in India
			rows, _ = get(asha, "/api/ozonetel/missed-calls?date="+time.Now().In(ist).AddDate(0, 0, -1).Format(time.DateOnly)).([]any)
		}
		return len(rows) == 1 && at(rows[0], "phone") == "+919812345678" && at(rows[0], "ucid") != nil
	})
	if rows, is := get(asha, "/api/ozonetel/missed-calls?date=2026-01-14").([]any); !is || len(rows) != 0 {
		t.Errorf("another day's missed calls: %v", rows)
	}
	if _, is := get(asha, "/api/ozonetel/call-history?callType=InBound").([]any); !is {
		t.Error("the history is no list")
	}
	if got := get(asha, "/api/ozonetel/performance"); at(got, "agentId") != "agent1" || at(got, "calls", "total") == nil {
		t.Errorf("the figures: %v", got)
	}
	if got := get(meera, "/api/ozonetel/performance?agentId=agent2"); at(got, "agentId") != "agent2" {
		t.Errorf("another's figures: %v", got)
	}

	until(t, "a work list of several pages of 40", func() bool {
		work, read := get(asha, "/api/worklist"), 0
		for _, kind := range []string{"missedCalls", "followUps", "marketingLeads"} {
			items, is := at(work, kind).([]any)
			if !is {
				t.Fatalf("%s: %v", kind, work)
			}
			read += len(items)
		}
		total, _ := at(work, "total").(float64)
		return read > 40 && read == min(int(total), 200)
	})

	until(t, "the queue", func() bool {
		queue, _ := get(asha, "/api/worklist/missed-queue").(map[string]any)
		waiting := listAt(queue, "PENDING_CALLBACK")
		return len(queue) == 5 && len(waiting) == 1 && at(waiting[0], "missedcallcount") == 1.0
	})

	for path, empty := range map[string]bool{
		"/api/search": true, "/api/search?q=": true, "/api/search?q=a": true, "/api/search?q=%E0%A4%B6%E0%A5%8D%E0%A4%B0%E0%A5%80": true,
		"/api/search?q=an": false,
	} {
		until(t, path, func() bool {
			status, found := s.rest(asha, http.MethodGet, path, "")
			hits := 0
			for _, kind := range []string{"leads", "patients", "appointments"} {
				list, is := at(found, kind).([]any)
				if status == http.StatusOK && !is {
					t.Fatalf("%s: %v", path, found)
				}
				hits += len(list)
			}
			return status == http.StatusOK && (hits == 0) == empty
		})
	}
	if got := get("", "/api/health"); at(got, "status") != "ok" {
		t.Errorf("health: %v", got)
	}
}

func TestALookupTellsWhoANumberBelongsTo(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	phone := ""
	until(t, "a lead with a number", func() bool {
		_, found := s.rest(token, http.MethodGet, "/api/search?q=an", "")
		leads, _ := at(found, "leads").([]any)
		for _, lead := range leads {
			if number, is := at(lead, "phone").(string); is {
				phone = number
			}
		}
		return phone != ""
	})
	for _, member := range []string{"phoneNumber", "phone"} {
		until(t, "a match", func() bool {
			status, got := s.rest(token, http.MethodPost, "/api/call/lookup", `{"`+member+`": "`+strings.TrimPrefix(phone, "+91")+`"}`)
			return status == http.StatusOK && at(got, "matched") == true && at(got, "lead", "id") != nil && at(got, "lead", "name") != nil
		})
	}
	status, got := s.rest(token, http.MethodPost, "/api/call/lookup", `{"phoneNumber": "+919000000009"}`)
	answer, _ := got.(map[string]any)
	for _, member := range []string{"lead", "aiSummary", "aiSuggestedAction"} {
		if value, there := answer[member]; !there || value != nil {
			t.Errorf("%s of nobody: %v", member, answer)
		}
	}
	if status != http.StatusOK || answer["matched"] != false {
		t.Errorf("HTTP %d %v", status, got)
	}
}

func TestADialOverRESTIsRepeatedOnlyUnderAnotherKey(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	s.succeeds(token, http.MethodPost, "/api/ozonetel/agent-login", "")
	s.succeeds(token, http.MethodPost, "/api/ozonetel/agent-state", `{"state": "ready"}`)
	s.control("/sandbox/dials/next", `{"outcome": "answer", "agentRingSeconds": 0.1, "ringSeconds": 0.1, "talkSeconds": 600}`)
	dial := func(key string) (status int, answer map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/ozonetel/dial", strings.NewReader(`{"phone": "9812345678"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json; charset=UTF-8")
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Idempotency-Key", key)
		res, err := s.hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, answer
	}
	_, first := dial("k1")
	_, again := dial("k1")
	if first["status"] != "success" || first["ucid"] == nil || first["ucid"] != again["ucid"] {
		t.Fatalf("%v, then %v", first, again)
	}
	if status, other := dial(""); status != http.StatusOK || other["status"] != "error" || other["code"] != "AGENT_BUSY" {
		t.Fatalf("a dial during a dial: HTTP %d %v", status, other)
	}
	if n := s.sandbox.Ozonetel().RequestCounts()["AgentManualDial"]; n != 1 {
		t.Fatalf("the provider was asked %d times", n)
	}
}

func TestWhatTheRESTPathsRefuse(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	asha, meera := s.signIn("asha@sandbox.test"), s.signIn("meera@sandbox.test")
	s.succeeds(asha, http.MethodPost, "/api/ozonetel/agent-login", "")
	const (
		unknown = "6f1f4c1e-8f0a-4c57-9d3e-0d6f5a2b7c11"
		expired = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwMDB9.c2ln"
	)
	for _, c := range []struct {
		name, token, method, path, contentType, body string
		status                                       int
		code, says                                   string
	}{
		{"nobody has no work", "", "GET", "/api/worklist", "", "", 401, "UNAUTHENTICATED", "sign in"},
		{"nobody dials, whatever the body", "", "POST", "/api/ozonetel/dial", "", "{", 401, "UNAUTHENTICATED", "sign in"},
		{"a session that has expired", expired, "GET", "/api/worklist", "", "", 401, "UNAUTHENTICATED", "refresh"},
		{"what is no token", "abc", "POST", "/api/ozonetel/agent-login", "", "", 401, "UNAUTHENTICATED", ""},
		{"another's figures", asha, "GET", "/api/ozonetel/performance?agentId=agent2", "", "", 403, "FORBIDDEN", ""},

		{"a body that is cut off", asha, "POST", "/api/ozonetel/dial", "", `{"phone": "98`, 400, "BAD_USER_INPUT", "JSON"},
		{"a body that is a list", asha, "POST", "/api/ozonetel/dial", "", `[]`, 400, "BAD_USER_INPUT", "one JSON object"},
		{"two bodies", asha, "POST", "/api/ozonetel/dial", "", `{} {}`, 400, "BAD_USER_INPUT", "one JSON object"},
		{"a body in another charset", asha, "POST", "/api/ozonetel/dial", "application/json; charset=latin1", `{}`, 415, "BAD_USER_INPUT", "UTF-8"},
		{"a form", asha, "POST", "/api/ozonetel/dial", "application/x-www-form-urlencoded", `phone=1`, 415, "BAD_USER_INPUT", "application/json"},
		{"a body of an unknown type", asha, "POST", "/api/ozonetel/dial", " ", `{}`, 415, "BAD_USER_INPUT", "application/json"},
		{"a huge body", asha, "POST", "/api/ozonetel/dial", "", `{"phone": "` + strings.Repeat("9", 2<<20) + `"}`, 413, "LIMIT_EXCEEDED", "1048576"},
		{"a number that is missing", asha, "POST", "/api/ozonetel/dial", "", `{"phone": null}`, 400, "BAD_USER_INPUT", "phoneNumber is missing"},
		{"a number that is a list", asha, "POST", "/api/ozonetel/dial", "", `{"phone": ["98"]}`, 400, "BAD_USER_INPUT", "phone must be a text"},
		{"a number that is none", asha, "POST", "/api/ozonetel/dial", "", `{"phone": "abc"}`, 400, "BAD_USER_INPUT", "phoneNumber: "},
		{"a missed call that is no id", asha, "POST", "/api/ozonetel/dial", "", `{"phone": "9812345678", "missedCallId": "7"}`, 400, "BAD_USER_INPUT", "missedCallId: "},
		{"a state that does not exist", asha, "POST", "/api/ozonetel/agent-state", "", `{"state": "Busy"}`, 400, "BAD_USER_INPUT", "Ready or Pause"},
		{"an action that does not exist", asha, "POST", "/api/ozonetel/call-control", "", `{"ucid": "1", "action": "TRANSFER"}`, 400, "BAD_USER_INPUT", "KICK_CALL"},
		{"a flag that is a word", asha, "POST", "/api/ozonetel/recording", "", `{"ucid": "1", "paused": "yes"}`, 400, "BAD_USER_INPUT", "true or false"},
		{"a recording without a wish", asha, "POST", "/api/ozonetel/recording", "", `{"ucid": "1"}`, 400, "BAD_USER_INPUT", "action is missing"},
		{"a call back at no time", asha, "POST", "/api/ozonetel/dispose", "", `{"ucid": "1", "disposition": "x", "callbackAt": "soon"}`, 400, "BAD_USER_INPUT", "callbackAt must be a time"},
		{"a day that does not exist", asha, "GET", "/api/ozonetel/call-history?date=2026-02-30", "", "", 400, "BAD_USER_INPUT", "date: "},
		{"a query string that is none", asha, "GET", "/api/search?q=%zz", "", "", 400, "BAD_USER_INPUT", "query string"},
		{"a search that is too long", asha, "GET", "/api/search?q=" + strings.Repeat("ab+", 2000), "", "", 400, "BAD_USER_INPUT", ""},
		{"a status that does not exist", asha, "PATCH", "/api/worklist/missed-queue/" + unknown + "/status", "", `{"status": "DONE"}`, 400, "BAD_USER_INPUT", "WRONG_NUMBER"},

		{"a telephony failure is an answer", asha, "POST", "/api/ozonetel/dial", "", `{"phone": "9812345678"}`, 200, "AGENT_BUSY", "not ready"},
		{"a call that does not exist, by our id", asha, "POST", "/api/ozonetel/dispose", "", `{"callId": "` + unknown + `", "disposition": "x"}`, 200, "NOT_FOUND", "no such call"},
		{"a call that does not exist, by the provider's id", asha, "POST", "/api/ozonetel/call-control", "", `{"ucid": 21799900000000777, "action": "HOLD"}`, 200, "NOT_FOUND", "no such call"},
		{"a member without a desk is told so", meera, "POST", "/api/ozonetel/agent-login", "", ``, 200, "NOT_AN_AGENT", "no desk"},
		{"a missed call that does not exist", asha, "PATCH", "/api/worklist/missed-queue/" + unknown + "/status", "", `{"status": "INVALID"}`, 404, "NOT_FOUND", "no such"},

		{"a path that does not exist", asha, "GET", "/api/nothing", "", "", 404, "NOT_FOUND", "no such path"},
		{"a method that a path does not take", asha, "GET", "/api/ozonetel/dial", "", "", 405, "BAD_USER_INPUT", "POST"},
		{"another one", asha, "DELETE", "/api/worklist", "", "", 405, "BAD_USER_INPUT", "GET and HEAD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.contentType == "" {
				c.contentType = "application/json"
			}
			status, raw := s.in(t).send(c.method, c.path, c.contentType, c.token, c.body)
			var answer struct{ Status, Message, Code string }
			if err := json.Unmarshal(raw, &answer); err != nil {
				t.Fatalf("HTTP %d %.300s: %v", status, raw, err)
			}
			if status != c.status || answer.Status != "error" || answer.Code != c.code || !strings.Contains(answer.Message, c.says) || answer.Message == "" {
				t.Fatalf("HTTP %d %.300s", status, raw)
			}
		})
	}
}

func TestCallersOfRESTPathsAreLimitedAsThoseOfGraphQLAre(t *testing.T) {
	t.Parallel()
	s := startSystemStanding(t, map[string]string{"LIMIT_REQUESTS_PER_MINUTE": "6", "LIMIT_REQUEST_BURST": "2"})
	token := s.signIn("asha@sandbox.test")
	for range 2 {
		if status, got := s.rest(token, http.MethodGet, "/api/health", ""); status != http.StatusOK {
			t.Fatalf("within the burst: HTTP %d %v", status, got)
		}
	}
	status, got := s.rest(token, http.MethodPost, "/api/ozonetel/agent-login", "")
	if status != http.StatusTooManyRequests || at(got, "code") != "TOO_MANY_REQUESTS" {
		t.Fatalf("beyond the burst: HTTP %d %v", status, got)
	}
}

func TestRESTPathsSpeakHTTPAsTheRestOfTheServerDoes(t *testing.T) {
	t.Parallel()
	s := startSystem(t, map[string]string{"CORS_ORIGIN": "https://desk.example"})
	token := s.signIn("asha@sandbox.test")
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		status             int
		want               map[string]string // of the answer's header
		empty              bool
	}{
		{
			"a page's preflight", "OPTIONS", "/api/worklist/missed-queue/7/status",
			map[string]string{
				"Origin": "https://desk.example", "Access-Control-Request-Method": "PATCH",
				"Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
			},
			204,
			map[string]string{"Access-Control-Allow-Headers": "authorization,content-type,idempotency-key"},
			true,
		},
		{
			"a page's request", "GET", "/api/worklist",
			map[string]string{"Origin": "https://desk.example"},
			200,
			map[string]string{"Access-Control-Allow-Origin": "https://desk.example", "Cache-Control": "no-store"},
			false,
		},
		{"HEAD answers without a body", "HEAD", "/api/worklist", nil, 200, map[string]string{"Content-Type": "application/json; charset=utf-8"}, true},
		{"a method that the path does not take", "OPTIONS", "/api/ozonetel/dial", nil, 405, map[string]string{"Allow": "POST"}, false},
		{"a request without a token", "GET", "/api/worklist", map[string]string{"Authorization": ""}, 401, map[string]string{"WWW-Authenticate": "Bearer"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, s.url+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			for name, value := range c.header {
				req.Header.Set(name, value)
			}
			res, err := s.hc.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != c.status || (len(body) == 0) != c.empty {
				t.Fatalf("HTTP %d %s", res.StatusCode, body)
			}
			for name, want := range c.want {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
		})
	}
}
