package resolvers

import (
	"context"
	"errors"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/outbound"
)

// asker is who asks for outbound calls, by [helix.Caller.Key]: FORBIDDEN for members, for whom the CRM asks.
func asker(ctx context.Context) (string, error) {
	caller, err := auth.Anyone(ctx)
	if err != nil {
		return "", err
	}
	if caller.User != nil {
		return "", helix.Forbidden("only the CRM, with an API key, asks for outbound calls")
	}
	return caller.Key(), nil
}

// onlooker is whose calls the caller sees, "" for everybody's: a key of the CRM those of its name, a supervisor all.
// FORBIDDEN for other members: the calls hold what patients told, and no agent has a part in them.
func onlooker(ctx context.Context) (asker string, err error) {
	caller, err := auth.Anyone(ctx)
	switch {
	case err != nil:
		return "", err
	case caller.User == nil:
		return caller.Key(), nil
	case caller.Supervisor:
		return "", nil
	default:
		return "", helix.Forbidden("only supervisors and the CRM see outbound calls")
	}
}

// outbound is what runs the calls: NOT_CONFIGURED in a gateway that makes none.
func (r *Resolver) outbound() (*outbound.Service, error) {
	if r.o.Outbound == nil {
		return nil, helix.NotConfigured(helix.ProviderKnowlarity, "its variables to make outbound calls")
	}
	return r.o.Outbound, nil
}

// seenCall reads a call that the caller may see; NOT_FOUND for another one, as if there were none.
func (r *Resolver) seenCall(ctx context.Context, id string) (helix.OutboundCall, error) {
	whose, err := onlooker(ctx)
	if err != nil {
		return helix.OutboundCall{}, err
	}
	service, err := r.outbound()
	if err != nil {
		return helix.OutboundCall{}, err
	}
	call, err := service.Get(ctx, helix.CallID(id))
	if err == nil && whose != "" && whose != call.Asker {
		return helix.OutboundCall{}, helix.NotFound("outbound call")
	}
	return call, err
}

// StartOutboundCall resolves a wish to call.
func (r *mutationResolver) StartOutboundCall(ctx context.Context, input graph.StartOutboundCallInput) (*graph.StartOutboundCallPayload, error) {
	who, err := asker(ctx)
	var call helix.OutboundCall
	var replayed bool
	if err == nil {
		var service *outbound.Service
		if service, err = r.outbound(); err == nil {
			call, replayed, err = service.Start(ctx, who, outboundRequest(input))
		}
	}
	opErr, err := operation(err)
	out := &graph.StartOutboundCallPayload{Ok: opErr == nil, Error: opErr}
	if opErr == nil && err == nil {
		out.OutboundCall, out.Replayed = r.outboundCall(&call), replayed
	}
	return out, err
}

// CancelOutboundCall resolves a cancellation.
func (r *mutationResolver) CancelOutboundCall(
	ctx context.Context, input graph.CancelOutboundCallInput,
) (*graph.CancelOutboundCallPayload, error) {
	call, err := r.seenCall(ctx, input.ID)
	if err == nil {
		var after helix.OutboundCall
		if after, err = r.o.Outbound.Cancel(ctx, call.ID); after.ID != "" {
			call = after
		}
	}
	opErr, err := operation(err)
	out := &graph.CancelOutboundCallPayload{Ok: opErr == nil, Error: opErr}
	if err == nil && call.ID != "" {
		out.OutboundCall = r.outboundCall(&call)
	}
	return out, err
}

// OutboundCall resolves a call with its story.
func (r *queryResolver) OutboundCall(ctx context.Context, id string) (*graph.OutboundCall, error) {
	call, err := r.seenCall(ctx, id)
	if helix.IsCode(err, helix.CodeNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r.outboundCall(&call), nil
}

// OutboundCalls resolves a page of calls.
func (r *queryResolver) OutboundCalls(
	ctx context.Context, filter *graph.OutboundCallFilter, first *int, after *string,
) (*graph.OutboundCallConnection, error) {
	whose, err := onlooker(ctx)
	if err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	service, err := r.outbound()
	if err != nil {
		return nil, err
	}
	wanted := outbound.Filter{Asker: whose}
	if filter != nil {
		wanted.Phone, wanted.States = value(filter.PhoneNumber), renamed[helix.OutboundState](filter.States)
	}
	page, err := service.List(ctx, wanted, size, value(after))
	if err != nil {
		return nil, err
	}
	out := &graph.OutboundCallConnection{
		TotalCount: page.Total, PageInfo: &graph.PageInfo{HasNextPage: page.More}, Edges: make([]graph.OutboundCallEdge, len(page.Calls)),
	}
	for i := range page.Calls {
		out.Edges[i] = graph.OutboundCallEdge{Cursor: page.Cursors[i], Node: r.outboundCall(&page.Calls[i])}
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

// OutboundStatistics resolves how calls go.
func (r *queryResolver) OutboundStatistics(ctx context.Context) (*graph.OutboundStatistics, error) {
	whose, err := onlooker(ctx)
	if err != nil {
		return nil, err
	}
	service, err := r.outbound()
	if err != nil {
		return nil, err
	}
	figures, err := service.Statistics(ctx, whose)
	if err != nil {
		return nil, err
	}
	return outboundStatistics(figures), nil
}

// OutboundCallUpdated resolves the stream of a call's changes.
func (r *subscriptionResolver) OutboundCallUpdated(ctx context.Context, id string, after *string) (<-chan *graph.OutboundCallUpdate, error) {
	call, err := r.seenCall(ctx, id)
	if err != nil {
		return nil, err
	}
	var from *helix.Cursor
	if after != nil {
		cursor, err := helix.ParseCursor(*after)
		if err != nil {
			return nil, err
		}
		from = &cursor
	}
	changes, err := r.o.Outbound.Updates(ctx, call.ID, from)
	if err != nil {
		return nil, err
	}
	updates := make(chan *graph.OutboundCallUpdate) // unbuffered: a subscriber that does not read is simply not read for
	go func() {
		defer close(updates)
		for {
			change, err := changes.Next(ctx)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					endWith(ctx, err)
				}
				return
			}
			select {
			case updates <- r.outboundUpdate(&change):
			case <-ctx.Done():
				return
			}
		}
	}()
	return updates, nil
}

func (r *Resolver) outboundUpdate(u *outbound.Update) *graph.OutboundCallUpdate {
	return &graph.OutboundCallUpdate{
		Cursor: u.Cursor.String(), At: u.At, Kind: graph.CallEventKind(u.Kind), OutboundCall: r.outboundCall(&u.Call),
	}
}
