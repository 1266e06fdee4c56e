package ozonetel

import (
	"context"
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Dial asks CloudAgent to ring the agent and then the patient (5.1). It answers when the dial is accepted, not when
// anything rings; events tell the rest. uui comes back with the call's record. ucid is the provider's id of the call,
// or "" when the answer holds none.
//
// Errors: AGENT_BUSY when the agent is not ready, logged out included, for the vendor does not tell these apart;
// UNKNOWN_OUTCOME when a call may have been placed: then it must not be repeated blindly.
func (c *Client) Dial(ctx context.Context, seat helix.AgentSeat, phone helix.Phone, uui helix.CallID) (ucid string, err error) {
	if phone == "" {
		return "", helix.BadInput("a number to dial is needed")
	}
	err = c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.dial", Family: "dial", Safety: providers.Once, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/AgentManualDial",
		fields: map[string]any{
			"agentID": string(seat.Agent), "campaignName": seat.Campaign, "customerNumber": customerNumber(phone),
			"UCID": "true", "uui": string(uui),
		},
		expect: expectation{read: func(a answer) error {
			ucid = a.members.text("ucid")
			return nil
		}},
	})
	return ucid, err
}

// customerNumber writes a number as an Indian account dials it: ten digits for India, E.164 for the world.
func customerNumber(p helix.Phone) string {
	if strings.HasPrefix(string(p), "+91") {
		return p.Last10()
	}
	return string(p)
}
