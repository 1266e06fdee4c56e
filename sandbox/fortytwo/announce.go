package fortytwo

import (
	"maps"
	"slices"
)

// announce tells of changes that have taken effect: event streams, and webhooks, one request per record.
func (s *Server) announce(ws *workspace, c *caller, events []recordEvent) {
	s.tellStreams(ws, c, events)
	s.queueWebhooks(ws, c, events)
}

func (s *Server) queueWebhooks(ws *workspace, c *caller, events []recordEvent) {
	if len(ws.webhooks) == 0 {
		return
	}
	for _, e := range events {
		name := e.object.singular + "." + e.action
		for _, h := range ws.webhooks {
			if !h.wants(name) {
				continue
			}
			body := s.envelope(ws, c, h, name)
			object := newDict()
			object.set("id", e.object.id)
			object.set("nameSingular", e.object.singular)
			body.set("objectMetadata", object)
			after := e.after
			if after == nil {
				after = e.before
			}
			body.set("record", wholeRecord(e.object, after))
			if e.action == "updated" {
				body.set("updatedFields", changedColumns(e.before, e.after))
			}
			s.hooks.enqueue(delivery{url: h.targetURL, secret: h.secret, body: appendJSON(nil, body)})
		}
	}
}

// announceMetadata queues the webhooks of a change of metadata; they have event in place of record.
func (s *Server) announceMetadata(ws *workspace, c *caller, kind, action, id string) {
	name := "metadata." + kind + "." + action
	for _, h := range ws.webhooks {
		if !h.wants(name) {
			continue
		}
		event := newDict()
		event.set("type", action)
		event.set("metadataName", kind)
		event.set("recordId", id)
		body := s.envelope(ws, c, h, name)
		body.set("event", event)
		s.hooks.enqueue(delivery{url: h.targetURL, secret: h.secret, body: appendJSON(nil, body)})
	}
}

func (s *Server) envelope(ws *workspace, c *caller, h *webhook, name string) *dict {
	body := newDict()
	body.set("targetUrl", h.targetURL)
	body.set("eventName", name)
	body.set("workspaceId", ws.id)
	body.set("webhookId", h.id)
	body.set("eventDate", formatInstant(ws.now()))
	if c.user != nil {
		body.set("userId", c.user.id)
		body.set("workspaceMemberId", c.memberID)
	}
	return body
}

// wholeRecord is a record with all columns: composites nested, relations as <name>Id.
func wholeRecord(o *objectMeta, r row) *dict {
	out := newDict()
	for _, f := range o.fields {
		switch {
		case f.oneToMany() || f.typ == TypeTSVector:
		case f.manyToOne():
			out.set(f.relation.column, r[f.relation.column])
		default:
			out.set(f.name, readValue(f, r))
		}
	}
	return out
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
