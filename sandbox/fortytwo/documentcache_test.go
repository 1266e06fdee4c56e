package fortytwo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

func TestTheDocumentCacheStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	var c documentCache
	for i := range 3 * maxDocuments {
		if _, err := c.parse(fmt.Sprintf("{f%d}", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.entries) > maxDocuments {
		t.Errorf("%d documents are kept", len(c.entries))
	}
	for range 3 * maxSchemas {
		schema, err := loadSchema("core.graphqls")
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := c.validate(schema, "{search(searchInput:1,limit:1){edges{cursor}}}", Line27.rules); len(errs) != 1 {
			t.Fatalf("complaints %v", errs)
		}
	}
	held := map[*ast.Schema]bool{}
	for key := range c.entries {
		held[key.schema] = true
	}
	if len(held) > maxSchemas {
		t.Errorf("%d schemas are held", len(held))
	}
}

func TestTheSameDocumentIsParsedOnce(t *testing.T) {
	t.Parallel()
	var c documentCache
	for text, kept := range map[string]bool{
		"{leads{totalCount}}":                             true,
		"subscription{onEventSubscription{id}}":           false, // a stream binds it to its schema
		"{" + strings.Repeat("a ", maxCachedText/2) + "}": false,
	} {
		first, err := c.parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := c.parse(text); (again == first) != kept {
			t.Errorf("%.40s: parsed once is %t", text, again == first)
		}
	}
}
