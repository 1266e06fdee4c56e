package transport

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/buffers"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// envelope is an answer cut in three, so that data is written as it is: head, data, tail.
type envelope struct {
	head []byte
	data []byte
	tail []byte
}

// What surrounds data that comes with nothing else.
var dataHead, objectEnd = []byte(`{"data":`), []byte("}")

// encode writes errors first, as the specification advises. An answer without data has no data entry.
func encode(resp *graphql.Response) envelope {
	if len(resp.Errors) == 0 && len(resp.Extensions) == 0 && resp.Data != nil {
		return envelope{head: dataHead, data: resp.Data, tail: objectEnd}
	}
	e := envelope{head: []byte{'{'}, data: resp.Data}
	if len(resp.Errors) > 0 {
		e.head = append(append(e.head, `"errors":`...), encodeErrors(resp.Errors)...)
	}
	if resp.Data != nil {
		e.head = append(separate(e.head), `"data":`...)
	}
	if extensions := encodeExtensions(resp.Extensions); extensions != nil {
		if resp.Data != nil {
			e.tail = append(e.tail, ',')
		} else {
			e.head = separate(e.head)
		}
		e.tail = append(append(e.tail, `"extensions":`...), extensions...)
	}
	e.tail = append(e.tail, '}')
	return e
}

func (e envelope) len() int { return len(e.head) + len(e.data) + len(e.tail) }

// appendTo copies the answer behind b: for a frame, which outlives the executor's buffer.
func (e envelope) appendTo(b []byte) []byte {
	return append(append(append(b, e.head...), e.data...), e.tail...)
}

// writeTo writes the answer without joining it: at once when it stands as a whole in what is held, since what is left over for a
// write of its own costs as much as a packet does. false: the client is gone.
func (e envelope) writeTo(w http.ResponseWriter, lease *buffers.Lease) bool {
	if whole := lease.Around(e.head, e.data, e.tail); whole != nil {
		_, err := w.Write(whole)
		return err == nil
	}
	for _, part := range [][]byte{e.head, e.data, e.tail} {
		if _, err := w.Write(part); err != nil {
			return false
		}
	}
	return true
}

// separate puts a comma between two members.
func separate(b []byte) []byte {
	if len(b) > 1 {
		return append(b, ',')
	}
	return b
}

// encodeErrors falls back to a fixed error when an extension cannot be encoded.
func encodeErrors(errs gqlerror.List) []byte {
	b, err := json.Marshal(errs)
	if err != nil {
		b, _ = json.Marshal(gqlerror.List{present(internalError())})
	}
	return b
}

// encodeError does so for the one error of a legacy frame.
func encodeError(e *gqlerror.Error) []byte {
	b := encodeErrors(gqlerror.List{e})
	return b[1 : len(b)-1] // without the brackets
}

// encodeExtensions leaves out what is empty or cannot be encoded: nobody depends on it.
func encodeExtensions(extensions map[string]any) []byte {
	if len(extensions) == 0 {
		return nil
	}
	b, err := json.Marshal(extensions)
	if err != nil {
		return nil
	}
	return b
}

// Values of headers that all answers share, which nobody edits.
var (
	contentTypes = map[mediaType][]string{
		mediaGraphQL: {string(mediaGraphQL) + "; charset=utf-8"}, mediaJSON: {string(mediaJSON) + "; charset=utf-8"},
	}
	noStore    = []string{"no-store"} // patient data
	noSniff    = []string{"nosniff"}
	varyAccept = []string{"Accept"}
	varyBoth   = []string{"Origin", "Accept"}
)

// respond writes an answer over HTTP.
func respond(w http.ResponseWriter, media mediaType, status int, resp *graphql.Response) {
	respondFrom(nil, w, media, status, resp)
}

// respondFrom does so with an answer whose data may be held by a lease. false: not all of it could be written.
func respondFrom(lease *buffers.Lease, w http.ResponseWriter, media mediaType, status int, resp *graphql.Response) bool {
	answer := encode(resp)
	header := w.Header()
	header["Content-Type"] = contentTypes[media]
	header["Content-Length"] = []string{strconv.Itoa(answer.len())}
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	switch vary := header["Vary"]; {
	case vary == nil:
		header["Vary"] = varyAccept
	case len(vary) == 1 && vary[0] == "Origin":
		header["Vary"] = varyBoth
	default:
		header.Add("Vary", "Accept")
	}
	if len(resp.Errors) > 0 && resp.Data == nil {
		explainStatus(header, status, resp.Errors[0])
	}
	w.WriteHeader(status)
	return answer.writeTo(w, lease)
}

// explainStatus adds the header that a status asks for.
func explainStatus(header http.Header, status int, e *gqlerror.Error) {
	switch status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if seconds, ok := e.Extensions["retryAfter"].(int); ok {
			header.Set("Retry-After", strconv.Itoa(seconds))
		}
	}
}

// statusOf is the status of an answer. With data it is 200, errors or not. Without data the request was refused: for
// reasons of HTTP with HTTP's status; for a fault in the document or the variables with 400, which application/json,
// whose 4xx may come from anything on the way, replaces by 200.
func statusOf(media mediaType, resp *graphql.Response) int {
	if resp.Data != nil || len(resp.Errors) == 0 {
		return http.StatusOK
	}
	switch helix.Code(codeOf(resp.Errors[0])) {
	case helix.CodeUnauthenticated:
		return http.StatusUnauthorized
	case helix.CodeForbidden:
		return http.StatusForbidden
	case helix.CodeTooManyRequests:
		return http.StatusTooManyRequests
	case helix.CodeUnavailable:
		return http.StatusServiceUnavailable
	case helix.CodeInternal:
		return http.StatusInternalServerError
	}
	if media == mediaJSON {
		return http.StatusOK
	}
	return http.StatusBadRequest
}
