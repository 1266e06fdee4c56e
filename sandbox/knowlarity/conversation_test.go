package knowlarity_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/knowlarity"
)

// TestThePatientAndTheVoiceAgentUnderstandEachOther joins both emulators by the simplest of bridges.
func TestThePatientAndTheVoiceAgentUnderstandEachOther(t *testing.T) {
	t.Parallel()
	const pace = 3
	agents, address := newAgents(t, pace)
	a := newAccount(t, knowlarity.Options{Pace: pace, MaxAhead: time.Minute})
	id, line := a.talk(knowlarity.Script{HangUpAfter: 2 * time.Hour})
	voice, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	t.Cleanup(func() { voice.Close() })
	bridge(t, line, voice)
	a.ended(id)
	conversation := agents.Conversations()[0]
	want := map[string]string{"age": "52", "symptom": "knee pain", "preferred_time": "tomorrow morning"}
	if diff := cmp.Diff(want, conversation.Collected); diff != "" {
		t.Errorf("collected (-want +got):\n%s\n%+v", diff, conversation.Transcript)
	}
	if wrong := append(a.Violations(), agents.Violations()...); len(wrong) != 0 || !conversation.EndedByAgent {
		t.Errorf("%q, ended by the agent %v", wrong, conversation.EndedByAgent)
	}
}

func newAgents(t *testing.T, pace float64) (agents *elevenlabs.Server, address string) {
	t.Helper()
	agent := elevenlabs.DefaultAgent()
	agent.Public, agent.MaxDuration = true, 2*time.Hour
	agents, err := elevenlabs.New(elevenlabs.Options{Pace: pace, Agents: []elevenlabs.Agent{agent}, Timing: elevenlabs.Timing{
		FirstFrame: time.Hour, Ping: time.Hour, ToolWait: time.Hour, InputTimeout: time.Hour,
		TurnTimeout: 30 * time.Second, // asks again where the patient heard a sentence in pieces
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(agents.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- agents.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return agents, "ws" + server.URL[len("http"):] + "/v1/convai/conversation?agent_id=" + agent.ID
}

// bridge carries what both say until the agent has closed.
func bridge(t *testing.T, line *stream, voice *websocket.Conn) {
	t.Helper()
	toVoice, done := make(chan string, 1_024), make(chan struct{})
	go func() { // the only writer of voice
		defer close(done)
		for text := range toVoice {
			_ = voice.WriteMessage(websocket.TextMessage, []byte(text)) // closed by the agent at the end
		}
	}()
	toVoice <- `{"type":"conversation_initiation_client_data"}`
	began, heard := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		<-began
		for {
			kind, data, err := line.conn.ReadMessage()
			if err != nil {
				return
			}
			if kind == websocket.BinaryMessage {
				toVoice <- `{"user_audio_chunk":"` + base64.StdEncoding.EncodeToString(data) + `"}`
			}
		}
	}()
	for {
		_, data, err := voice.ReadMessage()
		if err != nil {
			break
		}
		var frame struct {
			Type  string
			Audio struct {
				Content string `json:"audio_base_64"`
			} `json:"audio_event"`
			Tool struct {
				ID string `json:"tool_call_id"`
			} `json:"client_tool_call"`
		}
		if err := json.Unmarshal(data, &frame); err != nil {
			t.Fatal(err)
		}
		switch frame.Type {
		case "conversation_initiation_metadata":
			close(began)
		case "audio":
			line.send(`{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":16000,"audioContent":"` + frame.Audio.Content + `"}}`)
		case "interruption":
			line.send(`{"type":"killAudio"}`)
		case "client_tool_call":
			toVoice <- `{"type":"client_tool_result","tool_call_id":"` + frame.Tool.ID + `","result":"saved","is_error":false}`
		}
	}
	line.send(`{"type":"disconnect"}`)
	<-heard
	line.conn.Close()
	close(toVoice)
	<-done
}
