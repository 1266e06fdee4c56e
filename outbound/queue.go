package outbound

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// takePatience is how long one look at the queue waits.
	takePatience = 5 * time.Second
	// gatePause is how long a dial waits when a gate could not judge it, or when there was no room after all.
	gatePause = 10 * time.Second
	// earliest is the shortest wait of a dial that came too early, so that clocks that differ make no loop.
	earliest = time.Second
)

func newKey() string { return uuid.NewString() }

// room is how many more calls may be up. A dial that is under way and not stored yet has a reservation.
type room struct {
	limit int
	index *index

	mu       sync.Mutex
	reserved int
	freed    chan struct{} // one token when a reservation was given back
}

func newRoom(limit int, x *index) *room {
	return &room{limit: limit, index: x, freed: make(chan struct{}, 1)}
}

// reserve waits for room; false when ctx ends first.
func (r *room) reserve(ctx context.Context) bool {
	for ctx.Err() == nil {
		r.mu.Lock()
		if r.index.occupied("")+r.reserved < r.limit {
			r.reserved++
			r.mu.Unlock()
			return true
		}
		r.mu.Unlock()
		select {
		case <-r.freed:
		case <-r.index.freed:
		case <-ctx.Done():
		}
	}
	return false
}

func (r *room) release() {
	r.mu.Lock()
	r.reserved--
	r.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

// dispatch takes a dial from the queue for each free line, until ctx ends and the dials under way are done.
func (s *Service) dispatch(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for s.room.reserve(ctx) {
		taken, err := s.dialers.Take(ctx, takePatience)
		if err != nil {
			s.room.release()
			if !errors.Is(err, bus.ErrNotFound) && ctx.Err() == nil {
				s.o.Logger.WarnContext(ctx, "the queue of dials could not be read", "error", err)
				wait(ctx, tick)
			}
			continue
		}
		running.Go(func() { s.serve(ctx, taken, sync.OnceFunc(s.room.release)) })
	}
}

// serve sees to one dial of the queue. It goes on when ctx ends: what was begun is brought to its end.
func (s *Service) serve(ctx context.Context, d bus.Dial, release func()) {
	defer release()
	ctx = context.WithoutCancel(ctx)
	if err := s.dial(ctx, helix.CallID(d.Call), release); err != nil {
		// The queue hands it out again in a minute.
		s.o.Logger.WarnContext(ctx, "a dial was not seen to; it comes again", "call", d.Call, "error", err)
		return
	}
	if err := d.Done(); err != nil {
		s.o.Logger.InfoContext(ctx, "a dial that is done may come again", "call", d.Call, "error", err)
	}
}

// errMoved ends a step that no longer fits the call.
var errMoved = errors.New("the call moved meanwhile")

// dial dials a call whose turn has come, if it still is to be dialled. stored is called once the call counts as up. An
// error means that nothing was stored and that the dial must come again.
func (s *Service) dial(ctx context.Context, id helix.CallID, stored func()) error {
	for range maxTries {
		call, err := s.Get(ctx, id)
		if helix.IsCode(err, helix.CodeNotFound) {
			return nil // erased
		}
		if err != nil {
			return err
		}
		if call.State != helix.OutboundInitiating {
			return nil // over, or somebody dials it or did: that is never repeated
		}
		now := s.o.Now()
		if call.DueAt.After(now) {
			due := call.DueAt
			if soonest := now.Add(earliest); due.Before(soonest) {
				due = soonest
			}
			return s.o.Bus.QueueDial(ctx, string(id), due)
		}
		verdict := s.judge(ctx, call)
		call, err = s.intend(ctx, call, verdict)
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil || call.State != helix.OutboundDialing {
			return err
		}
		stored()
		s.place(ctx, call)
		return nil
	}
	return helix.Internal("outbound.dial", errMoved)
}

// judge asks every gate. That the call was not cancelled is seen before and, by its revision, after.
func (s *Service) judge(ctx context.Context, call helix.OutboundCall) Verdict {
	now := s.o.Now()
	if expired(&call, now, s.o.Expiry) {
		return Verdict{}
	}
	if s.index.occupied(call.ID) >= s.o.Concurrency {
		return Verdict{Until: now.Add(gatePause), Detail: "all lines are taken"}
	}
	for _, gate := range s.o.Gates {
		verdict, err := gate.Pass(ctx, call)
		if err != nil {
			s.o.Logger.WarnContext(ctx, "a gate could not judge a dial", "call", string(call.ID), "error", err)
			return Verdict{Until: now.Add(gatePause), Detail: "a rule could not be checked"}
		}
		if verdict.Refuse || verdict.Until.After(now) {
			return verdict
		}
	}
	return Verdict{}
}

// expired reports whether a call that was never dialled has waited too long.
func expired(c *helix.OutboundCall, now time.Time, limit time.Duration) bool {
	wanted := c.CreatedAt
	if c.Request.ScheduledAt.After(wanted) {
		wanted = c.Request.ScheduledAt
	}
	return c.State == helix.OutboundInitiating && now.Sub(wanted) > limit
}

// intend stores what comes of a verdict: the intent to dial, a later time, or the end. The call must be as it was
// judged, else errMoved.
func (s *Service) intend(ctx context.Context, judged helix.OutboundCall, v Verdict) (helix.OutboundCall, error) {
	return s.change(ctx, judged.ID, func(e *edit) (bool, error) {
		if e.Revision != judged.Revision {
			return false, errMoved
		}
		detail := clean(v.Detail, maxDetail)
		switch {
		case expired(&e.OutboundCall, e.now, s.o.Expiry):
			return e.finish(helix.OutboundFailed, helix.ReasonExpired), nil
		case v.Refuse:
			e.note(helix.OutboundAttempted, "refused: "+detail)
			return e.finish(helix.OutboundFailed, helix.ReasonNotAllowed), nil
		case v.Until.After(e.now):
			e.DueAt = v.Until.UTC()
			e.once(helix.OutboundAttempted, "deferred: "+detail)
			return true, nil
		}
		e.Attempts = append(e.Attempts, helix.OutboundAttempt{Number: len(e.Attempts) + 1, State: helix.OutboundDialing, StartedAt: e.now})
		e.note(helix.OutboundAttempted, fmt.Sprintf("attempt %d begins", len(e.Attempts)))
		e.DueAt = time.Time{}
		return e.move(helix.OutboundDialing), nil
	})
}

// place asks the provider, once, and keeps its answer. An answer that cannot be kept leaves an attempt without word,
// which the call log may tell of.
func (s *Service) place(ctx context.Context, call helix.OutboundCall) {
	attempt := call.Attempt().Number
	request := helix.DialRequest{
		Call: call.ID, Attempt: attempt, To: call.Request.Patient.Phone, StreamURL: s.o.Streams.URL(call.ID, attempt),
		Greeting: s.o.Greeting(call.Request), Language: call.Request.Language,
		Metadata: map[string]any{"callId": string(call.ID), "attempt": attempt},
	}
	s.o.Streams.Prepare(call.ID, s.voiceAgent(&call))
	asked, cancel := context.WithTimeout(ctx, dialPatience)
	providerID, err := s.o.Dialler.Dial(asked, request)
	cancel()
	_, kept := s.change(ctx, call.ID, func(e *edit) (bool, error) { return s.answered(e, attempt, providerID, err), nil })
	if kept != nil {
		s.o.Logger.ErrorContext(ctx, "the provider's answer to a dial could not be kept", "call", string(call.ID), "attempt", attempt, "error", kept)
	}
}

// answered keeps what the provider answered to a dial. Reports and the audio may have overtaken it.
func (s *Service) answered(e *edit, attempt int, providerID string, err error) bool {
	if attempt > len(e.Attempts) {
		return false
	}
	a := &e.Attempts[attempt-1]
	if err == nil {
		a.Learn(providerID)
		e.note(helix.OutboundProvider, fmt.Sprintf("attempt %d was accepted", attempt))
		return true
	}
	code := helix.CodeUnknownOutcome // an error without a code proves nothing
	var known *helix.Error
	if errors.As(err, &known) {
		code = known.Code
	}
	if code == helix.CodeUnknownOutcome || code == helix.CodeInternal {
		e.note(helix.OutboundProvider, fmt.Sprintf("whether attempt %d was placed is not known: %s", attempt, code))
		return true
	}
	e.note(helix.OutboundProvider, fmt.Sprintf("attempt %d was refused: %s", attempt, code))
	if e.State == helix.OutboundDialing && attempt == len(e.Attempts) {
		e.unanswered(helix.ReasonRefused, string(code), known.Retryable, s.o.pause(helix.ReasonRefused, known.RetryAfter))
	}
	return true
}

// voiceAgent is who talks in a call.
func (s *Service) voiceAgent(c *helix.OutboundCall) string {
	if c.Request.VoiceAgent != "" {
		return c.Request.VoiceAgent
	}
	return s.o.VoiceAgent
}

// wait pauses, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
