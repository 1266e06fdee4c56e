package outbound

import (
	"context"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Erase removes all outbound calls to a number with their recordings, open ones after they were cancelled, and answers
// with their number. Events of them are the log's to erase (bus.ErasePerson), records FortyTwo's. An idempotency key that
// is erased may be used anew.
func (s *Service) Erase(ctx context.Context, p helix.Phone) (calls int, err error) {
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	for _, e := range s.index.ofPhone(p) {
		call, err := s.Get(ctx, e.id)
		if helix.IsCode(err, helix.CodeNotFound) || err == nil && call.Request.Patient.Phone != p {
			continue
		}
		if err == nil && !call.State.Final() {
			call, err = s.Cancel(ctx, e.id)
		}
		if err != nil && !helix.IsCode(err, helix.CodeConflict) {
			return calls, err
		}
		if err := s.eraseCall(ctx, &call); err != nil {
			return calls, coded("outbound.erase", err)
		}
		calls++
	}
	return calls, nil
}

func (s *Service) eraseCall(ctx context.Context, call *helix.OutboundCall) error {
	s.speech.take(call.ID)
	if err := s.o.Streams.Forget(ctx, call.ID); err != nil {
		return err
	}
	for _, a := range call.Attempts {
		for _, id := range append([]string{a.ProviderCallID}, a.Aliases...) {
			if id == "" {
				continue
			}
			if err := s.ids.Delete(ctx, providerKey(s.o.Provider, id), 0); err != nil {
				return err
			}
		}
	}
	for _, c := range call.Conversations {
		if err := s.ids.Delete(ctx, providerKey(helix.ProviderElevenLabs, c.ID), 0); err != nil {
			return err
		}
	}
	// A stale copy in the index goes with the bucket's own word.
	return s.calls.Delete(ctx, bus.Key(string(call.ID)), 0)
}
