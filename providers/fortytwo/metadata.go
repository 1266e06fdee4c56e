package fortytwo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/Khan/genqlient/graphql"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

//go:generate go tool -modfile=../../tools/go.mod genqlient genqlient.yaml

// objectPage is how many objects one metadata request asks for (FortyTwo's default is 10), maxObjectPages how many
// requests are made at most.
const (
	objectPage     = 200
	maxObjectPages = 10
)

// metadata lets the generated operations go through send, with one access and one name.
type metadata struct {
	client *Client
	shape  request
}

// MakeRequest implements genqlient's client.
func (m metadata) MakeRequest(ctx context.Context, req *graphql.Request, resp *graphql.Response) error {
	r := m.shape
	r.url, r.query, r.variables = m.client.metaURL, req.Query, req.Variables
	return m.client.send(ctx, r, func(data json.RawMessage) error {
		if json.Unmarshal(data, resp.Data) != nil {
			return errShape
		}
		return nil
	})
}

func (c *Client) asServer(op string) metadata {
	return metadata{c, request{op: op, access: helix.AsServer(), lookup: true, safety: providers.Safe}}
}

// Workspace asks which workspace the server key belongs to: the one that the gateway serves.
func (c *Client) Workspace(ctx context.Context) (id string, err error) {
	resp, err := currentWorkspace(ctx, c.asServer("fortytwo.workspace"))
	if err != nil {
		return "", err
	}
	return resp.CurrentWorkspace.Id, nil
}

// Resolve makes the model current: it reads the version and, when that is new or no model is there yet, the whole
// data model. Who waits while another caller does so shares the success of a look that began after he came, and of no earlier
// one: that may have seen the model before the change which he has heard of. [Client.Run] calls it; so may a start-up check
// or whoever hears of a change.
func (c *Client) Resolve(ctx context.Context) error {
	before := c.begun.Load()
	select {
	case c.loading <- struct{}{}:
		defer func() { <-c.loading }()
	case <-ctx.Done():
		return helix.AsError(ctx.Err())
	}
	if c.loaded.Load() > before {
		return nil
	}
	look := c.begun.Add(1)
	err := c.load(ctx)
	if err == nil {
		c.loaded.Store(look)
	}
	return err
}

func (c *Client) load(ctx context.Context) error {
	resp, err := currentWorkspace(ctx, c.asServer("fortytwo.model"))
	if err != nil {
		return err
	}
	version := resp.CurrentWorkspace.MetadataVersion
	old := c.model.Load()
	if old != nil && old.version == version {
		return nil
	}
	objects, err := c.readObjects(ctx)
	if err != nil {
		return err
	}
	m := resolve(version, objects, c.overrides)
	c.model.Store(m)
	if old == nil || !slices.Equal(old.missing, m.missing) {
		level := slog.LevelInfo
		if len(m.missing) > 0 {
			level = slog.LevelWarn
		}
		c.log.Log(ctx, level, "the data model of FortyTwo was read", "version", version, "missing", strings.Join(m.missing, ", "))
	}
	return nil
}

func (c *Client) readObjects(ctx context.Context) ([]objectMetadata, error) {
	var objects []objectMetadata
	after := ""
	for range maxObjectPages {
		resp, err := listObjects(ctx, c.asServer("fortytwo.model"), objectPage, after)
		if err != nil {
			return nil, err
		}
		for _, edge := range resp.Objects.Edges {
			objects = append(objects, edge.Node)
		}
		after = resp.Objects.PageInfo.EndCursor
		if !resp.Objects.PageInfo.HasNextPage || after == "" {
			return objects, nil
		}
	}
	return nil, unavailable(errors.New("more than 2,000 objects"))
}

// resolved gives the current model. Before the first one was read, trying later is right.
func (c *Client) resolved() (*model, error) {
	if c.recordsURL == "" {
		return nil, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_GRAPHQL_URL")
	}
	if c.apiKey == "" {
		return nil, helix.NotConfigured(helix.ProviderFortyTwo, "PLATFORM_API_KEY")
	}
	if m := c.model.Load(); m != nil {
		return m, nil
	}
	return nil, unavailable(errors.New("the data model was not read yet"))
}

// withModel runs do with the current model, and once more when FortyTwo's refusal smells of a changed model and the
// model indeed has changed. That a token opens no workspace is such a refusal: an object that is gone is answered alike.
func (c *Client) withModel(ctx context.Context, do func(*model) error) error {
	m, err := c.resolved()
	if err != nil {
		return err
	}
	err = do(m)
	if !errors.Is(err, errModelChanged) && !errors.Is(err, errTokenless) {
		return err
	}
	if c.Resolve(ctx) != nil || c.model.Load() == m {
		return err
	}
	return do(c.model.Load())
}
