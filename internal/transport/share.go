package transport

import (
	"context"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Sharing tells that one run of a subscription can answer everybody who asks for the same; see [Options.Share].
type Sharing struct {
	// Key is equal for operations whose answers are equal, event by event. It covers the document, the operation's name,
	// the variables but for where to resume, and what the caller may see.
	Key string

	// Resumes is set when the operation first repeats what was missed. It then runs on its own until it has caught up.
	Resumes bool

	// Follow prepares the context of a run: shared with the others, which has no caller and resumes nowhere, or the
	// caller's own. The function that comes with it answers, at its first call after the run has begun, the place in the
	// log where that was, and then once for each answer, in order, the place of its event. Places rise. ok is false when
	// the run does not tell; nobody who resumes can join it then.
	Follow func(ctx context.Context, shared bool) (context.Context, func() (place uint64, ok bool))
}

// sharing asks whether a prepared operation is shared.
func (o *operation) sharing() (_ Sharing, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(o.ctx, o.h.opts.Logger, p)
			ok = false // it runs on its own, as if it had not been asked
		}
	}()
	return o.h.opts.Share(o.ctx, o.context)
}

// hubs are the shared runs by key. Each lives while somebody uses it: has joined it, or catches up in order to.
type hubs struct {
	mu    sync.Mutex
	byKey map[string]*hub
}

// enter counts a user of the hub of a key, for whom leave must follow. A new hub is not running yet.
func (h *Handler) enter(sharing Sharing, op *operation) (u *hub, created bool) {
	h.hubs.mu.Lock()
	defer h.hubs.mu.Unlock()
	u = h.hubs.byKey[sharing.Key]
	if u == nil {
		u, created = newHub(h, sharing, op), true
		h.hubs.byKey[sharing.Key] = u
	}
	u.users++
	return u, created
}

// leave is the counterpart of enter. With its last user a hub ends.
func (h *Handler) leave(u *hub) {
	h.hubs.mu.Lock()
	defer h.hubs.mu.Unlock()
	if u.users--; u.users == 0 {
		u.cancel()
		h.forget(u)
	}
}

// retire takes a hub whose run has ended out of the way of those who come next.
func (h *Handler) retire(u *hub) {
	h.hubs.mu.Lock()
	defer h.hubs.mu.Unlock()
	h.forget(u)
}

// forget needs hubs.mu.
func (h *Handler) forget(u *hub) {
	if h.hubs.byKey[u.sharing.Key] == u {
		delete(h.hubs.byKey, u.sharing.Key)
	}
}

// share answers a subscription from a shared run. false means that the subscription has ended meanwhile, or never joined;
// the caller ends it. After true, ended is called when it ends.
func (s *session) share(st *stream, op *operation, sharing Sharing, ended func()) bool {
	for {
		u, created := s.h.enter(sharing, op)
		if sharing.Resumes {
			return s.catchUp(st, op, u, created, ended)
		}
		joined := s.join(st, op, u, nil, ended)
		if created {
			go u.run() // with its first member, who hears of a failure to begin
		}
		if joined {
			return true
		}
		s.h.leave(u)
		if st.ctx.Err() != nil {
			return false
		}
	}
}

// catchUp runs the operation for its subscriber alone until it stands where the shared run does.
func (s *session) catchUp(st *stream, op *operation, u *hub, created bool, ended func()) (joined bool) {
	if created {
		go u.run()
	}
	defer func() {
		if !joined {
			s.h.leave(u)
		}
	}()
	ctx, cancel := context.WithCancel(op.ctx)
	defer cancel()
	var place func() (uint64, bool)
	op.ctx, place = u.sharing.Follow(ctx, false)
	op.begin()
	place()
	s.run(st, op, func() bool {
		at, ok := place()
		joined = ok && s.join(st, op, u, &at, ended)
		return joined
	})
	return joined
}

// join makes a subscription a member of a hub, from the hub's place on or, of one that resumes, from its own. false when
// the two do not meet yet, or one of them has ended.
func (s *session) join(st *stream, op *operation, u *hub, from *uint64, ended func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.withdrawn || st.ctx.Err() != nil {
		return false
	}
	m := &member{session: s, stream: st, hub: u}
	m.behind, _ = s.out.counts()
	if !u.admit(m, from) {
		return false
	}
	op.ctx, op.context, op.responses = st.ctx, nil, nil // a member holds on to as little as it can
	s.shared = append(s.shared, m)
	st.streaming = true
	context.AfterFunc(st.ctx, func() {
		s.unjoin(m)
		op.report.Answers += m.answers
		op.report.Code = m.code
		s.tellRevoked(st, op)
		ended()
	})
	s.closeWhenDrained()
	return true
}

// unjoin ends a membership.
func (s *session) unjoin(m *member) {
	s.mu.Lock()
	s.shared = slices.DeleteFunc(s.shared, func(other *member) bool { return other == m })
	s.mu.Unlock()
	m.hub.dismiss(m)
	s.h.leave(m.hub)
}

// collect hands what shared runs have for the session to put, until that is full. freed tells that an operation has ended.
func (s *session) collect(put func(id []byte, m *post) (full bool)) (freed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shared) == 0 {
		return false
	}
	_, popped := s.out.counts()
	for _, m := range s.shared {
		if m.behind > popped || m.stream.revoked != nil {
			continue // what is queued has woken the writer again
		}
		for next := m.take(); next != nil; next = m.take() {
			if next.final {
				delete(s.streams, m.stream.id) // before it is written, as with claim
				m.stream.withdrawn = true
				m.stream.cancel()
				freed = true
				if s.draining && next.errs == nil {
					continue // see keepsOpen
				}
			}
			if put(m.stream.json, next) {
				return freed
			}
		}
	}
	return freed
}

// noSharing is the default of [Options.Share].
func noSharing(context.Context, *graphql.OperationContext) (Sharing, bool) { return Sharing{}, false }
