package fortytwo

import (
	"errors"
	"strings"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// limitPause is how long to leave FortyTwo alone after it said that its limit is reached. It names no time itself; its
// bucket of 100 a minute has refilled by eight then.
const limitPause = 5 * time.Second

// What users read. FortyTwo's own message is never shown: it may quote values, SQL or schema names (fortytwo.md 4).
const (
	messageUnavailable = "FortyTwo does not answer just now"
	messageRejected    = "FortyTwo refused the request"
	messageBadValue    = "FortyTwo refused a value of the record"
	messageSignIn      = "sign in again"
	messageForbidden   = "FortyTwo does not allow it"
	messageNoRecord    = "no such record"
	messageConflict    = "another record already has this value"
	messageKeyRefused  = "fortytwo is not configured: set PLATFORM_API_KEY to a key that it accepts"
)

// errModelChanged marks a refusal that a renamed or deleted field explains.
var errModelChanged = errors.New("the data model may have changed")

// duplicateError marks a unique violation. record is the one in the way, "" when FortyTwo does not say (1.5, or a
// soft-deleted holder).
type duplicateError struct{ record string }

// Error names no value.
func (duplicateError) Error() string { return "a unique value is taken" }

// errFault marks an INTERNAL_SERVER_ERROR that says nothing more: FortyTwo is there, but stumbled over this request.
var errFault = errors.New("FortyTwo reports a fault of its own")

// errTokenless marks the answer that a request without a valid token gets, or one for an object that is gone.
var errTokenless = errors.New("the token opens no workspace")

// errPhone marks a number that FortyTwo's numbering plans do not know. A provider may well report one.
var errPhone = errors.New("a phone number is not valid")

// errUnverified marks an account whose e-mail address waits for confirmation.
var errUnverified = errors.New("the e-mail address is not confirmed")

// refusal turns an error of FortyTwo into ours: by subCode, then code, then message (fortytwo.md 11). server says that
// the gateway's own key asked, whose refusal is never the user's affair.
func refusal(g graphqlError, server bool) *helix.Error {
	x := g.Extensions
	e := verdict(string(g.Message), x)
	e.Detail = "code=" + word(x.Code) + " subCode=" + word(x.SubCode)
	switch {
	case server && errors.Is(e.Err, errTokenless):
		e.Code, e.Message, e.Err = helix.CodeRejected, messageRejected, errModelChanged
	case server && e.Code == helix.CodeUnauthenticated, server && x.SubCode == "FORBIDDEN_EXCEPTION":
		e.Code, e.Message, e.Retryable, e.Err = helix.CodeNotConfigured, messageKeyRefused, true, providers.ErrCredentials
	case e.Code == helix.CodeForbidden:
		e.Message = friendly(x.Friendly, e.Message)
	}
	return e
}

func verdict(message string, x extensions) *helix.Error {
	switch x.SubCode {
	case "LIMIT_REACHED":
		return tooManyRequests(limitPause)
	case "UNAUTHENTICATED", "USER_NOT_FOUND", "WORKSPACE_NOT_FOUND", "USER_WORKSPACE_NOT_FOUND",
		"INVALID_AUTH_CONTEXT", "INVALID_JWT_TOKEN_TYPE":
		return &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn}
	case "RECORD_NOT_FOUND":
		return &helix.Error{Code: helix.CodeNotFound, Message: messageNoRecord}
	case "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT":
		return &helix.Error{Code: helix.CodeConflict, Message: messageConflict}
	case "INVALID_ARGS_DATA":
		return &helix.Error{Code: helix.CodeBadInput, Message: messageBadValue, Err: errModelChanged}
	case "INVALID_PHONE_NUMBER":
		return &helix.Error{Code: helix.CodeBadInput, Message: messageBadValue, Err: errPhone}
	case "EMAIL_NOT_VERIFIED":
		return &helix.Error{Code: helix.CodeForbidden, Message: "confirm your e-mail address first", Err: errUnverified}
	case "INVALID_ARGS_FILTER", "INVALID_QUERY_INPUT", "FIELD_NOT_FOUND":
		return &helix.Error{Code: helix.CodeRejected, Message: messageRejected, Err: errModelChanged} // our document, not the user
	}
	switch x.Code {
	case "UNAUTHENTICATED":
		return &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn}
	case "FORBIDDEN":
		return &helix.Error{Code: helix.CodeForbidden, Message: messageForbidden}
	case "NOT_FOUND":
		return &helix.Error{Code: helix.CodeNotFound, Message: messageNoRecord}
	case "BAD_USER_INPUT":
		return badInput(message, x)
	case "CONFLICT":
		return &helix.Error{Code: helix.CodeConflict, Message: messageConflict}
	case "INTERNAL_SERVER_ERROR":
		return internalError(message)
	case "TIMEOUT":
		return unavailable(nil)
	case "":
		return uncoded(message)
	default:
		return &helix.Error{Code: helix.CodeRejected, Message: messageRejected}
	}
}

