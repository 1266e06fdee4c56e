package calls

import (
	"context"
	"errors"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// beginPatience is how long a dial whose call is not in the log yet keeps its place: the intent is written right after
// the place is taken, so later than that it never will be.
const beginPatience = 20 * time.Second

// unknownDialPatience is how long a dial whose outcome never became known keeps its agent from dialling again.
const unknownDialPatience = 2 * time.Minute

// BeginDial takes the agent's only place for an open dial; AGENT_BUSY while an earlier one is open. Beginning the same
// call again is allowed and changes nothing.
func (s *Service) BeginDial(ctx context.Context, agent helix.AgentID, dial helix.OpenDial) error {
	key := bus.Key(string(agent))
	for range maxAppendTries {
		earlier, rev, err := s.dials.Get(ctx, key)
		switch {
		case errors.Is(err, bus.ErrNotFound):
			_, err = s.dials.Create(ctx, key, dial)
		case err != nil:
			return err
		case earlier.Call == dial.Call:
			return nil
		default:
			open, wait, oerr := s.dialOpen(ctx, earlier)
			if oerr != nil {
				return oerr
			}
			if open {
				return dialIsOpen(wait)
			}
			_, err = s.dials.Update(ctx, key, dial, rev)
		}
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
	return helix.Conflict("another dial of this agent was first")
}

// dialIsOpen refuses a dial beside another one, whose fate is known after the wait at the latest; zero when its end is in
// the agent's hands.
func dialIsOpen(wait time.Duration) error {
	busy := &helix.Error{Code: helix.CodeAgentBusy, Message: "your earlier call is still open; end it first", Op: "calls.dial", Retryable: true}
	if wait > 0 {
		busy.Message = "your earlier call may still ring: nothing was heard of it yet; call again when it has shown what became of it, at the latest in 2 minutes"
		busy.RetryAfter = wait
	}
	return busy
}

// NameDial keeps the id that the provider gave to the agent's open dial.
func (s *Service) NameDial(ctx context.Context, agent helix.AgentID, p helix.Provider, call helix.CallID, providerCallID string) error {
	if err := s.Know(ctx, p, call, providerCallID); err != nil {
		return err
	}
	key := bus.Key(string(agent))
	dial, rev, err := s.dials.Get(ctx, key)
	if err != nil || dial.Call != call {
		return ignoreNotFound(err)
	}
	dial.ProviderCallID = providerCallID
	_, err = s.dials.Update(ctx, key, dial, rev)
	if errors.Is(err, bus.ErrConflict) {
		return nil // a newer dial took the place, so this one is over
	}
	return err
}

// DialOf reads the agent's last dial.
func (s *Service) DialOf(ctx context.Context, agent helix.AgentID) (helix.OpenDial, error) {
	dial, _, err := s.dials.Get(ctx, bus.Key(string(agent)))
	return dial, ignoreNotFound(err)
}

// dialOpen reports whether a dial still keeps its agent, and for how long at most; zero when that is not known. One that was
// stored but of which nothing was ever heard stops doing so after a while; it is ended as unknown, never repeated.
func (s *Service) dialOpen(ctx context.Context, d helix.OpenDial) (open bool, wait time.Duration, err error) {
	call, err := s.load(ctx, d.Call)
	since := s.now().Sub(d.At)
	switch {
	case err != nil:
		return false, 0, err
	case call == nil:
		return since < beginPatience, beginPatience - since, nil
	case !call.Open():
		return false, 0, nil
	case call.State != helix.CallDialing:
		return true, 0, nil
	case since < unknownDialPatience:
		return true, unknownDialPatience - since, nil
	}
	_, err = s.endUnknown(ctx, d.Call)
	return false, 0, err
}

// EndUnknownDials ends the dials of which nothing was heard for a while. It is run by the scheduler, on one replica.
func (s *Service) EndUnknownDials(ctx context.Context) error {
	dials, err := s.dials.All(ctx)
	if err != nil {
		return err
	}
	for _, d := range dials {
		if _, _, err := s.dialOpen(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// endUnknown ends a call of which nothing was heard after it was dialled.
func (s *Service) endUnknown(ctx context.Context, id helix.CallID) (helix.Call, error) {
	return s.Append(ctx, id, func(call *helix.Call) ([]helix.CallEvent, error) {
		if call == nil || call.State != helix.CallDialing {
			return nil, nil
		}
		return []helix.CallEvent{{
			Kind: helix.EventEnded, At: s.now().UTC(), Phone: call.Phone, Provider: call.Provider, Direction: call.Direction,
			Agent: call.Agent, AgentName: call.AgentName, EndReason: helix.EndUnknownOutcome,
			Failure: &helix.Failure{Code: helix.CodeUnknownOutcome, Message: "whether the call was placed never became known"},
		}}, nil
	})
}

func ignoreNotFound(err error) error {
	if errors.Is(err, bus.ErrNotFound) {
		return nil
	}
	return err
}
