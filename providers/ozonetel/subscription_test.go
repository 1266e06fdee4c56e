package ozonetel_test

import (
	"errors"
	"strings"
	"testing"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

var wanted = ozonetel.Subscription{CallEvents: "https://gateway.test/calls", AgentEvents: "https://gateway.test/agents"}

func TestSubscription(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.AuthToken)
	client := a.client(t)
	if got, err := client.Subscription(t.Context()); err != nil || got != (ozonetel.Subscription{}) {
		t.Fatalf("before: %v, %v", got, err)
	}
	if err := client.Subscribe(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Subscription(t.Context()); err != nil || got != wanted {
		t.Errorf("after: %v, %v", got, err)
	}
	for _, step := range []struct {
		end  ozonetel.EventKind
		left ozonetel.Subscription
	}{
		{ozonetel.CallEvents, ozonetel.Subscription{AgentEvents: wanted.AgentEvents}},
		{ozonetel.AllEvents, ozonetel.Subscription{}},
		{ozonetel.AllEvents, ozonetel.Subscription{}}, // none is left, which is fine
	} {
		if err := client.Unsubscribe(t.Context(), step.end); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Subscription(t.Context()); err != nil || got != step.left {
			t.Errorf("without %s: %v, %v; want %v", step.end, got, err, step.left)
		}
	}
	stranger := a.client(t, func(o *ozonetel.Options) { o.APIKey = "KKwrong000000000" })
	for name, err := range map[string]error{
		"subscribe":   stranger.Subscribe(t.Context(), wanted),
		"unsubscribe": stranger.Unsubscribe(t.Context(), ozonetel.AllEvents),
		"ensure":      second(stranger.EnsureSubscribed(t.Context(), wanted)),
	} {
		if !errors.Is(err, providers.ErrCredentials) {
			t.Errorf("%s with a wrong key: %v", name, err)
		}
	}
}

func TestEnsureSubscribed(t *testing.T) {
	t.Parallel()
	onlyCalls := ozonetel.Subscription{CallEvents: wanted.CallEvents}
	for name, c := range map[string]struct {
		present, wanted ozonetel.Subscription
		changed         bool
	}{
		"none yet":                    {ozonetel.Subscription{}, wanted, true},
		"as it should be":             {wanted, wanted, false},
		"taken by another system":     {ozonetel.Subscription{CallEvents: "https://other.test/", AgentEvents: "https://other.test/"}, wanted, true},
		"one is missing":              {onlyCalls, wanted, true},
		"one is too many":             {wanted, onlyCalls, true},
		"one is too many, one wrong":  {wanted, ozonetel.Subscription{AgentEvents: "https://gateway.test/new"}, true},
		"none is wanted":              {wanted, ozonetel.Subscription{}, true},
		"none is wanted, none exists": {ozonetel.Subscription{}, ozonetel.Subscription{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.AuthToken)
			client := a.client(t)
			if err := client.Subscribe(t.Context(), c.present); err != nil {
				t.Fatal(err)
			}
			for i, changed := range []bool{c.changed, false} {
				if got, err := client.EnsureSubscribed(t.Context(), c.wanted); err != nil || got != changed {
					t.Errorf("time %d changed: %t, %v; want %t", i+1, got, err, changed)
				}
			}
			if got, err := client.Subscription(t.Context()); err != nil || got != c.wanted {
				t.Errorf("the subscription is %v, %v; want %v", got, err, c.wanted)
			}
		})
	}
}

func TestAnAddressWithASecretIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]string{"/events/subscribe": "Invalid URL https://gateway.test/calls/s3cret-path"})
	err := s.client(t).Subscribe(t.Context(), wanted)
	if !helix.IsCode(err, helix.CodeRejected) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("failed with %v", err)
	}
}
