package day

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// client speaks GraphQL and plain JSON over HTTP.
type client struct {
	http  *http.Client
	token string
}

type graphQLAnswer struct {
	Data   json.RawMessage `json:"data"`
	Errors []graphQLError  `json:"errors"`
}

// graphQLError is a top-level error of an answer.
type graphQLError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

func (e graphQLError) Error() string {
	return fmt.Sprintf("the answer has an error: %s (%s)", e.Message, e.Extensions.Code)
}

// run sends an operation and reads its data into out. A top-level error of the answer is a [graphQLError].
func (c *client) run(ctx context.Context, url, query string, variables map[string]any, out any) error {
	var answer graphQLAnswer
	if err := c.post(ctx, url, map[string]any{"query": query, "variables": variables}, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0]
	}
	return json.Unmarshal(answer.Data, out)
}

// post sends JSON and reads JSON; out may be nil.
func (c *client) post(ctx context.Context, url string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.send(ctx, http.MethodPost, url, bytes.NewReader(raw), out)
}

func (c *client) get(ctx context.Context, url string, out any) error {
	return c.send(ctx, http.MethodGet, url, nil, out)
}

func (c *client) send(ctx context.Context, method, url string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
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

// outcome is what every mutation answers.
type outcome struct {
	OK    bool            `json:"ok"`
	Error *operationError `json:"error"`
}

// operationError is a failure that is data: an answer of HTTP 200 without a top-level error.
type operationError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (o outcome) check() error {
	switch {
	case o.OK:
		return nil
	case o.Error == nil:
		return errors.New("not ok, and no error says why")
	default:
		return fmt.Errorf("%s: %s", o.Error.Code, o.Error.Message)
	}
}
