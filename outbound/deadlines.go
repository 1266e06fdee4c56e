package outbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// sweepEvery is how often calls that should be in the queue are looked for there, and sweepAfter how late they must
	// be for it.
	sweepEvery = 30 * time.Second
	sweepAfter = 10 * time.Second
)

// Deadlines sees to everything whose time has come. Run calls it every second on the replica that leads; any number may.
func (s *Service) Deadlines(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	now := s.o.Now().UTC().Round(0)
	sweep := s.sweeps(now)
	var failures []error
	for _, call := range s.index.unfinished() {
		if call.State.Final() {
			continue
		}
		if probe := (edit{OutboundCall: clone(*call), now: now}); s.overdue(&probe) {
			failures = append(failures, s.expire(ctx, call.ID))
			continue
		}
		if sweep && call.State == helix.OutboundInitiating && now.Sub(call.DueAt) >= sweepAfter {
			failures = append(failures, s.requeue(ctx, call.ID))
		}
	}
	return errors.Join(failures...)
}

// sweeps reports whether the queue is to be looked through now.
func (s *Service) sweeps(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) < sweepEvery {
		return false
	}
	s.swept = now
	return true
}

// requeue puts a call back whose place in the queue was lost.
func (s *Service) requeue(ctx context.Context, id helix.CallID) error {
	queued, err := s.o.Bus.DialQueued(ctx, string(id))
	if err != nil || queued {
		return err
	}
	return s.o.Bus.QueueDial(ctx, string(id), time.Time{})
}

func (s *Service) expire(ctx context.Context, id helix.CallID) error {
	call, err := s.change(ctx, id, func(e *edit) (bool, error) { return s.overdue(e), nil })
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil // erased
	}
	if err == nil && call.State.Final() {
		s.o.Streams.End(id, call.EndReason)
	}
	return err
}

// overdue does what is due in a call and says whether that was anything.
func (s *Service) overdue(e *edit) bool {
	a := e.Attempt()
	switch e.State {
	case helix.OutboundInitiating:
		return expired(&e.OutboundCall, e.now, s.o.Expiry) && e.finish(helix.OutboundFailed, helix.ReasonExpired)
	case helix.OutboundDialing:
		waited := e.now.Sub(a.StartedAt)
		if waited >= s.o.Patience {
			return e.finish(helix.OutboundFailed, helix.ReasonUnknownOutcome)
		}
		if waited < s.o.DialTimeout || a.Late {
			return false
		}
		a.Late = true
		e.note(helix.OutboundMedia, fmt.Sprintf("no audio within %s; what became of the call is to be found out", s.o.DialTimeout))
		return true
	case helix.OutboundConnected, helix.OutboundActive:
		return s.stuck(e, a)
	case helix.OutboundDisconnected:
		if e.now.Sub(a.SilentAt) < s.o.Grace {
			return false
		}
		s.settle(e)
		return true
	}
	return false
}

// stuck ends a call that is up without audio, that the provider says is over, or that has outlived its maximum: its
// stream, or the replica that had it, is gone.
func (s *Service) stuck(e *edit, a *helix.OutboundAttempt) bool {
	switch {
	case a.AttachedAt.IsZero():
		return e.now.Sub(a.ConnectedAt) >= s.o.Grace && e.finish(helix.OutboundFailed, helix.ReasonNoAudio)
	case a.Reported != "" && e.now.Sub(a.ReportedAt) >= s.o.Grace:
		e.move(helix.OutboundDisconnected)
		a.SilentAt = e.now
		s.settle(e)
		return true
	case e.now.Sub(a.AttachedAt) < s.o.MaxDuration+s.o.Grace*3/4:
		return false
	case e.State == helix.OutboundActive:
		return e.finish(helix.OutboundCompleted, helix.ReasonMaxDuration)
	default:
		return e.finish(helix.OutboundFailed, helix.ReasonMaxDuration)
	}
}
