package ozonetel

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Subscription is where the account's events are posted to (12.1).
type Subscription struct {
	CallEvents  string // URL; "" when nobody listens
	AgentEvents string
}

// Subscribe makes CloudAgent post its events to two URLs, "" to skip one. The account has one pair: it replaces the
// one before.
func (c *Client) Subscribe(ctx context.Context, s Subscription) error {
	body, err := json.Marshal(map[string]string{"callEventsURL": s.CallEvents, "agentEventsURL": s.AgentEvents})
	if err != nil {
		return helix.Internal("ozonetel.subscribe", err)
	}
	op := providers.Operation{Name: "ozonetel.subscribe", Family: "subscription", Safety: providers.Idempotent, Timeout: controlTimeout}
	return c.subscriptions(ctx, op, http.MethodPost, "/events/subscribe", body, func(text string) error {
		if strings.Contains(strings.ToLower(text), "success") {
			return nil
		}
		return refusalOf(text)
	})
}

// Subscription tells where events are posted to; both URLs are "" when there is no subscription.
func (c *Client) Subscription(ctx context.Context) (Subscription, error) {
	var s Subscription
	op := providers.Operation{Name: "ozonetel.subscription", Family: "subscription", Safety: providers.Safe, Timeout: controlTimeout}
	err := c.subscriptions(ctx, op, http.MethodGet, "/events/subscriptions/list", nil, func(text string) (err error) {
		s, err = readSubscription(text)
		return err
	})
	return s, err
}

// readSubscription reads the list, which is JSON, or a sentence when there is none.
func readSubscription(text string) (Subscription, error) {
	if m, err := readMembers([]byte(text)); err == nil {
		return Subscription{CallEvents: m.text("callEventsURL"), AgentEvents: m.text("agentEventsURL")}, nil
	}
	if strings.Contains(strings.ToLower(text), "exist") {
		return Subscription{}, nil
	}
	return Subscription{}, refusalOf(text)
}

// EventKind names events of the subscription.
type EventKind string

// The kinds of events that can be unsubscribed from.
const (
	CallEvents  EventKind = "call"
	AgentEvents EventKind = "agent"
	AllEvents   EventKind = "both"
)

// Unsubscribe ends the posting of events. An account without a subscription is success.
func (c *Client) Unsubscribe(ctx context.Context, kind EventKind) error {
	body, err := json.Marshal(map[string]string{"eventType": string(kind)})
	if err != nil {
		return helix.Internal("ozonetel.unsubscribe", err)
	}
	op := providers.Operation{Name: "ozonetel.unsubscribe", Family: "subscription", Safety: providers.Idempotent, Timeout: controlTimeout}
	return c.subscriptions(ctx, op, http.MethodPost, "/events/un-subscribe", body, func(text string) error {
		if lower := strings.ToLower(text); strings.Contains(lower, "success") || strings.Contains(lower, "exist") {
			return nil
		}
		return refusalOf(text)
	})
}

// EnsureSubscribed makes the account's subscription the wanted one; without URLs, none. It is meant for the start and
// then every hour, because the account has one pair of URLs that anybody with its key may replace (12.1). changed
// reports whether something else was found.
func (c *Client) EnsureSubscribed(ctx context.Context, wanted Subscription) (changed bool, err error) {
	present, err := c.Subscription(ctx)
	if err != nil || present == wanted {
		return false, err
	}
	// An empty URL in a request skips that kind of events, so it does not end them.
	for _, events := range []struct {
		kind   EventKind
		url    *string
		wanted string
	}{{CallEvents, &present.CallEvents, wanted.CallEvents}, {AgentEvents, &present.AgentEvents, wanted.AgentEvents}} {
		if events.wanted == "" && *events.url != "" {
			if err := c.Unsubscribe(ctx, events.kind); err != nil {
				return false, err
			}
			*events.url = ""
		}
	}
	if present != wanted {
		err = c.Subscribe(ctx, wanted)
	}
	return err == nil, err
}

// subscriptions asks the subscription host, which has credentials and answers of its own kind: plain text.
func (c *Client) subscriptions(ctx context.Context, op providers.Operation, method, path string, body []byte, read func(string) error) error {
	if err := c.configured(); err != nil {
		return err
	}
	return c.http.Do(ctx, op, providers.Request{
		Method: method, URL: c.subscription + path, Body: body,
		Header: http.Header{"Content-Type": {"application/json"}, "api_key": {c.apiKey}, "username": {c.userName}},
	}, func(r providers.Response) error {
		if !r.OK() {
			return c.http.Refused(op, r)
		}
		text := strings.TrimSpace(string(r.Body))
		if text == "" || strings.HasPrefix(text, "<") {
			return errors.New("the answer is not text")
		}
		return read(text)
	})
}
