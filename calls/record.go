package calls

import (
	"fmt"
	"math"
	"time"

	helix "github.com/helix-engage/gateway"
)

// callRecord is what FortyTwo's call object shows of a call that is over: absolute values of the fields that we own
// (fortytwo-model.md). What an agent adds with the disposition is the desk's own write, in the same lane.
func callRecord(c helix.Call) helix.RecordWrite {
	fields := map[string]any{
		"name":            callName(c),
		"callStatus":      callStatus(c),
		"direction":       string(c.Direction),
		"startedAt":       c.StartedAt.UTC().Format(time.RFC3339Nano),
		"durationSeconds": math.Round(c.Total.Seconds()),
	}
	set := func(field, value string) {
		if value != "" {
			fields[field] = value
		}
	}
	set("providerCallId", c.ProviderCallID)
	set("agentName", c.AgentName)
	set("callerNumber", string(c.Phone))
	set("callsourcenumber", c.DID)
	if !c.EndedAt.IsZero() {
		fields["endedAt"] = c.EndedAt.UTC().Format(time.RFC3339Nano)
	}
	return helix.RecordWrite{
		ID:   fmt.Sprintf("%s.%d", c.ID, c.Sequence),
		Lane: string(c.ID), Object: helix.ObjectCall, Record: string(c.ID), Fields: fields,
	}
}

func callName(c helix.Call) string {
	switch {
	case c.Missed:
		return "Missed call"
	case c.Direction == helix.Outbound:
		return "Outgoing call"
	default:
		return "Incoming call"
	}
}

// callStatus says in FortyTwo's words how the call went.
func callStatus(c helix.Call) string {
	switch {
	case c.Failure != nil:
		return "FAILED"
	case c.Missed:
		return "MISSED"
	case c.Answered():
		return "COMPLETED"
	case c.Direction == helix.Outbound:
		return "FAILED"
	default:
		return "MISSED"
	}
}
