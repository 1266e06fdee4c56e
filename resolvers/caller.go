package resolvers

import (
	"context"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// CallerProfile resolves what FortyTwo knows of a caller.
func (r *queryResolver) CallerProfile(ctx context.Context, phone helix.Phone) (*graph.CallerProfile, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	p, err := r.o.Desk.CallerProfile(ctx, w, phone)
	if err != nil {
		return nil, err
	}
	return callerProfile(phone, p), nil
}

func callerProfile(phone helix.Phone, p helix.CallerProfile) *graph.CallerProfile {
	out := &graph.CallerProfile{
		Phone: phone, Known: p.Known(), DisplayName: text(p.DisplayName), Lead: lead(p.Lead), Patient: patient(p.Patient),
		Appointments: make([]*graph.Appointment, len(p.Appointments)), OpenFollowUps: make([]*graph.FollowUp, len(p.OpenFollowUps)),
		RecentCalls: make([]graph.RecentCall, len(p.RecentCalls)), Errors: []graph.CallerProfileError{},
		Insight: insight(),
	}
	for i, a := range p.Appointments {
		out.Appointments[i] = &graph.Appointment{ID: a.ID}
	}
	for i, f := range p.OpenFollowUps {
		out.OpenFollowUps[i] = &graph.FollowUp{ID: f.ID}
	}
	for i, c := range p.RecentCalls {
		out.RecentCalls[i] = recentCall(c)
	}
	for _, part := range graph.AllCallerProfilePart {
		if err := p.Failed[helix.ProfilePart(part)]; err != nil {
			e := helix.AsError(err)
			out.Errors = append(out.Errors, graph.CallerProfileError{Part: part, Code: graph.ErrorCode(e.Code), Message: e.Message})
		}
	}
	return out
}

func recentCall(c helix.RecentCall) graph.RecentCall {
	out := graph.RecentCall{
		ID: c.ID, At: when(c.At), DurationSeconds: seconds(c.Duration), Disposition: text(c.Disposition), Record: record(c.ID),
	}
	if c.Direction != "" {
		direction := graph.CallDirection(c.Direction)
		out.Direction = &direction
	}
	if c.Outcome != "" {
		outcome := graph.CallOutcome(c.Outcome)
		out.Outcome = &outcome
	}
	if c.AgentName != "" {
		out.Agent = &graph.RecentCallAgent{Name: c.AgentName}
	}
	return out
}

// insight says that there is none: no model can be configured yet.
func insight() *graph.CallerInsight {
	return &graph.CallerInsight{Status: graph.InsightStatusNotConfigured, SuggestedActions: []graph.SuggestedAction{}}
}

// lead, patient, record and member refer to records; no id is no record.

func lead(id string) *graph.Lead {
	if id == "" {
		return nil
	}
	return &graph.Lead{ID: id}
}

func patient(id string) *graph.Patient {
	if id == "" {
		return nil
	}
	return &graph.Patient{ID: id}
}

func record(call string) *graph.Call {
	if call == "" {
		return nil
	}
	return &graph.Call{ID: call}
}

func member(id string) *graph.WorkspaceMember {
	if id == "" {
		return nil
	}
	return &graph.WorkspaceMember{ID: id}
}
