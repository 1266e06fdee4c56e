package knowlarity

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// dialTimeout bounds a dial: the provider answers when the call is accepted, not when it rings.
const dialTimeout = 30 * time.Second

// Dial asks Knowlarity to ring the patient. It answers when the dial is accepted; callbacks and the call log tell the
// rest. providerCallID is "" when the answer holds none, which for a campaign is always so: the call is then known by the
// patient's number. It may stand beside UNKNOWN_OUTCOME, when the answer named a call but did not say that it was placed.
//
// Errors: UPSTREAM_REJECTED, TOO_MANY_REQUESTS and UPSTREAM_UNAVAILABLE when it is proven that nothing was placed, and
// Retryable where the same dial may succeed later; UNKNOWN_OUTCOME when a call may have been placed: it must not be
// repeated blindly.
func (c *Client) Dial(ctx context.Context, r helix.DialRequest) (providerCallID string, err error) {
	if err := c.configured(); err != nil {
		return "", err
	}
	if r.To == "" {
		return "", helix.BadInput("a number to dial is needed")
	}
	path, body := c.dialBody(r)
	raw, err := json.Marshal(body)
	if err != nil {
		return "", helix.BadInput("the call's metadata cannot be written as JSON")
	}
	op := providers.Operation{Name: "knowlarity.dial", Family: "dial", Safety: providers.Once, Timeout: dialTimeout}
	err = c.http.Do(ctx, op, providers.Request{Method: http.MethodPost, URL: c.root + path, Header: c.header(), Body: raw},
		func(answer providers.Response) (err error) {
			providerCallID, err = c.placed(op, answer, privateTexts(r))
			return err
		})
	return providerCallID, err
}

// dialBody writes a dial in the way that is configured.
func (c *Client) dialBody(r helix.DialRequest) (path string, body map[string]any) {
	switch c.o.Strategy {
	case StrategyMakeCall:
		path, body = "account/call/makecall", map[string]any{
			"agent_number": c.agent, "customer_number": r.To,
			// No limit of the call's length: nobody says in which unit the provider counts it (2.1).
			"additional_params": map[string]any{"call_session_id": r.Call, "attempt": r.Attempt},
		}
	case StrategyCampaign:
		path, body = "account/call/campaign", c.campaign(r)
	default:
		path, body = c.o.FlowPath, map[string]any{"customer_number": r.To, "ivr_flow": c.flow(r)}
	}
	body["k_number"] = c.number
	if c.caller != "" {
		body["caller_id"] = c.caller
	}
	return path, body
}

// How a campaign of one call is timed. The provider counts in minutes and starts an order that lies ahead.
const (
	campaignLead   = 30 * time.Second
	campaignWindow = 10 * time.Minute // afterwards the order is void: a patient is not rung hours after we gave him up
	campaignLayout = "2006-01-02 15:04"
)

// campaign orders one call into an IVR (2.3). Repeating is ours, so the provider is told not to.
func (c *Client) campaign(r helix.DialRequest) map[string]any {
	start := c.now().In(india).Add(campaignLead + time.Minute - time.Nanosecond).Truncate(time.Minute)
	return map[string]any{
		"ivr_id": c.o.IVRID, "additional_number": r.To,
		"timezone": "Asia/Kolkata", "start_time": start.Format(campaignLayout), "end_time": start.Add(campaignWindow).Format(campaignLayout),
		"priority": "1", "order_throttling": "1", "max_retry": "0", "retry_duration": "15",
		"is_transactional": "True", "is_promotional": "False",
	}
}
