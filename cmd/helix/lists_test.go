package main

import "testing"

// An empty list of kinds asks for nothing, no list and null for everything, whoever is asked.
func TestAnEmptyListOfKindsAsksForNothing(t *testing.T) {
	t.Parallel()
	s := startSystem(t, nil)
	token := s.signIn("asha@sandbox.test")
	for _, field := range []struct{ name, variables, arguments string }{
		{"worklist", "$kinds: [WorklistKind!]", ""},
		{"search", "$kinds: [SearchKind!]", `query: "an", `},
	} {
		document := "query(" + field.variables + ") { " + field.name + "(" + field.arguments + "kinds: $kinds) { totalCount edges { cursor: __typename } errors { kind } } }"
		for _, c := range []struct {
			name      string
			variables map[string]any
			any       bool
		}{
			{"no list", nil, true},
			{"null", map[string]any{"kinds": nil}, true},
			{"an empty list", map[string]any{"kinds": []string{}}, false},
		} {
			var edges, failed []any
			var total float64
			until(t, field.name+" with every kind", func() bool { // which needs FortyTwo's data model
				_, data, code := s.ask(token, document, c.variables)
				if code != "" {
					t.Fatalf("%s, %s: %s", field.name, c.name, code)
				}
				edges, _ = at(data, field.name, "edges").([]any)
				failed, _ = at(data, field.name, "errors").([]any)
				total = numberAt(data, field.name, "totalCount")
				return len(failed) == 0
			})
			if total > 0 != c.any || len(edges) > 0 != c.any {
				t.Errorf("%s, %s: %v of %v", field.name, c.name, len(edges), total)
			}
		}
	}
}
