package desk

import (
	"context"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
)

// HistoryQuery is which calls of a day are asked for.
type HistoryQuery struct {
	Day       time.Time       // the calendar day that it shows
	Agent     helix.AgentID   // "" for all that the worker may see
	Direction helix.Direction // "" for both
}

// History lists the calls of a day as the provider recorded them, the latest first. An agent sees his own, a supervisor
// all.
//
// The provider answers few such questions, so its answers are kept: today's for two minutes (ozonetel.md 9). A call that
// has just ended is missing that long, and is not put in from our own log: the list's cursors and [Desk.Performance] are
// derived from the provider's records, with which it would not agree.
func (d *Desk) History(ctx context.Context, w Worker, q HistoryQuery) ([]helix.CallDetail, error) {
	if !w.Supervisor {
		if q.Agent != "" && q.Agent != w.Seat.Agent {
			return nil, helix.Forbidden("only supervisors see the calls of others")
		}
		q.Agent = w.Seat.Agent
	}
	day, err := d.telephony.CallDetails(ctx, q.Day)
	if err != nil {
		return nil, err
	}
	var calls []helix.CallDetail
	for _, c := range slices.Backward(day) {
		if (q.Agent == "" || c.Report.Agent == q.Agent) && (q.Direction == "" || c.Report.Direction == q.Direction) {
			calls = append(calls, c)
		}
	}
	return calls, nil
}

// Search finds patients, leads and appointments with the worker's own rights.
func (d *Desk) Search(ctx context.Context, w Worker, q helix.SearchQuery) (helix.SearchResults, error) {
	ctx, span := d.tracer.Start(ctx, "desk.search")
	defer span.End()
	return d.crm.Search(ctx, w.Access(), q)
}