// badInput tells a unique violation from other refused values: it has a code but no subCode in either line. So has a
// variable with a field that is gone, in 1.5, and a value of a selection that is gone, in 2.x.
func badInput(message string, x extensions) *helix.Error {
	if x.SubCode == "" && (x.ConflictsID != "" || hasAnyPrefix(message, "A duplicate entry", "Duplicate ")) {
		return &helix.Error{Code: helix.CodeConflict, Message: messageConflict, Err: duplicateError{record: string(x.ConflictsID)}}
	}
	e := &helix.Error{Code: helix.CodeBadInput, Message: messageBadValue}
	if x.SubCode == "" {
		e.Err = errModelChanged
	}
	return e
}

// internalError looks behind INTERNAL_SERVER_ERROR, which both lines also use for limits and for values that the
// database refuses (fortytwo.md 8, 16). What is left is taken for a passing fault.
func internalError(message string) *helix.Error {
	switch {
	case strings.HasPrefix(message, "Too many requests"):
		return tooManyRequests(limitPause)
	case message == "Forbidden resource":
		return &helix.Error{Code: helix.CodeForbidden, Message: messageForbidden}
	case hasAnyPrefix(message, "Data validation error", "invalid input ", "null value in column", "value too long"):
		return &helix.Error{Code: helix.CodeBadInput, Message: messageBadValue}
	default:
		return unavailable(errFault)
	}
}

// uncoded judges what GraphQL validation refuses: it has a message and nothing else.
func uncoded(message string) *helix.Error {
	if strings.HasPrefix(message, "Cannot query field ") &&
		(strings.Contains(message, `on type "Query"`) || strings.Contains(message, `on type "Mutation"`)) {
		return &helix.Error{Code: helix.CodeUnauthenticated, Message: messageSignIn, Err: errTokenless}
	}
	return &helix.Error{Code: helix.CodeRejected, Message: messageRejected, Err: errModelChanged}
}

// unavailable is a failure that is FortyTwo's own. Trying again is safe for all that this package sends: reads, and
// writes of absolute values under ids of ours.
func unavailable(cause error) *helix.Error {
	return &helix.Error{
		Code: helix.CodeUnavailable, Message: messageUnavailable, Provider: helix.ProviderFortyTwo, Retryable: true, Err: cause,
	}
}

// friendly gives FortyTwo's text for users when it is a plain sentence: one with digits, quotes or an address may hold
// a value of a record.
func friendly(text looseText, otherwise string) string {
	s := strings.TrimSuffix(strings.TrimSpace(string(text)), ".")
	if s == "" || len(s) > 160 || s == "An error occurred" || strings.ContainsAny(s, "0123456789\"'`@<>{}\n") {
		return otherwise
	}
	return s
}

// word keeps a code for the operator's log, provided that it looks like one.
func word(code looseText) string {
	for _, r := range code {
		if r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return "?"
		}
	}
	if len(code) > 64 {
		return "?"
	}
	return string(code)
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
