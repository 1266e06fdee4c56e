package outbound

import (
	"context"
	"errors"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// matchWithin is how long after its dial a call without a provider's id can be told by its customer.
	matchWithin = 2 * time.Hour
	// clockSkew is how far the provider's clock may be behind ours.
	clockSkew = 30 * time.Second
)

// Report takes in what the telephony provider says of a call. Reports may be late, repeated and out of order. NOT_FOUND
// when no call of ours can be meant.
func (s *Service) Report(ctx context.Context, r helix.DialReport) error {
	id, err := s.identify(ctx, r.Call, r.Provider, r.ProviderCallID, r.Customer)
	if err != nil {
		return err
	}
	return s.report(ctx, id, r)
}

func (s *Service) report(ctx context.Context, id helix.CallID, r helix.DialReport) error {
	_, err := s.change(ctx, id, func(e *edit) (bool, error) { return s.reported(e, r), nil })
	return err
}

// identify finds the call that is meant: by our own id, by the provider's, else the newest open one to that customer of
// whose attempt no other provider's id is known.
func (s *Service) identify(ctx context.Context, ours helix.CallID, p helix.Provider, theirs string, customer helix.Phone) (helix.CallID, error) {
	if ours != "" {
		if _, err := s.Get(ctx, ours); err == nil || !helix.IsCode(err, helix.CodeNotFound) {
			return ours, err
		}
	}
	if p == "" {
		p = s.o.Provider
	}
	if theirs != "" {
		id, _, err := s.ids.Get(ctx, providerKey(p, theirs))
		if err == nil {
			if _, err := s.Get(ctx, id); err == nil || !helix.IsCode(err, helix.CodeNotFound) {
				return id, err
			}
		} else if !errors.Is(err, bus.ErrNotFound) {
			return "", coded("outbound.identify", err)
		}
	}
	if customer != "" {
		now := s.o.Now()
		for _, candidate := range s.index.ofPhone(customer) {
			if candidate.call == nil || candidate.state.Final() {
				continue
			}
			a := candidate.call.Attempt()
			if a != nil && now.Sub(a.StartedAt) < matchWithin && (theirs == "" || a.ProviderCallID == "" || a.KnownAs(theirs)) {
				return candidate.id, nil
			}
		}
	}
	return "", helix.NotFound("outbound call")
}

// reported applies a report and says whether there is anything to store.
func (s *Service) reported(e *edit, r helix.DialReport) bool {
	r = plain(r)
	detail := string(r.Status)
	if r.Detail != "" {
		detail += " (" + r.Detail + ")"
	}
	a := e.Attempt()
	if a == nil || !concerns(e.Attempts, r) {
		return e.ignored(detail + ": not of the current attempt")
	}
	learned := s.learn(e, a, r)
	if e.State.Final() {
		return e.ignored(detail+": the call is over") || learned
	}
	switch r.Status {
	case helix.DialPlaced:
		return e.once(helix.OutboundCallback, detail) || learned
	case helix.DialAnswered:
		if !a.ConnectedAt.IsZero() || e.State != helix.OutboundDialing && e.State != helix.OutboundInitiating {
			return e.ignored(detail) || learned
		}
		e.note(helix.OutboundCallback, detail)
		e.reopen()
		a.ConnectedAt = e.now
		return e.move(helix.OutboundConnected)
	default:
		return s.over(e, r, detail) || learned
	}
}

// over applies the report that the attempt's call is over.
func (s *Service) over(e *edit, r helix.DialReport, detail string) bool {
	a := e.Attempt()
	if e.State == helix.OutboundInitiating {
		if r.Status != helix.DialCompleted {
			return e.ignored(detail)
		}
		// It was taken for unanswered and was answered: the patient is not called again.
		e.note(helix.OutboundCallback, detail)
		e.reopen()
		a.Reported, a.ReportedAt = r.Status, e.now
		return e.finish(helix.OutboundFailed, helix.ReasonNoAudio)
	}
	if a.Reported != "" {
		return e.ignored(detail)
	}
	a.Reported, a.ReportedAt = r.Status, e.now
	e.note(helix.OutboundCallback, detail)
	switch e.State {
	case helix.OutboundDisconnected:
		s.settle(e)
	case helix.OutboundDialing:
		s.unreached(e, r.Status, r.Detail)
	case helix.OutboundConnected:
		if a.AttachedAt.IsZero() {
			e.finish(helix.OutboundFailed, helix.ReasonNoAudio)
		}
	} // else the audio ends any moment, or Deadlines sees to it
	return true
}

// unreached ends an attempt that brought no audio.
func (s *Service) unreached(e *edit, status helix.DialStatus, detail string) {
	switch status {
	case helix.DialBusy:
		e.unanswered(helix.ReasonBusy, detail, true, s.o.pause(helix.ReasonBusy, 0))
	case helix.DialNoAnswer:
		e.unanswered(helix.ReasonNoAnswer, detail, true, s.o.pause(helix.ReasonNoAnswer, 0))
	case helix.DialFailed:
		e.unanswered(helix.ReasonRejected, detail, false, 0)
	case helix.DialCompleted:
		e.unanswered(helix.ReasonNoAudio, detail, false, 0)
	default:
		e.unanswered(helix.ReasonUnknownOutcome, detail, false, 0)
	}
}

// plain brings a report's status and its being finished into agreement. Only what is over may be repeated.
func plain(r helix.DialReport) helix.DialReport {
	r.Detail = clean(r.Detail, maxDetail/2)
	switch r.Status {
	case helix.DialPlaced:
		if r.Finished {
			r.Status = helix.DialUnclear
		}
	case helix.DialAnswered:
		if r.Finished {
			r.Status = helix.DialCompleted
		}
	case helix.DialBusy, helix.DialNoAnswer, helix.DialFailed:
		if !r.Finished {
			r.Status = helix.DialPlaced
		}
	case helix.DialCompleted, helix.DialUnclear:
	default:
		r.Status = helix.DialPlaced
		if r.Finished {
			r.Status = helix.DialUnclear
		}
	}
	return r
}

// concerns reports whether a report is surely of the last attempt, not of an earlier one.
func concerns(attempts []helix.OutboundAttempt, r helix.DialReport) bool {
	last := &attempts[len(attempts)-1]
	switch {
	case last.KnownAs(r.ProviderCallID):
		return true
	case slices.ContainsFunc(attempts, func(a helix.OutboundAttempt) bool { return a.KnownAs(r.ProviderCallID) }):
		return false
	case !r.At.IsZero():
		return r.At.After(last.StartedAt.Add(-clockSkew))
	default:
		return len(attempts) == 1
	}
}

// learn keeps what a report adds to what is known, whatever the state.
func (s *Service) learn(e *edit, a *helix.OutboundAttempt, r helix.DialReport) bool {
	learned := a.Learn(r.ProviderCallID)
	if e.Recording == "" && r.RecordingURL != "" && len(r.RecordingURL) <= maxURL {
		e.Recording, learned = r.RecordingURL, true
	}
	return learned
}
