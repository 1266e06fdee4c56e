package resolvers

import (
	"context"
	"slices"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/graph"
)

// Search resolves a search over all kinds.
func (r *queryResolver) Search(ctx context.Context, query string, kinds []graph.SearchKind, first *int) (*graph.SearchConnection, error) {
	w, err := anyWorker(ctx)
	if err != nil {
		return nil, err
	}
	size, err := r.pageSize(first)
	if err != nil {
		return nil, err
	}
	q := helix.SearchQuery{Text: query, Kinds: renamed[helix.SearchKind](kinds), First: size, Zone: r.o.Zone}
	found, err := r.o.Desk.Search(ctx, w, q)
	if err != nil {
		return nil, err
	}
	return searchConnection(found, size), nil
}

// searchConnection merges the kinds, the best hits first.
func searchConnection(found helix.SearchResults, size int) *graph.SearchConnection {
	out := &graph.SearchConnection{Errors: []graph.SearchError{}, Edges: []graph.SearchEdge{}}
	var hits []helix.SearchHit
	for _, kind := range helix.SearchKinds() {
		part := found[kind]
		hits = append(hits, part.Hits...)
		out.TotalCount += part.Total
		if part.Err != nil {
			e := helix.AsError(part.Err)
			out.Errors = append(out.Errors, graph.SearchError{
				Kind: graph.SearchKind(kind), Code: graph.ErrorCode(e.Code), Message: e.Message,
			})
		}
	}
	slices.SortFunc(hits, helix.SearchHit.Compare)
	for _, h := range hits[:min(size, len(hits))] {
		out.Edges = append(out.Edges, graph.SearchEdge{Node: searchResult(h)})
	}
	return out
}

func searchResult(h helix.SearchHit) graph.SearchResult {
	kind, subtitle, phone := graph.SearchKind(h.Kind), text(h.Subtitle), number(h.Phone)
	highlights := make([]graph.SearchHighlight, len(h.Highlights))
	for i, l := range h.Highlights {
		highlights[i] = graph.SearchHighlight{Field: l.Field, Text: l.Text}
	}
	switch h.Kind {
	case helix.SearchPatients:
		return graph.PatientResult{
			Kind: kind, ID: h.ID, Title: h.Title, Subtitle: subtitle, Phone: phone, Score: h.Score, Highlights: highlights,
			Patient: &graph.Patient{ID: h.ID},
		}
	case helix.SearchLeads:
		return graph.LeadResult{
			Kind: kind, ID: h.ID, Title: h.Title, Subtitle: subtitle, Phone: phone, Score: h.Score, Highlights: highlights,
			Lead: &graph.Lead{ID: h.ID},
		}
	default:
		return graph.AppointmentResult{
			Kind: kind, ID: h.ID, Title: h.Title, Subtitle: subtitle, Phone: phone, Score: h.Score, Highlights: highlights,
			Appointment: &graph.Appointment{ID: h.ID},
		}
	}
}
