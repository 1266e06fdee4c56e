package transport

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// refusal is an answer for a reason of HTTP, before anything executes.
type refusal struct {
	status int
	allow  string // the Allow header of a 405
	err    *helix.Error
}

func refuse(status int, message string) *refusal {
	return &refusal{status: status, err: helix.BadInput(message)}
}

// serveRequest answers one request: what it wants, what it may, then the operation.
func (h *Handler) serveRequest(w http.ResponseWriter, r *http.Request) {
	if token := streamToken(r); token != "" || r.Method == http.MethodPut {
		h.serveReserved(w, r, token)
		return
	}
	media, acceptable := negotiate(r.Header)
	wish := eventsIn(r.Header)
	params, refused := h.readRequest(w, r)
	if refused == nil && !acceptable && wish == eventsUnwanted {
		refused = refuse(http.StatusNotAcceptable, "Accept must allow "+string(mediaJSON)+" or "+string(mediaGraphQL))
	}
	if refused != nil {
		refused.write(w, media)
		return
	}
	exec := h.opts.Executor()
	if exec == nil {
		(&refusal{status: http.StatusServiceUnavailable, err: errNoSchema}).write(w, media)
		return
	}
	if wish != eventsUnwanted {
		h.serveEvents(w, r, media, wish, params, exec)
		return
	}
	op := h.newOperation(r.Context(), exec, transportHTTP)
	defer op.finish()
	op.answer(w, r, media, op.prepare(params))
}

// answer executes a prepared operation, or tells why prepare has refused it.
func (o *operation) answer(w http.ResponseWriter, r *http.Request, media mediaType, resp *graphql.Response) {
	if resp == nil {
		if refused := allowed(r.Method, o.kind(), false); refused != nil {
			refused.write(w, media)
			return
		}
		resp = o.next()
	}
	if resp == nil { // the client is gone; the executor saw its context end
		return
	}
	if lease := &o.scope.Lease; respondFrom(lease, w, media, statusOf(media, resp), resp) {
		lease.End() // a write that has failed may leave somebody behind who still reads
	}
}

// errNoSchema is the answer while there is no executor.
var errNoSchema = &helix.Error{Code: helix.CodeUnavailable, Message: "the schema is not available yet", Retryable: true}

// readRequest reads the parameters of an operation out of a GET or a POST.
func (h *Handler) readRequest(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	var (
		params *graphql.RawParams
		err    error
	)
	switch r.Method {
	case http.MethodGet:
		if int64(len(r.URL.RawQuery)) > h.opts.MaxBody {
			return nil, h.tooLarge(http.StatusRequestURITooLong, "the query string")
		}
		params, err = parseQueryString(r.URL.RawQuery)
	case http.MethodPost:
		if refused := checkContent(r.Header); refused != nil {
			return nil, refused
		}
		params, err = h.readBody(w, r)
	default:
		return nil, &refusal{status: http.StatusMethodNotAllowed, allow: "GET, POST, PUT", err: helix.BadInput("use GET or POST")}
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, h.tooLarge(http.StatusRequestEntityTooLarge, "the request body")
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, err: helix.AsError(err)}
	}
	params.Headers = r.Header
	return params, nil
}

// checkContent admits JSON in UTF-8 alone. Whatever else a browser sends without asking first, a form or plain text, could
// come from a page of anybody's and stops here.
func checkContent(header http.Header) *refusal {
	const want = "Content-Type must be application/json"
	if given := header["Content-Type"]; len(given) == 1 && given[0] == string(mediaJSON) && header["Content-Encoding"] == nil {
		return nil
	}
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil || media != string(mediaJSON):
		return refuse(http.StatusUnsupportedMediaType, want)
	case !isUTF8(params["charset"]):
		return refuse(http.StatusUnsupportedMediaType, want+" in UTF-8")
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return refuse(http.StatusUnsupportedMediaType, "a Content-Encoding is not supported")
	}
	return nil
}

// bodies are read into buffers that are used again; parseParams keeps nothing of them.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled bounds what an idle buffer holds on to, in bytes.
const maxPooled = 64 << 10

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	buf := bodies.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxPooled {
			buf.Reset()
			bodies.Put(buf)
		}
	}()
	body := r.Body
	if r.ContentLength < 0 || r.ContentLength > h.opts.MaxBody { // else the server itself reads no more
		body = http.MaxBytesReader(w, r.Body, h.opts.MaxBody)
	}
	if _, err := buf.ReadFrom(body); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, err
		}
		return nil, helix.BadInput("the request body ended early")
	}
	return parseParams(buf.Bytes())
}

func (h *Handler) tooLarge(status int, what string) *refusal {
	message := what + " is larger than the limit of " + strconv.FormatInt(h.opts.MaxBody, 10) + " bytes"
	return &refusal{status: status, err: &helix.Error{Code: helix.CodeLimitExceeded, Message: message}}
}

// allowed tells whether a method may carry an operation of that kind, and the answer a subscription.
func allowed(method string, kind ast.Operation, streaming bool) *refusal {
	switch {
	case kind == ast.Mutation && method == http.MethodGet:
		return &refusal{status: http.StatusMethodNotAllowed, allow: "POST", err: helix.BadInput("a mutation must be sent by POST")}
	case kind == ast.Subscription && !streaming:
		return refuse(http.StatusNotAcceptable, "a subscription needs a WebSocket with the protocol "+protocolTransportWS+
			", or an Accept header that allows "+string(mediaEvents))
	}
	return nil
}

func (f *refusal) write(w http.ResponseWriter, media mediaType) {
	if f.allow != "" {
		w.Header().Set("Allow", f.allow)
	}
	respond(w, media, f.status, &graphql.Response{Errors: gqlerror.List{present(f.err)}})
}
