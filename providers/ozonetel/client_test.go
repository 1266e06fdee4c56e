package ozonetel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
	emulator "github.com/helix-engage/gateway/sandbox/ozonetel"
)

// TestADialIsSentOnce is the promise that nobody is rung twice: whatever goes wrong, one request leaves.
func TestADialIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  emulator.Fault
		code   helix.Code
		placed int
	}{
		"a reset before the dial":      {emulator.Fault{Kind: emulator.FaultReset}, helix.CodeUnknownOutcome, 0},
		"a reset after the dial":       {emulator.Fault{Kind: emulator.FaultReset, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"a hang before the dial":       {emulator.Fault{Kind: emulator.FaultHang}, helix.CodeUnknownOutcome, 0},
		"a hang after the dial":        {emulator.Fault{Kind: emulator.FaultHang, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"a 500 before the dial":        {emulator.Fault{Kind: emulator.FaultStatus}, helix.CodeUnknownOutcome, 0},
		"a 502 after the dial":         {emulator.Fault{Kind: emulator.FaultStatus, Status: 502, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"garbage after the dial":       {emulator.Fault{Kind: emulator.FaultGarbage, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"an internal error in a 200":   {emulator.Fault{Kind: emulator.FaultBody, AfterEffect: true}, helix.CodeUnknownOutcome, 1},
		"a status that nobody knows":   {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"pending"}`}, helix.CodeUnknownOutcome, 0},
		"an empty object":              {emulator.Fault{Kind: emulator.FaultBody, Body: `{}`}, helix.CodeUnknownOutcome, 0},
		"a documented refusal":         {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"fails","message":"Campaign is invalid"}`}, helix.CodeRejected, 0},
		"an undocumented refusal":      {emulator.Fault{Kind: emulator.FaultBody, Body: `{"status":"Fail","message":"DND number"}`}, helix.CodeRejected, 0},
		"a rate limit in a 200":        {emulator.Fault{Kind: emulator.FaultRateLimit}, helix.CodeTooManyRequests, 0},
		"a rate limit by status":       {emulator.Fault{Kind: emulator.FaultRateLimit, Status: 429}, helix.CodeTooManyRequests, 0},
		"a path that does not exist":   {emulator.Fault{Kind: emulator.FaultStatus, Status: 404}, helix.CodeRejected, 0},
		"a late answer is still taken": {emulator.Fault{Kind: emulator.FaultDelay, Delay: 50 * time.Millisecond}, "", 1},
	} {
		for mode := range modes {
			t.Run(name+" with "+string(mode), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, mode)
				client, seat := a.client(t), a.ready(t)
				fault := c.fault
				fault.Endpoint = "AgentManualDial"
				if err := a.Fail(fault); err != nil {
					t.Fatal(err)
				}
				ctx := t.Context()
				if fault.Kind == emulator.FaultHang {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Second)
					defer cancel()
				}
				ucid, err := client.Dial(ctx, seat, patient, ourID)
				switch {
				case c.code == "" && (err != nil || ucid == ""):
					t.Errorf("dial answered %q, %v", ucid, err)
				case c.code != "" && !helix.IsCode(err, c.code):
					t.Errorf("dial failed with %v, want %s", err, c.code)
				}
				if helix.IsRetryable(err) != (c.code == helix.CodeTooManyRequests) {
					t.Errorf("%v is retryable: %t", err, helix.IsRetryable(err))
				}
				if n := a.RequestCount("AgentManualDial"); n != 1 {
					t.Errorf("%d dials were sent", n)
				}
				if n := len(a.Calls()); n != c.placed {
					t.Errorf("%d calls were placed, want %d", n, c.placed)
				}
			})
		}
	}
}

func TestADialMayFollowARefusedToken(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*account){
		"expired": func(a *account) { a.ExpireToken() },
		"stolen":  func(a *account) { a.StealToken() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client, seat := a.client(t), a.ready(t)
			if _, err := client.Dispositions(t.Context(), seat); err != nil {
				t.Fatal(err)
			}
			spoil(a)
			ucid, err := client.Dial(t.Context(), seat, patient, ourID)
			if err != nil || ucid == "" {
				t.Fatalf("dial answered %q, %v", ucid, err)
			}
			calls := a.Calls()
			if len(calls) != 1 || calls[0].UUI != string(ourID) || calls[0].UCID != ucid || calls[0].Phone != "9812345678" {
				t.Errorf("placed %+v", calls)
			}
			if got := a.RequestCounts(); got["AgentManualDial"] != 2 || got["generateToken"] != 2 {
				t.Errorf("requests were %v, want two dials and two tokens", got)
			}
		})
	}
}

func TestATokenThatIsRefusedTwiceIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	refusal := emulator.Fault{Endpoint: "AgentManualDial", Kind: emulator.FaultBody, Count: 5, Body: `{"status":"false","message":"Token Expired","data":null}`}
	if err := a.Fail(refusal); err != nil {
		t.Fatal(err)
	}
	_, err := client.Dial(t.Context(), seat, patient, ourID)
	if !helix.IsCode(err, helix.CodeUnavailable) || !helix.IsRetryable(err) {
		t.Errorf("dial failed with %v, want a retryable UPSTREAM_UNAVAILABLE", err)
	}
	if n := a.RequestCount("AgentManualDial"); n != 2 {
		t.Errorf("%d dials were sent, want 2", n)
	}
}

