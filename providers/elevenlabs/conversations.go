package elevenlabs

import (
	"context"
	"errors"
	"net/url"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Conversation reads one conversation (7). It is complete once it is Done; until then it may be asked for again.
// Errors: NOT_FOUND while the provider does not have it.
func (c *Client) Conversation(ctx context.Context, id string) (helix.Conversation, error) {
	if id == "" {
		return helix.Conversation{}, helix.NotFound("conversation")
	}
	var found helix.Conversation
	op := providers.Operation{Name: "elevenlabs.conversation"}
	err := c.get(ctx, op, "/v1/convai/conversations/"+url.PathEscape(id), nil, func(body []byte) error {
		var r record
		if err := decode(body, &r); err != nil {
			return err
		}
		if r.ID == "" {
			return errors.New("the answer is about no conversation")
		}
		found = r.conversation()
		return nil
	})
	return found, err
}
