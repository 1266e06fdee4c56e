// Package upstream carries documents to FortyTwo.
package upstream

import (
	"context"
	"net/url"

	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
)

// Client reaches FortyTwo's records. It is safe for concurrent use.
type Client struct {
	options Options
	url     *url.URL
}

// New makes a client. Errors: a URL that is none.
func New(o Options) (*Client, error) {
	u, err := o.endpoint()
	if err != nil {
		return nil, err
	}
	return &Client{options: o.withDefaults(), url: u}, nil
}

// Do sends r for caller and gives FortyTwo's answer: a JSON object with data, errors or both, and the HTTP status. The bytes
// may be shared with other callers of Do and are read-only. The error is nil or a [*helix.Error].
func (c *Client) Do(_ context.Context, _ *Caller, _ *Request) (body []byte, status int, err error) {
	return nil, 0, helix.NotConfigured(helix.ProviderFortyTwo, c.url.Host)
}

// Errors turns FortyTwo's errors array into ours, without paths.
func Errors(_ []byte, _ int) gqlerror.List { return nil }
