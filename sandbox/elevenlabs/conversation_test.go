package elevenlabs_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/speech"
)

func TestAConversationCollectsWhatTheCallerSays(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"hi", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, elevenlabs.Options{})
			p := w.begin(`{"type":"conversation_initiation_client_data","user_id":"u1","dynamic_variables":{"call_session_id":"8b7e"},
				"conversation_config_override":{"agent":{"language":"` + lang + `","first_message":"Hello Asha"}}}`)
			if said := p.next("agent_response"); said["agent_response"] != "Hello Asha" {
				t.Errorf("first said %v", said)
			}
			got := map[string]any{}
			for _, step := range []struct{ sentence, field string }{{"age", "age"}, {"knee", "symptom"}, {"tomorrow", "preferred_time"}} {
				p.next("audio")
				p.speak(lang, step.sentence)
				if prompt, _ := speech.Find(lang, speech.Patient, step.sentence); p.next("user_transcript")["user_transcript"] != prompt.Text {
					t.Errorf("%s was not understood", step.sentence)
				}
				maps.Copy(got, p.result(`{"saved":true}`, false))
			}
			if diff := cmp.Diff(map[string]any{"age": 52.0, "symptom": "knee pain", "preferred_time": "tomorrow morning"}, got); diff != "" {
				t.Errorf("collected (-want +got):\n%s", diff)
			}
			if end := p.next("agent_tool_response"); end["tool_name"] != "end_call" || end["is_error"] != false {
				t.Errorf("ended by %v", end)
			}
			if code, _, _ := p.closed(); code != 1000 {
				t.Errorf("closed with %d", code)
			}
			view := w.settled(p.id)
			if view.Status != elevenlabs.Done || !view.EndedByAgent || view.User != "u1" || view.Violations != nil || len(view.Transcript) != 11 {
				t.Errorf("%+v", view)
			}
		})
	}
}

func TestSpeechWhileTheAgentSpeaksInterruptsIt(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{Pace: 1, Timing: elevenlabs.Timing{ChunkGap: 20 * time.Second}})
	if err := w.FailConversations(elevenlabs.Fault{Kind: elevenlabs.FaultStale}); err != nil {
		t.Fatal(err)
	}
	p := w.begin(plain)
	said := p.next("agent_response")
	spoken := p.next("audio")["event_id"]
	p.sound(speech.Say("hi", "wait")[:speech.Rate/2])
	if interrupted := p.next("interruption")["event_id"]; interrupted != spoken {
		t.Errorf("%v was interrupted, not %v", interrupted, spoken)
	}
	correction := p.next("agent_response_correction")
	if correction["original_agent_response"] != said["agent_response"] || correction["corrected_agent_response"] == said["agent_response"] {
		t.Errorf("corrected to %v", correction)
	}
	if stale := p.next("audio")["event_id"]; stale != spoken {
		t.Errorf("audio after the interruption has the event %v", stale)
	}
	view, err := w.Conversation(p.id)
	if err != nil || view.Interruptions != 1 || !view.Transcript[0].Interrupted {
		t.Errorf("%+v, %v", view, err)
	}
}

func TestAnAnswerThatIsNoneIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	p := w.begin(plain)
	question := p.next("agent_response")["agent_response"]
	p.speak("hi", "wait")
	if again := p.next("agent_response")["agent_response"]; again != question {
		t.Errorf("said %v", again)
	}
	p.speak("hi", "yes")
	sorry, _ := speech.Find("hi", speech.Agent, "sorry")
	if again := p.next("agent_response")["agent_response"]; again != sorry.Text {
		t.Errorf("said %v", again)
	}
	p.speak("hi", "yes")
	if code, _, _ := p.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

func TestUnknownSpeechIsTakenForTheExpectedAnswer(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	p := w.begin(plain)
	p.next("audio")
	noise := make([]int16, 4*speech.Rate)
	for i := range noise[:3*speech.Rate] {
		noise[i] = int16(i % 64 * 200)
	}
	p.sound(noise)
	if got := p.result("", true); got["age"] != 52.0 {
		t.Errorf("saved %v", got)
	}
	p.next("agent_response")
	p.conn.Close()
	view := w.settled(p.id)
	if !view.Transcript[2].Failed || view.CloseCode != 1006 {
		t.Errorf("%+v", view)
	}
}

func TestASilentCallerIsAskedTwiceMoreAndLeft(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{Timing: elevenlabs.Timing{TurnTimeout: time.Millisecond}})
	p := w.begin(plain)
	code, _, kinds := p.closed()
	responses := 0
	for _, kind := range kinds {
		if kind == "agent_response" {
			responses++
		}
	}
	if code != 1000 || responses != 4 {
		t.Errorf("closed with %d after %d responses", code, responses)
	}
}

