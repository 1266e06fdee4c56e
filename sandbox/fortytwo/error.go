package fortytwo

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Codes and sub-codes of errors (fortytwo.md 11).
const (
	codeUnauthenticated = "UNAUTHENTICATED"
	codeForbidden       = "FORBIDDEN"
	codeNotFound        = "NOT_FOUND"
	codeBadInput        = "BAD_USER_INPUT"
	codeInternal        = "INTERNAL_SERVER_ERROR"
	codeMetadata        = "METADATA_VALIDATION_FAILED"

	subFilter      = "INVALID_ARGS_FILTER"
	subData        = "INVALID_ARGS_DATA"
	subQuery       = "INVALID_QUERY_INPUT"
	subConflict    = "ARGS_CONFLICT"
	subCursor      = "INVALID_CURSOR"
	subDenied      = "PERMISSION_DENIED"
	subForbidden   = "FORBIDDEN_EXCEPTION"
	subTooMany     = "TOO_MANY_RECORDS_TO_UPDATE"
	subLimit       = "LIMIT_REACHED"
	subTokenType   = "INVALID_JWT_TOKEN_TYPE"
	subTooComplex  = "TOO_COMPLEX_QUERY"
	subUpsertMatch = "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"
)

// forbiddenResource is what the guard says.
const forbiddenResource = "Forbidden resource"

// genericMessage is what a user is shown when upstream has nothing better.
const genericMessage = "An error occurred."

// apiError is an error as upstream answers it.
type apiError struct {
	message   string
	code      string
	subCode   string
	user      any // userFriendlyMessage: a string, or {id, message} from the token layer; nil leaves it out
	extra     *dict
	locations []gqlerror.Location
}

func (e *apiError) Error() string { return e.message }

// dict is the error on the wire. Errors of the parser and validator have no extensions, those of records no locations.
func (e *apiError) dict() *dict {
	out := newDict()
	out.set("message", e.message)
	if len(e.locations) > 0 {
		locations := []any{}
		for _, l := range e.locations {
			at := newDict()
			at.set("line", l.Line)
			at.set("column", l.Column)
			locations = append(locations, at)
		}
		out.set("locations", locations)
	}
	extensions := newDict()
	if e.subCode != "" {
		extensions.set("subCode", e.subCode)
	}
	if e.user != nil {
		extensions.set("userFriendlyMessage", e.user)
	}
	if e.extra != nil {
		for _, key := range e.extra.keys {
			extensions.set(key, e.extra.at(key))
		}
	}
	if e.code != "" {
		extensions.set("code", e.code)
	}
	if extensions.size() > 0 {
		out.set("extensions", extensions)
	}
	return out
}

func badInput(subCode, user, format string, args ...any) *apiError {
	return &apiError{message: fmt.Sprintf(format, args...), code: codeBadInput, subCode: subCode, user: user}
}

// internal is what upstream answers when its own code threw.
func internal(format string, args ...any) *apiError {
	return &apiError{message: fmt.Sprintf(format, args...), code: codeInternal}
}

func errRecordNotFound() *apiError {
	return &apiError{
		message: "Record not found", code: codeNotFound, subCode: "RECORD_NOT_FOUND",
		user: "This record does not exist or has been deleted.",
	}
}

func errDenied() *apiError {
	return &apiError{
		message: "Entity performing the request does not have permission", code: codeForbidden, subCode: subDenied,
		user: "User does not have permission.",
	}
}

// errForbiddenResource is the guard's answer to a call without a (user) token, with the response that development mode adds.
func errForbiddenResource() *apiError {
	response := newDict()
	response.set("message", forbiddenResource)
	response.set("error", "Forbidden")
	response.set("statusCode", 403)
	extra := newDict()
	extra.set("response", response)
	return &apiError{message: forbiddenResource, code: codeForbidden, user: genericMessage, extra: extra}
}

// errAuth comes from the token layer, whose userFriendlyMessage is an object (fortytwo.md 0, trap 15).
func errAuth(code, subCode, message string) *apiError {
	friendly := newDict()
	if code == codeUnauthenticated {
		friendly.set("id", "z+7x/s")
		friendly.set("message", "You must be authenticated to perform this action.")
	} else {
		friendly.set("id", "Fyv2oA")
		friendly.set("message", "You do not have permission to perform this action.")
	}
	return &apiError{message: message, code: code, subCode: subCode, user: friendly}
}
