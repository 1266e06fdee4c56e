package federation_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation"
	"github.com/helix-engage/gateway/federation/compose/composetest"
	"github.com/helix-engage/gateway/federation/federationtest"
	"github.com/helix-engage/gateway/federation/upstream"
)

// BenchmarkHandThrough is the executor's part alone of a list of FortyTwo, without HTTP on either side: as it came, and under
// other names.
func BenchmarkHandThrough(b *testing.B) {
	for _, size := range []struct {
		name    string
		records int
	}{{"4kB", 18}, {"120kB", 545}} {
		for _, way := range []struct{ name, document string }{
			{"handed through", `query($first: Int) { leads(first: $first) { edges { node { id createdAt recordStatus customText00 fullName { firstName lastName } } } } }`},
			{"renamed", `query($first: Int) { leads(first: $first) { edges { node { ident: id createdAt recordStatus customText00 fullName { firstName last: lastName } } } } }`},
		} {
			b.Run(size.name+" "+way.name, func(b *testing.B) {
				crm := &canned{list: leads(size.records)}
				b.SetBytes(int64(len(crm.list)))
				execute(b, crm, nil, way.document, map[string]any{"first": 200}, size.records)
			})
		}
	}
}

// BenchmarkMixed is the same of a work list of 50 items, ours, whose leads are FortyTwo's.
func BenchmarkMixed(b *testing.B) {
	tasks := make([]any, 50)
	for i := range tasks {
		tasks[i] = map[string]any{"id": fmt.Sprint(i), "lead": map[string]any{"id": idOf(i)}}
	}
	crm := &canned{list: leads(len(tasks))}
	const document = `{ worklist { id lead { id createdAt recordStatus customText00 fullName { firstName } } } }`
	execute(b, crm, tasks, document, nil, len(tasks))
}

// execute runs a document whose answer must show as many records.
func execute(b *testing.B, crm *canned, tasks []any, document string, variables map[string]any, records int) {
	b.Helper()
	exec := newFederation(b, crm, tasks, composetest.Large).Executor()
	ctx := graphql.StartOperationTrace(b.Context())
	op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: document, Variables: variables})
	if errs != nil {
		b.Fatal(errs)
	}
	b.ReportAllocs()
	for b.Loop() {
		respond, ctx := exec.DispatchOperation(ctx, op)
		answer := respond(ctx)
		if len(answer.Errors) > 0 || len(answer.Data) == 0 {
			b.Fatal(answer.Errors)
		}
		crm.last = answer.Data
	}
	if found := bytes.Count(crm.last, []byte(`"recordStatus":"OPEN"`)); found != records {
		b.Fatalf("%d records in the answer, not %d: %.300s", found, records, crm.last)
	}
}

const benchmarkSDL = `
directive @key(fields: String!) on OBJECT
scalar UUID
type Query { worklist: [Task!]! }
type Task { id: ID! lead: Lead }
type Lead @key(fields: "id") { id: UUID! }
`

// newFederation composes a large schema of FortyTwo with a small one of ours.
func newFederation(t testing.TB, crm federation.Upstream, tasks []any, objects int) *federation.Federation {
	t.Helper()
	local, err := gqlparser.LoadSchema(&ast.Source{Name: "benchmark.graphqls", Input: benchmarkSDL})
	if err != nil {
		t.Fatal(err)
	}
	large, err := composetest.Synthetic(objects)
	if err != nil {
		t.Fatal(err)
	}
	f, err := federation.New(federation.Options{
		Local: local,
		Execute: func(composed *ast.Schema) graphql.ExecutableSchema {
			return &recorded{Local: federationtest.Local{Executor: federationtest.NewExecutor(composed, ours(tasks))}}
		},
		Serve:    func(s graphql.ExecutableSchema) graphql.GraphExecutor { return executor.New(s) },
		Post:     composetest.Server(large),
		Upstream: crm,
		Caller:   func(_ context.Context, to *upstream.Caller) error { to.Token = "token"; return nil },
		Vouch:    func(context.Context) error { return nil },
		Trusted:  func(ctx context.Context) context.Context { return ctx },
	})
	if err == nil {
		err = f.Refresh(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// canned is FortyTwo with one answer.
type canned struct{ list, last []byte }

func (c *canned) Do(context.Context, *upstream.Caller, *upstream.Request) ([]byte, int, error) {
	return c.list, 200, nil
}

func (c *canned) Separate(*upstream.Caller) {}

// recorded is our own half: it executes once and gives that answer ever after, for it is not what is measured.
type recorded struct {
	federationtest.Local

	answer *graphql.Response
}

// Exec answers the operation in ctx.
func (r *recorded) Exec(ctx context.Context) graphql.ResponseHandler {
	if r.answer == nil {
		r.answer = r.Local.Exec(ctx)(ctx)
	}
	return func(context.Context) *graphql.Response { return r.answer }
}

// ours are the tasks of the work list.
type ours []any

func (o ours) TypeOf(any) string { return "" } // there is no abstract type

func (o ours) Resolve(_ context.Context, f federationtest.Field) (any, error) {
	if f.Parent == nil {
		return []any(o), nil
	}
	return f.Parent.(map[string]any)[f.Name], nil
}

func idOf(i int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(i), byte(i >> 8)}).String()
}

// leads are records, with names in two scripts, as FortyTwo answers a list of them.
func leads(n int) []byte {
	names := []string{`{"firstName":"Asha","lastName":"Iyer"}`, `{"firstName":"आशा","lastName":"अय्यर"}`}
	edges := make([]string, n)
	for i := range edges {
		edges[i] = fmt.Sprintf(`{"node":{"id":"%s","createdAt":"2026-11-21T08:00:00.%03dZ","recordStatus":"OPEN","customText00":"called twice, wants a second opinion","fullName":%s}}`,
			idOf(i), i, names[i%2])
	}
	return []byte(`{"data":{"leads":{"edges":[` + strings.Join(edges, ",") + `]}}}`)
}
