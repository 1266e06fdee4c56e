package resolvers

import (
	"context"
	"slices"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// MissedCallQueue resolves the queue by status.
func (r *queryResolver) MissedCallQueue(ctx context.Context, status *graph.CallbackStatus) (*graph.MissedCallQueue, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.o.Desk.MissedCalls(ctx, w)
	if err != nil {
		return nil, err
	}
	out := &graph.MissedCallQueue{Groups: []graph.MissedCallGroup{}}
	for _, s := range graph.AllCallbackStatus {
		if status != nil && s != *status {
			continue
		}
		group := graph.MissedCallGroup{Status: s}
		for _, m := range all {
			if graph.CallbackStatus(m.Status) == s {
				group.Members = append(group.Members, m)
			}
		}
		if group.Count = len(group.Members); group.Count > 0 {
			group.Oldest = when(group.Members[0].FirstMissedAt)
		}
		out.Groups = append(out.Groups, group)
	}
	return out, nil
}

// Items resolves a page of a group; the cursor is the missed call's id.
func (r *missedCallGroupResolver) Items(_ context.Context, obj *graph.MissedCallGroup, first *int, after *string) (*graph.MissedCallConnection, error) {
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	rest := obj.Members
	if after != nil {
		i := slices.IndexFunc(rest, func(m helix.MissedCall) bool { return string(m.ID) == *after })
		if i < 0 {
			return nil, helix.BadInput("the cursor's missed call is not in this group any more; begin anew")
		}
		rest = rest[i+1:]
	}
	out := &graph.MissedCallConnection{PageInfo: &graph.PageInfo{HasNextPage: len(rest) > size}, Edges: []graph.MissedCallEdge{}}
	for _, m := range rest[:min(size, len(rest))] {
		out.Edges = append(out.Edges, graph.MissedCallEdge{Cursor: string(m.ID), Node: r.missedCall(&m)})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

// UpdateMissedCall resolves a change of status.
func (r *mutationResolver) UpdateMissedCall(ctx context.Context, input graph.UpdateMissedCallInput) (*graph.UpdateMissedCallPayload, error) {
	w, err := anyWorker(ctx)
	var m helix.MissedCall
	if err == nil {
		m, err = r.o.Desk.UpdateMissedCall(ctx, w, helix.CallID(input.ID), helix.CallbackStatus(input.Status))
	}
	opErr, err := operation(err)
	return &graph.UpdateMissedCallPayload{Ok: opErr == nil, Error: opErr, MissedCall: r.changed(m)}, err
}

// ClaimNextMissedCall resolves a claim.
func (r *mutationResolver) ClaimNextMissedCall(
	ctx context.Context, input graph.ClaimNextMissedCallInput,
) (*graph.ClaimNextMissedCallPayload, error) {
	w, err := worker(ctx)
	var m *helix.MissedCall
	if err == nil {
		m, err = r.o.Desk.ClaimNext(ctx, w, value(input.SkipHeld))
	}
	opErr, err := operation(err)
	return &graph.ClaimNextMissedCallPayload{Ok: opErr == nil, Error: opErr, MissedCall: r.missedCall(m)}, err
}

// ReleaseMissedCall resolves giving back.
func (r *mutationResolver) ReleaseMissedCall(ctx context.Context, input graph.ReleaseMissedCallInput) (*graph.ReleaseMissedCallPayload, error) {
	w, err := anyWorker(ctx)
	var m helix.MissedCall
	if err == nil {
		m, err = r.o.Desk.ReleaseMissedCall(ctx, w, helix.CallID(input.ID))
	}
	opErr, err := operation(err)
	return &graph.ReleaseMissedCallPayload{Ok: opErr == nil, Error: opErr, MissedCall: r.changed(m)}, err
}

// changed shows an entry after a move, nothing when the move failed.
func (r *Resolver) changed(m helix.MissedCall) *graph.MissedCall {
	if m.ID == "" {
		return nil
	}
	return r.missedCall(&m)
}
