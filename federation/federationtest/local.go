package federationtest

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Local serves a schema with an Executor where a gateway expects what gqlgen generates.
//
// It executes whatever selections the operation of the context holds, be they narrowed or shared with a document that was validated
// against a larger schema; fragments are those of the context's document. Errors are reported with graphql.AddError, with their paths.
type Local struct{ *Executor }

var _ graphql.ExecutableSchema = Local{}

// Schema is the one that it executes.
func (l Local) Schema() *ast.Schema { return l.schema }

// Complexity leaves it to the default.
func (l Local) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec executes the operation of the context once; a second call of the handler answers nil.
func (l Local) Exec(ctx context.Context) graphql.ResponseHandler {
	opCtx := graphql.GetOperationContext(ctx)
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		answer := l.run(ctx, opCtx.Doc, opCtx.Operation, opCtx.Variables)
		for _, err := range answer.Errors {
			graphql.AddError(ctx, err)
		}
		if answer.Data == nil {
			answer.Data = json.RawMessage("null")
		}
		return &graphql.Response{Data: answer.Data}
	}
}