func TestReadsAndCommandsSurviveAFault(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]emulator.Fault{
		"reset":   {Kind: emulator.FaultReset, AfterEffect: true},
		"500":     {Kind: emulator.FaultStatus, AfterEffect: true},
		"garbage": {Kind: emulator.FaultGarbage, AfterEffect: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthAPIKey)
			client, seat := a.client(t), a.seat(0)
			fail := func(endpoint string) {
				f := fault
				f.Endpoint = endpoint
				if err := a.Fail(f); err != nil {
					t.Fatal(err)
				}
			}
			fail("AgentAuthenticationV2")
			if err := client.Login(t.Context(), seat); err != nil {
				t.Errorf("login: %v", err)
			}
			fail("changeAgentState")
			if err := client.SetState(t.Context(), seat, helix.AgentReady, ""); err != nil {
				t.Errorf("state: %v", err)
			}
			fail("abandonCalls")
			if _, err := client.Abandoned(t.Context()); err != nil {
				t.Errorf("abandoned calls: %v", err)
			}
			fail("getAgentLogins")
			got, err := client.AgentStates(t.Context())
			want := []helix.AgentReport{{Agent: seat.Agent, State: helix.AgentReady, At: a.line.Now()}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("agent states: %v\n%s", err, diff)
			}
		})
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account ozonetel.AuthMode
		change  func(*ozonetel.Options)
	}{
		"a wrong key":                     {ozonetel.AuthAPIKey, func(o *ozonetel.Options) { o.APIKey = "KKwrong000000000" }},
		"a wrong key for a token":         {ozonetel.AuthToken, func(o *ozonetel.Options) { o.APIKey = "KKwrong000000000" }},
		"a wrong user":                    {ozonetel.AuthAPIKey, func(o *ozonetel.Options) { o.UserName = "somebody" }},
		"a key for an account of tokens":  {ozonetel.AuthToken, func(o *ozonetel.Options) { o.AuthMode = ozonetel.AuthAPIKey }},
		"a token for an account of a key": {ozonetel.AuthAPIKey, func(o *ozonetel.Options) { o.AuthMode = ozonetel.AuthToken }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, c.account)
			client := a.client(t, c.change)
			seat := a.ready(t)
			for what, err := range map[string]error{
				"state":     client.SetState(t.Context(), seat, helix.AgentReady, ""),
				"abandoned": second(client.Abandoned(t.Context())),
				"dial":      second(client.Dial(t.Context(), seat, patient, ourID)),
			} {
				if !helix.IsCode(err, helix.CodeRejected) || !errors.Is(err, providers.ErrCredentials) || helix.IsRetryable(err) {
					t.Errorf("%s failed with %v, want a refusal of our credentials", what, err)
				}
				if strings.Contains(err.Error(), "KKwrong") {
					t.Errorf("%s: the key is in %q", what, err)
				}
			}
			if client.Health().OK() {
				t.Error("the account counts as healthy")
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestOnlyTheHeaderOfTheModeIsSent(t *testing.T) {
	t.Parallel()
	for mode, want := range map[ozonetel.AuthMode]http.Header{
		ozonetel.AuthToken:  {"Authorization": {"Bearer the-token"}},
		ozonetel.AuthAPIKey: {"Apikey": {"KKkey000000"}},
	} {
		var got http.Header
		var body string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "generateToken") {
				_, _ = w.Write([]byte(`{"token":"the-token","message":"generated before"}`))
				return
			}
			b, _ := io.ReadAll(r.Body)
			got, body = r.Header, r.Method+" "+string(b)
			_, _ = w.Write([]byte(`{"status":"success","message":[]}`))
		}))
		t.Cleanup(server.Close)
		client := newClient(t, nil, func(o *ozonetel.Options) {
			o.BaseURL, o.UserName, o.APIKey, o.AuthMode = server.URL+"/", "demo_account", "KKkey000000", mode
		})
		if _, err := client.Abandoned(t.Context()); err != nil {
			t.Fatal(err)
		}
		credentials := http.Header{}
		for _, name := range []string{"Authorization", "Apikey", "Api_key", "Username"} {
			if v, given := got[name]; given {
				credentials[name] = v
			}
		}
		if diff := cmp.Diff(want, credentials); diff != "" {
			t.Errorf("mode %s sends\n%s", mode, diff)
		}
		if body != `GET {"userName":"demo_account"}` {
			t.Errorf("mode %s asks %s", mode, body)
		}
	}
}

