package ozonetel

import (
	"strings"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
)

// direction reads a call's type, whose casing varies (9). The dialling modes are outbound, IVR types come from a caller.
// An unknown type is "".
func direction(kind string) helix.Direction {
	kind = strings.ToLower(kind)
	switch {
	case strings.Contains(kind, "inbound"), strings.Contains(kind, "ivr"):
		return helix.Inbound
	case strings.Contains(kind, "outbound"):
		return helix.Outbound
	}
	switch kind {
	case "manual", "progressive", "preview", "predictive":
		return helix.Outbound
	}
	return ""
}

// endReason reads who hung up (12.3). For a dial that nobody answered the vendor names whichever side gave up first,
// which is not why it ended.
func endReason(hangupBy string, d helix.Direction, answered bool) helix.EndReason {
	hangupBy = strings.ToLower(hangupBy)
	switch {
	case d == helix.Outbound && !answered:
		return helix.EndNotAnswered
	case strings.HasPrefix(hangupBy, "user"), strings.HasPrefix(hangupBy, "customer"):
		return helix.EndPatientHungUp
	case strings.HasPrefix(hangupBy, "agent"):
		return helix.EndAgentHungUp
	case !answered:
		return helix.EndNotAnswered
	default:
		return helix.EndOther
	}
}

// lastLeg gives the last of the agents that a transferred call lists with "->" (9).
func lastLeg(s string) string {
	if i := strings.LastIndex(s, "->"); i >= 0 {
		s = s[i+2:]
	}
	return strings.TrimSpace(s)
}

// ourCall reads the `uui` that we sent along with a dial. Other calls carry a skill or free text there (12.3).
func ourCall(uui string) helix.CallID {
	if len(uui) != 36 {
		return ""
	}
	id, err := uuid.Parse(uui)
	if err != nil {
		return ""
	}
	return helix.CallID(id.String())
}
