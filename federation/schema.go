package federation

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/upstream"
)

// schema is one composed schema with what executes it: gqlgen's executor asks it like a generated one. It is immutable but
// for its cache of plans.
type schema struct {
	composed *compose.Composed
	local    graphql.ExecutableSchema // ours, over the composed schema
	plans    *plans
	o        *Options
	doubt    func() // is told that FortyTwo does not know a field of it
}

// Schema is the composed schema.
func (s *schema) Schema() *ast.Schema { return s.composed.Schema }

// Complexity leaves the cost of a document to whoever limits documents.
func (s *schema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec answers the operation in ctx.
func (s *schema) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	p, err := s.plans.of(s.composed, oc)
	switch {
	case err != nil:
		graphql.AddError(ctx, err)
		return func(context.Context) *graphql.Response { return nil }
	case p.Local && oc.Operation.Operation == ast.Mutation:
		next := s.local.Exec(ctx)
		return func(ctx context.Context) *graphql.Response {
			defer s.separate(ctx)()
			return next(ctx)
		}
	case p.Local:
		return s.local.Exec(ctx)
	case oc.Operation.Operation == ast.Subscription:
		return s.subscribe(ctx, oc, p)
	}
	return newRun(s, oc, p).answer
}

// separate is called before a mutation of ours, and what it gives after it: neither may share an answer with what the caller
// asks on the other side of it, since ours may write to FortyTwo.
func (s *schema) separate(ctx context.Context) (after func()) {
	if s.o.Upstream == nil {
		return func() {}
	}
	caller := new(upstream.Caller)
	if err := s.o.Caller(ctx, caller); err != nil { // he asks nothing of FortyTwo
		return func() {}
	}
	s.o.Upstream.Separate(caller)
	return func() { s.o.Upstream.Separate(caller) }
}

// subscribe answers a subscription of ours whose events show records of FortyTwo, which are read for each event with the
// subscriber's own rights.
func (s *schema) subscribe(ctx context.Context, oc *graphql.OperationContext, p *planned) graphql.ResponseHandler {
	step := &p.Steps[0]
	source := step.Levels[0][0]
	inner := narrow(oc, p.Fetches[source].Operation, oc.Variables)
	next := s.local.Exec(graphql.WithOperationContext(ctx, inner))
	return func(ctx context.Context) *graphql.Response {
		event := next(graphql.WithOperationContext(ctx, inner))
		if event == nil || len(event.Data) == 0 {
			return event
		}
		r := newRun(s, oc, p)
		defer r.release()
		r.tookLocal(source, event.Data)
		r.errors = event.Errors
		r.collect(step, 0)
		r.step(ctx, step, 1)
		return r.respond()
	}
}

// narrow is an operation context for a part of an operation.
func narrow(oc *graphql.OperationContext, part *ast.OperationDefinition, variables map[string]any) *graphql.OperationContext {
	return &graphql.OperationContext{
		RawQuery: oc.RawQuery, Variables: variables, OperationName: oc.OperationName, Doc: oc.Doc, Extensions: oc.Extensions,
		Headers: oc.Headers, Operation: part, DisableIntrospection: oc.DisableIntrospection, RecoverFunc: oc.RecoverFunc,
		ResolverMiddleware: oc.ResolverMiddleware, RootResolverMiddleware: oc.RootResolverMiddleware, Stats: oc.Stats,
	}
}