func TestFormatsAreThoseOfTheAgent(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"pcm_8000", "pcm_24000", "ulaw_8000"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			agent := elevenlabs.DefaultAgent()
			agent.Input, agent.Output = format, format
			w := newWorkspace(t, elevenlabs.Options{Agents: []elevenlabs.Agent{agent}})
			p := w.dial(w.signed(""))
			p.send(plain)
			if m := p.next("conversation_initiation_metadata"); m["user_input_audio_format"] != format || m["agent_output_audio_format"] != format {
				t.Errorf("metadata %v", m)
			}
			text, _ := p.next("audio")["audio_base_64"].(string)
			data, err := base64.StdEncoding.DecodeString(text)
			samples, decodeErr := speech.Decode(format, data)
			if err != nil || decodeErr != nil || speech.Duration(len(samples)).Round(10*time.Millisecond) != 500*time.Millisecond || !speech.Loud(samples) {
				t.Errorf("%d samples, %v, %v", len(samples), err, decodeErr)
			}
			data, err = speech.Encode(format, append(speech.Say("hi", "age"), make([]int16, speech.Rate)...))
			if err != nil {
				t.Fatal(err)
			}
			p.send(`{"user_audio_chunk":"` + base64.StdEncoding.EncodeToString(data) + `"}`)
			if said := p.next("user_transcript"); said["user_transcript"] == "" {
				t.Error("not heard")
			}
		})
	}
}

func TestTextIsAConversationToo(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	p := w.begin(`{"type":"conversation_initiation_client_data","conversation_config_override":{"conversation":{"text_only":true}}}`)
	p.next("agent_response")
	p.send(`{"type":"user_message","text":"61"}`)
	if got := p.result("ok", false); got["age"] != 61.0 {
		t.Errorf("saved %v", got)
	}
}

func TestWhatClientsDoWrongIsNoted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, frame, want string
		code              int // of the close; 0: none
	}{
		{"no base64", `{"user_audio_chunk":"%%"}`, "audio that is no base64", 0},
		{"half a sample", `{"user_audio_chunk":"AAAA"}`, "audio of an odd number of bytes", 0},
		{"a type", `{"type":"user_audio_chunk","user_audio_chunk":"AAA="}`, "user_audio_chunk with a type", 0},
		{"no type", `{"text":"x"}`, "a frame without a type", 0},
		{"an unknown type", `{"type":"user_text"}`, "a frame of unknown type", 0},
		{"a pong", `{"type":"pong","event_id":77}`, "a pong that answers no ping", 0},
		{"a result", `{"type":"client_tool_result","tool_call_id":"x","result":"","is_error":false}`, "a result of no tool call that waits", 0},
		{"twice begun", plain, "a second initiation frame", 0},
		{"no JSON", `{`, "a frame that is no message", 1008},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t, elevenlabs.Options{})
			p := w.begin(plain)
			p.send(test.frame)
			if test.code == 0 {
				p.send(`{"type":"user_message","text":"61"}`) // an answer to it proves that the frame was taken
				p.next("user_transcript")
			} else if code, _, _ := p.closed(); code != test.code {
				t.Errorf("closed with %d", code)
			}
			if diff := cmp.Diff([]string{p.id + ": " + test.want}, w.Violations()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAudioBeforeTheMetadataIsNoted(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{})
	p := w.dial(w.signed(""))
	p.send(`{"user_audio_chunk":"AAA="}`)
	p.send(plain)
	p.next("agent_response")
	if got := w.Conversations()[0].Violations; !cmp.Equal(got, []string{"audio before the metadata"}) {
		t.Errorf("noted %v", got)
	}
}

func TestPingsWantPongs(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, elevenlabs.Options{Pace: 1, Timing: elevenlabs.Timing{Ping: 30 * time.Millisecond}})
	p := w.begin(plain)
	ping := p.next("ping")
	if value, there := ping["ping_ms"]; !there || value != nil {
		t.Errorf("ping %v", ping)
	}
	pong, err := json.Marshal(map[string]any{"type": "pong", "event_id": ping["event_id"]})
	if err != nil {
		t.Fatal(err)
	}
	p.send(string(pong))
	p.next("ping")
	p.next("ping")
	view, err := w.Conversation(p.id)
	if err != nil || view.Pongs+len(view.Violations) < 2 {
		t.Errorf("%d pongs, %v, %v", view.Pongs, view.Violations, err)
	}
}

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		plain, `{"user_audio_chunk":"AAA="}`, `{"type":"pong","event_id":1}`, `{"type":"client_tool_result","result":{}}`, `[`, `{"type":null}`,
		`{"type":"conversation_initiation_client_data","dynamic_variables":{"a":[]}}`,
		`{"type":"conversation_initiation_client_data","conversation_config_override":{"agent":7,"conversation":{"text_only":"x"}}}`,
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		w := newWorkspace(t, elevenlabs.Options{})
		p := w.dial(w.signed(""))
		p.send(first)
		p.send(second)
		p.send(`{`)
		if code, _, _ := p.closed(); code != 1008 {
			t.Errorf("closed with %d", code)
		}
	})
}
