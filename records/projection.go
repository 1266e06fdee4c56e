package records

import (
	"context"
	"fmt"
)

// Waiting reports whether a lane holds writes that FortyTwo may not have yet. Without any, FortyTwo shows what was
// submitted last, or what somebody else made of it since.
func (s *Service) Waiting(ctx context.Context, lane string) (bool, error) {
	waiting, err := s.bus.OutboxWaiting(ctx, lane)
	if err != nil {
		return false, fmt.Errorf("records.waiting: %w", err)
	}
	return waiting, nil
}

// KeptAs gives the id that FortyTwo keeps a record of ours under.
func (s *Service) KeptAs(ctx context.Context, record string) (string, error) {
	return s.keptID(ctx, record)
}
