package elevenlabs

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Bounds of one list.
const (
	listPage     = 100
	maxListPages = 20
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

// Conversations lists those that an agent, "" for any, began between two times, newest first as the provider has them;
// without transcripts and collected data (7). Errors: LIMIT_EXCEEDED for more than 2,000.
func (c *Client) Conversations(ctx context.Context, agent string, after, before time.Time) ([]helix.Conversation, error) {
	query := url.Values{"page_size": {strconv.Itoa(listPage)}}
	if agent != "" {
		query.Set("agent_id", agent)
	}
	if !after.IsZero() {
		query.Set("call_start_after_unix", strconv.FormatInt(after.Unix(), 10))
	}
	if !before.IsZero() {
		query.Set("call_start_before_unix", strconv.FormatInt(before.Unix(), 10))
	}
	var list []helix.Conversation
	op := providers.Operation{Name: "elevenlabs.conversations"}
	for range maxListPages {
		var page struct {
			Conversations []record `json:"conversations"`
			Next          string   `json:"next_cursor"`
			More          bool     `json:"has_more"`
		}
		err := c.get(ctx, op, "/v1/convai/conversations", query, func(body []byte) error {
			page.Conversations = nil
			return decode(body, &page)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Conversations {
			if r.ID != "" {
				list = append(list, r.conversation())
			}
		}
		if !page.More || page.Next == "" || page.Next == query.Get("cursor") {
			return list, nil
		}
		query.Set("cursor", page.Next)
	}
	return nil, &helix.Error{
		Code: helix.CodeLimitExceeded, Provider: helix.ProviderElevenLabs, Op: op.Name,
		Message: "the period holds too many conversations: ask for a shorter one",
	}
}
