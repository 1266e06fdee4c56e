package calls

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
)

// DetailRecords is a provider's record of the calls of a day.
type DetailRecords interface {
	// CallDetails lists them in the order in which they began.
	CallDetails(ctx context.Context, day time.Time) ([]helix.CallDetail, error)
}

// Reconciler finds calls that no push told of, and what the provider corrected afterwards.
type Reconciler struct {
	calls  *Service
	source DetailRecords
	now    func() time.Time
	zone   *time.Location
}

// NewReconciler reconciles one provider account, whose days are those of zone.
func NewReconciler(s *Service, source DetailRecords, zone *time.Location, now func() time.Time) *Reconciler {
	return &Reconciler{calls: s, source: source, now: now, zone: zone}
}

// Reconcile ingests the records of today, and of yesterday, which may still change. What is known already changes
// nothing.
func (r *Reconciler) Reconcile(ctx context.Context) error {
	today := r.now().In(r.zone)
	for _, day := range []time.Time{today.AddDate(0, 0, -1), today} {
		details, err := r.source.CallDetails(ctx, day)
		if err != nil {
			return err
		}
		for _, d := range details {
			if err := r.calls.Ingest(ctx, helix.ProviderReports{Calls: []helix.CallReport{d.Report}}); err != nil {
				return err
			}
		}
	}
	return nil
}
