package calls

import (
	"context"
	"errors"
	"sync"

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
	ids := []string{r.ProviderCallID, r.LegID}
	for i, id := range ids {
		if id == "" || i > 0 && id == ids[0] {
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
	if r.Direction == helix.Inbound { // a dial may still be named by the answer to it
		s.names.put(providerKey(r.Provider, first), id)
	}
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
		key := providerKey(p, id)
		if known, ok := s.names.get(key); ok && known == call {
			continue
		}
		_, err := s.ids.Create(ctx, key, call)
		switch {
		case err == nil:
			s.names.put(key, call)
		case !errors.Is(err, bus.ErrConflict):
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
	key := providerKey(p, providerID)
	if id, known := s.names.get(key); known {
		return id, nil
	}
	id, _, err := s.ids.Get(ctx, key)
	if errors.Is(err, bus.ErrNotFound) {
		return "", nil
	}
	if err == nil {
		s.names.put(key, id)
	}
	return id, err
}

func providerKey(p helix.Provider, id string) string { return bus.Key(string(p) + "." + id) }

// names remembers which calls ids of providers mean, by the keys of the bucket: what is in it, and what follows from the
// id itself. It has at most maxCached entries, any of which may be dropped. It is safe for concurrent use.
type names struct {
	mu    sync.Mutex
	byKey map[string]helix.CallID
}

func newNames() *names { return &names{byKey: map[string]helix.CallID{}} }

func (n *names) get(key string) (helix.CallID, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, ok := n.byKey[key]
	return id, ok
}

func (n *names) put(key string, id helix.CallID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.byKey[key]; !ok && len(n.byKey) >= maxCached {
		for other := range n.byKey {
			delete(n.byKey, other)
			break
		}
	}
	n.byKey[key] = id
}

// clear forgets all, since some of it was erased.
func (n *names) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.byKey)
}
