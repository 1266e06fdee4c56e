package transport

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// stream is one operation of a socket, from subscribe until its last frame has left the queue or the client has sent
// complete.
type stream struct {
	id     string
	json   []byte // of id
	ctx    context.Context
	cancel context.CancelFunc

	// Guarded by socket.mu.
	withdrawn bool // the client has sent complete: nothing more is written
	streaming bool // known to be a subscription: not waited for at shutdown
}

// subscribe starts an operation in a goroutine of its own.
func (s *socket) subscribe(m message) {
	s.mu.Lock()
	_, exists := s.streams[m.id]
	operations, draining := s.operations, s.draining
	// A completed operation may still be busy; one that has ended may still wait to be written. Both count.
	busy := max(s.running, len(s.streams))
	var st *stream
	if operations != nil && !exists && !draining && busy < s.h.opts.Socket.MaxOperations {
		st = &stream{id: m.id, json: encodeID(m.id)}
		st.ctx, st.cancel = context.WithCancel(operations)
		s.streams[m.id] = st
		s.running++
	}
	s.mu.Unlock()

	switch {
	case operations == nil:
		s.close(closeUnauthorized, "Unauthorized")
	case exists:
		s.close(closeAlreadyExists, fmt.Sprintf("Subscriber for %s already exists", truncate(m.id, maxCloseReason/2)))
	case draining: // not executed, so the client may send it again where it connects next
	case st == nil:
		s.send(errorFrame(encodeID(m.id), gqlerror.List{present(s.tooManyOperations())}))
	default:
		m.params.Headers = s.header
		s.tasks.Go(func() { s.execute(st, m.params) })
	}
}

func (s *socket) tooManyOperations() error {
	message := fmt.Sprintf("more than %d operations at once on one connection", s.h.opts.Socket.MaxOperations)
	return &helix.Error{Code: helix.CodeLimitExceeded, Message: message}
}

// execute runs an operation and queues its answers. An answer that is the only one and holds no data is an error message:
// nothing was executed.
func (s *socket) execute(st *stream, params *graphql.RawParams) {
	defer s.ended(st)
	op := s.h.newOperation(st.ctx, s.exec, transportWebSocket)
	defer op.finish()
	if refused := op.prepare(params); refused != nil {
		s.fail(st, refused.Errors)
		return
	}
	if op.kind() == ast.Subscription {
		s.setStreaming(st)
	}
	prefix := framePrefix(st.json)
	first := true
	for resp := op.next(); resp != nil; resp = op.next() {
		if resp.Data == nil && len(resp.Errors) > 0 && (first || op.done) {
			s.fail(st, resp.Errors)
			return
		}
		if !s.push(st.ctx, frame{data: nextFrame(prefix, resp), stream: st}) {
			return
		}
		first = false
	}
	if !s.keepsOpen(st) {
		s.push(st.ctx, frame{data: completeFrame(st.json), stream: st, last: true})
	}
}

func (s *socket) ended(st *stream) {
	st.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// fail ends an operation with an error message, after which no complete is sent.
func (s *socket) fail(st *stream, errs gqlerror.List) {
	s.push(st.ctx, frame{data: errorFrame(st.json, errs), stream: st, last: true})
}

// complete withdraws an operation for its client: it is cancelled, and what is queued of it is not written. An unknown
// identifier is that of an operation which ended meanwhile.
func (s *socket) complete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.streams[id]; st != nil {
		st.withdrawn = true
		st.cancel()
		delete(s.streams, id)
		s.closeWhenDrained()
	}
}

// claim tells the writer whether a frame may still be written, and frees the identifier with the last one: before it is
// written, since the client may use the identifier again as soon as it has it.
func (s *socket) claim(f frame) bool {
	if f.stream == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.stream.withdrawn {
		return false
	}
	if f.last {
		delete(s.streams, f.stream.id)
	}
	return true
}

func (s *socket) setStreaming(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.streaming = true
	s.closeWhenDrained()
}

// keepsOpen tells whether the end of a stream is kept from its client: a source that ends because the server does is no
// reason not to subscribe again.
func (s *socket) keepsOpen(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining && st.streaming
}

// drain starts no operation any more and closes with 1001 once those with one answer have given it.
func (s *socket) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	s.closeWhenDrained()
}

// closeWhenDrained needs socket.mu. What is queued is still sent.
func (s *socket) closeWhenDrained() {
	if !s.draining {
		return
	}
	for _, st := range s.streams {
		if !st.streaming {
			return
		}
	}
	s.out.close(closing{code: websocket.CloseGoingAway, reason: closeShutdownReason}, true)
}
