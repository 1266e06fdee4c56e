package outbound

import (
	"context"
	"errors"
	"time"

	helix "github.com/helix-engage/gateway"
)

const (
	// maxReconciled bounds what one run asks for.
	maxReconciled = 100
	// placedWithin is how soon after the intent a row of the call log must begin to be told by its customer alone: a campaign
	// begins with the second minute after it is ordered at the latest.
	placedWithin = 2 * time.Minute
)

// Reconcile asks the call log about calls of which no word came in time. That the log does not have a call proves
// nothing. It is run by the scheduler, on one replica.
func (s *Service) Reconcile(ctx context.Context) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	var failures []error
	asked := 0
	for _, call := range s.index.unfinished() {
		if asked == maxReconciled || ctx.Err() != nil {
			break
		}
		if !puzzling(call) {
			continue
		}
		asked++
		failures = append(failures, s.reconcile(ctx, call))
	}
	return errors.Join(failures...)
}

// puzzling reports whether word of a call is missing.
func puzzling(c *helix.OutboundCall) bool {
	a := c.Attempt()
	switch c.State {
	case helix.OutboundDialing:
		return a.Late
	case helix.OutboundConnected:
		return a.AttachedAt.IsZero()
	case helix.OutboundDisconnected:
		return a.Reported == ""
	}
	return false
}

func (s *Service) reconcile(ctx context.Context, call *helix.OutboundCall) error {
	a := call.Attempt()
	rows, err := s.o.CallLog.CallLog(ctx, a.StartedAt.Add(-clockSkew), s.o.Now(), call.Request.Patient.Phone)
	if err != nil {
		return err
	}
	for _, row := range rows {
		meant, err := s.isRowOf(ctx, call, a, row)
		if err != nil {
			return err
		}
		if !meant {
			continue
		}
		if err := s.report(ctx, call.ID, row); err != nil && !helix.IsCode(err, helix.CodeNotFound) {
			return err
		}
	}
	return nil
}

// isRowOf reports whether a row of the call log is of this attempt: by an id, or because it is the same customer's, began
// with the attempt and is known to be of no other.
func (s *Service) isRowOf(ctx context.Context, call *helix.OutboundCall, a *helix.OutboundAttempt, row helix.DialReport) (bool, error) {
	switch {
	case row.Call != "" && row.Call != call.ID:
		return false, nil
	case row.Call == call.ID || a.KnownAs(row.ProviderCallID):
		return true, nil
	case row.ProviderCallID != "" && a.ProviderCallID != "":
		return false, nil
	case row.At.IsZero() || row.At.Before(a.StartedAt.Add(-clockSkew)) || row.At.After(a.StartedAt.Add(placedWithin)):
		return false, nil
	case row.Customer.Last10() != call.Request.Patient.Phone.Last10() || s.index.nameless(row) > 1:
		return false, nil
	}
	known, err := s.identify(ctx, "", row.Provider, row.ProviderCallID, "")
	if helix.IsCode(err, helix.CodeNotFound) {
		return true, nil
	}
	return known == call.ID && len(call.Attempts) == 1, err
}

// nameless counts the calls that a row without our id may be of, since no id of the provider's is known of them.
func (x *index) nameless(row helix.DialReport) int {
	n := 0
	for _, e := range x.ofPhone(row.Customer) {
		if e.call == nil || e.state.Final() {
			continue
		}
		a := e.call.Attempt()
		if a != nil && a.ProviderCallID == "" && a.AttachedAt.IsZero() && row.At.Sub(a.StartedAt).Abs() <= placedWithin {
			n++
		}
	}
	return n
}
