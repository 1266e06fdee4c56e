package helix

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Record is what FortyTwo's call object shows of the call: absolute values of the fields that we own
// (fortytwo-model.md), under the call's own id. What an agent or the missed-call queue adds is a write of its own, in
// the same lane.
func (c Call) Record() RecordWrite {
	fields := map[string]any{
		"name":            callName(c),
		"callStatus":      callStatus(c),
		"direction":       string(c.Direction),
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
	set("callsourcenumber", internationalDID(c.DID))
	if c.Disposition != nil {
		set("disposition", c.Disposition.Label)
		set("notes", c.Disposition.Notes)
	}
	setTime := func(field string, t time.Time) {
		if !t.IsZero() {
			fields[field] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	setTime("startedAt", c.StartedAt)
	setTime("endedAt", c.EndedAt)
	return RecordWrite{
		ID:   fmt.Sprintf("%s.%d", c.ID, c.Sequence),
		Lane: string(c.ID), Object: ObjectCall, Record: string(c.ID), Fields: fields,
	}
}

func callName(c Call) string {
	switch {
	case c.Missed:
		return "Missed call"
	case c.Direction == Outbound:
		return "Outgoing call"
	default:
		return "Incoming call"
	}
}

// callStatus says in FortyTwo's words how the call went.
func callStatus(c Call) string {
	switch {
	case c.Failure != nil:
		return "FAILED"
	case c.Missed:
		return "MISSED"
	case c.Answered() && c.Open():
		return "ANSWERED"
	case c.Answered():
		return "COMPLETED"
	case c.Open():
		return "RINGING"
	case c.Direction == Outbound:
		return "FAILED"
	default:
		return "MISSED"
	}
}

// internationalDID gives a provider's "91" and ten digits the "+" that FortyTwo's field carries; other forms stay.
func internationalDID(did string) string {
	if len(did) == 12 && strings.HasPrefix(did, "91") {
		return "+" + did
	}
	return did
}
