package elevenlabs_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

func TestAConversationStartsWithWhatItIsTold(t *testing.T) {
	t.Parallel()
	base := map[string]any{"call_session_id": string(ourID), "attempt": 2.0, "previous_conversation": ""}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{}
		for _, m := range []map[string]any{more, base} {
			for k, v := range m {
				if _, given := all[k]; !given {
					all[k] = v
				}
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		start helix.VoiceStart
		want  map[string]any
	}{
		"nothing but ids": {
			helix.VoiceStart{},
			map[string]any{"dynamic_variables": base, "user_id": string(ourID)},
		},
		"overrides that are wanted": {
			helix.VoiceStart{FirstMessage: "नमस्ते राहुल जी", Language: "hi", User: "u1"},
			map[string]any{
				"conversation_config_override": map[string]any{"agent": map[string]any{"first_message": "नमस्ते राहुल जी", "language": "hi"}},
				"dynamic_variables":            base, "user_id": "u1",
			},
		},
		"variables of all kinds": {
			helix.VoiceStart{Variables: map[string]any{
				"patient_name": "Rahul", "age": 52, "weight": 71.5, "consented": true, "none": nil, "id": json.Number("12345678901234567890"),
				"language": helix.TranscriptRole("hi"), "raw": json.RawMessage(`{"a":[1,"x"]}`), "seen": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
				"list": []any{"a", 1, nil, map[string]any{"b": 1}, []any{"c"}}, "names": []string{"x", "y"}, "tiny": int8(7),
			}},
			map[string]any{"user_id": string(ourID), "dynamic_variables": with(map[string]any{
				"patient_name": "Rahul", "age": 52.0, "weight": 71.5, "consented": true, "id": 12345678901234567890.0,
				"language": "hi", "raw_a": "1, x", "seen": "2026-01-02T03:04:05Z", "list": "a, 1, c", "names": "x, y", "tiny": 7.0,
			})},
		},
		"objects that are flattened, of which the outer counts": {
			helix.VoiceStart{Variables: map[string]any{
				"crm": map[string]any{"doctor": "Dr. Smith", "visit": map[string]any{"last": "2024-01-15"}}, "crm_doctor": "Dr. Rao",
			}},
			map[string]any{"user_id": string(ourID), "dynamic_variables": with(map[string]any{"crm_doctor": "Dr. Rao", "crm_visit_last": "2024-01-15"})},
		},
		"our own names, which nobody takes": {
			helix.VoiceStart{Variables: map[string]any{"call_session_id": "forged", "attempt": "many", "previous_conversation": "x"}},
			map[string]any{"user_id": string(ourID), "dynamic_variables": base},
		},
		"a conversation that is resumed, with a secret": {
			helix.VoiceStart{Context: "AGENT: Hello", Extra: map[string]string{"secret__token": "t"}},
			map[string]any{"user_id": string(ourID), "dynamic_variables": with(map[string]any{"previous_conversation": "AGENT: Hello", "secret__token": "t"})},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.start.Call, c.start.Attempt = ourID, 2
			raw, err := elevenlabs.NewDialect().AppendStart([]byte("before"), c.start)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(raw[len("before"):], &got); err != nil {
				t.Fatal(err)
			}
			c.want["type"], c.want["source_info"] = "conversation_initiation_client_data", map[string]any{"source": "helix-gateway"}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStartsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := map[string]any{}
	for i := range 201 {
		many["v"+strings.Repeat("x", i)] = 1
	}
	deep := map[string]any{"Rahul": 1}
	for range 20 {
		deep = map[string]any{"x": deep}
	}
	for name, s := range map[string]helix.VoiceStart{
		"a variable of the system":       {Variables: map[string]any{"system__caller_id": "Rahul"}},
		"one of the system in an object": {Variables: map[string]any{"system": map[string]any{"_caller_id": "Rahul"}}},
		"a secret among the variables":   {Variables: map[string]any{"secret__token": "Rahul"}},
		"an extra that is no secret":     {Extra: map[string]string{"patient": "Rahul"}},
		"an extra of the system":         {Extra: map[string]string{"system__time": "Rahul"}},
		"a variable that is too long":    {Variables: map[string]any{"x": strings.Repeat("Rahul", 1000)}},
		"too many variables":             {Variables: many},
		"objects that nest too deeply":   {Variables: deep},
		"no number":                      {Variables: map[string]any{"x": math.NaN()}},
		"a number that is none":          {Variables: map[string]any{"x": json.Number("Rahul")}},
		"a function":                     {Variables: map[string]any{"x": func() {}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := elevenlabs.NewDialect().AppendStart([]byte("before"), s)
			if !helix.IsCode(err, helix.CodeBadInput) || string(got) != "before" || strings.Contains(err.Error(), "Rahul") {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

func TestTheStartLeavesTheCallersDataAlone(t *testing.T) {
	t.Parallel()
	given := map[string]any{"raw": json.RawMessage(`{"a":{"b":1}}`), "m": map[string]any{"x": 1}}
	if _, err := elevenlabs.NewDialect().AppendStart(nil, helix.VoiceStart{Variables: given}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"raw": json.RawMessage(`{"a":{"b":1}}`), "m": map[string]any{"x": 1}}
	if diff := cmp.Diff(want, given); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatWeSend(t *testing.T) {
	t.Parallel()
	v, before := elevenlabs.NewDialect(), []byte("before")
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"audio":                  {v.AppendAudio(before, []byte{1, 2, 3, 4}), `{"user_audio_chunk":"AQIDBA=="}`},
		"a pong":                 {v.AppendPong(before, 12), `{"type":"pong","event_id":12}`},
		"the result of a tool":   {v.AppendToolResult(before, `tc"9`, `{"saved":true}`, false), `{"type":"client_tool_result","tool_call_id":"tc\"9","result":"{\"saved\":true}","is_error":false}`},
		"the failure of a tool":  {v.AppendToolResult(before, "tc_9", "no", true), `{"type":"client_tool_result","tool_call_id":"tc_9","result":"no","is_error":true}`},
		"something to remember":  {v.AppendContext(before, "back\n"), `{"type":"contextual_update","text":"back\n"}`},
		"nothing of the patient": {v.AppendAudio(before, nil), `{"user_audio_chunk":""}`},
	} {
		if string(c.got) != "before"+c.want || !json.Valid(c.got[len(before):]) {
			t.Errorf("%s is %s", name, c.got)
		}
	}
}

// frames are the server's, with what they mean (4).
var frames = map[string]struct {
	data string
	want helix.VoiceFrame
	bad  bool
}{
	"the beginning": {
		data: `{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{"conversation_id":"conv_01k0","agent_output_audio_format":"pcm_16000","user_input_audio_format":"ulaw_8000"}}`,
		want: helix.VoiceFrame{Kind: helix.VoiceReady, Conversation: "conv_01k0", Output: "pcm_16000", Input: "ulaw_8000"},
	},
	"audio":                        {data: `{"type":"audio","audio_event":{"audio_base_64":"AQIDBA==","event_id":4}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Event: 4, Audio: []byte{1, 2, 3, 4}}},
	"audio in another order":       {data: ` { "audio_event" : { "event_id" : 4 , "audio_base_64" : "AQIDBA==" } , "type" : "audio" } `, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Event: 4, Audio: []byte{1, 2, 3, 4}}},
	"audio with its alignment":     {data: `{"type":"audio","audio_event":{"audio_base_64":"AQIDBA==","event_id":4,"alignment":{"chars":["\u0928","\"","}"],"char_start_times_ms":[0,1.5e2,-3],"x":[true,false,null,{}]}}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Event: 4, Audio: []byte{1, 2, 3, 4}}},
	"audio with escapes":           {data: `{"type":"audio","audio_event":{"audio_base_64":"\/\/79AA==","event_id":4}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Event: 4, Audio: []byte{0xff, 0xfe, 0xfd, 0}}},
	"audio without a number":       {data: `{"type":"audio","audio_event":{"audio_base_64":"AQIDBA=="}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Audio: []byte{1, 2, 3, 4}}},
	"audio with null for a number": {data: `{"type":"audio","audio_event":{"audio_base_64":"AQIDBA==","event_id":null}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Audio: []byte{1, 2, 3, 4}}},
	"audio of no length":           {data: `{"type":"audio","audio_event":{"audio_base_64":"","event_id":5}}`, want: helix.VoiceFrame{Kind: helix.VoiceAudio, Event: 5}},
	"audio that is missing":        {data: `{"type":"audio","audio_event":{"event_id":5}}`, bad: true},
	"audio that is no base64":      {data: `{"type":"audio","audio_event":{"audio_base_64":"A","event_id":5}}`, bad: true},
	"audio across lines":           {data: "{\"type\":\"audio\",\"audio_event\":{\"audio_base_64\":\"AQ\nID\",\"event_id\":5}}", bad: true},
	"an interruption":              {data: `{"type":"interruption","interruption_event":{"event_id":4}}`, want: helix.VoiceFrame{Kind: helix.VoiceInterrupted, Event: 4}},
	"a ping":                       {data: `{"type":"ping","ping_event":{"event_id":12,"ping_ms":null}}`, want: helix.VoiceFrame{Kind: helix.VoicePing, Event: 12}},
	"a ping with a time":           {data: `{"ping_event":{"ping_ms":50,"event_id":-12},"type":"ping"}`, want: helix.VoiceFrame{Kind: helix.VoicePing, Event: -12}},
	"a ping beside audio":          {data: "{\"type\":\"ping\",\"ping_event\":{\"event_id\":1},\"audio_event\":{\"audio_base_64\":\"\t\"}}", bad: true},
	"a ping in capitals":           {data: `{"Type":"ping","PING_EVENT":{"Event_ID":3}}`, want: helix.VoiceFrame{Kind: helix.VoicePing, Event: 3}},
	"the patient's words":          {data: `{"type":"user_transcript","user_transcription_event":{"user_transcript":"मुझे दर्द है","event_id":5}}`, want: helix.VoiceFrame{Kind: helix.VoicePatientSaid, Text: "मुझे दर्द है", Event: 5}},
	"words in the making":          {data: `{"type":"tentative_user_transcript","tentative_user_transcription_event":{"user_transcript":"मु","event_id":5}}`},
	"the agent's words":            {data: `{"type":"agent_response","agent_response_event":{"agent_response":"नमस्ते"}}`, want: helix.VoiceFrame{Kind: helix.VoiceAgentSaid, Text: "नमस्ते"}},
	"what was said of it": {
		data: `{"type":"agent_response_correction","agent_response_correction_event":{"original_agent_response":"abc","corrected_agent_response":"a","event_id":6}}`,
		want: helix.VoiceFrame{Kind: helix.VoiceCorrected, Text: "a", Event: 6},
	},
	"a tool": {
		data: `{"type":"client_tool_call","client_tool_call":{"tool_name":"save_patient_data","tool_call_id":"tc_9","parameters":{"age":52},"event_id":6}}`,
		want: helix.VoiceFrame{Kind: helix.VoiceToolCall, Tool: "save_patient_data", ToolCall: "tc_9", Arguments: []byte(`{"age":52}`), Event: 6},
	},
	"a tool without arguments":      {data: `{"type":"client_tool_call","client_tool_call":{"tool_name":"bye","tool_call_id":"tc_9","parameters":null}}`, want: helix.VoiceFrame{Kind: helix.VoiceToolCall, Tool: "bye", ToolCall: "tc_9", Arguments: []byte(`{}`)}},
	"the agent ends the call":       {data: `{"type":"agent_tool_response","agent_tool_response":{"tool_name":"end_call","tool_call_id":"t","tool_type":"system","is_error":false,"is_called":true,"event_id":9}}`, want: helix.VoiceFrame{Kind: helix.VoiceHangup, Event: 9}},
	"the agent ends it in full":     {data: `{"type":"agent_tool_response_full_payload","agent_tool_response_full_payload":{"tool_name":"end_call","full_tool_result":"x"}}`, want: helix.VoiceFrame{Kind: helix.VoiceHangup}},
	"the agent fails to end it":     {data: `{"type":"agent_tool_response","agent_tool_response":{"tool_name":"end_call","is_error":true}}`},
	"another tool of the agent":     {data: `{"type":"agent_tool_response","agent_tool_response":{"tool_name":"lookup"}}`},
	"a queue":                       {data: `{"type":"queue_status","queue_status_event":{"status":"waiting"}}`, want: helix.VoiceFrame{Kind: helix.VoiceWaiting}},
	"the end of a queue":            {data: `{"type":"queue_status","queue_status_event":{"status":"admitted"}}`},
	"a queue that took too long":    {data: `{"type":"queue_status","queue_status_event":{"status":"timed_out"}}`, want: helix.VoiceFrame{Kind: helix.VoiceFault, Text: "the provider had no conversation free in time", Retryable: true}},
	"an error of ours":              {data: `{"type":"error","error_event":{"code":1008,"error_type":"missing_dynamic_variable","message":"Missing {'name'}","reason":null,"debug_message":null,"details":{}}}`, want: helix.VoiceFrame{Kind: helix.VoiceFault, Text: "error 1008 missing_dynamic_variable: Missing {'name'}"}},
	"an error of theirs":            {data: `{"type":"error","error_event":{"code":1011,"error_type":"Unknown Crash"}}`, want: helix.VoiceFrame{Kind: helix.VoiceFault, Text: "error 1011", Retryable: true}},
	"an error before the beginning": {data: `{"type":"error","error_event":{"code":1002,"error_type":"llm_error"}}`, want: helix.VoiceFrame{Kind: helix.VoiceFault, Text: "error 1002 llm_error"}},
	"the longest time":              {data: `{"type":"error","error_event":{"code":1000,"error_type":"max_duration_exceeded"}}`, want: helix.VoiceFrame{Kind: helix.VoiceHangup, Text: "error 1000 max_duration_exceeded"}},
	"a score":                       {data: `{"type":"vad_score","vad_score_event":{"vad_score":0.9}}`},
	"a type that nobody knows":      {data: `{"type":"tomorrow"}`},
	"a type that is no text":        {data: `{"type":7}`, bad: true},
	"no type":                       {data: `{"user_audio_chunk":"AAAA"}`, bad: true},
	"a type without its event":      {data: `{"type":"ping"}`, bad: true},
	"an event that is no object":    {data: `{"type":"ping","ping_event":[1]}`, bad: true},
	"a list":                        {data: `[{"type":"ping"}]`, bad: true},
	"half a frame":                  {data: `{"type":"audio","audio_event":{"audio_base_64":"AQID`, bad: true},
	"two frames":                    {data: `{"type":"ping","ping_event":{"event_id":1}}{}`, bad: true},
	"nothing":                       {data: ``, bad: true},
}

func TestFramesAreDecoded(t *testing.T) {
	t.Parallel()
	for name, c := range frames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := helix.VoiceFrame{Kind: helix.VoiceFault, Text: "stale", Audio: []byte("stale"), Arguments: []byte("stale"), Event: 99, Retryable: true}
			err := elevenlabs.NewDialect().Decode([]byte(c.data), &got)
			if (err != nil) != c.bad {
				t.Fatalf("error is %v", err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFaultInMidConversationMayBePassing(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"llm_timeout": true, "redis_timeout_error": true, "safety_violation": false, "custom_llm_error": false} {
		v, f := elevenlabs.NewDialect(), helix.VoiceFrame{}
		for _, data := range []string{frames["the beginning"].data, `{"type":"error","error_event":{"code":1002,"error_type":"` + word + `"}}`} {
			if err := v.Decode([]byte(data), &f); err != nil {
				t.Fatal(err)
			}
		}
		if f.Kind != helix.VoiceFault || f.Retryable != want {
			t.Errorf("%s gives %+v", word, f)
		}
	}
}

func TestTheEndOfASocketHasItsMeaning(t *testing.T) {
	t.Parallel()
	for code, retryable := range map[int]bool{1001: true, 1002: false, 1005: true, 1006: true, 1008: false, 1011: true, 1012: true, 1013: true, 3000: false, 3008: true, 4999: false} {
		f := elevenlabs.NewDialect().Closed(code, "Request error")
		if f.Kind != helix.VoiceFault || f.Retryable != retryable || !strings.HasSuffix(f.Text, ": Request error") {
			t.Errorf("%d gives %+v", code, f)
		}
	}
	if f := elevenlabs.NewDialect().Closed(1000, "max_duration_exceeded"); f.Kind != helix.VoiceHangup || f.Text != "max_duration_exceeded" {
		t.Errorf("a normal end gives %+v", f)
	}
}

func TestFaultsRevealNothing(t *testing.T) {
	t.Parallel()
	v := elevenlabs.NewDialect()
	_, err := v.AppendStart(nil, helix.VoiceStart{
		Call: ourID, FirstMessage: "Hello Rahul, this is about your surgery", Context: "PATIENT: my knee hurts",
		Variables: map[string]any{"patient_name": "Rahul Sharma", "crm": map[string]any{"doctor": "Dr. Smith"}}, Extra: map[string]string{"secret__token": "s3cr3t"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const reason = "bad override 'Rahul Sharma' (Sharma) with Smith: knee, surgery, s3cr3t, +91 98123-45678, कृपया, wss://x.example/?conversation_signature=abc"
	var f helix.VoiceFrame
	raw, err := json.Marshal(map[string]any{"type": "error", "error_event": map[string]any{"code": 1008, "error_type": "override_error", "message": reason, "reason": reason}})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Decode(raw, &f); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{f.Text, v.Closed(1008, reason).Text} {
		if !strings.Contains(text, "override") {
			t.Errorf("nothing is left of the reason: %s", text)
		}
		for _, private := range []string{"Rahul", "Sharma", "Smith", "knee", "surgery", "s3cr3t", "98123", "45678", "कृपया", "signature=abc"} {
			if strings.Contains(text, private) {
				t.Errorf("%q tells %q", text, private)
			}
		}
	}
}
