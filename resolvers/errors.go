package resolvers

import (
	"context"
	"errors"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// operation splits an error into what the caller can act on, which is data, and what is a top-level error: a missing
// token, a missing right and a fault of ours.
func operation(err error) (*graph.OperationError, error) {
	if err == nil {
		return nil, nil
	}
	e := helix.AsError(err)
	switch e.Code {
	case helix.CodeUnauthenticated, helix.CodeForbidden, helix.CodeInternal:
		return nil, err
	}
	return operationError(e), nil
}

func operationError(e *helix.Error) *graph.OperationError {
	out := &graph.OperationError{Code: graph.ErrorCode(e.Code), Message: e.Message, Retryable: e.Retryable}
	if e.Provider != "" {
		p := graph.Provider(e.Provider)
		out.Provider = &p
	}
	return out
}

// PresentError makes the top-level form of an error: the user's text and the code. What an operator needs goes to the
// log; the text of an error without a code goes nowhere else.
func PresentError(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var shown *gqlerror.Error
		if errors.As(err, &shown) && shown.Err == nil {
			return shown // made by the parser, the validator or a transport: safe and complete
		}
		e := helix.AsError(err)
		if e.Code == helix.CodeInternal {
			log.ErrorContext(ctx, "an operation failed", "path", graphql.GetPath(ctx).String(), "error", err)
		}
		out := &gqlerror.Error{
			Message: e.Message, Path: graphql.GetPath(ctx),
			Extensions: map[string]any{"code": string(e.Code), "retryable": e.Retryable},
		}
		if shown != nil {
			out.Locations, out.Path = shown.Locations, shown.Path
		}
		if e.RetryAfter > 0 {
			out.Extensions["retryAfterSeconds"] = int(e.RetryAfter.Seconds()) + 1
		}
		return out
	}
}
