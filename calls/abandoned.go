package calls

import (
	"context"
	"errors"
	"fmt"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// sweepOverlap is how far behind the last successful sweep the next one looks: abandoned calls appear late.
	sweepOverlap = 5 * time.Minute
	// sweepReach is how far back a sweep looks at most, after an outage.
	sweepReach = 24 * time.Hour
	sweptKey   = "ozonetel.abandoned.swept"
)

// AbandonedCalls is a provider's list of calls that reached nobody.
type AbandonedCalls interface {
	// Abandoned lists inbound calls that reached nobody, of today at least, in any order.
	Abandoned(ctx context.Context) ([]helix.CallReport, error)
}

// Sweeper ingests abandoned calls that no push told of: calls dropped in the queue, and everything that a provider
// pushed while the gateway was down.
type Sweeper struct {
	calls  *Service
	source AbandonedCalls
	meta   *bus.Bucket[time.Time]
	now    func() time.Time
}

// NewSweeper sweeps one provider account.
func NewSweeper(ctx context.Context, b *bus.Bus, s *Service, source AbandonedCalls, now func() time.Time) (*Sweeper, error) {
	meta, err := bus.OpenBucket[time.Time](ctx, b, bus.BucketMeta)
	if err != nil {
		return nil, err
	}
	return &Sweeper{calls: s, source: source, meta: meta, now: now}, nil
}

// Sweep ingests what was abandoned since the last successful sweep. Calls that are known already change nothing, so an
// interrupted sweep is simply done again.
func (w *Sweeper) Sweep(ctx context.Context) error {
	began := w.now()
	since := began.Add(-sweepReach)
	last, _, err := w.meta.Get(ctx, sweptKey)
	switch {
	case errors.Is(err, bus.ErrNotFound):
	case err != nil:
		return fmt.Errorf("calls.sweep: %w", err)
	case last.Add(-sweepOverlap).After(since):
		since = last.Add(-sweepOverlap)
	}
	reports, err := w.source.Abandoned(ctx)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.At.Before(since) {
			continue
		}
		if err := w.calls.Ingest(ctx, helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
			return err
		}
	}
	if _, err := w.meta.Put(ctx, sweptKey, began); err != nil {
		return fmt.Errorf("calls.sweep: %w", err)
	}
	return nil
}
