package plan

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/validator"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
)

var update = flag.Bool("update", false, "write the plans into the fixtures")

// A fixture is a document with its variables, and the plan that is made of it: what the answer consists of, what is run on our
// side, and what goes to FortyTwo, for ids and parents that stand for all.
func TestDocumentsArePlannedAsInTheFixtures(t *testing.T) {
	t.Parallel()
	composed := composedFixture(t)
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("there are %d fixtures: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given, want, _ := strings.Cut(string(text), "-- plan --\n")
			document, variables, _ := strings.Cut(given, "-- variables --\n")
			got := planned(t, composed, document, variables)
			if *update {
				if err := os.WriteFile(file, []byte(given+"-- plan --\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func composedFixture(t testing.TB) *compose.Composed {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	stored, err := json.Marshal(map[string]any{
		"format": 1, "version": 1, "line": "2.x", "query": "Query", "mutation": "Mutation",
		"schema": read("fortytwo.graphqls"), "objects": json.RawMessage(read("objects.json")),
	})
	if err != nil {
		t.Fatal(err)
	}
	up := new(compose.Upstream)
	if err := up.UnmarshalJSON(stored); err != nil {
		t.Fatal(err)
	}
	composed, err := compose.Compose(gqlparser.MustLoadSchema(&ast.Source{Input: read("local.graphqls")}), up)
	if err != nil {
		t.Fatal(err)
	}
	return composed
}

// planned writes a plan down.
func planned(t *testing.T, composed *compose.Composed, document, variables string) string {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(composed.Schema, document, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	var given map[string]any
	if variables != "" {
		decoder := json.NewDecoder(strings.NewReader(variables))
		decoder.UseNumber()
		if err := decoder.Decode(&given); err != nil {
			t.Fatal(err)
		}
	}
	op := doc.Operations[0]
	values, err := validator.VariableValues(composed.Schema, op, given)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Build(composed, doc, op, values)
	switch {
	case err != nil:
		return "error: " + err.Error() + "\n"
	case p.Local:
		return "all ours\n"
	}
	var out strings.Builder
	for _, root := range p.Roots {
		if root.Const != nil {
			fmt.Fprintf(&out, "%s = %s\n", root.Key, root.Const)
			continue
		}
		fmt.Fprintf(&out, "%s = fetch %d\n", root.Key, root.Fetch)
	}
	for i, step := range p.Steps {
		for level, fetches := range step.Levels {
			for _, n := range fetches {
				fmt.Fprintf(&out, "step %d, level %d, fetch %d: %s\n", i, level, n, written(p.Fetches[n], values))
			}
		}
	}
	return out.String()
}

func written(f *Fetch, variables map[string]any) string {
	const one, other = "5f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f", "6f2b1c4e-8c3a-4d55-9d7e-0a1b2c3d4e5f"
	body, err := []byte(nil), error(nil)
	switch f.Kind {
	case FetchLocal, FetchLocalEntities:
		var text strings.Builder
		formatter.NewFormatter(&text, formatter.WithIndent(" ")).FormatQueryDocument(&ast.QueryDocument{Operations: ast.OperationList{f.Operation}})
		return "ours " + strings.Join(strings.Fields(text.String()), " ")
	case FetchRemote:
		body, err = f.Request.Body(variables)
	case FetchRemoteEntities:
		body = f.Request.ForIDs([]string{one, other})
	case FetchChildren:
		body, err = f.Request.ForParent(variables, one)
	}
	if err != nil {
		return "error " + helix.AsError(err).Message
	}
	return string(body)
}
