package elevenlabs

import (
	"encoding/json"
)

// maxKept bounds what is kept of a webhook that cannot be read, in bytes.
const maxKept = 400 << 10

// ReduceWebhook keeps of a webhook what [DecodeWebhook] reads: not the recording, nor what we told the agent of the
// patient, nor what tools answered. A body that cannot be read is kept as it is, for an operator to look at, unless it is
// too large for that: nil then.
func ReduceWebhook(_ string, body []byte) []byte {
	var envelope struct {
		Type string `json:"type"`
		Data record `json:"data"`
	}
	if err := decode(body, &envelope); err != nil || envelope.Type == "" {
		if len(body) > maxKept {
			return nil
		}
		return body
	}
	if WebhookKind(envelope.Type) != WebhookTranscription {
		envelope.Data = record{ID: envelope.Data.ID}
	}
	variables := envelope.Data.Start.Variables
	envelope.Data.Start.Variables = nil
	if call, ok := variables[variableCall]; ok {
		envelope.Data.Start.Variables = map[string]json.RawMessage{variableCall: call}
	}
	reduced, err := json.Marshal(envelope)
	if err != nil {
		return nil
	}
	return reduced
}
