package knowlarity_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/knowlarity"
	"github.com/helix-engage/gateway/sandbox/speech"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	number  = "+918035550001"
	patient = "+919812345678"
)

// start is 10:00 in India.
var start = time.Date(2026, 1, 14, 4, 30, 0, 0, time.UTC)

// account is the emulator over real HTTP with a stream server of the test's. Phones ring when the clock is advanced; talk is fast.
type account struct {
	*knowlarity.Server
	t       *testing.T
	url     string
	stream  string // ws URL
	streams chan *stream
	client  *http.Client
}

func newAccount(t *testing.T, options knowlarity.Options) *account {
	t.Helper()
	options.Now = func() time.Time { return start }
	if options.Pace == 0 {
		options.Pace = 20
	}
	emulator, err := knowlarity.New(options)
	if err != nil {
		t.Fatal(err)
	}
	a := &account{Server: emulator, t: t, streams: make(chan *stream, 4), client: &http.Client{Transport: &http.Transport{}}}
	upgrader := websocket.Upgrader{Subprotocols: []string{"audio.drachtio.org"}}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Minute))
		a.streams <- &stream{t, conn}
	}))
	server := httptest.NewServer(emulator.Handler())
	a.url, a.stream = server.URL, strings.Replace(receiver.URL, "http", "ws", 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- emulator.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		a.client.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		receiver.Close()
	})
	return a
}

// do sends a request with the account's credentials; pairs replace headers.
func (a *account) do(method, path, body string, pairs ...string) (int, string) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("x-api-key", a.Account().APIKey)
	request.Header.Set("authorization", a.Account().Authorization)
	for i := 0; i < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	response, err := a.client.Do(request)
	if err != nil {
		return 0, "lost"
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "lost"
	}
	return response.StatusCode, string(text)
}

// flow is a request with a play node and a stream node.
func (a *account) flow() string {
	return `{"k_number":"` + number + `","customer_number":"` + patient + `","ivr_flow":{"flow":{"nodes":[
		{"id":"welcome","type":"play","audio":{"type":"tts","text":"Namaste","language":"hi"},"next":"stream_node"},
		{"id":"stream_node","type":"stream","config":{"wss_url":"` + a.stream + `/s/token","sampling_rate":"16k",
		"metadata":"{\"callid\":\"ours\",\"call_session_id\":\"8b7e\",\"session_metadata\":{\"name\":\"O'Brien\",\"age\":null}}"}}]}}}`
}

// place dials with a flow and answers the call's id.
func (a *account) place() string {
	a.t.Helper()
	code, body := a.do("POST", knowlarity.DefaultFlowPath, a.flow())
	var out struct {
		Success struct {
			Status string
			ID     string `json:"call_id"`
		}
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || code != 200 || out.Success.Status != "success" {
		a.t.Fatalf("%d %s", code, body)
	}
	return out.Success.ID
}

// talk places a call, lets it be answered, and answers the stream.
func (a *account) talk(script knowlarity.Script) (string, *stream) {
	a.t.Helper()
	if err := a.SetScripts(patient, script); err != nil {
		a.t.Fatal(err)
	}
	id := a.place()
	a.Advance(time.Minute)
	return id, <-a.streams
}

// ended waits until a call is over.
func (a *account) ended(id string) knowlarity.View {
	a.t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		view, err := a.Call(id)
		if err != nil {
			a.t.Fatal(err)
		}
		if view.State == knowlarity.Ended {
			return view
		}
	}
	return knowlarity.View{}
}

// stream is our end of a stream.
type stream struct {
	t    *testing.T
	conn *websocket.Conn
}

func (s *stream) send(text string) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

// play sends sound as one file.
func (s *stream) play(samples []int16) {
	s.t.Helper()
	s.send(`{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":16000,"audioContent":"` +
		base64.StdEncoding.EncodeToString(speech.PCM(samples)) + `"}}`)
}

// next is the next message.
func (s *stream) next() (kind int, data []byte) {
	s.t.Helper()
	kind, data, err := s.conn.ReadMessage()
	if err != nil {
		s.t.Fatal(err)
	}
	return kind, data
}

// turn reads audio until the patient has said something and is silent again.
func (s *stream) turn() []int16 {
	s.t.Helper()
	var detector speech.Detector
	for {
		kind, data := s.next()
		if kind == websocket.BinaryMessage && detector.Hear(speech.Samples(data)) == speech.Ended {
			return detector.Turn()
		}
	}
}

// drain reads until the stream closes, and closes our side.
func (s *stream) drain() error {
	for {
		if _, _, err := s.conn.ReadMessage(); err != nil {
			s.conn.Close()
			return err
		}
	}
}

// kinds are the moments without silences, which depend on how slow the test is.
func kinds(view knowlarity.View) string {
	var names []string
	for _, m := range view.Moments {
		if m.Kind != knowlarity.HeardSilence {
			names = append(names, string(m.Kind))
		}
	}
	return strings.Join(names, " ")
}

func agentSays(t *testing.T, name string) []int16 {
	t.Helper()
	prompt, ok := speech.Find("hi", speech.Agent, name)
	if !ok {
		t.Fatalf("no sentence %s", name)
	}
	return prompt.Samples()
}
