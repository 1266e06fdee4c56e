package calls

import (
	"context"
	"errors"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// identify finds our id of the call that a report is about: the one that we sent along, the one that a provider id is
// known by, the agent's open dial to this number (its push may overtake the answer to our request), else the id that
// follows from the provider's.
func (s *Service) identify(ctx context.Context, r helix.CallReport) (helix.CallID, error) {
	if r.OurCall != "" {
		call, err := s.load(ctx, r.OurCall)
		if err != nil {
			return "", err
		}
		if call != nil {
			return r.OurCall, s.Know(ctx, r.Provider, r.OurCall, r.ProviderCallID, r.LegID)
		}
	}
	for _, id := range []string{r.ProviderCallID, r.LegID} {
		if id == "" {
			continue
		}
		known, err := s.known(ctx, r.Provider, id)
		if err != nil {
			return "", err
		}
		if known != "" {
			return known, s.Know(ctx, r.Provider, known, r.ProviderCallID, r.LegID)
		}
	}
	if r.Direction == helix.Outbound && r.Agent != "" {
		dial, _, err := s.dials.Get(ctx, bus.Key(string(r.Agent)))
		if err != nil && !errors.Is(err, bus.ErrNotFound) {
			return "", err
		}
		if err == nil && dial.ProviderCallID == "" && dial.Phone == r.Phone {
			return dial.Call, s.Know(ctx, r.Provider, dial.Call, r.ProviderCallID, r.LegID)
		}
	}
	first := r.ProviderCallID
	if first == "" {
		first = r.LegID
	}
	id := helix.CallID(helix.NewID(string(r.Provider), first))
	if r.LegID != "" && r.LegID != first {
		return id, s.Know(ctx, r.Provider, id, r.LegID)
	}
	return id, nil
}

// Know remembers under which ids the provider speaks of a call.
func (s *Service) Know(ctx context.Context, p helix.Provider, call helix.CallID, providerIDs ...string) error {
	for _, id := range providerIDs {
		if id == "" {
			continue
		}
		_, err := s.ids.Create(ctx, providerKey(p, id), call)
		if err != nil && !errors.Is(err, bus.ErrConflict) {
			return err
		}
	}
	return nil
}

// IDOf gives our id of the call that a provider speaks of under this id. A call that nobody has told of yet is given the
// id that it would have, under which [Service.Get] says NOT_FOUND.
func (s *Service) IDOf(ctx context.Context, p helix.Provider, providerID string) (helix.CallID, error) {
	known, err := s.known(ctx, p, providerID)
	if err != nil || known != "" {
		return known, err
	}
	return helix.CallID(helix.NewID(string(p), providerID)), nil
}

// known finds the id that a provider's id was remembered with, "" when there is none.
func (s *Service) known(ctx context.Context, p helix.Provider, providerID string) (helix.CallID, error) {
	id, _, err := s.ids.Get(ctx, providerKey(p, providerID))
	if errors.Is(err, bus.ErrNotFound) {
		return "", nil
	}
	return id, err
}

func providerKey(p helix.Provider, id string) string { return bus.Key(string(p) + "." + id) }
