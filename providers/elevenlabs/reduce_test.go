package elevenlabs_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/providers/elevenlabs"
)

const longWebhook = `{"type":"post_call_transcription","event_timestamp":1763700070,"data":{"agent_id":"agent_1","conversation_id":"conv_1",
 "status":"done","user_id":"c1","has_audio":true,"transcript":[{"role":"agent","message":"नमस्ते","time_in_call_secs":0,
 "tool_results":[{"result_value":"what the CRM told"}]},{"role":"user","message":"yes","time_in_call_secs":2.5}],
 "metadata":{"start_time_unix_secs":1763700000,"call_duration_secs":63,"cost":410,"termination_reason":"end_call"},
 "analysis":{"call_successful":"success","transcript_summary":"Knee pain","data_collection_results":{"age":{"value":52}}},
 "conversation_initiation_client_data":{"dynamic_variables":{"call_session_id":"c1","patient_name":"Rahul"}}}}`

func TestAReducedWebhookSaysTheSameAndKeepsNoMore(t *testing.T) {
	t.Parallel()
	whole, kind, err := elevenlabs.DecodeWebhook([]byte(longWebhook))
	if err != nil {
		t.Fatal(err)
	}
	kept := elevenlabs.ReduceWebhook("application/json", []byte(longWebhook))
	reduced, again, err := elevenlabs.DecodeWebhook(kept)
	if err != nil || again != kind {
		t.Fatalf("%v, kind %q", err, again)
	}
	if diff := cmp.Diff(whole, reduced); diff != "" {
		t.Error(diff)
	}
	for _, word := range []string{"Rahul", "what the CRM told"} {
		if bytes.Contains(kept, []byte(word)) {
			t.Errorf("%q is kept", word)
		}
	}
}

func TestWebhooksAreReducedToWhatIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"a recording leaves its conversation's id": {`{"type":"post_call_audio","data":{"conversation_id":"conv_1","full_audio":"QUJD"}}`, "conv_1"},
		"what cannot be read is kept":              {`{"type":`, `{"type":`},
		"what has no type is kept":                 {`{"data":{}}`, `{"data":{}}`},
		"what cannot be read and is large is not":  {strings.Repeat("x", 500<<10), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := elevenlabs.ReduceWebhook("", []byte(c.body))
			if (c.want == "") != (got == nil) || !strings.Contains(string(got), c.want) || strings.Contains(string(got), "QUJD") {
				t.Errorf("%d bytes: %.100s", len(got), got)
			}
		})
	}
}
