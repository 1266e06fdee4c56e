package transport

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/sync/errgroup"
)

// recheckAtOnce is how many callers are asked about at the same time, in one round.
const recheckAtOnce = 8

// Run rechecks every [SocketOptions.RecheckEvery] until ctx ends.
func (h *Handler) Run(ctx context.Context) error {
	tick := time.NewTicker(h.opts.Socket.RecheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.Recheck(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// Recheck asks [Options.Standing] of the caller of each session, and ends the subscriptions of those whose standing is not
// what it was, with FORBIDDEN, or who are nobody any more, with what Standing said. A client that subscribes anew gets what
// the caller may have now.
func (h *Handler) Recheck(ctx context.Context) {
	var asking errgroup.Group
	asking.SetLimit(recheckAtOnce)
	for _, s := range h.sessions.all() {
		if ctx.Err() != nil {
			break
		}
		asking.Go(func() error { s.recheck(ctx); return nil })
	}
	_ = asking.Wait() // nothing is returned
}

func (s *session) recheck(ctx context.Context) {
	s.mu.Lock()
	caller, before := s.caller, s.standing
	s.mu.Unlock()
	if caller == nil {
		return
	}
	asked, cancel := context.WithCancel(caller)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	now, err := s.h.standing(asked)
	why := helix.AsError(err)
	switch {
	case err == nil && now == before:
		return
	case err == nil:
		why = helix.Forbidden("what you may see has changed; subscribe again")
	case why.Code != helix.CodeUnauthenticated && why.Code != helix.CodeForbidden:
		return
	}
	s.revoke(now, why)
}

// standing asks what a caller may do. A panic means that nobody knows.
func (h *Handler) standing(ctx context.Context) (_ string, err error) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(ctx, h.opts.Logger, p)
			err = internalError()
		}
	}()
	return h.opts.Standing(ctx)
}

// revoke ends the subscriptions that began while the caller's standing was another. One that is just beginning may have
// looked at the former: then the next round finds the same.
func (s *session) revoke(standing string, why *helix.Error) {
	errs := gqlerror.List{present(why)}
	s.mu.Lock()
	defer s.mu.Unlock()
	beginning := false
	for _, st := range s.streams {
		if !st.streaming {
			beginning = true
			continue
		}
		st.revoked = errs
		st.cancel()
	}
	if !beginning {
		s.standing = standing
	}
}

func (s *session) isRevoked(st *stream) gqlerror.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	return st.revoked
}

// tellRevoked ends a subscription with the reason why its caller may not have it any more, if that is so.
func (s *session) tellRevoked(st *stream, op *operation) {
	errs := s.isRevoked(st)
	if errs == nil {
		return
	}
	op.report.Code = codeOf(errs[0])
	s.push(s.ctx, frame{data: s.dialect.fail(st.json, errs), stream: st, last: true})
}
