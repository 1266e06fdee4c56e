package elevenlabs_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

// fullRecord is a conversation as the provider gives it (7).
const fullRecord = `{"agent_id":"agent_1","agent_name":"Intake","conversation_id":"conv_01k0","status":"done","user_id":"patient_123",
"has_audio":true,"has_user_audio":true,"has_response_audio":true,"has_auxiliary_audio":false,
"transcript":[
 {"role":"agent","message":"नमस्ते","time_in_call_secs":0,"interrupted":false,"tool_calls":null,"tool_results":null},
 {"role":"user","message":" घुटने में दर्द ","time_in_call_secs":4.5},
 {"role":"agent","message":null,"time_in_call_secs":21,"tool_calls":[{"type":"mcp","request_id":"r1"}]},
 {"role":"tool","message":"x","time_in_call_secs":22}],
"metadata":{"start_time_unix_secs":1763700000,"accepted_time_unix_secs":1763700001,"call_duration_secs":63,"cost":410,
 "termination_reason":"end_call tool was called.","error":null,"main_language":"hi","phone_call":null},
"analysis":{"call_successful":"success","transcript_summary":"Knee pain.","call_summary_title":"Knee pain intake",
 "data_collection_results":{"age":{"data_collection_id":"age","value":52,"json_schema":{"type":"integer"},"rationale":"…"},
  "bare":"yes","none":{"data_collection_id":"none","value":null},"left":{"data_collection_id":"left"},"list":[1],"plan":{"value":{"a":1}}}},
"conversation_initiation_client_data":{"dynamic_variables":{"call_session_id":"` + string(ourID) + `"},"conversation_config_override":{},"user_id":"patient_123"}}`

func wantRecord() helix.Conversation {
	began := time.Unix(1763700000, 0).UTC()
	return helix.Conversation{
		ID: "conv_01k0", Call: ourID, Done: true, StartedAt: began, Duration: 63 * time.Second, Cost: 410,
		EndReason: "end_call tool was called.", Summary: "Knee pain.", Successful: "success",
		Transcript: []helix.TranscriptLine{
			{At: began, Role: helix.RoleVoiceAgent, Text: "नमस्ते"},
			{At: began.Add(4500 * time.Millisecond), Role: helix.RolePatient, Text: "घुटने में दर्द"},
		},
		Collected: []helix.CollectedItem{
			{Key: "age", Value: json.RawMessage(`52`)},
			{Key: "bare", Value: json.RawMessage(`"yes"`)},
			{Key: "list", Value: json.RawMessage(`[1]`)},
			{Key: "plan", Value: json.RawMessage(`{"a":1}`)},
		},
	}
}

func TestAConversationIsRead(t *testing.T) {
	t.Parallel()
	p := newPeer(t, says(200, fullRecord))
	client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL })
	got, err := client.Conversation(t.Context(), "conv/../01k0")
	if diff := cmp.Diff(wantRecord(), got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if path := p.requests()[0].URL.EscapedPath(); path != "/v1/convai/conversations/conv%2F..%2F01k0" {
		t.Errorf("asked for %s", path)
	}
	if _, err := client.Conversation(t.Context(), ""); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("no id gives %v", err)
	}
}

func TestConversationsAreReadLeniently(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want helix.Conversation
	}{
		"one that goes on":                 {`{"conversation_id":"c","status":"in-progress"}`, helix.Conversation{ID: "c"}},
		"one that failed":                  {`{"conversation_id":"c","status":"failed","metadata":{"error":{"code":1008,"reason":"override_error"}}}`, helix.Conversation{ID: "c", Done: true, Failed: true, EndReason: "override_error"}},
		"the call in its user":             {`{"conversation_id":"c","user_id":"u1"}`, helix.Conversation{ID: "c", Call: "u1"}},
		"the call in its first user":       {`{"conversation_id":"c","user_id":null,"conversation_initiation_client_data":{"user_id":"u1","dynamic_variables":{"call_session_id":7}}}`, helix.Conversation{ID: "c", Call: "u1"}},
		"fields of other types":            {`{"conversation_id":"c","status":1,"transcript":"x","metadata":{"cost":"a","call_duration_secs":5.9},"analysis":[]}`, helix.Conversation{ID: "c", Duration: 5900 * time.Millisecond}},
		"a turn of another type":           {`{"conversation_id":"c","transcript":[7,{"role":"user","message":"ja"}]}`, helix.Conversation{ID: "c", Transcript: []helix.TranscriptLine{{Role: helix.RolePatient, Text: "ja"}}}},
		"times that cannot be":             {`{"conversation_id":"c","metadata":{"start_time_unix_secs":-1,"call_duration_secs":1e99}}`, helix.Conversation{ID: "c"}},
		"an end that quotes a number":      {`{"conversation_id":"c","metadata":{"termination_reason":"call to +91 98123 45678 ended"}}`, helix.Conversation{ID: "c", EndReason: "call to # ended"}},
		"an error that is a text":          {`{"conversation_id":"c","metadata":{"error":"broken"}}`, helix.Conversation{ID: "c"}},
		"no analysis and no data to start": {`{"conversation_id":"c","analysis":null,"conversation_initiation_client_data":null}`, helix.Conversation{ID: "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, says(200, c.body))
			client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL })
			got, err := client.Conversation(t.Context(), "c")
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAnswersAboutNothingAreTheProvidersFault(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `{}`, `{"conversation_id":`, `"x"`} {
		p := newPeer(t, says(200, body))
		client := newClient(t, func(o *elevenlabs.Options) { o.BaseURL = p.URL })
		if _, err := client.Conversation(t.Context(), "c"); !helix.IsCode(err, helix.CodeUnavailable) {
			t.Errorf("%q gives %v", body, err)
		}
	}
}

func TestLongConversationsAreBounded(t *testing.T) {
	t.Parallel()
	turns := strings.Repeat(`{"role":"user","message":"a"},`, helix.MaxTranscript+50)
	data := strings.Builder{}
	for i := range helix.MaxCollected + 50 {
		data.WriteString(`"k` + strings.Repeat("x", i) + `":1,`)
	}
	body := `{"type":"post_call_transcription","data":{"conversation_id":"c","transcript":[` + strings.TrimSuffix(turns, ",") +
		`],"analysis":{"data_collection_results":{` + strings.TrimSuffix(data.String(), ",") + `}}}}`
	got, _, err := elevenlabs.DecodeWebhook([]byte(body))
	if err != nil || len(got.Transcript) != helix.MaxTranscript || len(got.Collected) != helix.MaxCollected {
		t.Errorf("%d turns, %d items, %v", len(got.Transcript), len(got.Collected), err)
	}
}
