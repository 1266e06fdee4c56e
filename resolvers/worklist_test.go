package resolvers

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/helix-engage/gateway/graph"
)

func TestWhatIsNotSelectedOfAWorkListIsNotMade(t *testing.T) {
	t.Parallel()
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: New(Options{})}))
	for name, c := range map[string]struct {
		query string
		want  worklistWanted
	}{
		"the items":                 {"{ worklist { edges { node { id } } pageInfo { hasNextPage } } }", worklistWanted{}},
		"the total":                 {"{ worklist { totalCount } }", worklistWanted{total: true}},
		"which sources answered":    {"{ worklist { counts { kind } } }", worklistWanted{}},
		"how much of each kind":     {"{ worklist { counts { kind count } } }", worklistWanted{total: true}},
		"how much of it is overdue": {"{ worklist { counts { overdue } } }", worklistWanted{overdue: true}},
		"both, under other names":   {"{ worklist { n: totalCount late: counts { n: overdue } } }", worklistWanted{total: true, overdue: true}},
		"both, in fragments": {
			"{ worklist { ...list counts { count } } } fragment list on WorklistConnection { counts { ...late } } " +
				"fragment late on WorklistCount { overdue }", worklistWanted{total: true, overdue: true},
		},
		"both, and then not": {
			"{ worklist { totalCount @skip(if: true) counts @include(if: false) { count overdue } } }", worklistWanted{},
		},
		"where each item is": {"{ worklist { edges { at: cursor } } }", worklistWanted{cursors: true}},
		"where the last is":  {"{ worklist { pageInfo { endCursor } } }", worklistWanted{ends: true}},
		"where the first is": {"{ worklist { pageInfo { startCursor } } }", worklistWanted{ends: true}},
		"where all are, in fragments": {
			"{ worklist { edges { ... on WorklistEdge { cursor } } pageInfo { ...ends } } } fragment ends on PageInfo { endCursor }",
			worklistWanted{cursors: true, ends: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			oc := prepare(t, ctx, exec, c.query, nil)
			ctx = graphql.WithOperationContext(ctx, oc)
			field := graphql.CollectFields(oc, oc.Operation.SelectionSet, nil)[0]
			if got := wantedOfWorklist(graphql.WithFieldContext(ctx, &graphql.FieldContext{Field: field})); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
