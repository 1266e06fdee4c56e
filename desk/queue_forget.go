package desk

import (
	"context"
	"errors"
	"fmt"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Forget removes a caller's entry with all that it remembers, and reports whether there was one. FortyTwo's view of it
// stays: that is FortyTwo's to erase.
func (q *Queue) Forget(ctx context.Context, phone helix.Phone) (bool, error) {
	key := q.o.Person(phone)
	if err := q.talked.Delete(ctx, key, 0); err != nil && !errors.Is(err, bus.ErrNotFound) {
		return false, fmt.Errorf("desk.queue: %w", err)
	}
	for range maxTries {
		_, rev, err := q.bucket.Get(ctx, key)
		if errors.Is(err, bus.ErrNotFound) {
			return false, nil
		}
		if err == nil {
			err = q.bucket.Delete(ctx, key, rev)
		}
		if errors.Is(err, bus.ErrConflict) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("desk.queue: %w", err)
		}
		return true, nil
	}
	return false, helix.Conflict("the missed call keeps changing; try again")
}
