package elevenlabs

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// failure is what a status word of the API means (5).
type failure struct {
	code       helix.Code
	message    string
	retryAfter time.Duration // for what may be asked again
	cause      error
}

var failures = map[string]failure{
	"too_many_concurrent_requests": {helix.CodeTooManyRequests, "elevenlabs has no conversation free at the moment", 5 * time.Second, nil},
	"rate_limit_exceeded":          {helix.CodeTooManyRequests, "elevenlabs takes no more requests for now", 5 * time.Second, nil},
	"system_busy":                  {helix.CodeUnavailable, "elevenlabs is busy", 2 * time.Second, nil},

	"quota_exceeded": {helix.CodeRejected, "the plan at elevenlabs is used up", 0, nil},

	"invalid_api_key":        {helix.CodeRejected, unaccepted, 0, providers.ErrCredentials},
	"missing_api_key":        {helix.CodeRejected, unaccepted, 0, providers.ErrCredentials},
	"needs_authorization":    {helix.CodeRejected, unaccepted, 0, providers.ErrCredentials},
	"missing_permissions":    {helix.CodeRejected, "the key of elevenlabs lacks a permission", 0, providers.ErrCredentials},
	"conversation_not_found": {helix.CodeNotFound, "elevenlabs does not know this conversation", 0, nil},
	"document_not_found":     {helix.CodeNotFound, "elevenlabs does not know this", 0, nil},
}

const unaccepted = "elevenlabs does not accept the gateway's credentials"

// refused codes a 4xx. The kit has dealt with 429 already, whose words mean the same by any status.
func (c *Client) refused(op providers.Operation, r providers.Response) error {
	said := statuses(r.Body)
	for _, word := range said {
		if f, known := failures[word]; known {
			return &helix.Error{
				Code: f.code, Message: f.message, Detail: describe(r.Status, said),
				Retryable: f.retryAfter > 0, RetryAfter: f.retryAfter, Err: f.cause,
			}
		}
	}
	if r.Status == 404 {
		return &helix.Error{Code: helix.CodeNotFound, Message: "elevenlabs does not know this", Detail: describe(r.Status, said)}
	}
	var err *helix.Error
	if !errors.As(c.http.Refused(op, r), &err) {
		return errors.New(describe(r.Status, said))
	}
	err.Detail = describe(r.Status, said)
	return err
}

func describe(status int, said []string) string {
	return strings.TrimSpace("HTTP " + strconv.Itoa(status) + " " + strings.Join(said, " "))
}

// word is what a status looks like. Messages are left alone: a validation error quotes what was sent.
var word = regexp.MustCompile(`^[a-z][a-z0-9_.-]{1,63}$`)

// maxWords bounds how many are kept.
const maxWords = 4

// statuses finds the words of an error: `detail` is an object, a list of objects, or a string (5).
func statuses(body []byte) []string {
	var answer struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	type item struct {
		Status any `json:"status"`
		Code   any `json:"code"`
		Type   any `json:"type"`
	}
	var items []item
	switch {
	case len(answer.Detail) == 0:
		return nil
	case answer.Detail[0] == '{':
		items = make([]item, 1)
		_ = json.Unmarshal(answer.Detail, &items[0]) // fields of any type
	case answer.Detail[0] == '[':
		_ = json.Unmarshal(answer.Detail, &items) // what is no object says nothing
	default:
		var text any
		_ = json.Unmarshal(answer.Detail, &text)
		items = []item{{Status: text}}
	}
	var said []string
	for _, item := range items {
		for _, v := range []any{item.Status, item.Code, item.Type} {
			text, _ := v.(string)
			if word.MatchString(text) && !slices.Contains(said, text) && len(said) < maxWords {
				said = append(said, text)
			}
		}
	}
	return said
}
