package knowlarity_test

import (
	"errors"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/knowlarity"
)

func TestACheckReadsALittleOfTheCallLogAndNothingElse(t *testing.T) {
	t.Parallel()
	a := newAccount(t, knowlarity.StrategyFlow)
	if err := a.client.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for endpoint, n := range a.RequestCounts() {
		if want := map[string]int{"calllog": 1}[endpoint]; n != want {
			t.Errorf("%d requests to %s, not %d", n, endpoint, want)
		}
	}
	p := newPeer(t, says(200, `{"meta":{"total_count":"9000"},"objects":[{"uuid":"`+theirID+`"}]}`))
	c := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL })
	if err := c.Check(t.Context()); err != nil || len(p.requests()) != 1 {
		t.Errorf("%v after %d requests, where there is more to read", err, len(p.requests()))
	}
}

func TestACheckSaysWhetherTheCredentialsAreTaken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status      int
		body        string
		code        helix.Code
		credentials bool
	}{
		"a key that is not taken":       {403, `{"message":"Forbidden"}`, helix.CodeRejected, true},
		"another key that is not taken": {401, `{"message":"Unauthorized"}`, helix.CodeRejected, true},
		"a throttle":                    {403, `{"message":"Limit Exceeded"}`, helix.CodeTooManyRequests, false},
		"a page":                        {200, `<html>`, helix.CodeUnavailable, false},
		"a refusal":                     {200, `{"error":{"message":"not allowed"}}`, helix.CodeRejected, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, says(test.status, test.body))
			err := newClient(t, func(o *knowlarity.Options) { o.BaseURL = p.URL }).Check(t.Context())
			if !helix.IsCode(err, test.code) || errors.Is(err, providers.ErrCredentials) != test.credentials || strings.Contains(err.Error(), apiKey) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if err := newClient(t, func(o *knowlarity.Options) { o.APIKey = "" }).Check(t.Context()); !helix.IsCode(err, helix.CodeNotConfigured) {
		t.Errorf("without a key: %v", err)
	}
}
