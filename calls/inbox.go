package calls

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/propagation"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Decoder reads one stored push. A push that it refuses becomes a dead letter.
type Decoder func(contentType string, body []byte) (helix.ProviderReports, error)

// inboxWorkers is how many pushes of different calls are handled at once. Handling waits for the disk, whose syncs are
// shared by those who wait for it at the same time: the more there are, the more pushes a sync serves.
const inboxWorkers = 2048

// decoded is what a decoder made of a push, kept from finding its lane to its handling.
type decoded struct {
	reports helix.ProviderReports
	err     error
}

// ConsumeInbox handles stored pushes until ctx ends. decoders are named by the source that the webhook stored, e.g.
// "ozonetel.cdr". Pushes of one call are handled one after another.
func (s *Service) ConsumeInbox(ctx context.Context, decoders map[string]Decoder) error {
	decode := func(m *bus.InboxMessage) decoded {
		decoder := decoders[m.Source]
		if decoder == nil {
			return decoded{err: fmt.Errorf("no decoder for pushes of %s", m.Source)}
		}
		reports, err := decoder(m.ContentType, m.Body)
		return decoded{reports, err}
	}
	lane := func(m *bus.InboxMessage) string {
		d := decode(m)
		m.Decoded = d
		return laneOf(m.Source, d.reports)
	}
	return s.bus.ConsumeInbox(ctx, inboxWorkers, lane, func(ctx context.Context, m bus.InboxMessage) error {
		d, ok := m.Decoded.(decoded)
		if !ok { // it was read again
			d = decode(&m)
		}
		if d.err != nil {
			return bus.Permanent(d.err)
		}
		if m.Traceparent != "" {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": m.Traceparent})
		}
		return s.Ingest(ctx, d.reports)
	})
}

// laneOf names what the reports of a push must stay in order with.
func laneOf(source string, reports helix.ProviderReports) string {
	switch {
	case len(reports.Calls) > 0:
		return reports.Calls[0].ProviderCallID
	case len(reports.Agents) > 0:
		return string(reports.Agents[0].Agent)
	case len(reports.Changes) > 0:
		return source + reports.Changes[0].Record
	case len(reports.Dials) > 0:
		return source + string(reports.Dials[0].Customer) + reports.Dials[0].ProviderCallID
	case len(reports.Conversations) > 0:
		return source + reports.Conversations[0].ID
	}
	return source
}
