package resolvers

import (
	"context"
	"slices"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/graph"
)

// historyWithin bounds the wait for a day's records: the provider answers two such questions a minute.
const historyWithin = 40 * time.Second

// CallHistory resolves the calls of a day; the cursor is the record's id. Today's may be two minutes old, see [desk.Desk.History].
func (r *queryResolver) CallHistory(
	ctx context.Context, date time.Time, agentID *string, direction *graph.CallDirection, first *int, after *string,
) (*graph.CallHistoryConnection, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, historyWithin)
	defer cancel()
	all, err := r.o.Desk.History(ctx, w, desk.HistoryQuery{
		Day: date, Agent: helix.AgentID(value(agentID)), Direction: helix.Direction(value(direction)),
	})
	if err != nil {
		return nil, err
	}
	rest := all
	if after != nil {
		i := slices.IndexFunc(all, func(c helix.CallDetail) bool { return c.ID == *after })
		if i < 0 {
			return nil, helix.BadInput("the cursor's call is not in this list; begin anew")
		}
		rest = all[i+1:]
	}
	out := &graph.CallHistoryConnection{
		TotalCount: len(all), PageInfo: &graph.PageInfo{HasNextPage: len(rest) > size}, Edges: []graph.CallHistoryEdge{},
	}
	for _, c := range rest[:min(size, len(rest))] {
		out.Edges = append(out.Edges, graph.CallHistoryEdge{Cursor: c.ID, Node: r.callRecord(c)})
	}
	if n := len(out.Edges); n > 0 {
		out.PageInfo.StartCursor, out.PageInfo.EndCursor = &out.Edges[0].Cursor, &out.Edges[n-1].Cursor
	}
	return out, nil
}

func (r *Resolver) callRecord(c helix.CallDetail) *graph.CallRecord {
	report := c.Report
	out := &graph.CallRecord{
		ID: c.ID, Phone: number(report.Phone), Direction: graph.CallDirection(report.Direction), Outcome: graph.CallOutcome(c.Outcome),
		AgentID: text(string(report.Agent)), StartedAt: report.At, TalkSeconds: seconds(report.Talk), TotalSeconds: seconds(report.Total),
		Disposition: text(report.Disposition),
	}
	if report.RecordingURL != "" {
		out.RecordingURL = text(r.o.Recordings(report.RecordingURL))
	}
	return out
}

// AgentPerformance resolves an agent's day in figures, which are as old as the records of CallHistory may be.
func (r *queryResolver) AgentPerformance(ctx context.Context, date time.Time, agentID *string) (*graph.AgentPerformance, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, historyWithin)
	defer cancel()
	p, err := r.o.Desk.Performance(ctx, w, date, helix.AgentID(value(agentID)))
	if err != nil {
		return nil, err
	}
	out := &graph.AgentPerformance{
		AgentID: string(p.Agent), Date: date, Occupancy: p.Occupancy, MissedCallRecoveryRate: p.Recovery,
		Calls: &graph.AgentCallCounts{
			Total: p.Inbound + p.Outbound, Inbound: p.Inbound, Outbound: p.Outbound, Answered: p.Answered, Missed: p.Missed,
		},
		Seconds: &graph.AgentSeconds{
			Login: seconds(p.Login), Talk: seconds(p.Talk), Hold: seconds(p.Hold), AfterCallWork: seconds(p.WrapUp),
			Idle: seconds(p.Idle), Paused: seconds(p.Paused),
		},
	}
	if p.AverageHandle != nil {
		average := p.AverageHandle.Seconds()
		out.AverageHandleSeconds = &average
	}
	return out, nil
}
