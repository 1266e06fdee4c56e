package resolvers

import (
	"context"
	"iter"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
)

// Changes follows records of FortyTwo with the rights of who asks.
type Changes interface {
	// Watch tells the changes of one record from now on, until ctx ends or an error ends them: UNAUTHENTICATED when the
	// reader's session does. object is FortyTwo's singular name; NOT_FOUND when there is none such. Changes that the reader
	// may not see are not told; those that come faster than they are taken are told by the latest.
	Watch(ctx context.Context, reader *helix.Caller, object, record string) (iter.Seq2[helix.RecordUpdate, error], error)
}

// RecordChanged resolves the stream of changes of one record.
func (r *subscriptionResolver) RecordChanged(ctx context.Context, object, id string) (<-chan *graph.RecordChange, error) {
	caller, err := auth.Caller(ctx)
	if err != nil {
		return nil, err
	}
	if r.o.Changes == nil {
		return nil, &helix.Error{Code: helix.CodeNotConfigured, Message: "this gateway does not follow FortyTwo's records"}
	}
	updates, err := r.o.Changes.Watch(ctx, caller, object, id)
	if err != nil {
		return nil, err
	}
	changes := make(chan *graph.RecordChange) // unbuffered: a subscriber that does not read is not read for
	go func() {
		defer close(changes)
		for u, err := range updates {
			if err != nil {
				endWith(ctx, err)
				return
			}
			select {
			case changes <- recordChange(&u):
			case <-ctx.Done():
				return
			}
		}
	}()
	return changes, nil
}

func recordChange(u *helix.RecordUpdate) *graph.RecordChange {
	out := &graph.RecordChange{
		Action: graph.RecordAction(u.Event), ObjectName: u.Object, RecordID: u.Record, UpdatedFields: u.Fields, After: u.After, At: u.At,
	}
	if out.UpdatedFields == nil {
		out.UpdatedFields = []string{}
	}
	return out
}
