package transport

import (
	"context"
	"fmt"

	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// stream is one operation of a session, from its request until its last frame has left the queue or the client has
// withdrawn it.
type stream struct {
	id     string
	json   []byte // of id
	ctx    context.Context
	cancel context.CancelFunc

	// Guarded by session.mu.
	withdrawn bool          // by the client: nothing more is written
	streaming bool          // known to be a subscription: not waited for at shutdown
	revoked   gqlerror.List // why its caller may not have it any more; nil while he may
}

// Why an operation was not started.
type startRefusal int

const (
	startTaken   startRefusal = iota + 1 // its identifier is in use
	startLate                            // the session is draining
	startTooMany                         // more than MaxOperations
)

// start enters an operation under its identifier; ended must follow. Its context ends with the session's at the latest.
func (s *session) start(ctx context.Context, id string) (*stream, startRefusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.streams[id] != nil:
		return nil, startTaken
	case s.draining:
		return nil, startLate
	// A completed operation may still be busy; one that has ended may still wait to be written. Both count.
	case max(s.running, len(s.streams)) >= s.h.opts.Socket.MaxOperations:
		return nil, startTooMany
	}
	st := &stream{id: id, json: encodeID(id)}
	st.ctx, st.cancel = context.WithCancel(ctx)
	s.streams[id] = st
	s.running++
	s.tasks.Add(1)
	return st, 0
}

func (s *session) tooManyOperations() *helix.Error {
	message := fmt.Sprintf("more than %d operations at once on one connection", s.h.opts.Socket.MaxOperations)
	return &helix.Error{Code: helix.CodeLimitExceeded, Message: message}
}

// run executes a prepared operation and queues its answers. An answer that is the only one and holds no data is a failure:
// nothing was executed. handOver, which may be nil, is asked after each answer whether somebody else goes on.
func (s *session) run(st *stream, op *operation, handOver func() bool) {
	defer s.tellRevoked(st, op)
	if op.kind() == ast.Subscription {
		s.setStreaming(st)
	}
	first := true
	for resp := op.next(); resp != nil && s.isRevoked(st) == nil; resp = op.next() {
		if resp.Data == nil && len(resp.Errors) > 0 && (first || op.done) {
			s.fail(st, resp.Errors)
			return
		}
		if !s.push(st.ctx, frame{data: s.dialect.next(st.json, encode(resp)), stream: st}) {
			return
		}
		if handOver != nil && handOver() {
			return
		}
		first = false
	}
	if !s.keepsOpen(st) {
		s.push(st.ctx, frame{data: s.dialect.complete(st.json), stream: st, last: true})
	}
}

// ended is the counterpart of start.
func (s *session) ended(st *stream) {
	defer s.tasks.Done()
	st.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// fail ends an operation with what is wrong, after which no complete is sent.
func (s *session) fail(st *stream, errs gqlerror.List) {
	s.push(st.ctx, frame{data: s.dialect.fail(st.json, errs), stream: st, last: true})
}

// complete withdraws an operation for its client: it is cancelled, and what is queued of it is not written. It answers
// false for an unknown identifier: that of an operation which ended meanwhile.
func (s *session) complete(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[id]
	if st == nil {
		return false
	}
	s.withdraw(st)
	return true
}

// discard takes back an operation that was started and is not run.
func (s *session) discard(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.id] == st {
		s.withdraw(st)
	}
}

// withdraw needs session.mu.
func (s *session) withdraw(st *stream) {
	st.withdrawn = true
	st.cancel()
	delete(s.streams, st.id)
	s.closeWhenDrained()
}

// claim tells the writer whether a frame may still be written, and frees the identifier with the last one: before it is
// written, since the client may use the identifier again as soon as it has it.
func (s *session) claim(f frame) bool {
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
		f.stream.withdrawn = true // nothing follows, whoever else has seen the end
	}
	return true
}

func (s *session) setStreaming(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.streaming = true
	s.closeWhenDrained()
}

// keepsOpen tells whether the end of a stream is kept from its client: a source that ends because the server does is no
// reason not to subscribe again, and one that ends since its caller may not have it ends with an error.
func (s *session) keepsOpen(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining && st.streaming || st.revoked != nil
}
