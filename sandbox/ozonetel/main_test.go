package ozonetel_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is 14:30:00 in the account's local time.
var start = time.Date(2026, 1, 14, 9, 0, 0, 0, time.UTC)

// account is the emulated account over real HTTP, with a client that speaks its protocol and a clock that only Advance moves.
type account struct {
	*ozonetel.Server
	t      *testing.T
	url    string
	token  string
	client *http.Client
	pushed chan struct{} // a push attempt has been counted since it was last read
}

func newAccount(t *testing.T, options ozonetel.Options) *account {
	t.Helper()
	options.Now = func() time.Time { return start }
	pushed := make(chan struct{}, 1)
	options.PushDone = func() {
		select {
		case pushed <- struct{}{}:
		default:
		}
	}
	emulator, err := ozonetel.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(emulator.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- emulator.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		server.CloseClientConnections()
		server.Close()
	})
	return &account{Server: emulator, t: t, url: server.URL, client: server.Client(), pushed: pushed}
}

func basicAccount() ozonetel.Account {
	a := ozonetel.DefaultAccount()
	a.AuthMode = ozonetel.BasicAuth
	return a
}

// call is one request; a nil header value means the account's good credentials.
type call struct {
	method, path, body string
	header             http.Header
}

// do sends a request and answers status and body.
func (a *account) do(c call) (int, string) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), c.method, a.url+c.path, strings.NewReader(c.body))
	if err != nil {
		a.t.Fatal(err)
	}
	for name, values := range c.header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	response, err := a.client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// api sends a /ca_apis request with a token and answers the body.
func (a *account) api(method, path, body string) string {
	a.t.Helper()
	if a.token == "" {
		a.token = a.newToken()
	}
	_, out := a.do(call{method: method, path: path, body: body, header: http.Header{"Authorization": {"Bearer " + a.token}}})
	return out
}

// report sends a request of members beside the user name, which they may replace, and answers the body.
func (a *account) report(method, path string, members map[string]string) string {
	a.t.Helper()
	body := map[string]string{"userName": "sandbox_hospital"}
	maps.Copy(body, members)
	text, err := json.Marshal(body)
	a.must(err)
	return a.api(method, path, string(text))
}

func (a *account) newToken() string {
	a.t.Helper()
	_, body := a.do(call{
		method: "POST", path: "/ca_apis/CAToken/generateToken", body: `{"userName":"sandbox_hospital"}`,
		header: http.Header{"apiKey": {ozonetel.DefaultAccount().APIKey}},
	})
	var out struct{ Token string }
	if err := json.Unmarshal([]byte(body), &out); err != nil || out.Token == "" {
		a.t.Fatalf("no token in %s", body)
	}
	return out.Token
}

// authenticate sends an agent login or logout; pairs change or (with an empty value) remove form fields.
func (a *account) authenticate(agentID, password, action string, pairs ...string) string {
	a.t.Helper()
	form := url.Values{
		"userName": {"sandbox_hospital"}, "apiKey": {ozonetel.DefaultAccount().APIKey}, "action": {action},
		"phoneNumber": {map[string]string{"agent1": "521811", "agent2": "521812"}[agentID]},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	probe := http.Request{Header: header}
	probe.SetBasicAuth(agentID, password)
	_, body := a.do(call{method: "POST", path: "/CAServices/AgentAuthenticationV2/index.php", body: form.Encode(), header: header})
	return body
}

// ready logs an agent in and makes him READY.
func (a *account) ready(agentID string) {
	a.t.Helper()
	out := a.authenticate(agentID, "sandbox-"+agentID, "login", "state", "Ready")
	if !strings.Contains(out, `"success"`) {
		a.t.Fatalf("login: %s", out)
	}
}

// dial places a manual call of agent1 and answers its UCID.
func (a *account) dial() string {
	a.t.Helper()
	body := a.api("POST", "/ca_apis/AgentManualDial",
		`{"userName":"sandbox_hospital","agentID":"agent1","campaignName":"Inbound_918041763265",`+
			`"customerNumber":"9812345678","UCID":"true","uui":"ours"}`)
	var out struct{ UCID string }
	if err := json.Unmarshal([]byte(body), &out); err != nil || out.UCID == "" {
		a.t.Fatalf("no ucid in %s", body)
	}
	return out.UCID
}

// ringIn lets a patient ring in who does nothing by himself.
func (a *account) ringIn(phone string) string {
	a.t.Helper()
	ucid, err := a.RingIn(phone, ozonetel.CallerPlan{})
	a.must(err)
	return ucid
}

func (a *account) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// state is an agent's state.
func (a *account) state(agentID string) ozonetel.AgentState {
	a.t.Helper()
	for _, agent := range a.Agents() {
		if agent.ID == agentID {
			return agent.State
		}
	}
	a.t.Fatalf("no agent %s", agentID)
	return ""
}

func (a *account) callState(ucid string) ozonetel.CallState {
	a.t.Helper()
	c, err := a.Call(ucid)
	a.must(err)
	return c.State
}
