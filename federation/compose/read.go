package compose

import (
	"context"
	"encoding/json"
	"errors"

	helix "github.com/helix-engage/gateway"
)

// Endpoint is one of FortyTwo's GraphQL endpoints (fortytwo.md 1).
type Endpoint uint8

// The endpoints.
const (
	Records  Endpoint = iota + 1 // /graphql
	Metadata                     // /metadata
)

// Post sends a document with the server's key and gives member data of the answer. An answer with errors, or without data,
// is an error. variables is nil or marshals to a JSON object. The document has no operation name.
type Post func(ctx context.Context, endpoint Endpoint, query string, variables any) (json.RawMessage, error)

// Read reads FortyTwo's schema: a few requests, the introspection being 3 MB and the others small.
func Read(ctx context.Context, post Post) (*Upstream, error) {
	return nil, helix.Internal("compose.read", errors.ErrUnsupported)
}

// Version asks for the version of FortyTwo's data model: it goes up by one with every change (fortytwo.md 13).
func Version(ctx context.Context, post Post) (int, error) {
	return 0, helix.Internal("compose.version", errors.ErrUnsupported)
}
