package compose_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

var update = flag.Bool("update", false, "write what is composed into the fixtures")

// A fixture is a file of sections: a title; the local schema, FortyTwo's and its objects; and what comes of them: the composed
// schema, where its parts come from, and what could not stay, or the error.
func TestWhatIsComposedIsAsInTheFixtures(t *testing.T) {
	t.Parallel()
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
			given, want, _ := strings.Cut(string(text), "-- composed --\n")
			got := composeFixture(t, sections(given))
			if *update {
				if err := os.WriteFile(file, []byte(given+"-- composed --\n"+got), 0o600); err != nil {
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

func sections(text string) map[string]string {
	out := map[string]string{}
	name := "title"
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(header, " --\n")
			continue
		}
		out[name] += line
	}
	return out
}

func composeFixture(t *testing.T, given map[string]string) string {
	t.Helper()
	local, err := gqlparser.LoadSchema(&ast.Source{Name: "local", Input: given["local"]})
	if err != nil {
		t.Fatal(err)
	}
	up, err := compose.Read(t.Context(), composetest.Server(upstreamOf(t, given["upstream"], given["objects"])))
	if err != nil {
		return refusal(t, err)
	}
	c, err := compose.Compose(local, up)
	if err != nil {
		return refusal(t, err)
	}
	return c.SDL() + "-- origins --\n" + origins(c)
}

// upstreamOf reads a schema's text as the copy on disk is read: without any judgement.
func upstreamOf(t testing.TB, schema, objects string) *compose.Upstream {
	t.Helper()
	stored := map[string]any{"format": 1, "version": 7, "line": "", "query": "Query", "schema": schema, "objects": json.RawMessage(objects)}
	if strings.Contains(schema, "type Mutation") {
		stored["mutation"] = "Mutation"
	}
	text, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	up := new(compose.Upstream)
	if err := up.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return up
}

func refusal(t *testing.T, err error) string {
	t.Helper()
	e := helix.AsError(err)
	if e.Code == helix.CodeInternal {
		t.Errorf("an uncoded error: %v", err)
	}
	return fmt.Sprintf("%s: %s\n", e.Code, e.Detail)
}

func origins(c *compose.Composed) string {
	var out strings.Builder
	fmt.Fprintf(&out, "line %s\n", c.Upstream.Line)
	kinds := map[compose.RootKind]string{
		compose.One: "one", compose.List: "list", compose.GroupBy: "groups", compose.Duplicates: "duplicates", compose.Search: "search",
		compose.Write: "write", compose.WriteMany: "write many",
	}
	for _, operation := range []ast.Operation{ast.Query, ast.Mutation} {
		for _, name := range slices.Sorted(maps.Keys(c.Roots[operation])) {
			root := c.Roots[operation][name]
			fmt.Fprintf(&out, "%s %s is %s(%s), %s\n", operation, name, root.Name, arguments(root.Args), kinds[root.Kind])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Types)) {
		known := c.Types[name]
		record := ""
		if known.Object != nil {
			record = ", a record of " + known.Object.Singular
		}
		fmt.Fprintf(&out, "%s is %s%s:", name, known.Name, record)
		for _, field := range slices.Sorted(maps.Keys(known.Fields)) {
			origin := known.Fields[field]
			out.WriteString(" " + field)
			if origin.Name != field {
				out.WriteString("=" + origin.Name)
			}
			if origin.Children != nil {
				fmt.Fprintf(&out, "[%s by %s]", origin.Children.Root, origin.Children.ForeignKey)
			}
		}
		out.WriteString("\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Entities)) {
		fmt.Fprintf(&out, "entity %s by %s (%s)\n", name, c.Entities[name].ListField, c.Entities[name].List.Name)
	}
	for _, conflict := range c.Conflicts {
		fmt.Fprintf(&out, "conflict: %s\n", conflict)
	}
	return out.String()
}

func arguments(args map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		list = append(list, name+": "+args[name])
	}
	return strings.Join(list, ", ")
}
