package records

import (
	"context"

	"github.com/helix-engage/gateway/internal/bus"
)

// Write sends one batch, whose messages the outbox might otherwise hand out apart.
func (s *Service) Write(ctx context.Context, batch []bus.OutboxMessage) []error {
	return s.write(ctx, batch)
}
