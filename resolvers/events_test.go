package resolvers

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// A list of kinds says what is told; whoever is told of nothing still hears where the log is.
func TestAnEmptyListOfKindsIsToldNothingAndNoListEverything(t *testing.T) {
	t.Parallel()
	log := callsOf(t, busOf(t))
	exec := executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: New(Options{Calls: log, Logger: slog.New(slog.DiscardHandler)})}))
	const query = `subscription($kinds: [CallEventKind!]) { callEvents(kinds: $kinds) { kind } }`
	first := map[string]func() string{}
	for name, variables := range map[string]map[string]any{
		"absent": nil, "null": {"kinds": nil}, "empty": {"kinds": []any{}}, "of others": {"kinds": []any{"CONTROLLED"}}, "of it": {"kinds": []any{"INCOMING"}},
	} {
		ctx, stop := context.WithCancel(as(t, "supervisor/meera"))
		t.Cleanup(stop)
		responses, ctx := exec.DispatchOperation(graphql.StartOperationTrace(ctx), prepare(t, ctx, exec, query, variables))
		first[name] = func() string {
			response := responses(ctx)
			var data struct{ CallEvents struct{ Kind string } }
			if response == nil || json.Unmarshal(response.Data, &data) != nil {
				t.Fatalf("%s: %v", name, response)
			}
			return data.CallEvents.Kind
		}
	}
	var reports helix.ProviderReports
	for i := range checkpointEvery {
		reports.Calls = append(reports.Calls, helix.CallReport{
			Kind: helix.ReportOffered, Provider: helix.ProviderOzonetel, ProviderCallID: fmt.Sprint(i), LegID: fmt.Sprint(i), Direction: helix.Inbound,
			Phone: "+919812345678", Agent: "agent1", At: time.Now(),
		})
	}
	if err := log.Ingest(t.Context(), reports); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"absent": "INCOMING", "null": "INCOMING", "of it": "INCOMING", "empty": "CHECKPOINT", "of others": "CHECKPOINT",
	} {
		if got := first[name](); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
