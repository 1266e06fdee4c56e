package resolvers

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// withEnding lets a subscription end with an error: gqlgen has no place for one that comes between two events, and drops it. The
// subscriber gets it as a last answer without data: what [endWith] left.
func withEnding(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	end := &ending{}
	events := next(context.WithValue(ctx, endingKey{}, end))
	return func(ctx context.Context) *graphql.Response {
		if resp := events(ctx); resp != nil {
			return resp
		}
		if errs := end.take(); len(errs) > 0 {
			return &graphql.Response{Errors: errs}
		}
		return nil
	}
}

type endingKey struct{}

// ending is why a subscription ended.
type ending struct {
	mu   sync.Mutex
	errs gqlerror.List
}

// take gives the errors once.
func (e *ending) take() gqlerror.List {
	e.mu.Lock()
	defer e.mu.Unlock()
	errs := e.errs
	e.errs = nil
	return errs
}

// endWith says why a subscription ends; what it sends its events to must be closed afterwards. Whoever has left needs no reason.
func endWith(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	graphql.AddError(ctx, err)
	if end, ok := ctx.Value(endingKey{}).(*ending); ok {
		end.mu.Lock()
		defer end.mu.Unlock()
		end.errs = graphql.GetErrors(ctx)
	}
}
