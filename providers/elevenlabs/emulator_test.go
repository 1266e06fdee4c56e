package elevenlabs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/elevenlabs"
	"github.com/helix-engage/gateway/providers/providertest"
	emulator "github.com/helix-engage/gateway/sandbox/elevenlabs"
	"github.com/helix-engage/gateway/sandbox/faults"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.TestVoiceAgent(t, newHarness)
}

// delivery is a webhook as it came.
type delivery struct {
	signature string
	body      []byte
}

func newHarness(t *testing.T) providertest.VoiceAgent {
	t.Helper()
	line := timeline.New(func() time.Time { return time.Unix(1_763_700_070, 0) })
	delivered := make(chan delivery, 10)
	hooked := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		delivered <- delivery{r.Header.Get(elevenlabs.SignatureHeader), body}
	}))
	t.Cleanup(hooked.Close)
	agent := emulator.DefaultAgent()
	server, err := emulator.New(emulator.Options{Timeline: line, Agents: []emulator.Agent{agent}, Webhook: emulator.Webhook{URL: hooked.URL}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
		if wrong := server.Violations(); len(wrong) > 0 {
			t.Errorf("the provider complains: %q", wrong)
		}
	})
	client := newClient(t, func(o *elevenlabs.Options) {
		o.BaseURL, o.APIKey, o.AgentID = web.URL, server.APIKey(), agent.ID
	})
	return providertest.VoiceAgent{
		Driver: client, Call: ourID,
		Genuine: func(signature string, body []byte) bool {
			return genuine(emulator.DefaultWebhookSecret, signature, body)
		},
		Talk: func(ctx context.Context, url string, header http.Header) (string, error) {
			return talk(ctx, t, client, url, header)
		},
		Settle: func() {
			for _, view := range server.Conversations() {
				for view.Status != emulator.Done && providers.Wait(t.Context(), time.Millisecond) {
					line.Advance(time.Second)
					view, _ = server.Conversation(view.ID)
				}
			}
		},
		Webhook: func(ctx context.Context) (string, []byte, error) {
			select {
			case d := <-delivered:
				return d.signature, d.body, nil
			case <-ctx.Done():
				return "", nil, ctx.Err()
			}
		},
		Decode: func(body []byte) (helix.Conversation, error) {
			c, kind, err := client.DecodeWebhook(body)
			if err == nil && kind != elevenlabs.WebhookTranscription {
				err = errors.New("the webhook is a " + string(kind))
			}
			return c, err
		},
		Crowd: func() {
			full := faults.Request{Kind: faults.KindStatus, Status: 429, Count: 100, Body: `{"detail":{"status":"too_many_concurrent_requests"}}`}
			if err := server.Fail(full); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// talk holds a conversation in the dialect until the agent has said something, and answers every ping.
func talk(ctx context.Context, t *testing.T, client *elevenlabs.Client, url string, header http.Header) (id string, err error) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(ctx, url, header)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	defer conn.Close()
	dialect, heard := client.Dialect(), 0
	start, err := dialect.AppendStart(nil, helix.VoiceStart{Call: ourID, Attempt: 1, Language: "hi", Variables: map[string]any{"patient_name": "Rahul"}})
	if err != nil {
		return "", err
	}
	send := func(data []byte) { err = errors.Join(err, conn.WriteMessage(websocket.TextMessage, data)) }
	send(start)
	var f helix.VoiceFrame
	for said := false; err == nil && (!said || heard == 0); {
		_, data, readErr := conn.ReadMessage()
		if readErr != nil {
			return id, readErr
		}
		if err := dialect.Decode(data, &f); err != nil {
			return id, err
		}
		switch f.Kind {
		case helix.VoiceReady:
			id = f.Conversation
			send(dialect.AppendAudio(nil, make([]byte, 1920)))
		case helix.VoicePing:
			send(dialect.AppendPong(nil, f.Event))
		case helix.VoiceAgentSaid:
			said = true
		case helix.VoiceAudio:
			heard += len(f.Audio)
		case helix.VoiceFault:
			return id, errors.New(f.Text)
		}
	}
	if err == nil {
		err = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Minute))
	}
	for err == nil {
		if _, _, readErr := conn.ReadMessage(); readErr != nil {
			break
		}
	}
	return id, err
}
