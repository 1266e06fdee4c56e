package elevenlabs

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Check tells whether the workspace answers, takes our key and has the configured agent, if there is one. It reads the list
// of conversations (7) and asks for an address as before each conversation, which it does not open (1): nothing begins, and
// nothing is charged. Errors: NOT_FOUND when there is no such agent; providers.ErrCredentials is the cause when the key is
// not taken.
func (c *Client) Check(ctx context.Context) error {
	query := url.Values{"page_size": {"1"}}
	if c.agent != "" {
		query.Set("agent_id", c.agent)
	}
	op := providers.Operation{Name: "elevenlabs.conversations"}
	err := c.get(ctx, op, "/v1/convai/conversations", query, func(body []byte) error {
		var answer struct {
			Conversations []json.RawMessage `json:"conversations"`
		}
		if json.Unmarshal(body, &answer) != nil || answer.Conversations == nil {
			return errors.New("the answer holds no list of conversations")
		}
		return nil
	})
	if err != nil || c.agent == "" {
		return err
	}
	_, _, err = c.Address(ctx, "")
	if helix.IsCode(err, helix.CodeNotFound) {
		refused := *helix.AsError(err)
		refused.Message = "elevenlabs does not know the configured voice agent"
		return &refused
	}
	return err
}
