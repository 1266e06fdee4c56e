package knowlarity

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// SetStreamURL tells Knowlarity where to stream the calls of a number, "" for the configured one (6.2). It may be
// repeated. streamURL holds a secret and appears nowhere else.
//
// Errors: BAD_USER_INPUT for an address that is no wss URL.
func (c *Client) SetStreamURL(ctx context.Context, number helix.Phone, streamURL string) error {
	if err := c.configured(); err != nil {
		return err
	}
	if number == "" {
		number = c.number
	}
	if !strings.HasPrefix(streamURL, "wss://") && !strings.HasPrefix(streamURL, "ws://") {
		return helix.BadInput("a stream needs a wss address")
	}
	body, err := json.Marshal(map[string]any{"data": map[string]any{"number": number, "wss_url": streamURL}})
	if err != nil {
		return helix.Internal("knowlarity.set_stream_url", errors.New("the request cannot be written"))
	}
	op := providers.Operation{Name: "knowlarity.set_stream_url", Family: "settings", Safety: providers.Idempotent}
	return c.http.Do(ctx, op, providers.Request{Method: http.MethodPost, URL: c.o.StreamURLAPI, Header: c.header(), Body: body},
		func(r providers.Response) error {
			doc, _ := object(r.Body) // no form of the answer is documented
			switch {
			case !r.OK():
				return c.refused(op, r, words(doc))
			case has(doc, "error"):
				return refusal(words(doc))
			}
			return nil
		})
}
