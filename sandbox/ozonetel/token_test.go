package ozonetel_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

const key = "KKsandbox0000000000000000000000"

func TestGenerateTokenRefusesEachFaultWithItsText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, key, want string
	}{
		{"user name missing", `{}`, key, `{"status":"false","message":"UserName is null","data":null}`},
		{"user name under another key", `{"username":"sandbox_hospital"}`, key, `{"status":"false","message":"UserName is null","data":null}`},
		{"wrong user name", `{"userName":"x"}`, key, `{"status":"false","message":"Invalid userName or apiKey","data":null}`},
		{"wrong key", `{"userName":"sandbox_hospital"}`, "x", `{"status":"false","message":"Invalid userName or apiKey","data":null}`},
		{"no JSON", `userName=sandbox_hospital`, key, `{"status":"false","message":"Invalid Json Pass Valid Json"}`},
	}
	a := newAccount(t, ozonetel.Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, got := a.do(call{method: "POST", path: "/ca_apis/CAToken/generateToken", body: test.body, header: http.Header{"apiKey": {test.key}}})
			if code != 200 || got != test.want {
				t.Errorf("got %d %s\nwant 200 %s", code, got, test.want)
			}
		})
	}
}

func TestGenerateTokenAnswersAtEveryAliasAndOnlyToPost(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for _, path := range []string{
		"/ca_apis/CAToken/generateToken", "/ca_apis/caToken/generateToken",
		"/ca_reports/CAToken/generateToken", "/ca_reports/caToken/generateToken",
	} {
		header := http.Header{"apiKey": {key}}
		_, body := a.do(call{method: "POST", path: path, body: `{"userName":"sandbox_hospital"}`, header: header})
		if !strings.HasSuffix(body, `","message":""}`) {
			t.Errorf("POST %s: %s", path, body)
		}
		if code, _ := a.do(call{method: "GET", path: path, header: header}); code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, code)
		}
	}
}

func TestTokensLiveAnHourAndDieWithTheNextOne(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	list := func(token string) string {
		_, body := a.do(call{
			method: "GET", path: "/ca_apis/abandonCalls", body: `{"userName":"sandbox_hospital"}`,
			header: http.Header{"Authorization": {"Bearer " + token}},
		})
		return body
	}
	const (
		good    = `{"status":"success","message":[]}`
		expired = `{"status":"false","message":"Token Expired","data":null}`
		invalid = `{"status":"false","message":"Invalid Token","data":null}`
	)
	expect := func(step, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", step, got, want)
		}
	}
	first := a.newToken()
	a.Advance(time.Hour - time.Second)
	expect("a second before the end", list(first), good)
	a.Advance(time.Second)
	expect("after an hour", list(first), expired)
	second := a.newToken()
	expect("the first after a second was made", list(first), invalid)
	expect("the second", list(second), good)
	a.ExpireToken()
	expect("expired on purpose", list(second), expired)
	third := a.newToken()
	a.StealToken()
	expect("stolen", list(third), invalid)
}

func TestTheEleventhTokenWithinAnHourIsRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for range 10 {
		a.newToken()
	}
	request := call{
		method: "POST", path: "/ca_apis/CAToken/generateToken", body: `{"userName":"sandbox_hospital"}`,
		header: http.Header{"apiKey": {key}},
	}
	if _, got := a.do(request); got != `{"status":"error","message":"Max limit exceeded"}` {
		t.Errorf("eleventh: %s", got)
	}
	a.Advance(time.Hour)
	if _, got := a.do(request); !strings.Contains(got, `"token"`) {
		t.Errorf("an hour later: %s", got)
	}
}

