package fortytwo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	helix "github.com/helix-engage/gateway"
)

// maxAnswer bounds an answer. The largest is a page of objects with their fields, about 2 MB in a wide workspace.
const maxAnswer = 16 << 20

// request is one GraphQL operation with exactly one root field: errors carry no path, so only then is it known what
// failed (fortytwo.md 0.2).
type request struct {
	op        string // for errors and logs, e.g. "fortytwo.contact"
	url       string
	access    helix.Access
	anonymous bool // sign-in and refresh, which carry their proof in the variables
	lookup    bool // may wait behind write-back when the server key's budget is short
	query     string
	variables any
}

// body is what goes over the wire; FortyTwo's 2.x line takes no other keys and no empty operationName.
type body struct {
	Query     string `json:"query"`
	Variables any    `json:"variables,omitempty"`
}

// send posts r and returns its data. Every failure is a coded error.
func (c *Client) send(ctx context.Context, r request) (json.RawMessage, error) {
	token, server, err := c.authorize(r)
	if err != nil {
		return nil, err
	}
	if server {
		if err := c.budget.wait(ctx, r.lookup); err != nil {
			return nil, err
		}
	}
	data, err := c.post(ctx, r, token, server)
	if ctx.Err() == nil { // a caller who left says nothing about FortyTwo
		c.note(err)
	}
	if server && helix.IsCode(err, helix.CodeTooManyRequests) {
		c.budget.pause(helix.AsError(err).RetryAfter)
	}
	return data, err
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

func (c *Client) post(ctx context.Context, r request, token string, server bool) (json.RawMessage, error) {
	payload, err := json.Marshal(body{Query: r.query, Variables: r.variables})
	if err != nil {
		return nil, helix.Internal(r.op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(payload))
	if err != nil {
		return nil, helix.Internal(r.op, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(r.op, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(r.op, err)
	}
	if len(raw) > maxAnswer {
		return nil, unreachable(r.op, errors.New("the answer is larger than 16 MiB"))
	}
	return c.judge(r, resp, raw, server)
}

// judge reads the body first and the status only when the body says nothing: FortyTwo answers 200 to nearly everything.
func (c *Client) judge(r request, resp *http.Response, raw []byte, server bool) (json.RawMessage, error) {
	a, err := decodeAnswer(raw)
	if err != nil {
		return nil, statusError(r.op, resp, err)
	}
	if len(a.Errors) > 0 {
		e := refusal(r.op, a.Errors[0], server)
		if names := c.model.Load().mentioned(string(a.Errors[0].Message)); names != "" {
			e.Detail += " names=" + names
		}
		return nil, e
	}
	return a.Data, nil
}

// statusError judges an answer that is no GraphQL by its HTTP status alone. Most come from what stands in front of
// FortyTwo and pass; only a refusal of the body itself stays.
func statusError(op string, resp *http.Response, cause error) *helix.Error {
	detail := "status=" + strconv.Itoa(resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		e := tooManyRequests(op, limitPause)
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 && s <= 3600 {
			e.RetryAfter = time.Duration(s) * time.Second
		}
		return e
	case resp.StatusCode == http.StatusBadRequest, resp.StatusCode == http.StatusRequestEntityTooLarge:
		return &helix.Error{
			Code: helix.CodeRejected, Message: messageRejected, Provider: helix.ProviderFortyTwo, Op: op, Detail: detail, Err: cause,
		}
	default:
		e := unreachable(op, cause)
		e.Detail = detail
		return e
	}
}
