package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if arguments := os.Getenv(clientsVariable); arguments != "" {
		if err := runClients(arguments); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

const testSDL = `
	type Query {
		hello(name: String = "world"): String!
		secret: String
		held: String!
		boom: String!
	}
	type Mutation {
		bump: Int!
		held: String!
	}
	type Subscription {
		count(to: Int!): Int!
		events: Int!
		others: Int!
		refused: Int!
		faulty(on: [Int!]!): Int!
	}`

// testSchema is an executable schema without generated code: root fields alone, resolved by name. Each test has its own.
type testSchema struct {
	schema  *ast.Schema
	events  chan int      // what Subscription.events yields, until closed
	others  chan int      // what Subscription.others yields
	entered chan string   // receives the name of each "held" operation when it has begun
	release chan struct{} // lets held operations go on
	ended   chan string   // receives the name of each subscription when it is cancelled
	bumps   atomic.Int64  // how often Mutation.bump has executed
}

func newTestSchema() *testSchema {
	return &testSchema{
		schema:  gqlparser.MustLoadSchema(&ast.Source{Input: testSDL}),
		events:  make(chan int),
		others:  make(chan int),
		entered: make(chan string, 16),
		release: make(chan struct{}),
		ended:   make(chan string, 16),
	}
}

// executor is what the server will use: presenter, recovery and a cache of documents.
func (s *testSchema) executor() *executor.Executor {
	log := slog.New(slog.DiscardHandler)
	exec := executor.New(s)
	exec.SetErrorPresenter(ErrorPresenter(log))
	exec.SetRecoverFunc(RecoverFunc(log))
	exec.SetQueryCache(lru.New[*ast.QueryDocument](100))
	return exec
}

func (s *testSchema) Schema() *ast.Schema { return s.schema }

func (s *testSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *testSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, nil)
	if oc.Operation.Operation == ast.Subscription {
		return s.subscribe(ctx, oc, fields[0])
	}
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		data := s.resolveAll(ctx, oc, fields)
		return &graphql.Response{Data: data}
	}
}

func (s *testSchema) resolveAll(ctx context.Context, oc *graphql.OperationContext, fields []graphql.CollectedField) []byte {
	var b bytes.Buffer
	for i, f := range fields {
		value, err := s.resolve(ctx, f.Name, f.ArgumentMap(oc.Variables))
		if err != nil {
			graphql.AddError(ctx, fmt.Errorf("resolving: %w", err))
		}
		fmt.Fprintf(&b, "%c%q:", map[bool]byte{true: '{', false: ','}[i == 0], f.Alias)
		_ = json.NewEncoder(&b).Encode(value)
		b.Truncate(b.Len() - 1)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (s *testSchema) resolve(ctx context.Context, name string, args map[string]any) (any, error) {
	switch name {
	case "__typename":
		return graphql.GetOperationContext(ctx).Operation.Operation, nil
	case "hello":
		return "hello " + fmt.Sprint(args["name"]), nil
	case "secret":
		return nil, errors.New("dial tcp 10.0.0.7:5432: password of root refused")
	case "bump":
		return s.bumps.Add(1), nil
	case "held":
		s.entered <- name
		select {
		case <-s.release:
			return "released", nil
		case <-ctx.Done():
			s.ended <- name
			return nil, ctx.Err()
		}
	case "boom":
		panic("a fault of ours with +919810012345 in it")
	}
	return nil, nil
}

func (s *testSchema) subscribe(ctx context.Context, oc *graphql.OperationContext, f graphql.CollectedField) graphql.ResponseHandler {
	args := f.ArgumentMap(oc.Variables)
	var buf bytes.Buffer // used again for each event, as the generated code does
	answer := func(n int) *graphql.Response {
		buf.Reset()
		fmt.Fprintf(&buf, `{%q:%d}`, f.Alias, n)
		return &graphql.Response{Data: buf.Bytes()}
	}
	n := 0
	switch f.Name {
	case "refused":
		graphql.AddError(ctx, &helix.Error{Code: helix.CodeForbidden, Message: "supervisors only"})
		return nil
	case "count":
		to := fmt.Sprint(args["to"])
		return func(context.Context) *graphql.Response {
			if fmt.Sprint(n) == to {
				return nil
			}
			n++
			return answer(n)
		}
	case "faulty":
		return func(context.Context) *graphql.Response {
			n++
			if strings.Contains(fmt.Sprint(args["on"]), fmt.Sprint(n)) {
				panic("a fault of ours")
			}
			if n > 3 {
				return nil
			}
			return answer(n)
		}
	}
	source := map[string]chan int{"events": s.events, "others": s.others}[f.Name]
	over := context.AfterFunc(ctx, func() { s.ended <- f.Name }) // also when nobody waits for the next event just then
	return func(context.Context) *graphql.Response {
		if ctx.Err() != nil {
			return nil // the select would by chance take an event that is meant for whoever subscribes next
		}
		select {
		case v, ok := <-source:
			if !ok {
				over()
				return nil
			}
			return answer(v)
		case <-ctx.Done():
			return nil
		}
	}
}
