package compose_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

func synthetic(t testing.TB, objects int) *compose.Upstream {
	t.Helper()
	up, err := composetest.Synthetic(objects)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

func composed(t testing.TB, local *ast.Schema, up *compose.Upstream) *compose.Composed {
	t.Helper()
	c, err := compose.Compose(local, up)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheGatewaysSchemaStandsAloneWithoutTheFederationsDirectives(t *testing.T) {
	t.Parallel()
	local := gatewaySchemaOnce()
	c := composed(t, local, nil)
	if len(c.Roots[ast.Query])+len(c.Roots[ast.Mutation])+len(c.Types)+len(c.Entities)+len(c.Conflicts) > 0 || c.Upstream != nil {
		t.Error("something is FortyTwo's")
	}
	for name, def := range local.Types {
		if got := c.Schema.Types[name]; got == nil {
			t.Errorf("type %s is lost", name)
		} else if len(got.Fields) != len(def.Fields) {
			t.Errorf("type %s has %d fields, not %d", name, len(got.Fields), len(def.Fields))
		}
	}
	if c.Schema.Query.Fields.ForName("_entities") == nil || c.Schema.Directives["key"] != nil || c.Schema.Directives["link"] != nil {
		t.Error("_entities is lost, or a directive of the federation is left")
	}
	if c.Schema.Description != local.Description || c.Schema.Subscription == nil {
		t.Error("the schema has lost its description or its subscriptions")
	}
}

func TestTheTextOfAComposedSchemaParsesToTheSameSchema(t *testing.T) {
	t.Parallel()
	local := gatewaySchemaOnce()
	c := composed(t, local, synthetic(t, 6))
	text := c.SDL()
	if again := composed(t, local, synthetic(t, 6)).SDL(); again != text {
		t.Error("the same schemas compose to another text")
	}
	parsed, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, composed(t, parsed, nil).SDL()); diff != "" {
		t.Errorf("the text of what was parsed differs:\n%s", diff)
	}
	if len(parsed.Types) != len(c.Schema.Types) {
		t.Errorf("%d types became %d", len(c.Schema.Types), len(parsed.Types))
	}
}

func TestTextsOfAllKindsSurviveBeingPrinted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain", "two\nlines", "  indented\nlines", "an edge\n", "\nan edge", "a \"quote\"", "\"\"\"", "three\n\"\"\"\nquotes", `back\slash`,
		"ends with a\nbackslash\\", "tab\there", "\r\nreturns\r", "bell\a", "नमस्ते\nदुनिया", "blank\n\nline", "spaces\n  \nin a line", "😀", "\u007f",
	} {
		schema := &ast.Source{Input: "type Query { a: Int }"}
		local, err := gqlparser.LoadSchema(schema)
		if err != nil {
			t.Fatal(err)
		}
		local.Query.Description = text
		local.Query.Fields[0].Description = text
		parsed, err := gqlparser.LoadSchema(&ast.Source{Input: composed(t, local, nil).SDL()})
		if err != nil {
			t.Errorf("%q does not parse: %v", text, err)
			continue
		}
		if got := parsed.Query.Description; got != text {
			t.Errorf("a type's %q became %q", text, got)
		}
		if got := parsed.Query.Fields[0].Description; got != text {
			t.Errorf("a field's %q became %q", text, got)
		}
	}
}

func TestComposingEditsNothingAndMayHappenWhileSchemasAreInUse(t *testing.T) {
	t.Parallel()
	local, up := gatewaySchema(), synthetic(t, 2)
	up.Types["Lead"].Fields[0].Directives = ast.DirectiveList{{Name: "deprecated"}}
	before, err := json.Marshal(up)
	if err != nil {
		t.Fatal(err)
	}
	alone := composed(t, local, nil).SDL()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := compose.Compose(local, up); err != nil {
				t.Error(err)
			}
		})
	}
	for range 4 {
		if strings.Contains(composed(t, local, nil).SDL(), "LeadConnection") {
			t.Error("what is FortyTwo's came into the local schema")
		}
	}
	all.Wait()
	after, err := json.Marshal(up)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("FortyTwo's schema was edited")
	}
	if composed(t, local, nil).SDL() != alone {
		t.Error("the local schema was edited")
	}
}

func TestALocalSchemaWithoutQueriesIsAFaultOfOurs(t *testing.T) {
	t.Parallel()
	for _, local := range []*ast.Schema{nil, {}} {
		if _, err := compose.Compose(local, nil); !helix.IsCode(err, helix.CodeInternal) {
			t.Errorf("got %v", err)
		}
	}
}

func TestALargeWorkspaceIsOfTheSizeThatItIsTakenFor(t *testing.T) {
	t.Parallel()
	up := synthetic(t, composetest.Large)
	text := composed(t, gatewaySchemaOnce(), up).SDL()
	if len(up.Types) < 600 || len(text) < 1_100_000 {
		t.Errorf("there are %d types and %d bytes of text", len(up.Types), len(text))
	}
}
