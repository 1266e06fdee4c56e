package plan

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// FuzzPlan plans whatever document is valid: that never panics, and whatever would go to FortyTwo is valid there, without
// aliases, directives and fragments, with one root field.
func FuzzPlan(f *testing.F) {
	composed := composedFixture(f)
	text, err := os.ReadFile(filepath.Join("testdata", "fortytwo.graphqls"))
	if err != nil {
		f.Fatal(err)
	}
	upstream := gqlparser.MustLoadSchema(&ast.Source{Input: string(text)})
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		seed, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		given, _, _ := strings.Cut(string(seed), "-- plan --\n")
		document, variables, _ := strings.Cut(given, "-- variables --\n")
		f.Add(document, variables)
	}
	f.Fuzz(func(t *testing.T, document, variables string) {
		doc, errs := gqlparser.LoadQueryWithRules(composed.Schema, document, nil)
		if errs != nil || len(doc.Operations) == 0 {
			return
		}
		given := map[string]any{}
		decoder := json.NewDecoder(strings.NewReader(variables))
		decoder.UseNumber()
		if decoder.Decode(&given) != nil {
			given = map[string]any{}
		}
		op := doc.Operations[0]
		values, err := validator.VariableValues(composed.Schema, op, given)
		if err != nil {
			return
		}
		p, err := Build(composed, doc, op, values)
		if err != nil {
			return
		}
		for _, fetch := range p.Fetches {
			if fetch.Request == nil {
				continue
			}
			body := written(fetch, values)
			if strings.HasPrefix(body, "error ") {
				continue
			}
			var sent struct {
				Query     string         `json:"query"`
				Variables map[string]any `json:"variables"`
			}
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			lowered, errs := gqlparser.LoadQueryWithRules(upstream, sent.Query, nil)
			if errs != nil {
				t.Fatalf("%s\nbecame %s\n%v", document, sent.Query, errs)
			}
			plain(t, lowered.Operations[0].SelectionSet, sent.Query)
			if len(lowered.Operations[0].SelectionSet) != 1 {
				t.Fatalf("several root fields: %s", sent.Query)
			}
			if _, err := validator.VariableValues(upstream, lowered.Operations[0], sent.Variables); err != nil {
				t.Fatalf("%s\nbecame %s\n%v", document, body, err)
			}
		}
	})
}

// plain fails for what FortyTwo does not understand below a root field.
func plain(t *testing.T, set ast.SelectionSet, document string) {
	t.Helper()
	for _, s := range set {
		field, ok := s.(*ast.Field)
		if !ok || field.Alias != field.Name || len(field.Directives) > 0 {
			t.Fatalf("not plain: %s", document)
		}
		plain(t, field.SelectionSet, document)
	}
}
