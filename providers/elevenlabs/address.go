package elevenlabs

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// addressTimeout bounds the way to an address: it is asked for while the patient's phone rings.
const addressTimeout = 5 * time.Second

// maxAddress bounds a signed URL, in bytes.
const maxAddress = 4096

// Address gives the signed URL of a new conversation with an agent, "" for the configured one (1). It is good for 15
// minutes, holds a secret and must not be logged. The handshake needs no header.
//
// The conversation's id is not asked for with it: that would make the URL good for one handshake only, and the first
// frame tells the id.
func (c *Client) Address(ctx context.Context, agent string) (address string, header http.Header, err error) {
	if agent == "" {
		agent = c.agent
	}
	if agent == "" {
		return "", nil, helix.NotConfigured(helix.ProviderElevenLabs, "ELEVENLABS_AGENT_ID")
	}
	op := providers.Operation{Name: "elevenlabs.address", Timeout: addressTimeout}
	err = c.get(ctx, op, "/v1/convai/conversation/get-signed-url", url.Values{"agent_id": {agent}}, func(body []byte) error {
		var answer struct {
			SignedURL string `json:"signed_url"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return errors.New("the answer is no JSON object")
		}
		address = answer.SignedURL
		return c.checkAddress(address)
	})
	if err != nil {
		return "", nil, err
	}
	return address, http.Header{}, nil
}

// checkAddress refuses what is no WebSocket, or one without TLS although the API has it: it would carry the patient's
// voice.
func (c *Client) checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > maxAddress || u.Scheme != "wss" && (u.Scheme != "ws" || c.secure) {
		return errors.New("the answer holds no address of a secure WebSocket")
	}
	return nil
}

// Dialect makes the dialect for a new socket.
func (c *Client) Dialect() *Voice { return NewDialect() }
