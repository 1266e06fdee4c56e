package resolvers

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/helix-engage/gateway/graph"
)

func TestWhatIsNotSelectedOfAWorkListIsNotCounted(t *testing.T) {
	t.Parallel()
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: New(Options{})}))
	for name, c := range map[string]struct {
		query          string
		total, overdue bool
	}{
		"the items":                 {"{ worklist { edges { cursor } } }", false, false},
		"the total":                 {"{ worklist { totalCount } }", true, false},
		"which sources answered":    {"{ worklist { counts { kind } } }", false, false},
		"how much of each kind":     {"{ worklist { counts { kind count } } }", true, false},
		"how much of it is overdue": {"{ worklist { counts { overdue } } }", false, true},
		"both, under other names":   {"{ worklist { n: totalCount late: counts { n: overdue } } }", true, true},
		"both, in fragments": {
			"{ worklist { ...list counts { count } } } fragment list on WorklistConnection { counts { ...late } } " +
				"fragment late on WorklistCount { overdue }", true, true,
		},
		"both, and then not": {
			"{ worklist { edges { cursor } totalCount @skip(if: true) counts @include(if: false) { count overdue } } }", false, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			oc := prepare(t, ctx, exec, c.query, nil)
			ctx = graphql.WithOperationContext(ctx, oc)
			field := graphql.CollectFields(oc, oc.Operation.SelectionSet, nil)[0]
			total, overdue := countsSelected(graphql.WithFieldContext(ctx, &graphql.FieldContext{Field: field}))
			if total != c.total || overdue != c.overdue {
				t.Errorf("total %t, overdue %t", total, overdue)
			}
		})
	}
}