func TestCredentialsInTheAccountsOtherStyleAreRefused(t *testing.T) {
	t.Parallel()
	envelope := func(text string) string { return `{"status":"false","message":"` + text + `","data":null}` }
	failed := func(text string) string { return `{"status":"error","message":"` + text + `"}` }
	const user = `{"userName":"sandbox_hospital"}`
	tests := []struct {
		name               string
		mode               ozonetel.AuthMode
		method, path, body string
		header             http.Header
		want               string
	}{
		{
			"key on a token account", ozonetel.TokenAuth, "GET", "abandonCalls", user,
			http.Header{"apiKey": {key}},
			envelope("Token Should Not be Null or Empty."),
		},
		{
			"unknown token", ozonetel.TokenAuth, "GET", "abandonCalls", user,
			http.Header{"Authorization": {"Bearer x"}},
			envelope("Invalid Token"),
		},
		{
			"bearer on a key account", ozonetel.BasicAuth, "GET", "abandonCalls", user,
			http.Header{"Authorization": {"Bearer x"}},
			envelope("Api Key Should Not be Null or Empty."),
		},
		{
			"bearer and key on a key account", ozonetel.BasicAuth, "GET", "abandonCalls", user,
			http.Header{"Authorization": {"Bearer x"}, "apiKey": {key}},
			`{"status":"success","message":[]}`,
		},
		{"abandonCalls, no key", ozonetel.BasicAuth, "GET", "abandonCalls", user, nil, envelope("Api Key Should Not be Null or Empty.")},
		{
			"abandonCalls, wrong key", ozonetel.BasicAuth, "GET", "abandonCalls", user,
			http.Header{"apiKey": {"x"}},
			envelope("Invalid User Details"),
		},
		{
			"abandonCalls, wrong user", ozonetel.BasicAuth, "GET", "abandonCalls", `{"userName":"x"}`,
			http.Header{"apiKey": {key}},
			envelope("Invalid User Details"),
		},
		{
			"abandonCalls, no user", ozonetel.BasicAuth, "GET", "abandonCalls", `{}`,
			http.Header{"apiKey": {key}},
			envelope("Username Should Not be Null or Empty."),
		},
		{"changeAgentState, no key", ozonetel.BasicAuth, "POST", "changeAgentState", user, nil, failed("apiKey should not be empty")},
		{
			"changeAgentState, empty key", ozonetel.BasicAuth, "POST", "changeAgentState", user,
			http.Header{"apiKey": {""}},
			failed("apiKey should not be empty"),
		},
		{
			"changeAgentState, wrong key", ozonetel.BasicAuth, "POST", "changeAgentState", user,
			http.Header{"apiKey": {"x"}},
			failed("userName or apiKey is Invalid"),
		},
		{
			"changeAgentState, no user", ozonetel.BasicAuth, "POST", "changeAgentState", `{}`,
			http.Header{"apiKey": {key}},
			failed("Please provide UserName"),
		},
		{
			"changeAgentState, wrong user", ozonetel.BasicAuth, "POST", "changeAgentState", `{"userName":"x"}`,
			http.Header{"apiKey": {key}},
			failed("user_name or api_Key is Invalid"),
		},
		{
			"disposition, wrong key", ozonetel.BasicAuth, "POST", "DispositionAPIV2", user,
			http.Header{"apiKey": {"x"}},
			`{"status":"Fail","details":"Authentication fails"}`,
		},
		{
			"dial, no user", ozonetel.BasicAuth, "POST", "AgentManualDial", `{}`,
			http.Header{"apiKey": {key}},
			`{"status":"Fail","message":"All parameters are mandatory"}`,
		},
		{"getAgentLogins, no key", ozonetel.BasicAuth, "POST", "getAgentLogins", user, nil, failed("apiKey should not be empty")},
		{
			"getAgentLogins, wrong key", ozonetel.BasicAuth, "POST", "getAgentLogins", user,
			http.Header{"apiKey": {"x"}},
			failed("userName or apiKey is Invalid"),
		},
		{
			"getAgentLogins, no user", ozonetel.BasicAuth, "POST", "getAgentLogins", `{}`,
			http.Header{"apiKey": {key}},
			failed("userName should not be empty"),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			account := ozonetel.DefaultAccount()
			account.AuthMode = test.mode
			a := newAccount(t, ozonetel.Options{Account: account})
			code, got := a.do(call{method: test.method, path: "/ca_apis/" + test.path, body: test.body, header: test.header})
			if code != 200 || got != test.want {
				t.Errorf("got %d %s\nwant 200 %s", code, got, test.want)
			}
		})
	}
}
