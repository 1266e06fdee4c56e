package transport

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/buffers"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxPanics in a row end a subscription: its next event would panic too.
const maxPanics = 3

// operation is an accepted GraphQL operation: start, then next until it answers nil. A panic becomes an INTERNAL error.
// It belongs to one goroutine.
type operation struct {
	h         *Handler
	exec      graphql.GraphExecutor
	ctx       context.Context
	context   *graphql.OperationContext
	responses graphql.ResponseHandler
	unbegun   *graphql.Response // instead of a first answer
	panics    int
	done      bool

	report  OperationCompleted
	started time.Time
	scope   buffers.Scope // of answers over HTTP: what they are read into is given back once they are written
}

// newOperation prepares for one request; report goes to the hooks when finish is called.
func (h *Handler) newOperation(ctx context.Context, exec graphql.GraphExecutor, transport string) *operation {
	h.opts.Hooks.OperationStarted(ctx, transport)
	if transport == transportWebSocket || transport == transportEvents {
		ctx = h.opts.Begin(ctx)
	}
	o := &operation{h: h, exec: exec, report: OperationCompleted{Transport: transport}, started: h.opts.Now()}
	if transport == transportHTTP {
		o.scope.Context = ctx
		ctx = &o.scope
	}
	o.ctx = graphql.StartOperationTrace(ctx)
	return o
}

// finish reports the operation to the hooks.
func (o *operation) finish() {
	o.report.Took = o.h.opts.Now().Sub(o.started)
	o.h.opts.Hooks.OperationCompleted(o.ctx, o.report)
}

// prepare asks for admission, parses and validates. The answer is a refusal, nil when the operation may run.
func (o *operation) prepare(params *graphql.RawParams) (refusal *graphql.Response) {
	defer func() {
		if p := recover(); p != nil {
			refusal = o.panicked(p)
		}
		o.note(refusal)
	}()
	if err := o.h.opts.Admit(o.ctx); err != nil {
		return o.refuse(err)
	}
	params.ReadTime = graphql.TraceTiming{Start: o.started, End: o.h.opts.Now()}
	oc, errs := o.exec.CreateOperationContext(o.ctx, params)
	if oc != nil {
		o.ctx = graphql.WithOperationContext(o.ctx, oc)
	}
	if len(errs) > 0 {
		return o.exec.DispatchError(o.ctx, boundErrors(explainRefusal(oc, errs)))
	}
	o.context = oc
	o.report.Kind, o.report.Name = string(oc.Operation.Operation), oc.Operation.Name
	return nil
}

// refuse answers err instead of executing.
func (o *operation) refuse(err error) *graphql.Response {
	coded := helix.AsError(err)
	if coded.Code == helix.CodeInternal {
		o.h.opts.Logger.ErrorContext(o.ctx, "operation refused by a fault", "error", coded)
	}
	return &graphql.Response{Errors: gqlerror.List{present(coded)}}
}

func (o *operation) kind() ast.Operation { return o.context.Operation.Operation }

// begin starts a subscription without waiting for its first event. A panic is told by next.
func (o *operation) begin() {
	defer func() {
		if p := recover(); p != nil {
			o.unbegun = o.panickedAnswer(p)
		}
	}()
	o.responses, o.ctx = o.exec.DispatchOperation(o.ctx, o.context)
}

// next gives the next answer, nil at the end. What is not a subscription answers once.
func (o *operation) next() (resp *graphql.Response) {
	if resp = o.unbegun; resp != nil {
		o.unbegun = nil
		return resp
	}
	if o.done {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			resp = o.panickedAnswer(p)
		} else {
			o.panics = 0
		}
		o.note(resp)
	}()
	streaming := o.kind() == ast.Subscription
	o.done = !streaming
	if o.responses == nil {
		o.responses, o.ctx = o.exec.DispatchOperation(o.ctx, o.context)
	}
	if resp = o.responses(o.ctx); resp == nil {
		o.done = true
		return nil
	}
	if !streaming && resp.HasNext != nil && *resp.HasNext {
		return o.refuseDeferred()
	}
	return resp
}

// refuseDeferred takes the parts of a deferred answer, which would otherwise wait for ever to be taken. Deferring is
// known to the executor alone, after it has begun.
func (o *operation) refuseDeferred() *graphql.Response {
	for part := o.responses(o.ctx); part != nil; part = o.responses(o.ctx) {
	}
	return o.refuse(helix.BadInput("@defer is not supported"))
}

// panickedAnswer stands for an answer that panicked. A subscription goes on, with null for this event, unless it could not
// begin or does nothing but panic.
func (o *operation) panickedAnswer(p any) *graphql.Response {
	resp := o.panicked(p)
	o.panics++
	if o.responses == nil || o.panics == maxPanics {
		o.done = true
	}
	if !o.done {
		resp.Data = []byte("null")
	}
	return resp
}

func (o *operation) panicked(p any) *graphql.Response {
	logPanic(o.ctx, o.h.opts.Logger, p)
	return &graphql.Response{Errors: gqlerror.List{present(internalError())}}
}

// note keeps what the hooks are told.
func (o *operation) note(resp *graphql.Response) {
	if resp == nil {
		return
	}
	o.report.Answers++
	o.report.Code = ""
	if len(resp.Errors) > 0 {
		o.report.Code = codeOf(resp.Errors[0])
	}
}
