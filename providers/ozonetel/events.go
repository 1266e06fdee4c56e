package ozonetel

import (
	"errors"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/phone"
)

// callActions are the actions of call events (12.2). Others, which the vendor may add, tell nothing.
var callActions = map[string]helix.ReportKind{
	"calling": helix.ReportOffered, "answered": helix.ReportAnswered, "disconnect": helix.ReportEnded,
}

// DecodeEvents reads a push of the event subscription: call and agent events, one or many (12.2). A push of which
// nothing is an event that we know is BAD_USER_INPUT; single strangers in a batch are left out.
func (c *Client) DecodeEvents(contentType string, body []byte) (helix.ProviderReports, error) {
	docs, err := readPush(contentType, body)
	if err != nil {
		return helix.ProviderReports{}, badPush(err)
	}
	var reports helix.ProviderReports
	known := false
	for _, doc := range docs {
		for _, f := range flatten(doc) {
			known = c.decodeEvent(f, &reports) || known
		}
	}
	if !known {
		return helix.ProviderReports{}, badPush(errors.New("no event that we know"))
	}
	return reports, nil
}

// decodeEvent adds what an event says. It is false for what is no event, or one about nothing.
func (c *Client) decodeEvent(f fields, into *helix.ProviderReports) bool {
	action := strings.ToLower(f.get("action"))
	kind, isCall := callActions[action]
	call, leg := f.get("monitor_ucid"), f.get("ucid")
	agent := helix.AgentID(lastLeg(f.get("agent_id")))
	switch {
	case action == "":
		return false
	case eventType(f, isCall && call+leg != "") == "call":
		if call+leg == "" {
			return false
		}
		if isCall {
			into.Calls = append(into.Calls, c.callEvent(f, kind, call, leg, agent))
		}
		return true
	case agent == "":
		return false
	default:
		report := agentReport(agent, action, c.eventTime(f))
		if reason := f.get("pause_reason", "reason"); reason != "" && report.State == helix.AgentPaused {
			report.Reason = reason
		}
		into.Agents = append(into.Agents, report)
		return true
	}
}

// eventType is "call" or "agent"; without one in the push the action decides.
func eventType(f fields, looksLikeCall bool) string {
	switch t := strings.ToLower(f.get("eventtype")); {
	case strings.HasPrefix(t, "call"):
		return "call"
	case strings.HasPrefix(t, "agent"), !looksLikeCall:
		return "agent"
	default:
		return "call"
	}
}

func (c *Client) callEvent(f fields, kind helix.ReportKind, call, leg string, agent helix.AgentID) helix.CallReport {
	if call == "" {
		call = leg
	}
	r := helix.CallReport{
		Kind: kind, Provider: helix.ProviderOzonetel, ProviderCallID: call, LegID: leg, OurCall: ourCall(f.get("uui")),
		Direction: direction(f.get("call_type", "type")), Phone: phone.FromProvider(f.get("caller_id")),
		DID: f.get("did"), Campaign: f.get("campaign_name", "campaign"),
		Agent: agent, AgentName: lastLeg(f.get("agent_name")), At: c.eventTime(f),
	}
	if by := f.get("hangup_by"); by != "" && kind == helix.ReportEnded {
		r.EndReason = endReason(by, r.Direction, true)
	}
	return r
}

// eventTime is when the event happened, else when it was sent, else now: pushes are decoded soon after they come.
func (c *Client) eventTime(f fields) time.Time {
	for _, text := range []string{f.exact["event_time"], f.get("eventtime")} {
		if t, ok := c.localTime(text); ok {
			return t
		}
	}
	return c.now().UTC()
}
