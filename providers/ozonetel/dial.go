package ozonetel

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

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

// DialPhone rings one of the account's phones and then the patient, whether or not an agent is logged in there (5.2).
// phoneName is the phone's label; limit, in whole seconds, ends the talk, zero never does. A phone that is in use is
// refused. Nobody is in after-call work afterwards, and there are no call events: the call's record alone tells of it.
//
// Errors: BAD_USER_INPUT without a number or a phone; UNKNOWN_OUTCOME when a call may have been placed.
func (c *Client) DialPhone(
	ctx context.Context, seat helix.AgentSeat, phoneName string, phone helix.Phone, uui helix.CallID, limit time.Duration,
) (ucid string, err error) {
	if phone == "" || phoneName == "" {
		return "", helix.BadInput("a phone to dial from and a number to dial are needed")
	}
	fields := map[string]any{
		"custNumber": customerNumber(phone), "phoneName": phoneName, "did": seat.DID, "campaignName": seat.Campaign,
		"uui": string(uui), "checkStatus": "true",
	}
	if limit > 0 {
		fields["callLimit"] = strconv.Itoa(int(limit.Seconds()))
	}
	err = c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.dial_phone", Family: "dial", Safety: providers.Once, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/PhoneManualDial", fields: fields,
		expect: expectation{read: func(a answer) error {
			ucid = a.text // of all places (5.2)
			return nil
		}},
	})
	return ucid, err
}
