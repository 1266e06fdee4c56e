package records

import (
	"context"
	"fmt"

	"github.com/helix-engage/gateway/internal/bus"
)

// Forget removes under which ids FortyTwo keeps these records of ours. Records that it keeps under our ids have no entry,
// and none is needed.
func (s *Service) Forget(ctx context.Context, records ...string) error {
	for _, id := range records {
		if err := s.kept.Delete(ctx, bus.Key(id), 0); err != nil {
			return fmt.Errorf("records.forget: %w", err)
		}
	}
	return nil
}
