package resolvers

import (
	"context"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/operate"
)

// operator is the member who decides: FORBIDDEN when he supervises nobody.
func operator(ctx context.Context) (helix.MemberID, error) {
	if err := supervisor(ctx); err != nil {
		return "", err
	}
	caller, err := auth.Caller(ctx)
	if err != nil {
		return "", err
	}
	return caller.User.Member, nil
}

// DeadLetters resolves what waits for somebody to decide; the cursor is its place in the list.
func (r *queryResolver) DeadLetters(ctx context.Context, kind *graph.DeadLetterKind, first *int, after *string) (*graph.DeadLetterConnection, error) {
	if err := supervisor(ctx); err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	var only operate.Kind
	switch value(kind) {
	case graph.DeadLetterKindPush:
		only = operate.Push
	case graph.DeadLetterKindCommand:
		only = operate.Command
	}
	page, err := r.o.Operate.DeadLetters(ctx, only, value(after), size)
	if err != nil {
		return nil, err
	}
	out := &graph.DeadLetterConnection{
		TotalCount: page.Total, PageInfo: &graph.PageInfo{HasNextPage: page.More}, Edges: []graph.DeadLetterEdge{},
	}
	for _, l := range page.Letters {
		out.Edges = append(out.Edges, graph.DeadLetterEdge{Cursor: l.Place, Node: deadLetter(l)})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

func deadLetter(l operate.Letter) *graph.DeadLetter {
	out := &graph.DeadLetter{
		ID: l.ID, Kind: graph.DeadLetterKindPush, Source: l.Source, Reason: graph.DeadLetterReasonRefused, Attempts: l.Attempts, Since: l.At,
	}
	if l.Kind == operate.Command {
		out.Kind, out.Source, out.CallID = graph.DeadLetterKindCommand, "fortytwo", id(l.Call)
	}
	if l.Exhausted {
		out.Reason = graph.DeadLetterReasonExhausted
	}
	if code := graph.ErrorCode(l.Code); code.IsValid() {
		out.Code = &code
	}
	return out
}

// ReplayDeadLetter resolves handling a dead letter again.
func (r *mutationResolver) ReplayDeadLetter(ctx context.Context, input graph.ReplayDeadLetterInput) (*graph.ReplayDeadLetterPayload, error) {
	by, err := operator(ctx)
	if err == nil {
		err = r.o.Operate.Replay(ctx, by, input.ID)
	}
	opErr, err := operation(err)
	return &graph.ReplayDeadLetterPayload{Ok: opErr == nil, Error: opErr}, err
}

// DropDeadLetter resolves giving a dead letter up.
func (r *mutationResolver) DropDeadLetter(ctx context.Context, input graph.DropDeadLetterInput) (*graph.DropDeadLetterPayload, error) {
	by, err := operator(ctx)
	if err == nil {
		err = r.o.Operate.Drop(ctx, by, input.ID)
	}
	opErr, err := operation(err)
	return &graph.DropDeadLetterPayload{Ok: opErr == nil, Error: opErr}, err
}

// ErasePerson resolves erasing a person.
func (r *mutationResolver) ErasePerson(ctx context.Context, input graph.ErasePersonInput) (*graph.ErasePersonPayload, error) {
	by, err := operator(ctx)
	var done helix.Erasure
	if err == nil {
		done, err = r.o.Operate.ErasePerson(ctx, by, input.Phone)
	}
	opErr, err := operation(err)
	out := &graph.ErasePersonPayload{Ok: opErr == nil, Error: opErr}
	if opErr == nil && err == nil {
		out.Erasure = erasure(done)
	}
	return out, err
}

// Erasures resolves the traces of erasures; the cursor is the erasure's id.
func (r *queryResolver) Erasures(ctx context.Context, first *int, after *string) (*graph.ErasureConnection, error) {
	if err := supervisor(ctx); err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	all, err := r.o.Calls.Erasures(ctx)
	if err != nil {
		return nil, err
	}
	rest := all
	if after != nil {
		i := slices.IndexFunc(all, func(e helix.Erasure) bool { return e.ID == *after })
		if i < 0 {
			return nil, helix.BadInput("the cursor's erasure is not in this list; begin anew")
		}
		rest = all[i+1:]
	}
	out := &graph.ErasureConnection{
		TotalCount: len(all), PageInfo: &graph.PageInfo{HasNextPage: len(rest) > size}, Edges: []graph.ErasureEdge{},
	}
	for _, e := range rest[:min(size, len(rest))] {
		out.Edges = append(out.Edges, graph.ErasureEdge{Cursor: e.ID, Node: erasure(e)})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

func erasure(e helix.Erasure) *graph.Erasure {
	return &graph.Erasure{
		ID: e.ID, At: e.At, MemberID: string(e.By), Member: member(string(e.By)), Finished: e.Done, Calls: e.Calls, Events: e.Events, MissedCalls: e.MissedCalls,
		Pushes: e.Pushes, Commands: e.Commands, DeadLetters: e.DeadLetters, OutboundCalls: e.OutboundCalls,
	}
}

// checkWithin bounds a check of the log, which reads all events of its part.
const checkWithin = 30 * time.Second

// EventLogCheck resolves a check of a part of the log.
func (r *queryResolver) EventLogCheck(ctx context.Context, after *string) (*graph.EventLogCheck, error) {
	if err := supervisor(ctx); err != nil {
		return nil, err
	}
	var from helix.Cursor
	var err error
	if after != nil {
		if from, err = helix.ParseCursor(*after); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	found, err := r.o.Calls.Verify(ctx, from)
	if err != nil {
		return nil, err
	}
	end := found.Next.String()
	out := &graph.EventLogCheck{
		Integrity: graph.LogIntegrity(found.Integrity()), Events: found.Events, Calls: found.Calls, UnknownCalls: found.Unknown, BrokenCalls: found.Broken,
		BrokenCallIds: []string{}, MissingEvents: found.Missing, PageInfo: &graph.PageInfo{HasNextPage: found.More, EndCursor: &end},
	}
	for _, c := range found.BrokenIDs {
		out.BrokenCallIds = append(out.BrokenCallIds, string(c))
	}
	return out, nil
}
