package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// What a client can do with one answer's errors ends long before these.
const (
	maxErrors         = 20
	maxErrorLocations = 10
	maxErrorMessage   = 500 // bytes
)

// ErrorPresenter makes the error of an answer: the message and code of a [helix.Error], a fixed text for anything that
// carries no code. What is not shown is logged. For executor.SetErrorPresenter.
func ErrorPresenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		located, ok := errors.AsType[*gqlerror.Error](err)
		if !ok {
			located = gqlerror.WrapPath(graphql.GetPath(ctx), err)
		}
		if located.Extensions["code"] != nil {
			return located
		}
		if located.Err == nil { // made as a GraphQL error on purpose, by a library that knows no codes
			return withCode(located, helix.CodeBadInput)
		}
		coded := helix.AsError(err)
		if coded.Code == helix.CodeInternal {
			log.ErrorContext(ctx, "operation failed", "path", located.Path.String(), "error", coded)
		}
		shown := present(coded)
		shown.Path, shown.Locations = located.Path, located.Locations
		return shown
	}
}

// RecoverFunc turns a panic of a resolver into an INTERNAL error. For executor.SetRecoverFunc.
func RecoverFunc(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, panicked any) error {
		logPanic(ctx, log, panicked)
		return present(internalError())
	}
}

// logPanic logs where, and of the value only what cannot hold a caller's data.
func logPanic(ctx context.Context, log *slog.Logger, panicked any) {
	what := fmt.Sprintf("%T", panicked)
	if fault, ok := panicked.(runtime.Error); ok {
		what = fault.Error()
	}
	log.ErrorContext(ctx, "panic in a GraphQL operation", "panic", what, "stack", string(debug.Stack()))
}

func internalError() *helix.Error { return helix.Internal("", nil) }

// present gives err the form of a GraphQL error: extensions.code, and retryAfter in whole seconds where it is known.
func present(err error) *gqlerror.Error {
	coded := helix.AsError(err)
	shown := withCode(&gqlerror.Error{Message: coded.Message}, coded.Code)
	if coded.Provider != "" {
		shown.Extensions["provider"] = string(coded.Provider)
	}
	if coded.RetryAfter > 0 {
		shown.Extensions["retryAfter"] = wholeSeconds(coded.RetryAfter)
	}
	return shown
}

func withCode(e *gqlerror.Error, code helix.Code) *gqlerror.Error {
	if e.Extensions == nil {
		e.Extensions = make(map[string]any, 1)
	}
	e.Extensions["code"] = string(code)
	return e
}

// codeOf is extensions.code, or empty.
func codeOf(e *gqlerror.Error) string {
	code, _ := e.Extensions["code"].(string)
	return code
}

// explainRefusal corrects what the executor says when it refuses an operation: variables that do not fit are the caller's
// input, not a fault of the document; and a document with several operations needs a name.
func explainRefusal(oc *graphql.OperationContext, errs gqlerror.List) gqlerror.List {
	switch {
	case oc == nil || oc.Doc == nil:
	case oc.Operation == nil && oc.OperationName == "":
		errs[0].Message = "operationName is required: the document holds " + strconv.Itoa(len(oc.Doc.Operations)) + " operations"
	case oc.Operation == nil:
		errs[0].Message = "operationName names no operation of the document"
	default:
		for _, e := range errs {
			if codeOf(e) == errcode.ValidationFailed {
				_ = withCode(nameVariable(oc.Operation, e), helix.CodeBadInput) // in place
			}
		}
	}
	return errs
}

// nameVariable says in words which variable does not fit, and where it is declared: the path of an error is for places in the
// answer, and there is none yet.
func nameVariable(op *ast.OperationDefinition, e *gqlerror.Error) *gqlerror.Error {
	if len(e.Path) < 2 || e.Path[0] != ast.PathName("variable") {
		return e
	}
	where := e.Path[1:]
	if name, ok := where[0].(ast.PathName); ok {
		if v := op.VariableDefinitions.ForName(string(name)); v != nil && v.Position != nil {
			e.Locations = []gqlerror.Location{{Line: v.Position.Line, Column: v.Position.Column}}
		}
	}
	e.Message = "$" + where.String() + " " + e.Message
	e.Path = nil
	return e
}

// boundErrors keeps a refusal short whatever the document: a flood of faults, a fault with a flood of places, a name of
// 100 kB that is quoted back. Errors are copied where they change: the executor may hold on to them.
func boundErrors(errs gqlerror.List) gqlerror.List {
	kept := make(gqlerror.List, 0, min(len(errs), maxErrors+1))
	for i, e := range errs {
		if i == maxErrors {
			rest := strconv.Itoa(len(errs) - maxErrors)
			kept = append(kept, &gqlerror.Error{Message: "and " + rest + " more errors", Extensions: e.Extensions})
			break
		}
		if len(e.Message) > maxErrorMessage || len(e.Locations) > maxErrorLocations {
			short := *e
			short.Message = truncate(e.Message, maxErrorMessage)
			short.Locations = e.Locations[:min(len(e.Locations), maxErrorLocations)]
			e = &short
		}
		kept = append(kept, e)
	}
	return kept
}

// truncate cuts s to at most limit bytes, between characters.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const ellipsis = "…"
	cut := limit - len(ellipsis)
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + ellipsis
}

// wholeSeconds rounds up, as Retry-After needs it.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
