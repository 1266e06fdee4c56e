package compose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/sandbox/fortytwo"
)

// upstream is an emulated FortyTwo over real HTTP, asked with its server key.
func upstream(t testing.TB, line fortytwo.Line) compose.Post {
	t.Helper()
	server, err := fortytwo.New(fortytwo.Options{Empty: true, Line: line, Rate: fortytwo.RateLimit{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	return func(ctx context.Context, endpoint compose.Endpoint, query string, variables any) (json.RawMessage, error) {
		path := map[compose.Endpoint]string{compose.Records: "/graphql", compose.Metadata: "/metadata"}[endpoint]
		return post(ctx, web.URL+path, server.APIKey(), query, variables)
	}
}

func post(ctx context.Context, url, token, query string, variables any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	if len(answer.Errors) > 0 {
		return nil, errors.New(answer.Errors[0].Message)
	}
	return answer.Data, nil
}

// gatewaySchema is the gateway's own schema, as its generated executor has it.
func gatewaySchema() *ast.Schema { return graph.NewExecutableSchema(graph.Config{}).Schema() }

func TestTheGatewaysSchemaComposesWithBothLinesOfFortyTwo(t *testing.T) {
	t.Parallel()
	for _, line := range []fortytwo.Line{fortytwo.Line15, fortytwo.Line27} {
		t.Run(string(line), func(t *testing.T) {
			t.Parallel()
			up, err := compose.Read(t.Context(), upstream(t, line))
			if err != nil {
				t.Fatal(err)
			}
			c, err := compose.Compose(gatewaySchema(), up)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Entities) != 6 {
				t.Errorf("entities are %v", slices.Sorted(maps.Keys(c.Entities)))
			}
		})
	}
}
