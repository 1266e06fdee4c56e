package fortytwo

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// request is one GraphQL operation with exactly one root field: errors carry no path, so only then is it known what
// failed (fortytwo.md 0.2).
type request struct {
	op        string // for errors and traces, e.g. "fortytwo.contact"
	url       string
	access    helix.Access
	anonymous bool // sign-in and refresh, which carry their proof in the variables
	lookup    bool // may wait behind write-back when the server key's budget is short
	safety    providers.Safety
	query     string
	variables any
	maxAnswer int64 // bytes, where the usual bound is too small
	unchecked bool  // the answer is large: it is taken apart with pauses, and whoever reads the data checks that it is JSON
}

// body is what goes over the wire; FortyTwo's 2.x line takes no other keys and no empty operationName.
type body struct {
	Query     string `json:"query"`
	Variables any    `json:"variables,omitempty"`
}

// send posts r and hands the answer's data to read, whose error says that the answer has another shape than it should.
// Every failure is a coded error.
func (c *Client) send(ctx context.Context, r request, read func(data json.RawMessage) error) error {
	token, server, err := c.authorize(r)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(body{Query: r.query, Variables: r.variables})
	if err != nil {
		return helix.Internal(r.op, err)
	}
	if server {
		if err := c.budget.wait(ctx, r.lookup); err != nil {
			return err
		}
	}
	op := providers.Operation{Name: r.op, Family: "graphql", Safety: r.safety, Timeout: c.timeout, MaxResponse: r.maxAnswer}
	err = c.http.Do(ctx, op, post(r.url, token, payload), func(answer providers.Response) error {
		return c.judge(ctx, op, answer, r.unchecked, server, read)
	})
	if server && helix.IsCode(err, helix.CodeTooManyRequests) {
		c.budget.pause(helix.AsError(err).RetryAfter)
	}
	return err
}

// authorize picks the bearer token. The zero Access is refused, so that nothing falls back to the server key.
func (c *Client) authorize(r request) (token string, server bool, err error) {
	if r.url == "" {
		return "", false, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_GRAPHQL_URL")
	}
	if r.anonymous {
		return "", false, nil
	}
	token, server = r.access.Token()
	switch {
	case server && c.apiKey == "":
		return "", false, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_API_KEY")
	case server:
		return c.apiKey, true, nil
	case token == "":
		return "", false, &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn, Op: r.op}
	default:
		return token, false, nil
	}
}

func post(url, token string, payload []byte) providers.Request {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return providers.Request{Method: http.MethodPost, URL: url, Header: header, Body: payload}
}

// judge reads the body first and the status only when the body says nothing: FortyTwo answers 200 to nearly everything,
// and 1.5 answers 400 with GraphQL errors.
func (c *Client) judge(
	ctx context.Context, op providers.Operation, r providers.Response, unchecked, server bool, read func(json.RawMessage) error,
) error {
	decode := decodeAnswer
	if unchecked {
		decode = func(body []byte) (answer, error) {
			return skimAnswer(body, func() { providers.Wait(ctx, time.Millisecond) })
		}
	}
	a, err := decode(r.Body)
	switch {
	case err != nil && refusesBody(r.Status):
		return c.http.Refused(op, r)
	case err != nil: // most likely from what stands in front of FortyTwo while it is away
		return err
	case len(a.Errors) > 0:
		e := refusal(a.Errors[0], server)
		if names := c.model.Load().mentioned(string(a.Errors[0].Message)); names != "" {
			e.Detail += " names=" + names
		}
		return e
	default:
		return read(a.Data)
	}
}

// refusesBody reports whether a status speaks of what was sent, so that sending it again is in vain.
func refusesBody(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnsupportedMediaType
}
