package transport

import (
	"bytes"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// dialect writes the frames of an operation in the words of one protocol; id is already JSON.
type dialect interface {
	shape() shape // of next
	next(id []byte, answer envelope) []byte
	fail(id []byte, errs gqlerror.List) []byte // ends the operation
	complete(id []byte) []byte
}

// modern is graphql-transport-ws.
type modern struct{}

func (modern) shape() shape { return shape{`{"type":"next","id":`, `,"payload":`, `}`} }

func (m modern) next(id []byte, answer envelope) []byte { return m.shape().wrap(id, answer) }

func (modern) fail(id []byte, errs gqlerror.List) []byte {
	frame := append(append([]byte(`{"type":"error","id":`), id...), `,"payload":`...)
	return append(append(frame, encodeErrors(errs)...), '}')
}

func (modern) complete(id []byte) []byte {
	return append(append([]byte(`{"type":"complete","id":`), id...), '}')
}

// legacy is graphql-ws, the protocol of the subscriptions-transport-ws package.
type legacy struct{}

func (legacy) shape() shape { return shape{`{"type":"data","id":`, `,"payload":`, `}`} }

func (l legacy) next(id []byte, answer envelope) []byte { return l.shape().wrap(id, answer) }

// fail has room for one error.
func (legacy) fail(id []byte, errs gqlerror.List) []byte {
	frame := append(append([]byte(`{"type":"error","id":`), id...), `,"payload":`...)
	return append(append(frame, encodeError(errs[0])...), '}')
}

func (legacy) complete(id []byte) []byte { return modern{}.complete(id) }

// events is an event stream with one operation, the "distinct connections mode" of graphql-sse's PROTOCOL.md.
type events struct{}

func (events) shape() shape { return shape{begin: "event: next\ndata: ", end: "\n\n"} }

func (e events) next(_ []byte, answer envelope) []byte { return e.shape().wrap(nil, answer.oneLine()) }

func (e events) fail(id []byte, errs gqlerror.List) []byte {
	return append(e.next(id, encode(&graphql.Response{Errors: errs})), e.complete(id)...)
}

// complete has an empty data field, without which the EventSource of browsers dispatches nothing.
func (events) complete([]byte) []byte { return []byte("event: complete\ndata: \n\n") }

// identifiedEvents is an event stream of many operations, the "single connection mode".
type identifiedEvents struct{}

func (identifiedEvents) shape() shape {
	return shape{"event: next\ndata: {\"id\":", `,"payload":`, "}\n\n"}
}

func (e identifiedEvents) next(id []byte, answer envelope) []byte {
	return e.shape().wrap(id, answer.oneLine())
}

func (e identifiedEvents) fail(id []byte, errs gqlerror.List) []byte {
	return append(e.next(id, encode(&graphql.Response{Errors: errs})), e.complete(id)...)
}

func (identifiedEvents) complete(id []byte) []byte {
	return append(append([]byte("event: complete\ndata: {\"id\":"), id...), "}\n\n"...)
}

// shape is what stands around an identifier and an answer.
type shape struct{ begin, middle, end string }

func (f shape) len(id []byte, answer envelope) int {
	return len(f.begin) + len(id) + len(f.middle) + answer.len() + len(f.end)
}

func (f shape) appendTo(b, id []byte, answer envelope) []byte {
	b = append(append(append(b, f.begin...), id...), f.middle...)
	return append(answer.appendTo(b), f.end...)
}

// wrap copies an answer into a frame, which outlives the executor's buffer.
func (f shape) wrap(id []byte, answer envelope) []byte {
	return f.appendTo(make([]byte, 0, f.len(id, answer)), id, answer)
}

// oneLine takes out line ends, which would end a field of an event. Inside of a JSON string they are escaped, so those that
// are found stand between values and mean nothing. Data of the executor is copied where it changes.
func (e envelope) oneLine() envelope {
	if bytes.ContainsAny(e.data, "\r\n") {
		e.data = bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return ' '
			}
			return r
		}, e.data)
	}
	return e
}
