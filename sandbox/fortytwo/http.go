package fortytwo

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/helix-engage/gateway/sandbox/faults"
)

const (
	maxBody = 10 << 20
	// usualAnswer is the room that an answer is given to begin with, in bytes.
	usualAnswer = 8 << 10

	jsonUTF8 = "application/json; charset=utf-8"
	// jsonPlain is what record execution and the token layer answer with.
	jsonPlain = "application/json"
)

// reply is a whole HTTP answer.
type reply struct {
	status      int
	contentType string
	body        []byte
}

func (r reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", r.contentType)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // the client has gone: nobody is left to tell
}

// nestError is an error in the shape of upstream's HTTP framework.
func nestError(status int, message, name string) reply {
	body := newDict()
	body.set("message", message)
	body.set("error", name)
	body.set("statusCode", status)
	return reply{status: status, contentType: jsonUTF8, body: appendJSON(nil, body)}
}

// errorReply is an answer of errors alone, without data.
func errorReply(status int, contentType string, errs ...*apiError) reply {
	body := newDict()
	body.set("errors", errorList(errs))
	return reply{status: status, contentType: contentType, body: appendJSON(nil, body)}
}

func errorList(errs []*apiError) []*dict {
	list := make([]*dict, len(errs))
	for i, err := range errs {
		list[i] = err.dict()
	}
	return list
}

// incoming is a GraphQL request after the transport.
type incoming struct {
	path          string // /graphql or /metadata
	query         string
	operationName string
	variables     *dict
	schemaVersion string // header x-schema-version
	strictStatus  bool   // Accept: application/graphql-response+json
	coreOnly      bool   // GET reaches the core schema alone (fortytwo.md 1)
}

// serveAPI is both GraphQL endpoints: transport, token, faults, execution.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "*")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	in, refused, hangs := readRequest(r)
	switch {
	case hangs:
		s.note(in, nil, nobody, "")
		faults.Hang(r.Context(), s.stopped)
		return
	case refused != nil:
		refused.write(w)
		return
	}
	s.serveOperation(w, r, in)
}

// serveOperation answers a request that passed the transport, or does to it what an armed fault says.
func (s *Server) serveOperation(w http.ResponseWriter, r *http.Request, in incoming) {
	caller, authErr := s.authenticate(r.Header.Get("Authorization"))
	doc, parseErr := s.parse(in)
	names := doc.rootNames()
	fault := s.faults.Take(func(f Fault) bool { return f.hits(in.path, names) })
	s.note(in, names, caller.kind, fault.kind())
	if fault != nil && !fault.AfterEffect && fault.Kind != FaultDelay && fault.Kind != FaultOtherSchema {
		s.applyFault(w, r, fault, reply{}, names)
		return
	}
	if authErr == nil && parseErr == nil && in.streams(doc) {
		s.serveStream(w, r, in, doc, caller)
		return
	}
	var out reply
	switch {
	case authErr != nil:
		out = errorReply(http.StatusOK, jsonPlain, s.options.Line.word(authErr))
	case parseErr != nil:
		out = in.refusal(parseErr)
	case fault.kind() == FaultOtherSchema:
		out = s.answerOtherSchema(in)
	case s.options.Line == Line15:
		out = s.execute15(in, caller, r.RemoteAddr)
	case in.path == "/metadata":
		out = s.executeMetadata(in, doc, caller)
	default:
		out = s.executeGraphQL(in, doc, caller)
	}
	if fault != nil {
		s.applyFault(w, r, fault, out, names)
		return
	}
	out.write(w)
}

// refusal is the answer to a document that does not parse or validate.
func (in incoming) refusal(errs ...*apiError) reply {
	if in.strictStatus {
		return errorReply(http.StatusBadRequest, "application/graphql-response+json; charset=utf-8", errs...)
	}
	return errorReply(http.StatusOK, jsonUTF8, errs...)
}

// readRequest applies the transport's rules (fortytwo.md 1). A body without a query hangs (trap 18).
func readRequest(r *http.Request) (in incoming, refused *reply, hangs bool) {
	in = incoming{
		path: r.URL.Path, schemaVersion: r.Header.Get("X-Schema-Version"),
		strictStatus: strings.Contains(r.Header.Get("Accept"), "application/graphql-response+json"),
	}
	switch r.Method {
	case http.MethodGet:
		in.query, in.operationName, in.coreOnly = r.URL.Query().Get("query"), r.URL.Query().Get("operationName"), true
		if in.query == "" {
			out := errorReply(http.StatusBadRequest, jsonUTF8, &apiError{message: "Must provide query string."})
			return in, &out, false
		}
		return in, nil, false
	case http.MethodPost:
	default:
		out := nestError(http.StatusMethodNotAllowed, "Method Not Allowed", "Method Not Allowed")
		return in, &out, false
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && media != "application/graphql+json" {
		return in, &reply{status: http.StatusUnsupportedMediaType, contentType: "text/plain"}, false
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return in, &reply{
			status: http.StatusInternalServerError, contentType: "text/plain; charset=utf-8", body: []byte("request entity too large"),
		}, false
	}
	body, decodeErr := decodeJSON(data)
	if err != nil || decodeErr != nil {
		out := nestError(http.StatusBadRequest, "Unexpected token in JSON", "Bad Request")
		return in, &out, false
	}
	return in.decode(body)
}

// decode reads the members of the body.
func (in incoming) decode(body any) (incoming, *reply, bool) {
	bad := func(message string) (incoming, *reply, bool) {
		out := errorReply(http.StatusBadRequest, jsonUTF8, &apiError{message: message})
		return in, &out, false
	}
	object, ok := body.(*dict)
	if _, isList := body.([]any); isList {
		return bad("Batching is not supported.")
	}
	if !ok {
		out := nestError(http.StatusBadRequest, "Unexpected token in JSON", "Bad Request")
		return in, &out, false
	}
	query, given := object.get("query")
	if !given || query == nil || query == "" {
		return in, nil, true
	}
	if in.query, ok = query.(string); !ok {
		return bad("Expected \"query\" param to be a string, but given object.")
	}
	switch v := object.at("variables").(type) {
	case nil:
	case *dict:
		in.variables = v
	default:
		return bad("Expected \"variables\" param to be empty or an object.")
	}
	switch v := object.at("operationName").(type) {
	case nil:
	case string:
		in.operationName = v
	default:
		return bad("Expected \"operationName\" param to be empty or a string.")
	}
	return in, nil, false
}

// rootNames are the names of the root fields, for the log and the faults. Nil documents have none.
func (d *document) rootNames() []string {
	if d == nil {
		return nil
	}
	fields, err := d.roots()
	if err != nil {
		return nil
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}
