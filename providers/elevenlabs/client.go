package elevenlabs

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// DefaultBaseURL is the global host. Workspaces with data residency have hosts of their own, e.g.
// https://api.in.residency.elevenlabs.io; a key of one is unknown to the others (1).
const DefaultBaseURL = "https://api.elevenlabs.io"

// Options describes one workspace. HTTP is needed; without APIKey the workspace counts as not configured.
type Options struct {
	BaseURL string
	APIKey  string
	AgentID string // of conversations that name no agent
	HTTP    *providers.Client
}

// Client speaks for one workspace. It is safe for concurrent use.
type Client struct {
	base   string
	secure bool // the base is https, so sockets are wss
	apiKey string
	agent  string
	http   *providers.Client
}

// New makes a client. Errors: no HTTP client, a malformed URL.
func New(o Options) (*Client, error) {
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	if o.HTTP == nil {
		return nil, errors.New("elevenlabs: an HTTP client is needed")
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.RawQuery != "" {
		return nil, errors.New("elevenlabs: the base URL needs scheme and host and has no query")
	}
	c := &Client{base: strings.TrimRight(o.BaseURL, "/"), secure: u.Scheme == "https", apiKey: o.APIKey, agent: o.AgentID, http: o.HTTP}
	return c, nil
}

// Configured reports whether the workspace has a key.
func (c *Client) Configured() bool { return c.apiKey != "" }

// Health tells how the workspace did lately, without a request. A refusal of our credentials is a failure.
func (c *Client) Health() providers.Health { return c.http.Health() }

// get reads from the workspace.
func (c *Client) get(ctx context.Context, op providers.Operation, path string, query url.Values, read func([]byte) error) error {
	if !c.Configured() {
		return helix.NotConfigured(helix.ProviderElevenLabs, "ELEVENLABS_API_KEY")
	}
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	op.Safety = providers.Safe
	return c.http.Do(ctx, op, providers.Request{
		Method: http.MethodGet, URL: address, Header: http.Header{"Accept": {"application/json"}, "xi-api-key": {c.apiKey}},
	}, func(r providers.Response) error {
		if !r.OK() {
			return c.refused(op, r)
		}
		return read(r.Body)
	})
}
