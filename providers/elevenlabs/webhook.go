package elevenlabs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// SignatureHeader carries a webhook's signature (8).
const SignatureHeader = "ElevenLabs-Signature"

// maxSignatures bounds how many signatures of one header are looked at.
const maxSignatures = 8

// WebhookSeal reads a webhook's signature (8): when it was made, what was signed before the raw body, and HMACs with
// SHA-256 of which any will do. The secret is used as text. Signatures are good for half an hour, and remembering which
// were seen is the business of whoever takes webhooks in.
func WebhookSeal(h http.Header) (at time.Time, prefix string, macs [][sha256.Size]byte, ok bool) {
	stamp, macs := readSignature(h.Get(SignatureHeader))
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 || seconds > maxUnix || len(macs) == 0 {
		return time.Time{}, "", nil, false
	}
	return time.Unix(seconds, 0), stamp + ".", macs, true
}

// readSignature reads `t=<unix seconds>,v0=<hex>`, where v0 may come several times and other schemes are passed over. Two
// times are none.
func readSignature(header string) (stamp string, macs [][sha256.Size]byte) {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil
			}
			stamp = value
		case "v0":
			if mac, err := hex.DecodeString(value); err == nil && len(mac) == sha256.Size && len(macs) < maxSignatures {
				macs = append(macs, [sha256.Size]byte(mac))
			}
		}
	}
	return stamp, macs
}

// WebhookKind is what a webhook is about, in the provider's words (8).
type WebhookKind string

// The kinds that are known. All but the first are to be taken and left alone.
const (
	WebhookTranscription     WebhookKind = "post_call_transcription"
	WebhookAudio             WebhookKind = "post_call_audio"         // the recording, which we make ourselves
	WebhookInitiationFailure WebhookKind = "call_initiation_failure" // of the provider's own telephony
	WebhookOther             WebhookKind = "other"
)

// DecodeWebhook reads a webhook whose signature was verified (8). The conversation is filled for [WebhookTranscription];
// for other kinds it has no more than its id. A webhook may come twice, and before its call is over.
//
// Errors: BAD_USER_INPUT, without a word of the body.
func DecodeWebhook(body []byte) (helix.Conversation, WebhookKind, error) {
	var envelope struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := decode(body, &envelope); err != nil {
		return helix.Conversation{}, "", badWebhook(err.Error())
	}
	kind := WebhookKind(envelope.Type)
	switch kind {
	case "":
		return helix.Conversation{}, "", badWebhook("the webhook has no type")
	case WebhookTranscription:
		var r record
		if err := decode(envelope.Data, &r); err != nil || r.ID == "" {
			return helix.Conversation{}, "", badWebhook("the webhook is about no conversation")
		}
		c := r.conversation()
		c.Done = c.Done || r.Status == "" // it is sent when the analysis is complete
		return c, kind, nil
	case WebhookAudio, WebhookInitiationFailure:
	default:
		kind = WebhookOther
	}
	var about struct {
		ID string `json:"conversation_id"`
	}
	_ = decode(envelope.Data, &about) // kinds that are not about a conversation are left alone too
	return helix.Conversation{ID: about.ID}, kind, nil
}

// DecodeWebhook is the function of that name, for those who hold a client.
func (c *Client) DecodeWebhook(body []byte) (helix.Conversation, WebhookKind, error) {
	return DecodeWebhook(body)
}

func badWebhook(detail string) *helix.Error {
	err := helix.BadInput("the webhook cannot be read")
	err.Provider, err.Op, err.Detail = helix.ProviderElevenLabs, "elevenlabs.webhook", detail
	return err
}
