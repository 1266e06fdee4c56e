package documents

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestDocumentsAreComparedByTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"white space, commas and comments":   {"{a,b} # x", " {\n a b\n}", true},
		"the order of definitions":           {"query A{...F}fragment F on Q{a}", "fragment F on Q { a } query A { ...F }", true},
		"values of variables' defaults":      {"query($a:I={x:1}){a}", "query($a: I = {x: 1}) { a }", true},
		"the order of fields":                {"{a b}", "{b a}", false},
		"another name":                       {"query A{a}", "query B{a}", false},
		"a shorthand":                        {"{a}", "query{a}", false},
		"a string and a block string":        {`{a(b:"x")}`, `{a(b:"""x""")}`, false},
		"a string and a name":                {`{a(b:"x")}`, `{a(b:x)}`, false},
		"where one token ends":               {"{ab c}", "{a bc}", false},
		"a definition twice":                 {"{a}", "{a}{a}", false},
		"what does not close":                {"{a", "{a }}", false},
		"what closes too much":               {"{a}}", "{a} }", false},
		"nothing":                            {"", " # ", false},
		"what cannot be read":                {"{a ` }", "{a `}", false},
		"more tokens than are compared":      {"{" + strings.Repeat("a ", maxTokens) + "}", "{" + strings.Repeat("a,", maxTokens) + "}", false},
		"more comments than are passed over": {"{a}" + strings.Repeat("#\n", maxTokens), "{a} " + strings.Repeat("#\n", maxTokens), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := sameTokens(tt.a, tt.b); got != tt.same {
				t.Errorf("same: %v", got)
			}
		})
	}
}

// What the parser takes for a document is cut at its definitions, in their order.
func FuzzDefinitions(f *testing.F) {
	f.Add("query A($a: [I!]! = [{x: 1}] @d(a: {b: 2})) @c { a(b: $a) { ...F ... on Q @x { c } } } fragment F on Q { d }")
	f.Add("{a}{b}")
	f.Fuzz(func(t *testing.T, text string) {
		found, ok := definitionsIn(text)
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil || len(doc.Operations)+len(doc.Fragments) == 0 {
			return
		}
		if !ok || len(found) != len(doc.Operations)+len(doc.Fragments) {
			t.Fatalf("%d definitions, %v, want %d and %d", len(found), ok, len(doc.Operations), len(doc.Fragments))
		}
		var operations, fragments int
		for _, d := range found {
			var name string
			if d.fragment {
				name = doc.Fragments[fragments].Name
				fragments++
			} else {
				name = doc.Operations[operations].Name
				operations++
			}
			if d.name != name {
				t.Fatalf("%q is called %q", name, d.name)
			}
		}
	})
}
