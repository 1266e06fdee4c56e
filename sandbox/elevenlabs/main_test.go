package elevenlabs_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/speech"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patient outlasts any test on a slow machine.
const patient = time.Hour

// workspace is the emulator over real sockets. Its conversations are fast, and wait long for a slow test.
type workspace struct {
	*elevenlabs.Server
	t   *testing.T
	url string
}

func newWorkspace(t *testing.T, options elevenlabs.Options) *workspace {
	t.Helper()
	if options.Pace == 0 {
		options.Pace = 200
	}
	timing := &options.Timing
	for _, d := range []*time.Duration{&timing.FirstFrame, &timing.TurnTimeout, &timing.ToolWait, &timing.Ping, &timing.InputTimeout} {
		if *d == 0 {
			*d = patient * 200
		}
	}
	if options.Timing.Analysis == 0 {
		options.Timing.Analysis = time.Millisecond
	}
	if options.Agents == nil {
		options.Agents = []elevenlabs.Agent{elevenlabs.DefaultAgent()}
	}
	options.Agents = slices.Clone(options.Agents)
	for i := range options.Agents {
		options.Agents[i].MaxDuration = patient * 200
	}
	emulator, err := elevenlabs.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(emulator.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- emulator.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		server.Close()
	})
	return &workspace{emulator, t, server.URL}
}

// get answers status and body of a REST request with the workspace's key.
func (w *workspace) get(path, key string) (int, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("xi-api-key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "lost"
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "lost"
	}
	return response.StatusCode, string(body)
}

// signed fetches a signed address.
func (w *workspace) signed(query string) string {
	w.t.Helper()
	_, body := w.get("/v1/convai/conversation/get-signed-url?agent_id=agent_sandbox_intake"+query, elevenlabs.DefaultAPIKey)
	var out struct {
		URL string `json:"signed_url"`
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || out.URL == "" {
		w.t.Fatalf("no address in %s", body)
	}
	return out.URL
}

// peer is a client in a conversation. A test reads its frames in order by next.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
	id   string
}

func (w *workspace) dial(address string) *peer {
	w.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"convai"}}
	conn, response, err := dialer.DialContext(w.t.Context(), address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Body.Close()
	if conn.Subprotocol() != "convai" {
		w.t.Error("the sub-protocol was not selected")
	}
	w.t.Cleanup(func() { conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Minute))
	return &peer{t: w.t, conn: conn}
}

// begin opens a conversation and waits for its metadata.
func (w *workspace) begin(initiation string) *peer {
	w.t.Helper()
	p := w.dial(w.signed(""))
	p.send(initiation)
	metadata := p.next("conversation_initiation_metadata")
	p.id, _ = metadata["conversation_id"].(string)
	return p
}

const plain = `{"type":"conversation_initiation_client_data"}`

func (p *peer) send(text string) {
	p.t.Helper()
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// speak sends one of the patient's sentences and the silence after it, in pieces of 100 ms.
func (p *peer) speak(lang, name string) {
	p.t.Helper()
	p.sound(append(speech.Say(lang, name), make([]int16, speech.Rate*6/10)...))
}

func (p *peer) sound(samples []int16) {
	p.t.Helper()
	for chunk := range slices.Chunk(samples, speech.Rate/10) {
		p.send(`{"user_audio_chunk":"` + base64.StdEncoding.EncodeToString(speech.PCM(chunk)) + `"}`)
	}
}

// next skips to the next frame of a type and answers its event; a type of "" is any.
func (p *peer) next(kind string) map[string]any {
	p.t.Helper()
	for {
		_, data, err := p.conn.ReadMessage()
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var frame map[string]any
		if json.Unmarshal(data, &frame) != nil || frame["type"] != kind {
			continue
		}
		for name, value := range frame {
			if event, ok := value.(map[string]any); ok && name != "type" {
				return event
			}
		}
		return frame
	}
}

// result answers the tool call that comes next.
func (p *peer) result(text string, failed bool) map[string]any {
	p.t.Helper()
	call := p.next("client_tool_call")
	answer, err := json.Marshal(map[string]any{
		"type": "client_tool_result", "tool_call_id": call["tool_call_id"], "result": text, "is_error": failed,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(string(answer))
	parameters, _ := call["parameters"].(map[string]any)
	return parameters
}

// closed reads to the end and answers how the socket closed and the types that came before.
func (p *peer) closed() (code int, reason string, kinds []string) {
	p.t.Helper()
	for {
		_, data, err := p.conn.ReadMessage()
		if err == nil {
			var frame struct{ Type string }
			if json.Unmarshal(data, &frame) == nil {
				kinds = append(kinds, frame.Type)
			}
			continue
		}
		closed := (*websocket.CloseError)(nil)
		switch {
		case errors.As(err, &closed):
			return closed.Code, closed.Text, kinds
		case strings.Contains(err.Error(), "i/o timeout"):
			p.t.Fatal("the socket was not closed")
		}
		return websocket.CloseAbnormalClosure, "", kinds
	}
}

// settled waits until a conversation is analysed.
func (w *workspace) settled(id string) elevenlabs.View {
	w.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		view, err := w.Conversation(id)
		if err != nil {
			w.t.Fatal(err)
		}
		if view.Status == elevenlabs.Done || view.Status == elevenlabs.Failed {
			return view
		}
		if w.t.Context().Err() != nil {
			break
		}
	}
	w.t.Fatal("the conversation does not end")
	return elevenlabs.View{}
}

// opened waits for the first conversation, which the server enters when its handshake is over.
func (w *workspace) opened() elevenlabs.View {
	w.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if all := w.Conversations(); len(all) > 0 {
			return all[0]
		}
		if w.t.Context().Err() != nil {
			break
		}
	}
	w.t.Fatal("no conversation is opened")
	return elevenlabs.View{}
}
