package ozonetel_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

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

func agentDays(_ []ozonetel.AgentDay, _ time.Time, err error) error { return err }

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
		"Control":      c.Control(ctx, seat, helix.Call{ProviderCallID: "1"}, helix.ControlHold, ""),
		"SetRecording": c.SetRecording(ctx, "1", true),
		"CallRecords":  second(c.CallRecords(ctx, morning)),
		"CallRecord":   second(c.CallRecord(ctx, morning, "1")),
		"AgentDays":    agentDays(c.AgentDays(ctx, morning)),
		"AgentAHT":     second(c.AgentAHT(ctx, "agent1")),
		"CampaignAHT":  second(c.CampaignAHT(ctx, "Main")),
		"Campaign":     second(c.CampaignStatus(ctx, "Main")),
		"SetCampaign":  c.SetCampaign(ctx, "Main", true),
		"Subscribe":    c.Subscribe(ctx, ozonetel.Subscription{}),
		"Unsubscribe":  c.Unsubscribe(ctx, ozonetel.AllEvents),
		"Ensure":       second(c.EnsureSubscribed(ctx, ozonetel.Subscription{})),
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
