package rest

import (
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	helix "github.com/helix-engage/gateway"
)

// statusOf is the HTTP status of an error. To the old clients a failure of telephony is an answer; what stays an error there
// is what no agent can act on by looking at the message, and what makes a client sign in anew or wait.
func statusOf(err *helix.Error, telephony bool) int {
	switch err.Code {
	case helix.CodeBadInput, helix.CodeLimitExceeded, helix.CodeCursorExpired:
		return http.StatusBadRequest
	case helix.CodeUnauthenticated:
		return http.StatusUnauthorized
	case helix.CodeForbidden:
		return http.StatusForbidden
	case helix.CodeInternal:
		return http.StatusInternalServerError
	case helix.CodeTooManyRequests:
		if err.Provider == "" { // our own limit, and not the provider's
			return http.StatusTooManyRequests
		}
	}
	if telephony {
		return http.StatusOK
	}
	switch err.Code {
	case helix.CodeNotAnAgent:
		return http.StatusForbidden
	case helix.CodeNotFound:
		return http.StatusNotFound
	case helix.CodeConflict, helix.CodeIdempotencyConflict, helix.CodeNotLoggedIn, helix.CodeAgentBusy, helix.CodeAgentTaken, helix.CodeAlreadyDisposed:
		return http.StatusConflict
	case helix.CodeRejected, helix.CodeUnknownOutcome:
		return http.StatusBadGateway
	default: // NOT_CONFIGURED, UPSTREAM_UNAVAILABLE, TOO_MANY_REQUESTS of a provider
		return http.StatusServiceUnavailable
	}
}

// topLevelError reads the first error of an answer without data. The documents are ours, so one without a code of
// [helix.Code] is our fault.
func topLevelError(errs gqlerror.List, e endpoint) *helix.Error {
	if len(errs) == 0 {
		return helix.Internal("rest.execute", nil)
	}
	first := errs[0]
	code, _ := first.Extensions["code"].(string)
	provider, _ := first.Extensions["provider"].(string)
	after, _ := first.Extensions["retryAfter"].(int)
	out := &helix.Error{
		Code: helix.Code(code), Message: first.Message, Provider: helix.Provider(provider), RetryAfter: time.Duration(after) * time.Second,
	}
	if !known(out.Code) {
		return helix.Internal("rest.execute", first)
	}
	if name := memberOf(first.Path, e); name != "" && out.Code == helix.CodeBadInput {
		out.Message = name + ": " + out.Message
	}
	return out
}

// memberOf names the member of the request whose value was refused: paths end with the argument, which has the name of its
// variable.
func memberOf(path ast.Path, e endpoint) string {
	if len(path) == 0 {
		return ""
	}
	last, _ := path[len(path)-1].(ast.PathName)
	for _, f := range e.fields {
		if f.variable == string(last) {
			return f.names[0]
		}
	}
	return ""
}

// payloadError reads the error of a mutation's payload.
func payloadError(outcome object) *helix.Error {
	e := outcome.at("error")
	out := &helix.Error{Code: helix.Code(e.text("code")), Message: e.text("message"), Provider: helix.Provider(e.text("provider"))}
	if !known(out.Code) {
		return helix.Internal("rest.outcome", nil)
	}
	return out
}

func known(code helix.Code) bool {
	switch code {
	case helix.CodeBadInput, helix.CodeUnauthenticated, helix.CodeForbidden, helix.CodeNotFound, helix.CodeConflict,
		helix.CodeIdempotencyConflict, helix.CodeNotAnAgent, helix.CodeNotLoggedIn, helix.CodeAgentBusy, helix.CodeAgentTaken, helix.CodeAlreadyDisposed,
		helix.CodeTooManyRequests, helix.CodeLimitExceeded, helix.CodeNotConfigured, helix.CodeRejected,
		helix.CodeUnavailable, helix.CodeUnknownOutcome, helix.CodeCursorExpired, helix.CodeInternal:
		return true
	}
	return false
}

// fail answers an error, with what is known in spite of it.
func fail(w http.ResponseWriter, status int, err *helix.Error, with object) {
	failureHeaders(w, status, err)
	answer := object{}
	maps.Copy(answer, with)
	answer["status"], answer["message"], answer["code"] = "error", err.Message, err.Code
	write(w, status, answer)
}

func failureHeaders(w http.ResponseWriter, status int, err *helix.Error) {
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if err.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(err.RetryAfter.Seconds()))))
		}
	}
}
