package elevenlabs_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

// workspace answers the list of conversations, and the request for an address.
func workspace(list, address http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/convai/conversations" {
			list(w, r)
			return
		}
		address(w, r)
	}
}

func TestACheckAsksForTheListAndForAnAddressOfTheAgent(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][]string{
		"agent_1": {"/v1/convai/conversations?agent_id=agent_1&page_size=1", "/v1/convai/conversation/get-signed-url?agent_id=agent_1"},
		"":        {"/v1/convai/conversations?page_size=1"},
	} {
		p := newPeer(t, workspace(says(200, `{"conversations":[],"has_more":false}`), says(200, `{"signed_url":"`+signed+`"}`)))
		if err := newClient(t, func(o *elevenlabs.Options) { o.BaseURL, o.AgentID = p.URL, agent }).Check(t.Context()); err != nil {
			t.Error(err)
		}
		var asked []string
		for _, r := range p.requests() {
			asked = append(asked, r.URL.RequestURI())
		}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	}
}

func TestACheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	fine := says(200, `{"conversations":[{}]}`)
	for name, test := range map[string]struct {
		list, address http.HandlerFunc
		code          helix.Code
		credentials   bool
		words         string
	}{
		"a key that is not taken": {says(401, `{"detail":{"status":"invalid_api_key"}}`), nil, helix.CodeRejected, true, "credentials"},
		"a page":                  {says(200, `<html>`), nil, helix.CodeUnavailable, false, "no list"},
		"another answer":          {says(200, `{"conversations":{}}`), nil, helix.CodeUnavailable, false, "no list"},
		"no list":                 {says(200, `{}`), nil, helix.CodeUnavailable, false, "no list"},
		"no such agent":           {fine, says(404, `{"detail":{"status":"agent_not_found"}}`), helix.CodeNotFound, false, "voice agent"},
		"no permission to talk":   {fine, says(403, `{"detail":{"status":"missing_permissions"}}`), helix.CodeRejected, true, "permission"},
		"an address that is none": {fine, says(200, `{}`), helix.CodeUnavailable, false, "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, workspace(test.list, test.address))
			err := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL }).Check(t.Context())
			if !helix.IsCode(err, test.code) || errors.Is(err, providers.ErrCredentials) != test.credentials {
				t.Fatalf("error is %v", err)
			}
			if text := err.Error(); !strings.Contains(text, test.words) || strings.Contains(text, apiKey) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if err := newClient(t, func(o *elevenlabs.Options) { o.APIKey = "" }).Check(t.Context()); !helix.IsCode(err, helix.CodeNotConfigured) {
		t.Errorf("without a key: %v", err)
	}
}
