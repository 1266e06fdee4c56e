package fortytwo

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/helix-engage/gateway/sandbox/faults"
)

// FaultKind is what goes wrong with a request.
type FaultKind string

// The kinds of faults.
const (
	FaultDelay     FaultKind = "delay"      // served, the answer comes after Delay
	FaultHang      FaultKind = "hang"       // no answer until the client gives up
	FaultReset     FaultKind = "reset"      // the connection is reset
	FaultStatus    FaultKind = "status"     // HTTP Status with Body as text
	FaultBody      FaultKind = "body"       // HTTP 200 with Body as JSON
	FaultError     FaultKind = "error"      // HTTP 200, every root field null, one GraphQL error of Code, SubCode and Message
	FaultGarbage   FaultKind = "garbage"    // HTTP 200 that is no JSON
	FaultRateLimit FaultKind = "rate-limit" // the answer of an exhausted API key; with Status 429 as HTTP 429
	FaultExpired   FaultKind = "expired"    // the answer to an expired token

	FaultOtherSchema   FaultKind = "other-schema"   // a request for the schema gets that of a workspace without a hospital's objects
	FaultGarbageSchema FaultKind = "garbage-schema" // likewise, one that is none
	FaultEmptySchema   FaultKind = "empty-schema"   // likewise, one without types
)

// ofSchema are the kinds that concern introspection at /graphql alone.
func (k FaultKind) ofSchema() bool {
	return k == FaultOtherSchema || k == FaultGarbageSchema || k == FaultEmptySchema
}

// Fault is what happens to the next Count requests that match.
type Fault struct {
	Path        string // "/graphql" or "/metadata"; "" means both
	RootField   string // the request has this root field, by its name; "" means any
	Kind        FaultKind
	Count       int           // 0 means 1
	Delay       time.Duration // of FaultDelay; the others answer after it too
	Status      int           // of FaultStatus, default 500
	Body        string
	Code        string // of FaultError, default INTERNAL_SERVER_ERROR
	SubCode     string
	Message     string
	AfterEffect bool // the request takes effect and only its answer is lost or replaced
}

// Fail arms a fault. Faults that match the same request are used in the order armed. Errors: an unknown path or kind, a status
// that is none, too many faults.
func (s *Server) Fail(f Fault) error {
	kinds := []FaultKind{
		FaultDelay, FaultHang, FaultReset, FaultStatus, FaultBody, FaultError, FaultGarbage, FaultRateLimit, FaultExpired,
		FaultOtherSchema, FaultGarbageSchema, FaultEmptySchema,
	}
	if f.Path != "" && f.Path != "/graphql" && f.Path != "/metadata" {
		return fmt.Errorf("fortytwo emulator: unknown path %q", f.Path)
	}
	if err := faults.Check(f.Kind, kinds, f.Status, f.Count, f.Delay); err != nil {
		return fmt.Errorf("fortytwo emulator: %w", err)
	}
	setDefault(&f.Status, map[FaultKind]int{FaultStatus: http.StatusInternalServerError}[f.Kind])
	setDefault(&f.Code, codeInternal)
	setDefault(&f.Message, "Internal server error")
	if !s.faults.Arm(f, f.Count) {
		return errors.New("fortytwo emulator: too many faults are armed")
	}
	return nil
}

// ClearFaults disarms what Fail armed and is not used up.
func (s *Server) ClearFaults() { s.faults.Clear() }

// ExpireTokens makes every access token issued so far count as expired. Refresh tokens and API keys stay good.
func (s *Server) ExpireTokens() { s.tokens.expireAccess() }

// hits says whether a request of these root fields at a path is one that the fault is for.
func (f Fault) hits(path string, roots []string) bool {
	if f.Kind.ofSchema() && (path != "/graphql" || !slices.Contains(roots, "__schema")) {
		return false
	}
	return (f.Path == "" || f.Path == path) && (f.RootField == "" || slices.Contains(roots, f.RootField))
}

func (f *Fault) kind() FaultKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

// applyFault answers in the fault's way. served is what the request would have got, for a delay.
func (s *Server) applyFault(w http.ResponseWriter, r *http.Request, f *Fault, served reply, roots []string) {
	if !faults.Wait(r.Context(), s.stopped, f.Delay) {
		return
	}
	switch f.Kind {
	case FaultDelay, FaultOtherSchema:
		served.write(w)
	case FaultHang:
		faults.Hang(r.Context(), s.stopped)
	case FaultReset:
		faults.Reset(w)
	case FaultStatus:
		reply{status: f.Status, contentType: "text/html; charset=utf-8", body: []byte(f.Body)}.write(w)
	case FaultBody:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte(f.Body)}.write(w)
	case FaultError:
		s.nullReply(roots, &apiError{message: f.Message, code: f.Code, subCode: f.SubCode, user: genericMessage}).write(w)
	case FaultGarbage:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte("<html><body>Bad gateway{\"data\":")}.write(w)
	case FaultRateLimit:
		out := s.nullReply(roots, errLimit(s.options.Rate.Long, s.options.Rate.LongWindow))
		if s.options.Line == Line15 {
			out = errorReply(http.StatusOK, jsonUTF8, errTooMany())
		}
		if f.Status != 0 {
			out.status = f.Status
		}
		out.write(w)
	case FaultExpired:
		errorReply(http.StatusOK, jsonPlain, s.options.Line.word(errAuth(codeUnauthenticated, codeUnauthenticated, "Token has expired."))).write(w)
	case FaultGarbageSchema:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte(`{"data":{"__schema":{"queryType":null,"types":[{"kind":7},null,"lead"]}}}`)}.write(w)
	case FaultEmptySchema:
		reply{status: http.StatusOK, contentType: jsonPlain, body: []byte(
			`{"data":{"__schema":{"queryType":{"name":"Query"},"mutationType":null,"subscriptionType":null,"types":[],"directives":[]}}}`)}.write(w)
	}
}

// nullReply fails every root field with one error.
func (s *Server) nullReply(roots []string, err *apiError) reply {
	data := newDict()
	for _, name := range roots {
		data.set(name, nil)
	}
	out := dataReply(data, err)
	if s.options.Line == Line15 {
		out.contentType = jsonUTF8
	}
	return out
}

// answerOtherSchema answers introspection as a workspace would that has the standard objects alone.
func (s *Server) answerOtherSchema(in incoming) reply {
	schema, err := s.otherSchema()
	if err != nil {
		return in.refusal(internal("%s", err.Error()))
	}
	return s.runValidated(in, schema, nil, introspecting(schema))
}

// newOtherSchema is the schema of FaultOtherSchema.
func newOtherSchema(line Line, now time.Time) (*ast.Schema, error) {
	objects, err := buildModel(line, "other", now, StandardObjects())
	if err != nil {
		return nil, err
	}
	return buildSchema(line, objects)
}
