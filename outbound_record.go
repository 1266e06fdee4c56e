package helix

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// maxTranscriptText bounds the transcript within one record, in bytes of JSON; a command must fit into the outbox.
const maxTranscriptText = 128 << 10

// Record is what FortyTwo's call object shows of an outbound AI call that is over: absolute values, under the call's
// own id. Results that come later make another record of the same id. The patient is named only when the CRM's id of
// him can be a record of FortyTwo.
func (c *OutboundCall) Record() RecordWrite {
	status := "FAILED"
	if c.State == OutboundCompleted {
		status = "COMPLETED"
	}
	fields := map[string]any{
		"name": "AI call", "callStatus": status, "direction": string(Outbound), "callerNumber": string(c.Request.Patient.Phone),
		"durationSeconds": math.Round(c.TalkedFor.Seconds()), "disposition": string(c.EndReason),
	}
	set := func(field, value string) {
		if value != "" {
			fields[field] = value
		}
	}
	setTime := func(field string, t time.Time) {
		if !t.IsZero() {
			fields[field] = t.UTC().Format(time.RFC3339Nano)
		}
	}
	setTime("startedAt", c.CreatedAt)
	if a := c.Attempt(); a != nil {
		set("providerCallId", a.ProviderCallID)
		setTime("startedAt", a.StartedAt)
	}
	setTime("endedAt", c.EndedAt)
	set("transcript", transcriptText(c.Transcript))
	set("summary", c.Summary)
	if len(c.Collected) > 0 {
		collected := make(map[string]json.RawMessage, len(c.Collected))
		for _, item := range c.Collected {
			collected[item.Key] = item.Value
		}
		fields["collecteddata"] = collected
	}
	if id := strings.ToLower(c.Request.Patient.ID); isRecordID(id) {
		fields["patientId"] = id
	}
	return RecordWrite{
		ID:   fmt.Sprintf("%s.ai.%d", c.ID, c.Revision),
		Lane: string(c.ID), Object: ObjectCall, Record: string(c.ID), Fields: fields,
	}
}

func transcriptText(lines []TranscriptLine) string {
	var text strings.Builder
	size := 0
	for _, l := range lines {
		line := "Patient: " + l.Text + "\n"
		if l.Role == RoleVoiceAgent {
			line = "Agent: " + l.Text + "\n"
		}
		encoded, err := json.Marshal(line)
		if size += len(encoded); err != nil || size > maxTranscriptText {
			text.WriteString("…")
			break
		}
		text.WriteString(line)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// isRecordID reports whether FortyTwo takes an id: a lower-case UUID of version 4 or 5 (fortytwo.md 0.21).
func isRecordID(id string) bool {
	if len(id) != 36 || (id[14] != '4' && id[14] != '5') || !strings.ContainsRune("89ab", rune(id[19])) {
		return false
	}
	for i := range len(id) {
		switch hyphen := i == 8 || i == 13 || i == 18 || i == 23; {
		case hyphen != (id[i] == '-'):
			return false
		case !hyphen && !strings.ContainsRune("0123456789abcdef", rune(id[i])):
			return false
		}
	}
	return true
}
