package helix

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Code is the closed set of reasons for which an operation fails. Codes are part of the API: they are never renamed.
type Code string

// The codes. What each one asks of the caller stands behind it.
const (
	CodeBadInput            Code = "BAD_USER_INPUT"       // the request is wrong; change it
	CodeUnauthenticated     Code = "UNAUTHENTICATED"      // no valid token; sign in or refresh
	CodeForbidden           Code = "FORBIDDEN"            // signed in, but not allowed
	CodeNotFound            Code = "NOT_FOUND"            // no such call, missed call or record
	CodeConflict            Code = "CONFLICT"             // somebody else was first; read again
	CodeIdempotencyConflict Code = "IDEMPOTENCY_CONFLICT" // the key was used for another request; take a new one
	CodeNotAnAgent          Code = "NOT_AN_AGENT"         // the member has no entry in the agent directory
	CodeNotLoggedIn         Code = "AGENT_NOT_LOGGED_IN"  // the telephony session is missing; log in
	CodeAgentBusy           Code = "AGENT_BUSY"           // a call or after-call work is in the way
	CodeAgentTaken          Code = "AGENT_TAKEN"          // another member or phone holds this agent or extension
	CodeAlreadyDisposed     Code = "ALREADY_DISPOSED"     // the call was disposed with another label
	CodeTooManyRequests     Code = "TOO_MANY_REQUESTS"    // wait, then try again
	CodeLimitExceeded       Code = "LIMIT_EXCEEDED"       // the request is larger than a stated limit
	CodeNotConfigured       Code = "NOT_CONFIGURED"       // the operator has not configured a provider
	CodeRejected            Code = "UPSTREAM_REJECTED"    // the provider understood and refused
	CodeUnavailable         Code = "UPSTREAM_UNAVAILABLE" // the provider did not do it; trying later is safe
	CodeUnknownOutcome      Code = "UNKNOWN_OUTCOME"      // the provider may have done it; never repeat blindly
	CodeCursorExpired       Code = "CURSOR_EXPIRED"       // the log no longer reaches back to the cursor
	CodeInternal            Code = "INTERNAL"             // a fault of ours
)

// Provider names an outside system in errors and records.
type Provider string

// The outside systems.
const (
	ProviderFortyTwo   Provider = "FORTYTWO"
	ProviderOzonetel   Provider = "OZONETEL"
	ProviderKooKoo     Provider = "KOOKOO"
	ProviderKnowlarity Provider = "KNOWLARITY"
	ProviderElevenLabs Provider = "ELEVENLABS"
	ProviderDeepgram   Provider = "DEEPGRAM"
	ProviderOpenAI     Provider = "OPENAI"
	ProviderAnthropic  Provider = "ANTHROPIC"
)

// Error is a coded failure. Message is for the user: it never holds a secret, a phone number, another person's data or
// a provider's internals. Detail and Err are for the operator's log alone.
type Error struct {
	Code       Code
	Message    string        // for the user; a sentence without a full stop
	Provider   Provider      // the outside system that failed, or ""
	Retryable  bool          // whether the same request may be sent again as it is
	RetryAfter time.Duration // how long to wait first; zero when not known
	Op         string        // what was tried, e.g. "ozonetel.dial"
	Detail     string        // for the operator: what was seen, redacted
	Err        error         // the cause, or nil
}

// Error gives the operator's text: operation, code, message, detail and cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(string(e.Code) + ": " + e.Message)
	if e.Detail != "" {
		b.WriteString(" (" + e.Detail + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// BadInput is a refusal of the caller's input; message says what to change.
func BadInput(message string) *Error { return &Error{Code: CodeBadInput, Message: message} }

// NotFound says that what does not exist, e.g. "call".
func NotFound(what string) *Error { return &Error{Code: CodeNotFound, Message: "no such " + what} }

// Forbidden is a refusal of a known caller; message says what is missing.
func Forbidden(message string) *Error { return &Error{Code: CodeForbidden, Message: message} }

// Conflict says that somebody else was first; message says at what.
func Conflict(message string) *Error { return &Error{Code: CodeConflict, Message: message} }

// Internal wraps a fault of ours; the user sees a fixed text, the operator the cause.
func Internal(op string, err error) *Error {
	return &Error{Code: CodeInternal, Message: "something went wrong on our side", Op: op, Err: err}
}

// NotConfigured is the answer of a provider that the operator has not configured; fix names the variable to set.
func NotConfigured(p Provider, fix string) *Error {
	return &Error{Code: CodeNotConfigured, Provider: p, Message: strings.ToLower(string(p)) + " is not configured: set " + fix}
}

// AsError finds the coded error in err. An error without a code is an internal fault, whose text reaches no user;
// a cancelled or expired context is UPSTREAM_UNAVAILABLE, since only waiting ended.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: CodeUnavailable, Message: "the request took too long", Retryable: true, Err: err}
	}
	return Internal("", err)
}

// IsCode reports whether err carries code.
func IsCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// IsRetryable reports whether the operation that failed with err may be sent again as it is.
func IsRetryable(err error) bool {
	e := AsError(err)
	return e != nil && e.Retryable
}
