package upstream

import (
	"net/http"
	"strings"

	helix "github.com/helix-engage/gateway"
)

// Texts of ours, where FortyTwo's does not pass.
const (
	textUnavailable = "FortyTwo does not answer just now"
	textRejected    = "FortyTwo refused the request"
	textFault       = "FortyTwo has a fault of its own"
	textSignIn      = "sign in again"
	textForbidden   = "FortyTwo does not allow it"
	textNoRecord    = "no such record"
	textConflict    = "another record already has this value"
	textValue       = "FortyTwo refused a value"
	textTooMany     = "too many requests: try again in a moment"
)

// meaning is what becomes of a fault.
type meaning struct {
	code string // "" in the tables: FortyTwo's own
	text string // when no text of FortyTwo's passes
	pass passes
}

// passes says which texts of FortyTwo reach the client, provided that they are plain.
type passes int

const (
	passNothing  passes = iota // its texts quote values: a phone number, a name
	passFriendly               // userFriendlyMessage
	passMessage                // userFriendlyMessage, and message where that one is missing or says nothing
)

// bySubCode are the sub-codes whose meaning their code does not tell. Sources: fortytwo.md 2.6, 11 and 16.
var bySubCode = map[string]meaning{
	"LIMIT_REACHED": {string(helix.CodeTooManyRequests), textTooMany, passFriendly},

	"UNAUTHENTICATED":          {string(helix.CodeUnauthenticated), textSignIn, passFriendly},
	"USER_NOT_FOUND":           {string(helix.CodeUnauthenticated), textSignIn, passFriendly},
	"WORKSPACE_NOT_FOUND":      {string(helix.CodeUnauthenticated), textSignIn, passFriendly},
	"USER_WORKSPACE_NOT_FOUND": {string(helix.CodeUnauthenticated), textSignIn, passFriendly},
	"INVALID_AUTH_CONTEXT":     {string(helix.CodeUnauthenticated), textSignIn, passFriendly},
	"INVALID_JWT_TOKEN_TYPE":   {string(helix.CodeUnauthenticated), textSignIn, passFriendly},

	"RECORD_NOT_FOUND": {"", textNoRecord, passFriendly},

	// Fixed sentences about the form of the request.
	"ARGS_CONFLICT":                      {"", textRejected, passMessage},
	"INVALID_ARGS_FIRST":                 {"", textRejected, passMessage},
	"INVALID_ARGS_LAST":                  {"", textRejected, passMessage},
	"TOO_COMPLEX_QUERY":                  {"", textRejected, passMessage},
	"TOO_MANY_RECORDS_TO_UPDATE":         {"", textRejected, passMessage},
	"MISSING_TIMEZONE_FOR_DATE_GROUP_BY": {"", textRejected, passMessage},

	// Sentences that quote what was sent.
	"INVALID_CURSOR":                            {"", "the cursor is not one that FortyTwo gave", passNothing},
	"FIELD_NOT_FOUND":                           {"", "FortyTwo cannot order by one of the fields", passNothing},
	"INVALID_ARGS_FILTER":                       {"", "FortyTwo refused the filter", passNothing},
	"INVALID_ARGS_DATA":                         {"", textValue, passNothing},
	"INVALID_QUERY_INPUT":                       {"", "FortyTwo refused an argument", passNothing},
	"INVALID_PHONE_NUMBER":                      {"", "a phone number is not valid", passNothing},
	"INVALID_URL":                               {"", "a URL is not valid", passNothing},
	"UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT": {"", textConflict, passNothing},
}

// byCode are the codes of fortytwo.md 11. GRAPHQL_VALIDATION_FAILED and GRAPHQL_PARSE_FAILED are not among them: the client's
// document was valid, what FortyTwo refuses is ours.
var byCode = map[string]meaning{
	"UNAUTHENTICATED":            {"", textSignIn, passFriendly},
	"FORBIDDEN":                  {"", textForbidden, passFriendly},
	"NOT_FOUND":                  {"", textNoRecord, passFriendly},
	"BAD_USER_INPUT":             {"", textValue, passFriendly}, // with a sub-code of which we do not know
	"CONFLICT":                   {"", textConflict, passNothing},
	"METHOD_NOT_ALLOWED":         {"", textRejected, passFriendly},
	"METADATA_VALIDATION_FAILED": {"", textRejected, passFriendly},
	"TIMEOUT":                    {"", "FortyTwo took too long", passFriendly},
	"INTERNAL_SERVER_ERROR":      {"", textFault, passNothing},
}

