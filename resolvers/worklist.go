package resolvers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
)

// Worklist resolves what the caller has to do. A supervisor without a desk has follow-ups and leads too; a member who is
// neither has no business here.
func (r *queryResolver) Worklist(ctx context.Context, kinds []graph.WorklistKind, first *int, after *string) (*graph.WorklistConnection, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	q := desk.WorklistQuery{Kinds: desk.AllWork(), First: size, After: value(after)}
	if kinds != nil {
		q.Kinds = slices.DeleteFunc(q.Kinds, func(k desk.WorklistKind) bool { return !slices.Contains(kinds, graph.WorklistKind(k)) })
	}
	wanted := wantedOfWorklist(ctx)
	q.Total, q.Overdue = wanted.total, wanted.overdue
	list, err := r.o.Desk.Worklist(ctx, w, q)
	if err != nil {
		return nil, err
	}
	return r.worklist(&list, q.Kinds, wanted), nil
}

// worklistWanted tells which parts of a work list that cost something are to be shown.
type worklistWanted struct {
	total, overdue bool // counts
	cursors        bool // of every item
	ends           bool // the cursors of the first and of the last
}

func wantedOfWorklist(ctx context.Context) (w worklistWanted) {
	op := graphql.GetOperationContext(ctx)
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		switch f.Name {
		case "totalCount":
			w.total = true
		case "counts":
			for _, of := range graphql.CollectFields(op, f.Selections, []string{"WorklistCount"}) {
				w.total = w.total || of.Name == "count"
				w.overdue = w.overdue || of.Name == "overdue"
			}
		case "edges":
			for _, of := range graphql.CollectFields(op, f.Selections, []string{"WorklistEdge"}) {
				w.cursors = w.cursors || of.Name == "cursor"
			}
		case "pageInfo":
			for _, of := range graphql.CollectFields(op, f.Selections, []string{"PageInfo"}) {
				w.ends = w.ends || of.Name == "startCursor" || of.Name == "endCursor"
			}
		}
	}
	return w
}

