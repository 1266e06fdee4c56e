package resolvers

import (
	"context"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// CallTimeline resolves what happened in the calls that are recorded under a lead.
func (r *leadResolver) CallTimeline(ctx context.Context, obj *graph.Lead, first *int, after *string) (*graph.CallEventConnection, error) {
	caller, err := watcher(ctx)
	if err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	var from helix.Cursor
	if after != nil {
		if from, err = helix.ParseCursor(*after); err != nil {
			return nil, err
		}
	}
	events, more, err := r.o.Calls.RecordTimeline(ctx, helix.ObjectLead, obj.ID, callVisible(caller), from.Sequence, size)
	if err != nil {
		return nil, err
	}
	out := &graph.CallEventConnection{PageInfo: &graph.PageInfo{HasNextPage: more}}
	out.Edges = timelineEdges(events, out.PageInfo)
	return out, nil
}

// LastCall resolves the latest of the calls that are recorded under a patient.
func (r *patientResolver) LastCall(ctx context.Context, obj *graph.Patient) (*graph.LiveCall, error) {
	caller, err := watcher(ctx)
	if err != nil {
		return nil, err
	}
	call, err := r.o.Calls.LastOf(ctx, helix.ObjectPatient, obj.ID, callVisible(caller))
	if err != nil || call == nil {
		return nil, err
	}
	return liveCall(call), nil
}

// Insight resolves what a model makes of a patient's history.
func (r *patientResolver) Insight(ctx context.Context, _ *graph.Patient) (*graph.CallerInsight, error) {
	if _, err := watcher(ctx); err != nil {
		return nil, err
	}
	return insight(), nil
}

// MissedCall resolves the entry that a call made or calls back, for whom the queue shows it to.
func (r *callResolver) MissedCall(ctx context.Context, obj *graph.Call) (*graph.MissedCall, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	entry := helix.CallID(obj.ID)
	call, err := r.o.Calls.Get(ctx, entry)
	switch {
	case helix.IsCode(err, helix.CodeNotFound): // older than the log, which the queue may outlive
	case err != nil:
		return nil, err
	case call.MissedCall != "":
		entry = call.MissedCall
	}
	m, err := r.o.Desk.MissedCall(ctx, entry)
	if helix.IsCode(err, helix.CodeNotFound) || err == nil && !w.Sees(m) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.missedCall(&m), nil
}

// watcher is the calling member: FORBIDDEN for one who sees no calls.
func watcher(ctx context.Context) (*helix.Caller, error) {
	if _, err := anyWorker(ctx); err != nil {
		return nil, err
	}
	return auth.Caller(ctx)
}

// callVisible tells whether a caller may see a call, as it is now.
func callVisible(caller *helix.Caller) func(*helix.Call) bool {
	return func(call *helix.Call) bool {
		whole := helix.CallEvent{Agent: call.Agent}
		return whole.VisibleTo(caller)
	}
}

// timelineEdges shows events and sets where the page of them begins and ends.
func timelineEdges(events []*helix.CallEvent, page *graph.PageInfo) []graph.CallTimelineEdge {
	edges := make([]graph.CallTimelineEdge, len(events))
	for i, e := range events {
		edges[i] = graph.CallTimelineEdge{Cursor: e.Cursor.String(), Node: callEvent(e)}
	}
	if n := len(edges); n > 0 {
		page.StartCursor, page.EndCursor = &edges[0].Cursor, &edges[n-1].Cursor
	}
	return edges
}
