package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/auth"
)

// Introspection answers introspection to callers whose token or key is valid. Everybody else may ask for `__typename` alone.
type Introspection struct{}

// ExtensionName is gqlgen's name for it.
func (Introspection) ExtensionName() string { return "Introspection" }

// Validate accepts every schema.
func (Introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext asks who calls only when the document introspects.
func (Introspection) MutateOperationContext(ctx context.Context, opCtx *graphql.OperationContext) *gqlerror.Error {
	if !introspects(opCtx.Operation) {
		return nil
	}
	if _, err := auth.Anyone(ctx); err != nil {
		e := helix.AsError(err)
		return &gqlerror.Error{Message: "introspection needs a caller: " + e.Message, Extensions: map[string]any{"code": string(e.Code)}}
	}
	opCtx.DisableIntrospection = false
	return nil
}

func introspects(op *ast.OperationDefinition) bool {
	var look func(ast.SelectionSet) bool
	look = func(set ast.SelectionSet) bool {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.Name == "__schema" || s.Name == "__type" {
					return true
				}
			case *ast.InlineFragment:
				if look(s.SelectionSet) {
					return true
				}
			case *ast.FragmentSpread:
				if s.Definition != nil && look(s.Definition.SelectionSet) {
					return true
				}
			}
		}
		return false
	}
	return op != nil && look(op.SelectionSet)
}

// Tracing makes a span for each operation and each of its root fields. Names of operations are the client's words and go
// into an attribute; variables and arguments go nowhere, since they hold patients' data.
type Tracing struct{ Tracer trace.Tracer }

// ExtensionName is gqlgen's name for it.
func (Tracing) ExtensionName() string { return "Tracing" }

// Validate accepts every schema.
func (Tracing) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation spans an operation; a subscription's span ends when it has begun, since it may last for days.
func (t Tracing) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	kind := string(op.Operation.Operation)
	ctx, span := t.Tracer.Start(ctx, "graphql."+kind, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("graphql.operation.name", op.OperationName), attribute.String("graphql.operation.type", kind)))
	responses := next(ctx)
	if op.Operation.Operation == ast.Subscription {
		span.End()
		return responses
	}
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if response != nil && len(response.Errors) > 0 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
		return response
	}
}

// InterceptField spans the fields that do something: those of Query, Mutation and Subscription.
func (t Tracing) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx)
	if !field.IsResolver || field.Parent == nil || field.Parent.Parent != nil {
		return next(ctx)
	}
	ctx, span := t.Tracer.Start(ctx, "resolve."+field.Field.Name)
	defer span.End()
	value, err := next(ctx)
	if err != nil {
		span.SetStatus(codes.Error, string(helix.AsError(err).Code))
	}
	return value, err
}
