package limits

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func keyOf(document string) [sha256.Size]byte { return sha256.Sum256([]byte(document)) }

// hostile documents keep a server busy for seconds or make it answer megabytes, unless they are refused first.
var hostile = map[string]string{
	"one field 20,000 times":           "{" + strings.Repeat("hello ", 20_000) + "}",
	"20,000 unknown directives":        "{hello " + strings.Repeat("@a ", 20_000) + "}",
	"one field as often as is let by":  "{" + strings.Repeat("hello ", 2_000) + "}",
	"directives as many as are let by": "{hello " + strings.Repeat("@a ", 2_000) + "}",
	"a million comments":               "{hello}" + strings.Repeat("#\n", 500_000),
	"brackets":                         "{a(b:" + strings.Repeat("[", 50_000),
	"one string of a megabyte":         `{a(b:"` + strings.Repeat("x", 1<<20) + `",b:1)}`,
	"nested lists of fields":           "{" + strings.Repeat("hello{", 300) + "a" + strings.Repeat("}", 300) + strings.Repeat(" hello{a}", 300) + "}",
}

// An answer to any of them is short, with the extension installed in front of gqlgen's validation.
func TestHostileDocumentsAreRefusedShortly(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { hello: String }`})
	exec := executor.New(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }})
	exec.Use(NewDocuments(Options{}))
	for name, document := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := graphql.StartOperationTrace(context.Background())
			_, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
			answer, err := json.Marshal(errs)
			if err != nil || len(errs) == 0 || len(answer) > 10_000 {
				t.Errorf("%d errors in %d bytes: %.300s", len(errs), len(answer), answer)
			}
		})
	}
}

func BenchmarkHostileDocuments(b *testing.B) {
	for name, document := range hostile {
		b.Run(name, func(b *testing.B) {
			d := NewDocuments(Options{})
			b.ReportAllocs()
			for b.Loop() {
				_ = d.Check(document, nil)
			}
		})
	}
}

func BenchmarkHotDocument(b *testing.B) {
	d := NewDocuments(Options{})
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Check(introspection, nil); err != nil {
			b.Fatal(err)
		}
	}
}
