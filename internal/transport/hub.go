package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// How far a member may fall behind its hub, in multiples of what may wait for one socket. Messages are held once for all,
// until the slowest member has taken them.
const (
	behindFrames = 16 // times MaxFrames
	behindBytes  = 4  // times MaxQueued
)

// hub runs one operation for everybody who asks for the same. Its messages form a list that grows at one end: a member is
// nothing but a place in it, and a message that nobody has yet to take is garbage.
//
//	          taken by the quickest            last
//	               │                            │
//	m1 ──> m2 ──> m3 ──> m4 ──> m5 ──> m6 ──> m7        the run waits when taken and last are too far apart,
//	│                                                     a member is cut off when it and last are much too far apart
//	└ a slow member
type hub struct {
	h       *Handler
	sharing Sharing
	op      *operation
	place   func() (uint64, bool)
	cancel  context.CancelFunc
	users   int // guarded by hubs.mu

	taken atomic.Pointer[post] // the newest that some member has
	room  chan struct{}        // holds a token when taken has moved

	mu      sync.Mutex
	members []*member
	last    *post  // the newest
	begun   bool   // base is known, and so is the place of each message
	base    uint64 // the place where the run began
	ended   bool
}

// post is one answer of a shared run, encoded.
type post struct {
	next   atomic.Pointer[post]
	index  uint64 // in the order of the hub
	size   uint64 // in bytes, of all messages up to this one
	place  uint64 // of its event in the log; 0 when unknown
	answer envelope
	code   string        // of its first error
	errs   gqlerror.List // when it ends the operation with what is wrong
	final  bool          // ends the operation
}

// member is a subscription's place in a hub.
type member struct {
	session *session
	stream  *stream
	hub     *hub
	number  int                  // in hub.members; guarded by hub.mu
	at      atomic.Pointer[post] // the last that was taken
	skip    uint64               // places up to this one the subscriber has had
	behind  uint64               // frames of the session's queue that go before: those of the run that it resumed with
	answers int                  // taken; guarded by session.mu, like code
	code    string
}

func newHub(h *Handler, sharing Sharing, op *operation) *hub {
	ctx, cancel := context.WithCancel(context.Background()) // not that of its first member, which may leave before the others
	u := &hub{h: h, sharing: sharing, cancel: cancel, room: make(chan struct{}, 1), last: &post{}}
	u.taken.Store(u.last)
	ctx, u.place = sharing.Follow(ctx, true)
	oc := op.context
	oc.Headers = nil // of its first member, token and all
	u.op = &operation{h: h, exec: op.exec, ctx: graphql.StartOperationTrace(ctx), context: oc}
	return u
}

// run publishes answers until the operation ends, by itself or with its last user.
func (u *hub) run() {
	defer u.cancel()
	u.op.begin()
	base, known := u.place()
	u.mu.Lock()
	u.base, u.begun = base, known
	u.mu.Unlock()
	end := &post{final: true}
	first := true
	for resp := u.op.next(); resp != nil; resp = u.op.next() {
		if resp.Data == nil && len(resp.Errors) > 0 && (first || u.op.done) {
			end.errs = resp.Errors
			end.code = codeOf(resp.Errors[0])
			break
		}
		first = false
		answer := encode(resp)
		m := &post{answer: envelope{data: answer.appendTo(make([]byte, 0, answer.len()))}}
		if len(resp.Errors) > 0 {
			m.code = codeOf(resp.Errors[0])
		}
		m.place, known = u.place()
		u.awaitRoom()
		u.publish(m, known)
	}
	u.h.retire(u)
	u.publish(end, true)
}

// awaitRoom lets the run go no faster than its quickest member, as an operation that runs for one goes no faster than that
// one. When even the quickest makes no room for SlowAfter, all are slow.
func (u *hub) awaitRoom() {
	if u.hasRoom() {
		return
	}
	timer := time.NewTimer(u.h.opts.Socket.SlowAfter)
	defer timer.Stop()
	for !u.hasRoom() {
		select {
		case <-u.room:
		case <-u.op.ctx.Done():
			return
		case <-timer.C:
			u.mu.Lock()
			all := slices.Clone(u.members)
			u.mu.Unlock()
			cutOff(all)
			return
		}
	}
}

func (u *hub) hasRoom() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.members) == 0 {
		return true
	}
	taken := u.taken.Load()
	return u.last.index-taken.index < uint64(u.h.opts.Socket.MaxFrames) && u.last.size-taken.size < uint64(u.h.opts.Socket.MaxQueued)
}

// publish appends a message, wakes the writers of all members, and cuts off those who are too far behind.
func (u *hub) publish(m *post, placed bool) {
	slow := u.add(m, placed)
	cutOff(slow)
}

func (u *hub) add(m *post, placed bool) (slow []*member) {
	frames := behindFrames * uint64(u.h.opts.Socket.MaxFrames)
	bytes := behindBytes * uint64(u.h.opts.Socket.MaxQueued)
	u.mu.Lock()
	defer u.mu.Unlock()
	m.index, m.size = u.last.index+1, u.last.size+uint64(len(m.answer.data))
	u.last.next.Store(m)
	u.last = m
	u.ended = m.final
	u.begun = u.begun && placed
	if len(u.members) == 0 {
		u.taken.Store(m)
	}
	for _, one := range u.members {
		if at := one.at.Load(); m.index-at.index > frames || m.size-at.size > bytes {
			slow = append(slow, one)
			continue
		}
		one.session.out.signal()
	}
	return slow
}

// cutOff disconnects members that do not take what is sent to them. Their clients connect again and resume.
func cutOff(slow []*member) {
	for _, m := range slow {
		m.session.end(closing{code: websocket.CloseTryAgainLater, reason: closeSlowReason, slow: true})
	}
}

// admit takes a member that continues with the next message or, when from is given, with the first event after that place:
// there, it is admitted only when no event in between can be missed.
func (u *hub) admit(m *member, from *uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return false
	}
	if from != nil {
		if !u.begun || *from < u.base || *from < u.last.place {
			return false
		}
		m.skip = *from
	}
	m.at.Store(u.last)
	u.took(u.last)
	m.number = len(u.members)
	u.members = append(u.members, m)
	return true
}

// dismiss is the counterpart of admit.
func (u *hub) dismiss(m *member) {
	u.mu.Lock()
	defer u.mu.Unlock()
	end := len(u.members) - 1
	u.members[m.number] = u.members[end]
	u.members[m.number].number = m.number
	u.members[end] = nil
	u.members = u.members[:end]
	u.moved()
}

// took notes how far the quickest member is.
func (u *hub) took(m *post) {
	for taken := u.taken.Load(); m.index > taken.index; taken = u.taken.Load() {
		if u.taken.CompareAndSwap(taken, m) {
			u.moved()
			return
		}
	}
}

func (u *hub) moved() {
	select {
	case u.room <- struct{}{}:
	default:
	}
}

// take gives the next message for the subscriber, nil when there is none. Only the writer of the session calls it.
func (m *member) take() *post {
	for {
		next := m.at.Load().next.Load()
		if next == nil || m.stream.withdrawn {
			return nil
		}
		m.at.Store(next)
		m.hub.took(next)
		if !next.final && m.skip != 0 && next.place <= m.skip {
			continue // had before it joined
		}
		m.answers++
		m.code = next.code
		return next
	}
}
