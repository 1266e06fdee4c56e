package ozonetel

import (
	"context"
	"net/http"
	"net/url"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// controlSafety lists the actions. One that rings or drops a party does harm when repeated.
var controlSafety = map[helix.ControlAction]providers.Safety{
	helix.ControlConference: providers.Once, helix.ControlKick: providers.Once,
	helix.ControlHold: providers.Idempotent, helix.ControlUnhold: providers.Idempotent,
	helix.ControlMute: providers.Idempotent, helix.ControlUnmute: providers.Idempotent,
}

// Control acts on a call of the seat's agent (6). number is whom to ring for CONFERENCE and whom to drop for KICK_CALL,
// where "" is the agent himself; other actions are about the patient and ignore it. CONFERENCE answers when the number
// is being dialled, not when it joins.
//
// Errors: BAD_USER_INPUT for an unknown action, or a number that is missing or no number for a conference; NOT_FOUND
// when the call is not up; UNKNOWN_OUTCOME when a party may have been rung or dropped.
func (c *Client) Control(ctx context.Context, seat helix.AgentSeat, call helix.Call, action helix.ControlAction, number helix.Phone) error {
	safety, known := controlSafety[action]
	switch {
	case !known:
		return helix.BadInput("a call can be put on hold, muted, made a conference or left")
	case action == helix.ControlConference && number == "":
		return helix.BadInput("a conference needs a number")
	case call.ProviderCallID == "":
		return helix.NotFound("call")
	}
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	phoneName, err := c.phoneName(ctx, seat.SIPExtension)
	if err != nil {
		return err
	}
	did := call.DID
	if did == "" {
		did = seat.DID
	}
	fields := map[string]any{"action": string(action), "ucid": call.ProviderCallID, "did": did, "agentPhoneName": phoneName}
	if party := controlParty(seat, call, action, number); party != "" {
		fields["conferenceNumber"] = party
	}
	return c.send(ctx, command{
		op:     providers.Operation{Name: "ozonetel.control", Family: "control", Safety: safety, Timeout: controlTimeout},
		method: http.MethodPost, path: "/ca_apis/CallControl_V4", fields: fields,
	})
}

// controlParty is the number that an action names; the vendor marks it mandatory for every action. A withheld caller
// has none, and integrators leave it out for what concerns nobody else (6).
func controlParty(seat helix.AgentSeat, call helix.Call, action helix.ControlAction, number helix.Phone) string {
	switch {
	case action == helix.ControlConference, action == helix.ControlKick && number != "":
		return number.Conference()
	case action == helix.ControlKick:
		return seat.SIPExtension
	default:
		return call.Phone.Conference()
	}
}

// SetRecording pauses or resumes the recording of a call that is up (7). It may be repeated. Errors: NOT_FOUND for a
// call that the account does not have.
//
// The credentials travel in the query whatever the account's mode. The status that counts is the one inside the text.
func (c *Client) SetRecording(ctx context.Context, providerCallID string, paused bool) error {
	if err := c.configured(); err != nil {
		return err
	}
	if providerCallID == "" {
		return helix.NotFound("call")
	}
	action := "unPause"
	if paused {
		action = "pause"
	}
	query := url.Values{"userName": {c.userName}, "apiKey": {c.apiKey}, "action": {action}, "ucid": {providerCallID}}
	op := providers.Operation{Name: "ozonetel.set_recording", Family: "recording", Safety: providers.Idempotent, Timeout: controlTimeout}
	return c.http.Do(ctx, op, providers.Request{
		Method: http.MethodGet, URL: c.base + "/CAServices/Call/Record.php?" + query.Encode(),
		Header: http.Header{"Accept": {"application/json"}},
	}, func(r providers.Response) error { return c.judge(op, r, expectation{}) })
}
