package federationtest

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// localHints ask everything of the local half alone.
func localHints(schema *ast.Schema) Hints {
	roots := map[ast.Operation][]string{}
	for kind, definition := range map[ast.Operation]*ast.Definition{ast.Query: schema.Query, ast.Mutation: schema.Mutation} {
		for _, f := range definition.Fields {
			if !strings.HasPrefix(f.Name, "_") {
				roots[kind] = append(roots[kind], f.Name)
			}
		}
	}
	return Hints{Roots: roots}
}

func TestEveryDrawnDocumentIsValid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		schema *ast.Schema
		source Source
	}{
		{"over interfaces, unions and nested inputs", localSchema(), newDesk(map[string][]string{"WorkspaceMember": {"a"}, "Patient": {"b"}})},
		{"over a few types", zooSchema(), &zoo{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			generator := &Generator{Schema: c.schema, Hints: localHints(c.schema)}
			executor := NewExecutor(c.schema, c.source)
			rapid.Check(t, func(t *rapid.T) {
				kind := rapid.SampledFrom([]ast.Operation{ast.Query, ast.Mutation}).Draw(t, "kind")
				request := generator.Draw(t, kind)
				if answer := executor.Execute(t.Context(), request); answer.Data == nil {
					t.Fatalf("%v\n%s\n%v", answer.Errors, request.Query, request.Variables)
				}
			})
		})
	}
}

// What documents are made of must not get lost when weights are changed.
func TestDrawnDocumentsHaveEverything(t *testing.T) {
	t.Parallel()
	schema := localSchema()
	generator := &Generator{Schema: schema, Hints: localHints(schema)}
	wanted := []string{
		"@skip(if: $", "@include(if: true)", "fragment F", "... on LeadItem", "... on Found", "... on WorkItem", "... {", "__typename", ": __typename",
		"$v1: ", " = ", "query Other", "query Asked", "within: {", "within: $", "[[", "list: $", "null", "input: {",
	}
	seen := map[string]bool{}
	documents := rapid.Custom(func(t *rapid.T) string { return generator.Draw(t, ast.Query).Query })
	for seed := range 2000 {
		document := documents.Example(seed)
		for _, text := range wanted {
			seen[text] = seen[text] || strings.Contains(document, text)
		}
	}
	for _, text := range wanted {
		if !seen[text] {
			t.Errorf("no document has %q", text)
		}
	}
}
