package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// longestCall is after which time a call whose end nobody told of does not count as open any more.
const longestCall = 12 * time.Hour

// ErasePerson removes what the gateway holds of a person by his number. CONFLICT while a call with the number is open or
// waits for its disposition.
func (s *Service) ErasePerson(ctx context.Context, by helix.MemberID, phone helix.Phone) (helix.Erasure, error) {
	if phone == "" {
		return helix.Erasure{}, helix.BadInput("phone is needed")
	}
	e := helix.Erasure{ID: uuid.NewString(), At: s.o.Now().UTC(), By: by}
	known, err := s.o.Calls.PersonCalls(ctx, phone)
	if err == nil {
		err = s.busy(ctx, known)
	}
	if err != nil {
		return e, err
	}
	e.Calls = len(known)
	if err := s.o.Calls.TraceErasure(ctx, e); err != nil {
		return e, err
	}
	if err := s.erase(ctx, phone, known, &e); err != nil {
		s.o.Logger.WarnContext(ctx, "an erasure was not finished", "erasure", e.ID, "member", string(by), "error", err)
		return e, err
	}
	e.Done = true
	if err := s.o.Calls.TraceErasure(ctx, e); err != nil {
		return e, err
	}
	s.o.Logger.InfoContext(ctx, "a person was erased", "erasure", e.ID, "member", string(by), "calls", e.Calls, "events", e.Events,
		"missed_calls", e.MissedCalls, "pushes", e.Pushes, "commands", e.Commands, "dead_letters", e.DeadLetters, "outbound_calls", e.OutboundCalls)
	return e, nil
}

// busy refuses while somebody works on one of the calls.
func (s *Service) busy(ctx context.Context, known []helix.Call) error {
	agents, err := s.o.Agents.Agents(ctx)
	if err != nil {
		return err
	}
	current := make(map[helix.CallID]bool, len(agents))
	for _, a := range agents {
		current[a.CurrentCall] = true
	}
	for i := range known {
		c := &known[i]
		open := c.Open() && s.o.Now().Sub(c.StartedAt) < longestCall
		if open || (current[c.ID] && c.Disposition == nil) {
			return &helix.Error{
				Code: helix.CodeConflict, Retryable: true, Op: "operate.erase",
				Message: "a call with this number is open or waits for its disposition; erase when it is over",
			}
		}
	}
	return nil
}

func (s *Service) erase(ctx context.Context, phone helix.Phone, known []helix.Call, e *helix.Erasure) error {
	lanes, records := map[string]bool{}, make([]string, 0, 2*len(known))
	for i := range known {
		lanes[string(known[i].ID)] = true
		records = append(records, string(known[i].ID))
		if known[i].FollowUp != "" {
			records = append(records, known[i].FollowUp)
		}
	}
	names := naming(phone)
	discarded, err := s.o.Bus.Discard(ctx, func(w bus.Waiting) bool { return lanes[w.Lane] || names(w.Body) })
	e.Pushes, e.Commands, e.DeadLetters = discarded.Pushes, discarded.Commands, discarded.DeadPushes
	if err != nil {
		return fmt.Errorf("operate.erase: %w", err)
	}
	missed, err := s.o.Missed.Forget(ctx, phone)
	if err != nil {
		return err
	}
	if missed {
		e.MissedCalls = 1
	}
	if s.o.Outbound != nil {
		if e.OutboundCalls, err = s.o.Outbound.Erase(ctx, phone); err != nil {
			return err
		}
	}
	if err := s.o.Records.Forget(ctx, records...); err != nil {
		return err
	}
	e.Events, err = s.o.Calls.ErasePerson(ctx, *e, phone)
	return err
}