// WorklistChanged resolves the stream of changes of the caller's work list. It joins two sources that know nothing of each
// other: the missed-call queue with what FortyTwo tells of edits, and the follow-ups that dispositions plan.
func (r *subscriptionResolver) WorklistChanged(ctx context.Context) (<-chan *graph.WorklistChange, error) {
	w, err := worker(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := r.o.Calls.Stream(ctx, nil)
	if err != nil {
		return nil, err
	}
	place := r.o.Desk.WorkChanges()
	changes := make(chan *graph.WorklistChange) // unbuffered: a subscriber that does not read is not read for
	send := func(c *desk.WorkChange) bool {
		select {
		case changes <- r.worklistChange(c):
			return true
		case <-ctx.Done():
			return false
		}
	}
	var sources sync.WaitGroup
	sources.Go(func() {
		for {
			c, err := r.o.Desk.NextWorkChange(ctx, place, w)
			if err != nil || !send(&c) {
				return
			}
			place = c.Place
		}
	})
	sources.Go(func() {
		for {
			e, err := stream.Next(ctx)
			if err != nil {
				return
			}
			if c := desk.FollowUpChange(e, w.Seat.Agent); c != nil && !send(c) {
				return
			}
		}
	})
	go func() {
		sources.Wait()
		close(changes)
	}()
	return changes, nil
}

func (r *Resolver) worklistChange(c *desk.WorkChange) *graph.WorklistChange {
	out := &graph.WorklistChange{At: c.At, Reason: graph.WorklistChangeReason(c.Reason), ItemID: text(c.Item)}
	if c.Reason == desk.WorkResync {
		out.At = r.o.Now()
		return out
	}
	kind := graph.WorklistKind(c.Kind)
	out.Kind = &kind
	return out
}

func (r *Resolver) worklist(list *desk.Worklist, kinds []desk.WorklistKind, wanted worklistWanted) *graph.WorklistConnection {
	out := &graph.WorklistConnection{
		TotalCount: list.Total, PageInfo: &graph.PageInfo{HasNextPage: list.HasNext},
		Counts: []graph.WorklistCount{}, Errors: []graph.WorklistError{}, Edges: make([]graph.WorklistEdge, len(list.Items)),
	}
	for _, kind := range kinds {
		if c, ok := list.Counts[kind]; ok {
			out.Counts = append(out.Counts, graph.WorklistCount{Kind: graph.WorklistKind(kind), Count: c.All, Overdue: c.Overdue})
		}
		if err := list.Failed[kind]; err != nil {
			e := helix.AsError(err)
			out.Errors = append(out.Errors, graph.WorklistError{
				Kind: graph.WorklistKind(kind), Code: graph.ErrorCode(e.Code), Message: e.Message,
			})
		}
	}
	now := r.o.Now()
	for i := range list.Items {
		out.Edges[i].Node = r.worklistItem(&list.Items[i], now)
	}
	if wanted.cursors {
		for i, cursor := range list.Cursors() {
			out.Edges[i].Cursor = cursor
		}
	}
	if n := len(list.Items); n > 0 && wanted.ends {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = new(list.Cursor(0)), new(list.Cursor(n-1))
	}
	return out
}

func (r *Resolver) worklistItem(item *desk.WorklistItem, now time.Time) graph.WorklistItem {
	u := urgencyOf(item.DueAt, now)
	switch {
	case item.FollowUp != nil:
		f := item.FollowUp
		return graph.FollowUpTask{
			ID: f.ID, Kind: graph.WorklistKindFollowUp, Title: title(f.Name, f.Person), Phone: number(f.Phone), DueAt: when(item.DueAt),
			Overdue: u.overdue, Priority: u.priority, Reason: "follow-up " + u.words, FollowUp: &graph.FollowUp{ID: f.ID}, Lead: lead(f.Lead), Patient: patient(f.Patient),
		}
	case item.Lead != nil:
		l := item.Lead
		return graph.LeadTask{
			ID: l.ID, Kind: graph.WorklistKindLead, Title: title("New lead", l.Name), Phone: number(l.Phone), DueAt: when(item.DueAt),
			Overdue: u.overdue, Priority: u.priority, Reason: "first contact " + u.words, Lead: &graph.Lead{ID: l.ID},
		}
	default:
		return r.missedCall(item.MissedCall)
	}
}

// missedCall shows an entry of the queue; nil stays nil.
func (r *Resolver) missedCall(m *helix.MissedCall) *graph.MissedCall {
	if m == nil {
		return nil
	}
	u := urgencyOf(m.DueAt, r.o.Now())
	out := &graph.MissedCall{
		ID: string(m.ID), Kind: graph.WorklistKindMissedCall, Title: "Missed call", Phone: number(m.Phone), DueAt: when(m.DueAt),
		Overdue: u.overdue, Priority: u.priority, Reason: "call back " + u.words,
		CallbackStatus: graph.CallbackStatus(m.Status), MissedCount: m.Count, FirstMissedAt: m.FirstMissedAt,
		LastMissedAt: m.LastMissedAt, AttemptedAt: when(m.AttemptedAt), ClaimedUntil: when(m.ClaimedUntil),
		AssignedAgent: agentRef(m.Agent, m.AgentName), Lead: lead(m.Lead), Patient: patient(m.Patient), Record: record(string(m.ID)),
	}
	if m.Count > 1 {
		out.Title = fmt.Sprintf("Missed call, tried %d times", m.Count)
	}
	return out
}

func title(what, who string) string {
	if who == "" {
		return what
	}
	return what + ": " + who
}

// urgency is how urgent a due time is, for the eye and in words.
type urgency struct {
	priority graph.WorklistPriority
	overdue  bool
	words    string
}

func urgencyOf(due, now time.Time) urgency {
	left := due.Sub(now)
	switch {
	case left < 0:
		return urgency{graph.WorklistPriorityOverdue, true, "overdue by " + roughly(-left)}
	case left < 15*time.Minute:
		return urgency{graph.WorklistPriorityDueSoon, false, "due in " + roughly(left)}
	case left < 24*time.Hour:
		return urgency{graph.WorklistPriorityDueToday, false, "due in " + roughly(left)}
	default:
		return urgency{graph.WorklistPriorityLater, false, "due in " + roughly(left)}
	}
}

// roughly says a duration in its largest unit.
func roughly(d time.Duration) string {
	unit := func(n int, word string) string {
		if n != 1 {
			word += "s"
		}
		return strconv.Itoa(n) + " " + word
	}
	switch {
	case d >= 24*time.Hour:
		return unit(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return unit(int(d/time.Hour), "hour")
	default:
		return unit(int(d/time.Minute), "minute")
	}
}
