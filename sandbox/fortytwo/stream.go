package fortytwo

import (
	"encoding/json"
	"slices"
	"sync"
)

const (
	// maxStreams bounds the open event streams of a server, maxStreamQueries the queries of one.
	maxStreams       = 1000
	maxStreamQueries = 1000
	// streamQueue is how many frames wait for a client that reads slowly; one that is further behind is cut off.
	streamQueue = 1000
)

// stream is one open event stream (fortytwo.md 15.1). It outlives the token that opened it.
type stream struct {
	id        string
	user      *user
	workspace *workspace
	frame     func(events []any) []byte // an answer of the subscription, as its document selects
	frames    chan []byte

	end   sync.Once
	ended chan struct{} // closed when the server ends the stream
	reset bool          // the connection breaks; written before ended is closed
	quiet chan struct{} // closed when the stream falls silent without ending
	hush  sync.Once

	queries map[string]streamQuery // by the client's id; under the book's lock
}

// streamQuery is what a client wants to hear of.
type streamQuery struct {
	object  string
	matches predicate
}

// finish ends a stream once: with reset as a broken connection, else properly.
func (s *stream) finish(reset bool) {
	s.end.Do(func() {
		s.reset = reset
		close(s.ended)
	})
}

// silent reports whether the stream tells no more.
func (s *stream) silent() bool {
	select {
	case <-s.quiet:
		return true
	default:
		return false
	}
}

// streamBook holds the open streams by id. Its lock is taken after a workspace's.
type streamBook struct {
	mu   sync.Mutex
	open map[string]*stream
}

// add opens a stream. One's own of the same id is replaced; somebody else's is in the way, and so are too many.
func (b *streamBook) add(s *stream) *apiError {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.open[s.id]
	switch {
	case old != nil && (old.user != s.user || old.workspace != s.workspace):
		return errDenied()
	case old == nil && len(b.open) >= maxStreams:
		return internal("too many event streams")
	case old != nil:
		old.finish(false)
	}
	if b.open == nil {
		b.open = map[string]*stream{}
	}
	b.open[s.id] = s
	return nil
}

func (b *streamBook) remove(s *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[s.id] == s {
		delete(b.open, s.id)
	}
}

// of gives a caller's own open stream; nil when there is none of that id.
func (b *streamBook) of(c *caller, id string) *stream {
	s := b.open[id]
	if s == nil || s.user != c.user || s.workspace != c.workspace {
		return nil
	}
	return s
}

// each does something to every open stream and says how many there are.
func (b *streamBook) each(do func(*stream)) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.open {
		do(s)
	}
	return len(b.open)
}

// addQuery answers false when the stream is unknown, as after a restart.
func (m *metaRequest) addQuery(args map[string]any) (any, *apiError) {
	if m.caller.user == nil {
		return nil, errForbiddenResource()
	}
	input, _ := args["input"].(map[string]any)
	signature, _ := input["operationSignature"].(map[string]any)
	ws := m.caller.workspace
	o := ws.objectNamed(text(signature, "objectNameSingular"))
	if o == nil {
		return nil, badInput(subQuery, genericMessage, "Object metadata not found")
	}
	variables, _ := signature["variables"].(map[string]any)
	filter, err := asDict(variables["filter"])
	if err != nil {
		return nil, internal("%s", err.Error())
	}
	matches, refused := (&filterCompiler{ws: ws}).compile(o, filter, 0)
	if refused != nil {
		return nil, refused
	}
	book := &m.s.streams
	book.mu.Lock()
	defer book.mu.Unlock()
	s := book.of(m.caller, text(input, "eventStreamId"))
	if s == nil {
		return false, nil
	}
	if len(s.queries) >= maxStreamQueries {
		return nil, internal("too many queries")
	}
	s.queries[text(input, "queryId")] = streamQuery{object: o.singular, matches: matches}
	return true, nil
}

// removeQuery answers false when the stream is unknown.
func (m *metaRequest) removeQuery(args map[string]any) (any, *apiError) {
	if m.caller.user == nil {
		return nil, errForbiddenResource()
	}
	input, _ := args["input"].(map[string]any)
	book := &m.s.streams
	book.mu.Lock()
	defer book.mu.Unlock()
	s := book.of(m.caller, text(input, "eventStreamId"))
	if s == nil {
		return false, nil
	}
	delete(s.queries, text(input, "queryId"))
	return true, nil
}

// asDict gives a coerced JSON value in the form that filters are compiled from.
func asDict(value any) (any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return decodeJSON(encoded)
}

// StreamCount is how many event streams are open, StreamQueries how many queries they have together.
func (s *Server) StreamCount() int { return s.streams.each(func(*stream) {}) }

// StreamQueries is described at StreamCount.
func (s *Server) StreamQueries() (n int) {
	s.streams.each(func(one *stream) { n += len(one.queries) })
	return n
}

// CutStreams breaks the connection of every open event stream, as a restart of the server does: streams and their queries are
// forgotten, and what happens until a client is back is not told.
func (s *Server) CutStreams() {
	s.streams.each(func(one *stream) { one.finish(true) })
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	clear(s.streams.open)
}

// SilenceStreams lets every open event stream fall silent: the connection stays, and nothing comes any more, no comment either.
func (s *Server) SilenceStreams() {
	s.streams.each(func(one *stream) { one.hush.Do(func() { close(one.quiet) }) })
}

// tellStreams puts changes that have taken effect into the streams that asked for them. The workspace is locked.
func (s *Server) tellStreams(ws *workspace, c *caller, events []recordEvent) {
	s.streams.each(func(one *stream) {
		member := ws.members[one.user.id]
		if one.workspace != ws || member == nil || one.silent() {
			return
		}
		var told []any
		for _, e := range events {
			if ids := one.wants(e); len(ids) > 0 && member.role.rights(e.object).Read {
				told = append(told, fields{"queryIds": stringsAsAny(ids), "objectRecordEvent": streamEvent(c, e, member.role.rights(e.object))})
			}
		}
		if len(told) == 0 {
			return
		}
		select {
		case one.frames <- one.frame(told):
		default:
			one.finish(true)
		}
	})
}

// wants are the queries that an event belongs to: their filter is asked about the record before and after.
func (s *stream) wants(e recordEvent) (ids []string) {
	for id, q := range s.queries {
		matches := func(r row) bool { return r != nil && q.matches(r) == isTrue }
		if q.object == e.object.singular && (matches(e.before) || matches(e.after)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
