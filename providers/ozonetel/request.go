package ozonetel

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// Time-outs (16.7). They hold for the whole operation, a new token included.
const (
	controlTimeout = 8 * time.Second
	reportTimeout  = 30 * time.Second
)

// command is one request in the account's authentication style, with a JSON body. CloudAgent takes a body with GET too
// (8, 9).
type command struct {
	op           providers.Operation
	method, path string
	fields       map[string]any
	expect       expectation
}

// expectation is what an operation makes of an answer.
type expectation struct {
	accept func(text string) bool // refusals that fulfil the wish all the same; nil for none
	read   func(answer) error     // of a success; nil when there is nothing to read
}

// send performs a command. When the token layer refuses the token, a new one is fetched and the command is sent once
// more, a dial too: the token layer stands before the applications, so that a request which it refused has had no
// effect (0).
func (c *Client) send(ctx context.Context, cmd command) error {
	if err := c.configured(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmd.op.Timeout)
	defer cancel()
	if c.mode == AuthAPIKey {
		return c.sendWith(ctx, cmd, "apiKey", c.apiKey)
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return err
	}
	err = c.sendWith(ctx, cmd, "Authorization", "Bearer "+token)
	if !errors.Is(err, errToken) {
		return err
	}
	if token, err = c.tokens.replace(ctx, token, err); err != nil {
		return err
	}
	return c.sendWith(ctx, cmd, "Authorization", "Bearer "+token)
}

// sendWith performs a command with one header of credentials. The header's spelling is the documented one.
func (c *Client) sendWith(ctx context.Context, cmd command, header, value string) error {
	body := map[string]any{"userName": c.userName}
	maps.Copy(body, cmd.fields)
	data, err := json.Marshal(body)
	if err != nil {
		return helix.Internal(cmd.op.Name, err)
	}
	return c.http.Do(ctx, cmd.op, providers.Request{
		Method: cmd.method, URL: c.base + cmd.path, Body: data,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, header: {value}},
	}, func(r providers.Response) error { return c.judge(cmd.op, r, cmd.expect) })
}

// judge turns an answer into an outcome.
func (c *Client) judge(op providers.Operation, r providers.Response, e expectation) error {
	a, err := normalise(r.Body)
	switch {
	case err != nil && !r.OK():
		return c.http.Refused(op, r)
	case err != nil:
		return err
	case a.verdict == bad && e.accept != nil && e.accept(a.text):
		return nil
	case a.verdict == bad:
		return refusalOf(a.text)
	case a.verdict == unclear:
		if known := failureOf(a.text); known != nil {
			return known
		}
		return errors.New("the answer has no status that we know")
	case !r.OK():
		return c.http.Refused(op, r)
	case e.read == nil:
		return nil
	default:
		return e.read(a)
	}
}
