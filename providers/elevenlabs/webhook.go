package elevenlabs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
)

// SignatureHeader carries a webhook's signature (8).
const SignatureHeader = "ElevenLabs-Signature"

// How far a webhook's time may be from ours. The vendor's own verifiers take any time in the future; its clock is not
// that wrong (8).
const (
	signatureAge  = 30 * time.Minute
	signatureLead = 5 * time.Minute
)

// maxSignatures bounds how many signatures of one header are looked at.
const maxSignatures = 8

// Verify checks the signature of a webhook's body as it came, byte for byte (8). header is [SignatureHeader]'s value;
// any signature in it by any of the secrets will do. A body that was taken before passes again for half an hour: whoever
// takes webhooks in remembers which.
//
// Errors: NOT_CONFIGURED without a secret; UNAUTHENTICATED otherwise, with the reason for the operator.
func (c *Client) Verify(header string, body []byte, now time.Time) error {
	if len(c.secrets) == 0 {
		return helix.NotConfigured(helix.ProviderElevenLabs, "ELEVENLABS_WEBHOOK_SECRET")
	}
	stamp, signatures := readSignature(header)
	at, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case header == "":
		return unsigned("there is no signature")
	case err != nil || at < 0 || at > maxUnix || len(signatures) == 0:
		return unsigned("the signature cannot be read")
	case now.Sub(time.Unix(at, 0)) > signatureAge:
		return unsigned("the signature is too old")
	case time.Unix(at, 0).Sub(now) > signatureLead:
		return unsigned("the signature is from the future")
	}
	match := false
	for _, secret := range c.secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, signature := range signatures {
			match = hmac.Equal(signature, want) || match
		}
	}
	if !match {
		return unsigned("the signature is wrong")
	}
	return nil
}

// readSignature reads `t=<unix seconds>,v0=<hex>`, where v0 may come several times and other schemes are passed over. Two
// times are none.
func readSignature(header string) (stamp string, signatures [][]byte) {
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil
			}
			stamp = value
		case "v0":
			if mac, err := hex.DecodeString(value); err == nil && len(signatures) < maxSignatures {
				signatures = append(signatures, mac)
			}
		}
	}
	return stamp, signatures
}

func unsigned(detail string) *helix.Error {
	return &helix.Error{
		Code: helix.CodeUnauthenticated, Message: "the webhook is not signed as it must be",
		Provider: helix.ProviderElevenLabs, Op: "elevenlabs.webhook", Detail: detail,
	}
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
