package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"
)

// Client speaks GraphQL and plain JSON over HTTP.
type Client struct {
	HTTP       *http.Client
	Credential Credential
}

// Credential is the header that says who asks; the zero value says nothing.
type Credential struct{ Name, Value string }

// Bearer is the credential of whoever signed in.
func Bearer(token string) Credential { return Credential{"Authorization", "Bearer " + token} }

// APIKey is the credential of a system.
func APIKey(key string) Credential { return Credential{"X-Api-Key", key} }

type graphQLAnswer struct {
	Data   json.RawMessage `json:"data"`
	Errors []GraphQLError  `json:"errors"`
}

// GraphQLError is a top-level error of an answer.
type GraphQLError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

func (e GraphQLError) Error() string {
	return fmt.Sprintf("the answer has an error: %s (%s)", e.Message, e.Extensions.Code)
}

// Run sends an operation and reads its data into out. A top-level error of the answer is a [GraphQLError].
func (c *Client) Run(ctx context.Context, url, query string, variables map[string]any, out any) error {
	var answer graphQLAnswer
	if err := c.Post(ctx, url, map[string]any{"query": query, "variables": variables}, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0]
	}
	return json.Unmarshal(answer.Data, out)
}

// Post sends JSON and reads JSON; out may be nil.
func (c *Client) Post(ctx context.Context, url string, body, out any) error {
	return c.write(ctx, http.MethodPost, url, body, out)
}

// Put does the same by PUT.
func (c *Client) Put(ctx context.Context, url string, body, out any) error {
	return c.write(ctx, http.MethodPut, url, body, out)
}

func (c *Client) write(ctx context.Context, method, url string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.send(ctx, method, url, bytes.NewReader(raw), out)
}

// Get reads JSON.
func (c *Client) Get(ctx context.Context, url string, out any) error {
	return c.send(ctx, http.MethodGet, url, nil, out)
}

func (c *Client) send(ctx context.Context, method, url string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Credential.Name != "" {
		req.Header.Set(c.Credential.Name, c.Credential.Value)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: HTTP %d: %s", method, url, res.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// Outcome is what every mutation answers.
type Outcome struct {
	OK    bool            `json:"ok"`
	Error *OperationError `json:"error"`
}

// OperationError is a failure that is data: an answer of HTTP 200 without a top-level error.
type OperationError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Check is the refusal as an error, nil without one.
func (o Outcome) Check() error {
	switch {
	case o.OK:
		return nil
	case o.Error == nil:
		return errors.New("not ok, and no error says why")
	default:
		return fmt.Errorf("%s: %s", o.Error.Code, o.Error.Message)
	}
}

// Eventually asks again until the answer fits: for what happens on its own time elsewhere. Errors: it did not until ctx ended, with the
// last error of asking.
func Eventually(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ask()
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(errors.New("it did not come about in time"), err)
		}
	}
}

// Operation cuts one operation out of documents; each begins a line. It is empty for an unknown one.
func Operation(documents, name string) string {
	begins := regexp.MustCompile(`(?m)^(?:query|mutation|subscription) (\w+)`).FindAllStringSubmatchIndex(documents, -1)
	for i, at := range begins {
		if documents[at[2]:at[3]] != name {
			continue
		}
		end := len(documents)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		return documents[at[0]:end]
	}
	return ""
}
