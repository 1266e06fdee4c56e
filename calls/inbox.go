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

// inboxWorkers is how many pushes of different calls are handled at once. Handling waits for synced appends and now
// and then for FortyTwo, so there are more than cores.
const inboxWorkers = 16

// ConsumeInbox handles stored pushes until ctx ends. decoders are named by the source that the webhook stored, e.g.
// "ozonetel.cdr". Pushes of one call are handled one after another.
func (s *Service) ConsumeInbox(ctx context.Context, decoders map[string]Decoder) error {
	lane := func(m bus.InboxMessage) string {
		decode := decoders[m.Source]
		if decode == nil {
			return m.Source
		}
		reports, err := decode(m.ContentType, m.Body)
		switch {
		case err != nil:
			return m.Source
		case len(reports.Calls) > 0:
			return reports.Calls[0].ProviderCallID
		case len(reports.Agents) > 0:
			return string(reports.Agents[0].Agent)
		case len(reports.Changes) > 0:
			return m.Source + reports.Changes[0].Record
		case len(reports.Dials) > 0:
			return m.Source + string(reports.Dials[0].Customer) + reports.Dials[0].ProviderCallID
		case len(reports.Conversations) > 0:
			return m.Source + reports.Conversations[0].ID
		}
		return m.Source
	}
	return s.bus.ConsumeInbox(ctx, inboxWorkers, lane, func(ctx context.Context, m bus.InboxMessage) error {
		decode := decoders[m.Source]
		if decode == nil {
			return bus.Permanent(fmt.Errorf("no decoder for pushes of %s", m.Source))
		}
		reports, err := decode(m.ContentType, m.Body)
		if err != nil {
			return bus.Permanent(err)
		}
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": m.Traceparent})
		return s.Ingest(ctx, reports)
	})
}
