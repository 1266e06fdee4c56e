package compose_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

// recorded answers as [composetest.Server] does, with each answer made once.
func recorded(t testing.TB, up *compose.Upstream) compose.Post {
	t.Helper()
	answers := map[string]json.RawMessage{}
	server := composetest.Server(up)
	return func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
		if answers[query] == nil {
			answer, err := server(ctx, endpoint, query, variables)
			if err != nil {
				return nil, err
			}
			answers[query] = answer
		}
		return answers[query], nil
	}
}

// gatewaySchemaOnce is the gateway's schema, made once for all that only read it.
var gatewaySchemaOnce = sync.OnceValue(gatewaySchema)
