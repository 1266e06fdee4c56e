package fortytwo

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/helix-engage/gateway/sandbox/faults"
)

const eventStream = "text/event-stream"

// streams reports whether a request is answered by an event stream.
func (in incoming) streams(doc *document) bool {
	return in.path == "/metadata" && doc != nil && doc.operation != nil && doc.operation.Operation == ast.Subscription
}

// serveStream answers a subscription with an event stream, until the client leaves or the server ends it.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request, in incoming, doc *document, c *caller) {
	if !strings.Contains(r.Header.Get("Accept"), eventStream) {
		reply{status: http.StatusNotAcceptable, contentType: jsonUTF8}.write(w)
		return
	}
	if errs := validator.ValidateWithRules(s.metadata, doc.query, validationRules()); len(errs) > 0 {
		in.refusal(validationErrors(in.query, errs)...).write(w)
		return
	}
	if c.kind != member {
		writeStreamError(w, http.StatusInternalServerError, errForbiddenResource())
		return
	}
	given, _ := plain(doc.variables).(map[string]any)
	variables, err := validator.VariableValues(s.metadata, doc.operation, given)
	if err != nil {
		in.refusal(&apiError{message: err.Error(), code: codeBadInput}).write(w)
		return
	}
	one := &stream{
		user: c.user, workspace: c.workspace, queries: map[string]streamQuery{},
		frames: make(chan []byte, streamQueue), ended: make(chan struct{}), quiet: make(chan struct{}),
	}
	if root, ok := doc.operation.SelectionSet[0].(*ast.Field); ok {
		one.id, _ = root.ArgumentMap(variables)["eventStreamId"].(string)
	}
	one.frame = func(events []any) []byte { return s.streamFrame(doc, variables, one.id, events) }
	if refused := s.streams.add(one); refused != nil {
		writeStreamError(w, http.StatusOK, refused)
		return
	}
	defer s.streams.remove(one)
	s.pump(w, r, one)
}

// pump writes the opening comment, the empty hello, then frames as they come and a comment every StreamComment.
func (s *Server) pump(w http.ResponseWriter, r *http.Request, one *stream) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", eventStream)
	w.WriteHeader(http.StatusOK)
	send := func(frame []byte) bool {
		_, err := w.Write(frame)
		return err == nil && out.Flush() == nil
	}
	comments := time.NewTicker(s.options.StreamComment)
	defer comments.Stop()
	for ok := send(slices.Concat([]byte(":\n\n"), one.frame([]any{}))); ok; {
		select {
		case frame := <-one.frames:
			ok = send(frame)
		case <-comments.C:
			ok = send([]byte(":\n\n"))
		case <-one.quiet:
			select {
			case <-one.ended:
				faults.Reset(w)
			case <-r.Context().Done():
			case <-s.stopped:
			}
			return
		case <-one.ended:
			if one.reset {
				faults.Reset(w)
				return
			}
			_ = send([]byte("event: complete\ndata:\n\n")) // the stream is over either way
			return
		case <-r.Context().Done():
			return
		case <-s.stopped:
			return
		}
	}
}

// streamFrame is an answer of the subscription.
func (s *Server) streamFrame(doc *document, variables map[string]any, id string, events []any) []byte {
	e := &executor{schema: s.metadata, document: doc.query, variables: variables}
	data, _ := e.object(doc.operation.SelectionSet, s.metadata.Subscription, fields{"onEventSubscription": fields{
		"eventStreamId": id, "objectRecordEventsWithQueryIds": events, "metadataEvents": []any{},
	}})
	body := newDict()
	body.set("data", data)
	return nextFrame(body)
}

func nextFrame(body *dict) []byte {
	return append(appendJSON([]byte("event: next\ndata: "), body), "\n\n"...)
}

// writeStreamError is a stream that holds an error and ends. Its errors have a path, unlike those of records (fortytwo.md 11).
func writeStreamError(w http.ResponseWriter, status int, err *apiError) {
	refused := err.dict()
	refused.set("path", []any{"onEventSubscription"})
	body := newDict()
	body.set("errors", []any{refused})
	body.set("data", nil)
	out := slices.Concat([]byte(":\n\n"), nextFrame(body), []byte("event: complete\ndata:\n\n"))
	reply{status: status, contentType: eventStream, body: out}.write(w)
}

// streamEvent is a change as a stream tells it, without what the reader's role hides.
func streamEvent(c *caller, e recordEvent, rights ObjectRights) fields {
	shown := func(r row) any {
		if r == nil {
			return nil
		}
		whole, out := wholeRecord(e.object, r), newDict()
		for _, key := range whole.keys {
			if readable(e.object, rights, key) {
				out.set(key, whole.at(key))
			}
		}
		return out
	}
	properties := fields{"updatedFields": nil, "before": shown(e.before), "after": shown(e.after), "diff": nil}
	if e.action == "updated" {
		changed := slices.DeleteFunc(changedColumns(e.before, e.after), func(key string) bool { return !readable(e.object, rights, key) })
		before, after, diff := wholeRecord(e.object, e.before), wholeRecord(e.object, e.after), newDict()
		for _, key := range changed {
			both := newDict()
			both.set("before", before.at(key))
			both.set("after", after.at(key))
			diff.set(key, both)
		}
		properties["updatedFields"], properties["diff"] = stringsAsAny(changed), diff
	}
	id := e.before["id"]
	if e.after != nil {
		id = e.after["id"]
	}
	out := fields{
		"action": strings.ToUpper(e.action), "objectNameSingular": e.object.singular, "recordId": id, "properties": properties,
		"userId": nil, "workspaceMemberId": nil,
	}
	if c.user != nil {
		out["userId"], out["workspaceMemberId"] = c.user.id, c.memberID
	}
	return out
}

func readable(o *objectMeta, rights ObjectRights, column string) bool {
	field, _ := o.resolve(column)
	return field == nil || !slices.Contains(rights.Unreadable, field.name)
}
