package resolvers

import (
	"context"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/outbound"
)

// LiveCalls resolves calls that are not over.
func (r *queryResolver) LiveCalls(ctx context.Context) ([]graph.LiveCall, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	agent := w.Seat.Agent
	if w.Supervisor {
		agent = ""
	}
	live, err := r.o.Desk.LiveCalls(ctx, agent)
	if err != nil {
		return nil, err
	}
	out := make([]graph.LiveCall, 0, len(live))
	for i := range live {
		out = append(out, *liveCall(&live[i]))
	}
	if !w.Supervisor || r.o.Outbound == nil {
		return out, nil
	}
	dialled, err := r.o.Outbound.List(ctx, outbound.Filter{States: []helix.OutboundState{
		helix.OutboundDialing, helix.OutboundConnected, helix.OutboundActive, helix.OutboundDisconnected,
	}}, r.o.PageSize, "")
	if err != nil {
		return nil, err
	}
	for i := range dialled.Calls {
		out = append(out, liveOutboundCall(&dialled.Calls[i]))
	}
	return out, nil
}

// CallTimeline resolves everything that happened to one call.
func (r *queryResolver) CallTimeline(ctx context.Context, callID string, first *int, after *string) (*graph.CallTimeline, error) {
	caller, err := watcher(ctx) // who sees no calls is not told which ones there are
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
	call, err := r.o.Calls.Get(ctx, helix.CallID(callID))
	if err != nil {
		return nil, err
	}
	if !callVisible(caller)(&call) {
		return nil, helix.Forbidden("this call belongs to another agent")
	}
	story, err := r.o.Calls.Timeline(ctx, call.ID, from.Sequence, size)
	if err != nil {
		return nil, err
	}
	out := &graph.CallTimeline{PageInfo: &graph.PageInfo{HasNextPage: story.More}, Integrity: graph.LogIntegrity(story.Integrity)}
	out.Edges = timelineEdges(story.Events, out.PageInfo)
	return out, nil
}

// AbandonedCalls resolves the provider's own list.
func (r *queryResolver) AbandonedCalls(ctx context.Context, from, to time.Time) ([]graph.AbandonedCall, error) {
	if _, err := anyWorker(ctx); err != nil {
		return nil, err
	}
	if to.Before(from) {
		return nil, helix.BadInput("from must not be after to")
	}
	reports, err := r.o.Desk.Abandoned(ctx, from, to)
	if err != nil {
		return nil, err
	}
	out := make([]graph.AbandonedCall, len(reports))
	for i, a := range reports {
		out[i] = graph.AbandonedCall{
			ID: helix.NewID(string(a.Provider), a.ProviderCallID), Phone: number(a.Phone), At: a.At, Did: text(a.DID), Campaign: text(a.Campaign),
		}
		if a.Total > 0 {
			waited := seconds(a.Total)
			out[i].WaitedSeconds = &waited
		}
	}
	return out, nil
}

// Dispositions resolves the labels of the viewer's campaign.
func (r *queryResolver) Dispositions(ctx context.Context) ([]string, error) {
	w, err := worker(ctx)
	if err != nil {
		return nil, err
	}
	labels, err := r.o.Desk.Dispositions(ctx, w)
	if labels == nil {
		labels = []string{}
	}
	return labels, err
}
