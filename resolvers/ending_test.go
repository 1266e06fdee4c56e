package resolvers

import (
	"context"
	"errors"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// playing is an operation whose resolver fails, after it was dispatched, when fail is asked for.
func playing(ctx context.Context, kind ast.Operation, fail func(ctx context.Context)) graphql.ResponseHandler {
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: kind}})
	return (&Presence{}).InterceptOperation(ctx, func(ctx context.Context) graphql.ResponseHandler {
		ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
		events := 1
		return func(context.Context) *graphql.Response {
			if events--; events == 0 {
				return &graphql.Response{Data: []byte(`{"a":1}`)}
			}
			fail(ctx)
			return nil
		}
	})
}

func TestASubscriptionEndsWithItsErrorOnce(t *testing.T) {
	t.Parallel()
	failing := true
	next := playing(t.Context(), ast.Subscription, func(ctx context.Context) {
		if failing {
			failing = false
			endWith(ctx, errors.New("the right was lost"))
		}
	})
	if resp := next(t.Context()); resp == nil || string(resp.Data) != `{"a":1}` || len(resp.Errors) > 0 {
		t.Fatalf("the event: %+v", resp)
	}
	if resp := next(t.Context()); resp == nil || resp.Data != nil || len(resp.Errors) != 1 || resp.Errors[0].Message != "the right was lost" {
		t.Fatalf("the end: %+v", resp)
	}
	if resp := next(t.Context()); resp != nil {
		t.Errorf("after the end: %+v", resp)
	}
}

func TestASubscriptionThatIsLeftOrIsNoneEndsWithoutAReason(t *testing.T) {
	t.Parallel()
	left, leave := context.WithCancel(t.Context())
	leave()
	for name, next := range map[string]graphql.ResponseHandler{
		"left":      playing(left, ast.Subscription, func(ctx context.Context) { endWith(ctx, errors.New("nobody hears it")) }),
		"no error":  playing(t.Context(), ast.Subscription, func(context.Context) {}),
		"a query":   playing(t.Context(), ast.Query, func(ctx context.Context) { endWith(ctx, errors.New("nobody hears it")) }),
		"a command": playing(t.Context(), ast.Mutation, func(context.Context) {}),
	} {
		if next(t.Context()); next(t.Context()) != nil {
			t.Errorf("%s: there is a reason", name)
		}
	}
}
