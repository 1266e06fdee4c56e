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
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	for _, c := range []struct {
		line        fortytwo.Line
		want        compose.Line
		dateTimes   string // filter of a date-time
		attachments string // foreign key of a lead's attachments
	}{
		{fortytwo.Line15, compose.Line15, "DateFilter", "leadId"},
		{fortytwo.Line27, compose.Line2, "DateTimeFilter", "targetLeadId"},
	} {
		t.Run(string(c.line), func(t *testing.T) {
			t.Parallel()
			ask := upstream(t, c.line)
			up, err := compose.Read(t.Context(), ask)
			if err != nil {
				t.Fatal(err)
			}
			if up.Line != c.want {
				t.Errorf("the line is %s", up.Line)
			}
			got := composed(t, gatewaySchemaOnce(), up)
			if n := len(got.Entities); n != 6 {
				t.Errorf("entities are %v", slices.Sorted(maps.Keys(got.Entities)))
			}
			if len(got.Conflicts) != 1 || got.Roots[ast.Query]["fortyTwoSearch"] == nil {
				t.Errorf("conflicts are %v", got.Conflicts)
			}
			if typ := got.Schema.Types["CallFilterInput"].Fields.ForName("startedAt").Type.String(); typ != c.dateTimes {
				t.Errorf("a date-time is filtered by %s", typ)
			}
			lead := got.Types["Lead"].Fields
			if diff := cmp.Diff(&compose.Children{Root: "calls", ForeignKey: "leadId"}, lead["calls"].Children); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(&compose.Children{Root: "attachments", ForeignKey: c.attachments}, lead["attachments"].Children); diff != "" {
				t.Error(diff)
			}
			if lead["callTimeline"] != nil || got.Schema.Types["Lead"].Fields.ForName("callTimeline") == nil {
				t.Error("a lead has no timeline of its own")
			}
			nothingElseIsComposed(t, got)
			listsAnswer(t, got, ask)
		})
	}
}

// nothingElseIsComposed: a root field is the gateway's, or an object's, or the search.
func nothingElseIsComposed(t *testing.T, c *compose.Composed) {
	t.Helper()
	own := map[ast.Operation]*ast.Definition{ast.Query: c.Local.Query, ast.Mutation: c.Local.Mutation}
	for operation, def := range map[ast.Operation]*ast.Definition{ast.Query: c.Schema.Query, ast.Mutation: c.Schema.Mutation} {
		for _, f := range def.Fields {
			root := c.Roots[operation][f.Name]
			if (root == nil) != (own[operation].Fields.ForName(f.Name) != nil) {
				t.Errorf("%s.%s is nobody's or both sides'", def.Name, f.Name)
			}
			if root != nil && root.Object == nil && root.Kind != compose.Search {
				t.Errorf("%s.%s is of no object", def.Name, f.Name)
			}
		}
	}
	for _, name := range []string{"currentUser", "currentWorkspace", "deleteCurrentWorkspace", "impersonate", "generateApiKeyToken"} {
		if c.Upstream.Types[c.Upstream.Query].Fields.ForName(name) != nil || c.Upstream.Types[c.Upstream.Mutation].Fields.ForName(name) != nil {
			t.Errorf("%s is kept", name)
		}
	}
}

// listsAnswer asks for every list with the types of its arguments as they are noted: 1.5 compares them with its own.
func listsAnswer(t *testing.T, c *compose.Composed, ask compose.Post) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(c.Roots[ast.Query])) {
		root := c.Roots[ast.Query][name]
		var declared, given []string
		for argument, typ := range root.Args {
			declared, given = append(declared, "$"+argument+": "+typ), append(given, argument+": $"+argument)
		}
		var variables map[string]any
		switch root.Kind {
		case compose.List:
		case compose.Search:
			variables = map[string]any{"searchInput": "a", "limit": 1}
		default:
			continue
		}
		query := "query(" + strings.Join(declared, " ") + ") { " + root.Name + "(" + strings.Join(given, " ") + ") { edges { cursor } } }"
		if _, err := ask(t.Context(), compose.Records, query, variables); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestAnAdministratorsNewFieldIsAChange(t *testing.T) {
	t.Parallel()
	ask := upstream(t, fortytwo.Line27)
	before, err := compose.Read(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	var objects struct {
		Objects struct {
			Edges []struct {
				Node struct{ ID, NameSingular string }
			}
		}
	}
	data, err := ask(t.Context(), compose.Metadata, `{ objects(paging: {first: 200}) { edges { node { id nameSingular } } } }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &objects); err != nil {
		t.Fatal(err)
	}
	for _, edge := range objects.Objects.Edges {
		if edge.Node.NameSingular != "lead" {
			continue
		}
		if _, err := ask(t.Context(), compose.Metadata, `mutation ($input: CreateOneFieldMetadataInput!) { createOneField(input: $input) { id } }`,
			map[string]any{"input": map[string]any{"field": map[string]any{
				"objectMetadataId": edge.Node.ID, "type": "BOOLEAN", "name": "insured", "label": "Insured",
			}}}); err != nil {
			t.Fatal(err)
		}
	}
	after, err := compose.Read(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	version, err := compose.Version(t.Context(), ask)
	if err != nil || version != after.Version || after.Version != before.Version+1 {
		t.Errorf("version %d became %d, and is %d: %v", before.Version, after.Version, version, err)
	}
	var got []string
	for _, change := range compose.Diff(before, after) {
		if text := change.String(); !strings.Contains(text, "Connection.") && !strings.Contains(text, "OrderByAggregateInput.") {
			got = append(got, text)
		}
	}
	want := []string{
		"+ Lead.insured: Boolean", "+ LeadCreateInput.insured: Boolean", "+ LeadFilterInput.insured: BooleanFilter",
		"+ LeadGroupByInput.insured: Boolean", "+ LeadOrderByInput.insured: OrderByDirection",
		"+ LeadOrderByWithGroupByInput.insured: OrderByDirection", "+ LeadUpdateInput.insured: Boolean",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if composed(t, gatewaySchemaOnce(), after).Types["Lead"].Fields["insured"] == nil {
		t.Error("the new field is not composed")
	}
}