func TestDispositions(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	labels, err := client.Dispositions(t.Context(), seat)
	if err != nil || !slices.Contains(labels, ozonetel.DefaultDisposition) || len(labels) != len(a.Account().Dispositions) {
		t.Fatalf("labels are %v, %v", labels, err)
	}
	a.SetDialPlan(func() emulator.DialPlan { return emulator.DialPlan{Outcome: emulator.HandDriven} })
	ucid, err := client.Dial(t.Context(), seat, patient, ourID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return a.Answer(ucid) },
		func() error { return a.Answer(ucid) },
		func() error { return a.Hangup(ucid, emulator.UserHangup) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	dispose := func(label string, at time.Time) (ozonetel.Disposed, error) {
		return client.Dispose(t.Context(), seat, ozonetel.Disposal{ProviderCallID: ucid, Label: label, Notes: "asked for a report", CallbackAt: at})
	}
	if _, err := dispose("", time.Time{}); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("no label: %v", err)
	}
	if _, err := dispose("Call Back", time.Time{}); !helix.IsCode(err, helix.CodeBadInput) {
		t.Errorf("no time to call back: %v", err)
	}
	got, err := dispose("Asked for a second opinion", time.Time{})
	if diff := cmp.Diff(ozonetel.Disposed{UsedDefault: true}, got); err != nil || diff != "" {
		t.Errorf("an unknown label: %v\n%s", err, diff)
	}
	if call, err := a.Call(ucid); err != nil || call.Disposition != ozonetel.DefaultDisposition || call.Comments != "asked for a report" {
		t.Errorf("the account holds %+v, %v", call, err)
	}
	got, err = dispose("Call Back", morning.Add(26*time.Hour))
	if diff := cmp.Diff(ozonetel.Disposed{Already: true}, got); err != nil || diff != "" {
		t.Errorf("the second time: %v\n%s", err, diff)
	}
}

func TestAgentDetails(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client, seat := a.client(t), a.ready(t)
	a.Advance(90 * time.Second)
	got, err := client.AgentDetails(t.Context(), seat.Agent)
	want := helix.AgentReport{Agent: seat.Agent, State: helix.AgentReady, At: morning}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := client.AgentDetails(t.Context(), "nobody"); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown agent: %v", err)
	}
}

func TestReportsHitTheirLimit(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t)
	for range 5 { // nobody is logged in, which the vendor calls an error
		if got, err := client.AgentStates(t.Context()); err != nil || len(got) != 0 {
			t.Fatalf("states are %v, %v; want none", got, err)
		}
	}
	_, err := client.AgentStates(t.Context())
	if e := helix.AsError(err); e == nil || e.Code != helix.CodeTooManyRequests || e.RetryAfter != time.Minute || !e.Retryable {
		t.Errorf("the sixth request failed with %#v", e)
	}
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t)
	if got, err := client.Subscription(t.Context()); err != nil || got != (ozonetel.Subscription{}) {
		t.Fatalf("before: %v, %v", got, err)
	}
	want := ozonetel.Subscription{CallEvents: "https://gateway.test/calls", AgentEvents: "https://gateway.test/agents"}
	if err := client.Subscribe(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Subscription(t.Context()); err != nil || got != want {
		t.Errorf("after: %v, %v", got, err)
	}
	stranger := a.client(t, func(o *ozonetel.Options) { o.APIKey = "KKwrong000000000" })
	if err := stranger.Subscribe(t.Context(), want); !errors.Is(err, providers.ErrCredentials) {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestAnAccountThatIsNotConfigured(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil, func(*ozonetel.Options) {})
	ctx, seat := t.Context(), helix.AgentSeat{Agent: "agent1"}
	for name, err := range map[string]error{
		"Login":        c.Login(ctx, seat),
		"Logout":       c.Logout(ctx, seat),
		"SetState":     c.SetState(ctx, seat, helix.AgentReady, ""),
		"Dial":         second(c.Dial(ctx, seat, patient, ourID)),
		"Dispose":      second(c.Dispose(ctx, seat, ozonetel.Disposal{ProviderCallID: "1", Label: "x"})),
		"Dispositions": second(c.Dispositions(ctx, seat)),
		"Abandoned":    second(c.Abandoned(ctx)),
		"AgentStates":  second(c.AgentStates(ctx)),
		"AgentDetails": second(c.AgentDetails(ctx, "agent1")),
		"Subscribe":    c.Subscribe(ctx, ozonetel.Subscription{}),
		"Subscription": second(c.Subscription(ctx)),
	} {
		if e := helix.AsError(err); !helix.IsCode(err, helix.CodeNotConfigured) || !strings.Contains(e.Message, "OZONETEL_API_KEY") {
			t.Errorf("%s answers %v", name, err)
		}
	}
	if c.Configured() || !c.Health().OK() {
		t.Errorf("configured %t, health %+v", c.Configured(), c.Health())
	}
	if _, err := c.DecodeCDR("application/json", []byte(`{"monitorUCID":"21799900000000459"}`)); err != nil {
		t.Errorf("a push cannot be decoded: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderOzonetel})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]ozonetel.Options{
		"no client":        {},
		"no host":          {HTTP: kit, BaseURL: "in1-ccaas-api.ozonetel.com"},
		"a query":          {HTTP: kit, SubscriptionURL: "https://x.test/?apiKey=1"},
		"an unknown mode":  {HTTP: kit, AuthMode: "basic"},
		"a malformed host": {HTTP: kit, BaseURL: "https://[::1"},
	} {
		if _, err := ozonetel.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
