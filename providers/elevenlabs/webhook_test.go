package elevenlabs_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

// The vendor's own verifier takes this one (8).
const (
	vectorBody   = `{"type":"post_call_transcription","event_timestamp":1763700070,"data":{}}`
	vectorMAC    = "fdec100fe17f3d099154b91ea9f99d75b26480e1643f029e9a967f7167285fbe"
	vectorHeader = "t=1763700070,v0=" + vectorMAC
	vectorSecret = "wsec_test"
)

func TestSignaturesAreRead(t *testing.T) {
	t.Parallel()
	wrong := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		header string
		good   bool
	}{
		"the vendor's vector":                 {header: vectorHeader, good: true},
		"with spaces everywhere":              {header: " t=1763700070 , v0=" + vectorMAC + " ", good: true},
		"with spaces after commas":            {header: "t=1763700070, v0=" + vectorMAC, good: true},
		"in another order":                    {header: "v0=" + vectorMAC + ",t=1763700070", good: true},
		"one of several signatures":           {header: "t=1763700070,v0=" + wrong + ",v0=" + vectorMAC, good: true},
		"beside another scheme":               {header: "t=1763700070,v1=" + wrong + ",v0=" + vectorMAC, good: true},
		"of another time":                     {header: "t=1763700071,v0=" + vectorMAC},
		"with two times":                      {header: "t=1763700070,t=1763700070,v0=" + vectorMAC},
		"without a time":                      {header: "v0=" + vectorMAC},
		"with a time that is none":            {header: "t=x,v0=" + vectorMAC},
		"with a time before time":             {header: "t=-1763700070,v0=" + vectorMAC},
		"with a time beyond time":             {header: "t=9223372036854775807,v0=" + vectorMAC},
		"of another scheme alone":             {header: "t=1763700070,v1=" + vectorMAC},
		"cut short":                           {header: "t=1763700070,v0=" + vectorMAC[:62]},
		"no hex":                              {header: "t=1763700070,v0=zz"},
		"empty":                               {header: "t=1763700070,v0="},
		"missing":                             {},
		"behind more signatures than we read": {header: "t=1763700070," + strings.Repeat("v0="+wrong+",", 8) + "v0=" + vectorMAC},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if genuine(vectorSecret, c.header, []byte(vectorBody)) != c.good {
				t.Errorf("%q counts as genuine: %t", c.header, !c.good)
			}
		})
	}
}

// genuine checks a signature as receivers do, at any time.
func genuine(secret, header string, body []byte) bool {
	h := http.Header{}
	h.Set(elevenlabs.SignatureHeader, header)
	at, prefix, macs, ok := elevenlabs.WebhookSeal(h)
	if !ok || at.IsZero() {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%s%s", prefix, body)
	return slices.Contains(macs, [sha256.Size]byte(mac.Sum(nil)))
}

func TestWebhooksAreDecoded(t *testing.T) {
	t.Parallel()
	done := helix.Conversation{ID: "c", Done: true}
	for name, c := range map[string]struct {
		body string
		want helix.Conversation
		kind elevenlabs.WebhookKind
	}{
		"a transcript":                   {`{"type":"post_call_transcription","event_timestamp":1763700070,"data":` + fullRecord + `}`, wantRecord(), elevenlabs.WebhookTranscription},
		"a transcript without a status":  {`{"type":"post_call_transcription","event_timestamp":"1763700070","data":{"conversation_id":"c"}}`, done, elevenlabs.WebhookTranscription},
		"a transcript that is not ready": {`{"type":"post_call_transcription","data":{"conversation_id":"c","status":"processing"}}`, helix.Conversation{ID: "c"}, elevenlabs.WebhookTranscription},
		"a recording":                    {`{"type":"post_call_audio","data":{"conversation_id":"c","full_audio":"AAAA"}}`, helix.Conversation{ID: "c"}, elevenlabs.WebhookAudio},
		"a call that could not begin":    {`{"type":"call_initiation_failure","data":{"conversation_id":"c","failure_reason":"busy"}}`, helix.Conversation{ID: "c"}, elevenlabs.WebhookInitiationFailure},
		"news of a voice":                {`{"type":"voice_removal_notice","data":[1]}`, helix.Conversation{}, elevenlabs.WebhookOther},
		"news without data":              {`{"type":"answering_machine_detection"}`, helix.Conversation{}, elevenlabs.WebhookOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, kind, err := newClient(t).DecodeWebhook([]byte(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" || kind != c.kind || err != nil {
				t.Errorf("%s, %v (-want +got):\n%s", kind, err, diff)
			}
		})
	}
	for _, body := range []string{``, `[]`, `{}`, `{"type":7}`, `{"type":"post_call_transcription"}`, vectorBody, `{"type":"post_call_transcription","data":{"resourceSpans":[]}}`} {
		if _, _, err := elevenlabs.DecodeWebhook([]byte(body)); !helix.IsCode(err, helix.CodeBadInput) {
			t.Errorf("%s gives %v", body, err)
		}
	}
}

func FuzzWebhookSeal(f *testing.F) {
	f.Add(vectorHeader, []byte(vectorBody))
	f.Add("t=1,v0=,t=2", []byte(nil))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if genuine(vectorSecret, header, body) {
			stamp, _, _ := strings.Cut(strings.SplitAfterN(header, "t=", 2)[1], ",")
			mac := hmac.New(sha256.New, []byte(vectorSecret))
			_, _ = fmt.Fprintf(mac, "%s.%s", strings.TrimSpace(stamp), body)
			if !strings.Contains(strings.ToLower(header), hex.EncodeToString(mac.Sum(nil))) {
				t.Fatalf("%q is accepted", header)
			}
		}
	})
}

func FuzzDecodeWebhook(f *testing.F) {
	f.Add([]byte(`{"type":"post_call_transcription","data":` + fullRecord + `}`))
	f.Add([]byte(`{"type":"post_call_audio","data":{"conversation_id":"c"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, kind, err := elevenlabs.DecodeWebhook(body)
		switch {
		case err != nil && !helix.IsCode(err, helix.CodeBadInput), (err == nil) != (kind != ""):
			t.Fatalf("%q, %v", kind, err)
		case kind == elevenlabs.WebhookTranscription && c.ID == "":
			t.Fatal("a transcript of no conversation")
		case c.Duration < 0, len(c.Transcript) > helix.MaxTranscript, len(c.Collected) > helix.MaxCollected:
			t.Fatalf("%+v is not plausible", c)
		}
		if _, err := c.StartedAt.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	})
}