// meaningOf judges by sub-code, then code, then message, and at last by the HTTP status.
func meaningOf(f fault, status int) meaning {
	code, subCode := string(f.Extensions.Code), string(f.Extensions.SubCode)
	general, documented := byCode[code]
	general.code = code
	if !documented {
		general = undocumented(f, status)
	}
	special, found := bySubCode[subCode]
	switch {
	case found && special.code != "":
		return special
	case found:
		special.code = general.code
		return special
	case strings.HasPrefix(subCode, "CONFLICTING_PHONE_"):
		return meaning{general.code, "the parts of a phone number contradict each other", passNothing}
	case code == "BAD_USER_INPUT" && subCode == "":
		return bareBadInput(string(f.Message))
	case code == "INTERNAL_SERVER_ERROR":
		return internal(string(f.Message), general)
	default:
		return general
	}
}

// bareBadInput tells apart what has a code and no sub-code: in 2.x a unique violation, whose texts name no value, and
// limits; in 1.5 a unique violation with field and value in both texts; and what the database said of a value.
func bareBadInput(message string) meaning {
	m := meaning{string(helix.CodeBadInput), textValue, passNothing}
	switch {
	case message == "A duplicate entry was detected":
		m.text, m.pass = textConflict, passFriendly
	case strings.HasPrefix(message, "Duplicate "):
		m.text = textConflict
	case strings.HasPrefix(message, "Cannot update more than "), strings.HasPrefix(message, "Cannot delete more than "),
		strings.HasPrefix(message, "Query too complex"), strings.HasPrefix(message, "This query cannot be executed"):
		m.text, m.pass = textRejected, passMessage
	}
	return m
}

// internal looks behind INTERNAL_SERVER_ERROR, which both lines also use for limits, for permissions and for values that
// the database refuses (fortytwo.md 8, 16).
func internal(message string, otherwise meaning) meaning {
	switch {
	case strings.HasPrefix(message, "Too many requests"):
		return meaning{string(helix.CodeTooManyRequests), textTooMany, passNothing}
	case message == "Forbidden resource":
		return meaning{string(helix.CodeForbidden), textForbidden, passNothing}
	case strings.HasPrefix(message, "Data validation error"), strings.HasPrefix(message, "invalid input "),
		strings.HasPrefix(message, "null value in column"), strings.HasPrefix(message, "value too long"):
		return meaning{string(helix.CodeBadInput), textValue, passNothing}
	default:
		return otherwise
	}
}

// undocumented judges an error without a code of fortytwo.md 11. What GraphQL validation refuses has a message and nothing
// else; that it does not know a root field is also the answer to a token that opens no workspace (fortytwo.md 2.6).
func undocumented(f fault, status int) meaning {
	switch {
	case isUnknownRoot(string(f.Message)), status == http.StatusUnauthorized:
		return meaning{string(helix.CodeUnauthenticated), textSignIn, passFriendly}
	case status == http.StatusForbidden:
		return meaning{string(helix.CodeForbidden), textForbidden, passFriendly}
	case status == http.StatusTooManyRequests:
		return meaning{string(helix.CodeTooManyRequests), textTooMany, passFriendly}
	case status >= http.StatusInternalServerError:
		return meaning{"INTERNAL_SERVER_ERROR", textFault, passNothing}
	default:
		return meaning{string(helix.CodeRejected), textRejected, passFriendly}
	}
}

// isUnknownRoot reports whether GraphQL validation says that there is no such root field, see [ErrUnknownRoot].
func isUnknownRoot(message string) bool {
	return strings.HasPrefix(message, "Cannot query field ") &&
		(strings.Contains(message, `on type "Query"`) || strings.Contains(message, `on type "Mutation"`))
}
