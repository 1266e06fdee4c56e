package calls

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// maxHoles is how many places in the log one trace names; a person with more events leaves several.
const maxHoles = 8000

// erasureTrace is what is stored of an erasure. The places in the log tell a hole that an erasure left from one that somebody
// else made; they say nothing about whose events they held.
type erasureTrace struct {
	helix.Erasure
	Part  int      `json:"part,omitempty"` // 0: the erasure itself; others hold further holes
	Holes []uint64 `json:"holes,omitempty"`
	Seal  string   `json:"seal"`
}

func (s *sealer) sealTrace(t *erasureTrace) error {
	t.Seal = ""
	content, err := json.Marshal(t)
	if err != nil {
		return helix.Internal("calls.erase", err)
	}
	t.Seal = s.seal("", "erasure", "", content)
	return nil
}

func (s *sealer) genuineTrace(t erasureTrace) bool {
	again := t
	return s.sealTrace(&again) == nil && hmac.Equal([]byte(again.Seal), []byte(t.Seal))
}

// PersonCalls gives the calls with a number, in the order in which they entered the log.
func (s *Service) PersonCalls(ctx context.Context, phone helix.Phone) ([]helix.Call, error) {
	var calls []helix.Call
	place := map[string]int{}
	for after := uint64(0); ; {
		page, err := s.bus.PersonEvents(ctx, s.person(phone), after, replayPage)
		if err != nil {
			return nil, fmt.Errorf("calls.person: %w", err)
		}
		if len(page) == 0 {
			return calls, nil
		}
		for _, st := range page {
			e, err := s.tail.decode(st)
			if err != nil {
				return nil, err
			}
			i, known := place[st.Call]
			if !known {
				i = len(calls)
				place[st.Call] = i
				calls = append(calls, helix.Call{ID: helix.CallID(st.Call)})
			}
			calls[i] = fold(calls[i], *e)
			after = st.Sequence
		}
	}
}

// TraceErasure keeps the trace of an erasure, over an earlier one of the same id.
func (s *Service) TraceErasure(ctx context.Context, e helix.Erasure) error {
	return s.keepTrace(ctx, erasureTrace{Erasure: e})
}

// Erasures lists the traces, the latest first.
func (s *Service) Erasures(ctx context.Context) ([]helix.Erasure, error) {
	all, err := s.erasures.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("calls.erasures: %w", err)
	}
	var list []helix.Erasure
	for _, t := range all {
		if t.Part == 0 {
			list = append(list, t.Erasure)
		}
	}
	slices.SortFunc(list, func(a, b helix.Erasure) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// ErasePerson removes every event of the calls with a number, and what else is kept of these calls: the ids that
// providers know them by and the place of a dial. It answers with the number of events. The holes are noted before they
// are made; when it fails, the rest is erased by calling it again. What a provider tells later of calls from before the
// erasure is not taken in.
func (s *Service) ErasePerson(ctx context.Context, by helix.Erasure, phone helix.Phone) (events int, err error) {
	calls, err := s.PersonCalls(ctx, phone)
	if err != nil {
		return 0, err
	}
	if _, err := s.erased.Put(ctx, s.person(phone), by.At); err != nil {
		return 0, fmt.Errorf("calls.erase: %w", err)
	}
	if err := s.forgetIDs(ctx, phone, calls); err != nil {
		return 0, err
	}
	for part := 1; ; part++ {
		stored, err := s.bus.PersonEvents(ctx, s.person(phone), 0, maxHoles)
		if err != nil || len(stored) == 0 {
			return events, err
		}
		t := erasureTrace{Erasure: helix.Erasure{ID: by.ID, At: by.At, By: by.By}, Part: part, Holes: make([]uint64, len(stored))}
		for i, st := range stored {
			t.Holes[i] = st.Sequence
		}
		if err := s.keepTrace(ctx, t); err != nil {
			return events, err
		}
		if err := s.bus.EraseEvents(ctx, t.Holes...); err != nil {
			return events, fmt.Errorf("calls.erase: %w", err)
		}
		s.drop(t.Holes)
		events += len(stored)
	}
}

// forgotten reports whether a report is about a person who was erased since: a provider's records of two days are read
// again and again, and would bring his calls back.
func (s *Service) forgotten(ctx context.Context, r helix.CallReport) (bool, error) {
	if r.Phone == "" {
		return false, nil
	}
	at, _, err := s.erased.Get(ctx, s.person(r.Phone))
	if err != nil {
		return false, ignoreNotFound(err)
	}
	return !r.At.After(at), nil
}

func (s *Service) keepTrace(ctx context.Context, t erasureTrace) error {
	if err := s.seals.sealTrace(&t); err != nil {
		return err
	}
	if _, err := s.erasures.Put(ctx, bus.Key(t.ID)+"."+strconv.Itoa(t.Part), t); err != nil {
		return fmt.Errorf("calls.erase: %w", err)
	}
	return nil
}

// forgetIDs removes what leads from a provider, an agent or a record to the calls.
func (s *Service) forgetIDs(ctx context.Context, phone helix.Phone, calls []helix.Call) error {
	if err := s.unlink(ctx, calls); err != nil {
		return err
	}
	for _, c := range calls {
		if c.ProviderCallID == "" {
			continue
		}
		if err := s.ids.Delete(ctx, providerKey(c.Provider, c.ProviderCallID), 0); err != nil {
			return fmt.Errorf("calls.erase: %w", err)
		}
	}
	dials, err := s.dials.All(ctx)
	if err != nil {
		return fmt.Errorf("calls.erase: %w", err)
	}
	for agent := range dials {
		dial, rev, err := s.dials.Get(ctx, agent)
		if err == nil && dial.Phone == phone {
			err = s.dials.Delete(ctx, agent, rev)
		}
		// Somebody who has just dialled again has another number there.
		if err != nil && !errors.Is(err, bus.ErrNotFound) && !errors.Is(err, bus.ErrConflict) {
			return fmt.Errorf("calls.erase: %w", err)
		}
	}
	return nil
}

// followErasures forgets what other replicas erase, until ctx ends.
func (s *Service) followErasures(ctx context.Context) error {
	return s.erasures.Watch(ctx, func(_ string, t *erasureTrace, _ uint64) {
		if t != nil && len(t.Holes) > 0 {
			s.drop(t.Holes)
		}
	})
}

// drop forgets the folds and the events in memory that have these places in the log.
func (s *Service) drop(holes []uint64) {
	s.names.clear()
	gone := make(map[uint64]struct{}, len(holes))
	for _, h := range holes {
		gone[h] = struct{}{}
	}
	s.mu.Lock()
	for id, call := range s.cache {
		if _, erased := gone[call.Revision]; erased {
			delete(s.cache, id)
		}
	}
	s.mu.Unlock()
	s.tail.drop(gone)
}

// drop takes events out of the ring. Who reads has a slice of the old one, so that a new one is made.
func (t *tail) drop(gone map[uint64]struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := make([]*helix.CallEvent, 0, max(len(t.ring), 1))
	for _, e := range t.ring {
		if _, erased := gone[e.Cursor.Sequence]; !erased {
			kept = append(kept, e)
		}
	}
	t.ring = kept
}
