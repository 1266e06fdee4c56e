package resolvers

import (
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
