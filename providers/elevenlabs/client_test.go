package elevenlabs_test

import (
	"errors"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

const signed = "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=agent_1&conversation_signature=s3cr3t"

func TestTheAddressOfAConversationIsSigned(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{"": "agent_1", "agent 2": "agent 2"} {
		p := newPeer(t, says(200, `{"signed_url":"`+signed+`","more":1}`))
		client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL + "/" })
		got, header, err := client.Address(t.Context(), agent)
		if err != nil || got != signed || header == nil || len(header) != 0 {
			t.Errorf("address is %q, %v, %v", got, header, err)
		}
		asked := p.requests()[0]
		if asked.URL.Path != "/v1/convai/conversation/get-signed-url" || asked.URL.Query().Get("agent_id") != want || asked.Header.Get("Xi-Api-Key") != apiKey {
			t.Errorf("asked for %s with %v", asked.URL, asked.Header)
		}
	}
}

func TestAnAddressThatIsNoSocketIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a page":          `{"signed_url":"https://x.example/s3cr3t"}`,
		"no host":         `{"signed_url":"wss:///s3cr3t"}`,
		"nothing":         `{}`,
		"another type":    `{"signed_url":7}`,
		"no JSON":         `s3cr3t`,
		"a very long one": `{"signed_url":"wss://x.example/` + strings.Repeat("s3cr3t", 1000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, says(200, body))
			client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL })
			got, _, err := client.Address(t.Context(), "")
			if !helix.IsCode(err, helix.CodeUnavailable) || got != "" || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("address is %q, %v", got, err)
			}
		})
	}
}

func TestRefusalsAreCoded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status      int
		body        string
		code        helix.Code
		retryable   bool
		credentials bool
	}{
		"a bad key":                        {401, `{"detail":{"status":"invalid_api_key","message":"API key sk_00000000000000000000000000000000beef"}}`, helix.CodeRejected, false, true},
		"a 401 in no words":                {401, ``, helix.CodeRejected, false, true},
		"a plan that is used up":           {401, `{"detail":{"status":"quota_exceeded","message":"x"}}`, helix.CodeRejected, false, false},
		"a key that may not":               {403, `{"detail":{"status":"missing_permissions"}}`, helix.CodeRejected, false, true},
		"a plan that is full":              {429, `{"detail":{"status":"too_many_concurrent_requests"}}`, helix.CodeTooManyRequests, true, false},
		"a plan that is full by a 400":     {400, `{"detail":{"status":"too_many_concurrent_requests"}}`, helix.CodeTooManyRequests, true, false},
		"a busy system":                    {429, `{"detail":{"status":"system_busy"}}`, helix.CodeTooManyRequests, true, false},
		"a busy system by a 400":           {400, `{"detail":{"type":"error","code":"system_busy"}}`, helix.CodeUnavailable, true, false},
		"a conversation that is not there": {404, `{"detail":{"status":"document_not_found"}}`, helix.CodeNotFound, false, false},
		"a 404 in no words":                {404, `not found`, helix.CodeNotFound, false, false},
		"a string":                         {400, `{"detail":"Agent Rahul not enabled"}`, helix.CodeRejected, false, false},
		"a string that is a word":          {400, `{"detail":"quota_exceeded"}`, helix.CodeRejected, false, false},
		"a list of faults":                 {422, `{"detail":[{"loc":["query","agent_id"],"msg":"Rahul","type":"value_error"},7]}`, helix.CodeRejected, false, false},
		"a detail of another type":         {400, `{"detail":7}`, helix.CodeRejected, false, false},
		"a status of another type":         {400, `{"detail":{"status":{"a":1}}}`, helix.CodeRejected, false, false},
		"a fault of the server":            {500, `{"detail":"Rahul"}`, helix.CodeUnavailable, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, says(c.status, c.body))
			client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL })
			_, err := client.Conversation(t.Context(), "conv_1")
			if !helix.IsCode(err, c.code) || helix.IsRetryable(err) != c.retryable || errors.Is(err, providers.ErrCredentials) != c.credentials {
				t.Fatalf("error is %v, retryable %t", err, helix.IsRetryable(err))
			}
			if helix.AsError(err).Message == "" {
				t.Error("there are no words for the user")
			}
			for _, secret := range []string{apiKey, "Rahul", p.URL} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
		})
	}
}

func TestAWorkspaceWithoutKeySaysWhatToSet(t *testing.T) {
	t.Parallel()
	client := newClient(t, func(o *elevenlabs.Options) { o.APIKey = "" })
	_, _, addressErr := client.Address(t.Context(), "a")
	_, oneErr := client.Conversation(t.Context(), "c")
	_, _, agentErr := newClient(t, func(o *elevenlabs.Options) { o.AgentID = "" }).Address(t.Context(), "")
	for _, c := range []struct {
		err error
		fix string
	}{
		{addressErr, "ELEVENLABS_API_KEY"},
		{oneErr, "ELEVENLABS_API_KEY"},
		{agentErr, "ELEVENLABS_AGENT_ID"},
	} {
		if !helix.IsCode(c.err, helix.CodeNotConfigured) || !strings.Contains(c.err.Error(), c.fix) {
			t.Errorf("error is %v, want one that names %s", c.err, c.fix)
		}
	}
	if client.Configured() {
		t.Error("it counts as configured")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderElevenLabs})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]elevenlabs.Options{
		"no HTTP client": {}, "no host": {HTTP: kit, BaseURL: "api"}, "a query": {HTTP: kit, BaseURL: "https://api.example?k=1"},
	} {
		if _, err := elevenlabs.New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := elevenlabs.New(elevenlabs.Options{HTTP: kit, BaseURL: "https://api.in.residency.elevenlabs.io"}); err != nil {
		t.Error(err)
	}
}
