package elevenlabs

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/helix-engage/gateway/sandbox/hooks"
)

// The kinds of webhooks.
const (
	transcriptionHook = "post_call_transcription"
	audioHook         = "post_call_audio"
)

// Sign is the value of the header ElevenLabs-Signature (elevenlabs.md 8).
func Sign(secret string, at time.Time, body []byte) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "t=" + stamp + ",v0=" + hex.EncodeToString(mac.Sum(nil))
}

// postCall submits the webhooks of an analysed conversation.
func (s *Server) postCall(c *conversation) {
	s.mu.Lock()
	webhook := s.webhook
	s.mu.Unlock()
	if webhook.URL == "" {
		return
	}
	s.courier.Submit(webhook.hook(transcriptionHook, c.record()))
	if webhook.Audio {
		s.courier.Submit(webhook.hook(audioHook, object{
			"agent_id": c.agent.ID, "conversation_id": c.id, "full_audio": base64.StdEncoding.EncodeToString(silentMP3(c.look().Duration)),
		}))
	}
}

func (h Webhook) hook(kind string, data object) hooks.Hook {
	return hooks.Hook{Kind: kind, Make: func(ctx context.Context, at time.Time, spoiled bool) (*http.Request, error) {
		body, err := json.Marshal(object{"type": kind, "event_timestamp": at.Unix(), "data": data})
		if err != nil {
			return nil, err
		}
		var content io.Reader = bytes.NewReader(body)
		if kind == audioHook {
			content = io.MultiReader(content) // of unknown length: chunked, as the provider sends it
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, content)
		if err != nil {
			return nil, err
		}
		secret := h.Secret
		if spoiled {
			secret += "x"
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("ElevenLabs-Signature", Sign(secret, at, body))
		return request, nil
	}}
}
