package transport

import (
	"encoding/json"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// transportInternal is what hooks are told of operations that came by [Handler.Execute].
const transportInternal = "internal"

// Execute runs the one query or mutation of document, which another entrance has made out of r: admitted, limited, observed
// and executed as if r had been posted here, with the identity in the context of r. Variables are as json.Unmarshal makes
// them. data is null, or nil, when the operation was refused or failed as a whole; errs say why then, and what is missing of
// data else. A caller who left gets UPSTREAM_UNAVAILABLE.
func (h *Handler) Execute(r *http.Request, document string, variables map[string]any) (data json.RawMessage, errs gqlerror.List) {
	exec := h.opts.Executor()
	if exec == nil {
		return nil, gqlerror.List{present(errNoSchema)}
	}
	op := h.newOperation(r.Context(), exec, transportInternal)
	defer op.finish()
	resp := op.prepare(&graphql.RawParams{Query: document, Variables: variables, Headers: r.Header})
	switch {
	case resp != nil:
	case op.kind() == ast.Subscription:
		resp = op.refuse(helix.BadInput("a subscription has no single answer"))
		op.note(resp)
	default:
		resp = op.next()
	}
	if resp == nil { // the executor saw the context end
		return nil, gqlerror.List{present(r.Context().Err())}
	}
	return resp.Data, resp.Errors
}
