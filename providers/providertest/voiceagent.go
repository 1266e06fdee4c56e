package providertest

import (
	"context"
	"net/http"
	"slices"
	"testing"

	helix "github.com/helix-engage/gateway"
)

// VoiceAgentDriver is what outbound AI calls need of a voice provider, but for the dialect of its socket.
type VoiceAgentDriver interface {
	Address(ctx context.Context, agent string) (url string, header http.Header, err error)
	Conversation(ctx context.Context, id string) (helix.Conversation, error)
}

// VoiceAgent is a driver with levers on its far side. Each run of the suite gets a fresh one.
type VoiceAgent struct {
	Driver VoiceAgentDriver
	Call   helix.CallID // of the conversation that Talk holds

	Talk    func(ctx context.Context, url string, header http.Header) (conversation string, err error) // opens, begins and ends one
	Settle  func()                                                                                     // the far side makes up its mind about it
	Webhook func(ctx context.Context) (signature string, body []byte, err error)                       // that follows
	Genuine func(signature string, body []byte) bool                                                   // whether it is signed so
	Decode  func(body []byte) (helix.Conversation, error)                                              // of a webhook
	Crowd   func()                                                                                     // from now on the provider is full
}

// TestVoiceAgent runs the suite; newHarness is called once for each of its tests.
func TestVoiceAgent(t *testing.T, newHarness func(*testing.T) VoiceAgent) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, context.Context, VoiceAgent){
		"an address opens a conversation that is told of": testTalked,
		"a webhook is signed and tells the same":          testWebhook,
		"a conversation that is unknown is not found":     testUnknownConversation,
		"an agent that is unknown has no address":         testUnknownVoiceAgent,
		"a provider that is full may be asked again":      testCrowded,
		"a caller who gave up gets a coded error":         testAddressGivenUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test(t, ctx, newHarness(t))
		})
	}
}

func testTalked(t *testing.T, ctx context.Context, h VoiceAgent) {
	id := h.talk(t, ctx)
	h.Settle()
	c, err := h.Driver.Conversation(ctx, id)
	must(t, err)
	if c.ID != id || c.Call != h.Call || !c.Done || c.Failed || c.StartedAt.IsZero() {
		t.Errorf("the conversation is %+v, want %s of call %s, done", c, id, h.Call)
	}
}

func testWebhook(t *testing.T, ctx context.Context, h VoiceAgent) {
	id := h.talk(t, ctx)
	h.Settle()
	signature, body, err := h.Webhook(ctx)
	must(t, err)
	if !h.Genuine(signature, body) || h.Genuine(signature, append(slices.Clip(body), ' ')) || h.Genuine("", body) {
		t.Error("the signature does not tell the body from another")
	}
	c, err := h.Decode(body)
	must(t, err)
	if c.ID != id || c.Call != h.Call || !c.Done {
		t.Errorf("the webhook tells of %+v, want %s of call %s, done", c, id, h.Call)
	}
}

func testUnknownConversation(t *testing.T, ctx context.Context, h VoiceAgent) {
	_, err := h.Driver.Conversation(ctx, "conv_unknown")
	refused(t, err, helix.CodeNotFound)
}

func testUnknownVoiceAgent(t *testing.T, ctx context.Context, h VoiceAgent) {
	address, _, err := h.Driver.Address(ctx, "agent_unknown")
	if err == nil || address != "" || helix.IsRetryable(err) {
		t.Errorf("the address is %q, %v", address, err)
	}
}

func testCrowded(t *testing.T, ctx context.Context, h VoiceAgent) {
	h.Crowd()
	_, _, err := h.Driver.Address(ctx, "")
	refused(t, err, helix.CodeTooManyRequests)
	if !helix.IsRetryable(err) {
		t.Errorf("%v is final", err)
	}
}

func testAddressGivenUp(t *testing.T, ctx context.Context, h VoiceAgent) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err := h.Driver.Address(ctx, "")
	refused(t, err, helix.CodeUnavailable)
}

func (h VoiceAgent) talk(t *testing.T, ctx context.Context) (conversation string) {
	t.Helper()
	address, header, err := h.Driver.Address(ctx, "")
	must(t, err)
	id, err := h.Talk(ctx, address, header)
	must(t, err)
	return id
}
