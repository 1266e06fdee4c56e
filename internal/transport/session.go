package transport

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// session is what a socket and an event stream have in common: operations by identifier, whose frames leave through one
// bounded queue, and an end.
type session struct {
	h         *Handler
	dialect   dialect
	transport string

	ctx     context.Context // of the session; ends with it
	cancel  context.CancelCauseFunc
	out     *queue
	tasks   sync.WaitGroup // the operations; of a socket also the writer and Init
	hurry   func()         // gives a write under way little time; nil where the writer sees to that
	drained func()         // is told of drain; may be nil

	mu       sync.Mutex
	caller   context.Context    // knows who calls; nil until that is known
	standing string             // what he may do, as [Options.Standing] names it
	streams  map[string]*stream // by identifier, until the last frame has left the queue
	shared   []*member          // those of streams that a hub answers
	running  int                // operations that run
	expiry   *time.Timer
	draining bool
}

// errSessionClosed is the cause with which operations of a session that ended are cancelled.
var errSessionClosed = errors.New("transport: the connection is closed")

// begin makes a session whose operations end with ctx.
func (s *session) begin(ctx context.Context) {
	s.out = newQueue(s.h.opts.Socket.MaxFrames, s.h.opts.Socket.MaxQueued)
	s.streams = make(map[string]*stream)
	s.ctx, s.cancel = context.WithCancelCause(ctx)
}

// admit lets the caller in ctx use the session until his identity ends. false means that it has ended already.
func (s *session) admit(ctx context.Context) bool {
	end, ends := s.h.opts.Expires(ctx)
	left := end.Sub(s.h.opts.Now())
	if ends && left <= 0 {
		return false
	}
	standing, _ := s.h.standing(ctx) // one that cannot be told is not the one that is told next
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller, s.standing = ctx, standing
	if ends {
		s.expiry = time.AfterFunc(left, func() { s.close(closeForbidden, closeExpiredReason) })
	}
	return true
}

// finish cancels the operations, waits for them and starts none any more.
func (s *session) finish() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.cancel(errSessionClosed)
	s.tasks.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expiry != nil {
		s.expiry.Stop()
	}
}

// send queues a frame of the connection itself.
func (s *session) send(data []byte) { s.push(s.ctx, frame{data: data}) }

// push queues a frame, and disconnects a peer that makes no room for it.
func (s *session) push(ctx context.Context, f frame) bool {
	err := s.out.push(ctx, f, s.h.opts.Socket.SlowAfter)
	if errors.Is(err, errQueueSlow) {
		s.end(closing{code: websocket.CloseTryAgainLater, reason: closeSlowReason, slow: true})
	}
	return err == nil
}

// close ends the session with a code; what waits to be sent is dropped. Only the first close counts.
func (s *session) close(code int, reason string) {
	s.end(closing{code: code, reason: truncate(reason, maxCloseReason)})
}

func (s *session) end(how closing) {
	if s.out.close(how, false) && s.hurry != nil {
		s.hurry()
	}
}

// drain starts no operation any more and closes with 1001 once those with one answer have given it.
func (s *session) drain() {
	s.mu.Lock()
	s.draining = true
	s.closeWhenDrained()
	s.mu.Unlock()
	if s.drained != nil {
		s.drained()
	}
}

// written lets a drain go on after an operation's last frame.
func (s *session) written() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeWhenDrained()
}

// closeWhenDrained needs session.mu. What is queued is still sent.
func (s *session) closeWhenDrained() {
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
