package fortytwo

import (
	"context"
	"encoding/json"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// maxSchema bounds the answer to an introspection, in bytes; it is about 3 MB (fortytwo.md 13).
const maxSchema = 32 << 20

// AskSchema sends a document about the schema with the server's key, to /metadata or else to /graphql, and gives the answer's
// data. The document is a reading one. That the data is JSON is left to who reads it: checking megabytes twice costs requests
// dear.
func (c *Client) AskSchema(ctx context.Context, metadata bool, query string, variables any) (data json.RawMessage, err error) {
	r := request{op: "fortytwo.schema", url: c.recordsURL, access: helix.AsServer(), lookup: true, safety: providers.Safe, query: query, variables: variables}
	if metadata {
		r.url = c.metaURL
	}
	r.maxAnswer, r.unchecked = maxSchema, true
	err = c.send(ctx, r, func(answered json.RawMessage) error {
		data = answered
		return nil
	})
	return data, err
}
