package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// InboxMessage is a provider's push as it came.
type InboxMessage struct {
	Source      string // which webhook, e.g. "ozonetel.cdr"
	Body        []byte // at most MaxInboxMessage with the rest
	ContentType string
	ReceivedAt  time.Time
	Traceparent string // W3C trace context of the request, "" when there is none

	Decoded any // what the lane function of ConsumeInbox left for its handler; never stored
}

// Headers of stored pushes and dead letters.
const (
	headerSource      = "Helix-Source"
	headerReceivedAt  = "Helix-Received-At"
	headerContentType = "Content-Type"
	headerTraceparent = "Traceparent"
	headerReason      = "Helix-Reason"
	headerCode        = "Helix-Code"
	headerExhausted   = "Helix-Exhausted"
	headerAttempts    = "Helix-Attempts"
	headerFailedAt    = "Helix-Failed-At"
)

// AppendInbox stores a push durably: when it returns nil, the push will be handled whatever happens. Pushes that come
// at the same time are stored together and share one sync of the disk; m must not be changed meanwhile, not even when ctx has ended.
// One that is identical to another of the same source within two minutes is stored once, unless they come to different
// replicas or there are tens of thousands. Errors: [ErrFull], [ErrTooLarge], [ErrUnavailable].
func (b *Bus) AppendInbox(ctx context.Context, m InboxMessage) error { return b.writer.store(ctx, m) }

// storeGroup stores several pushes as one message.
func (b *Bus) storeGroup(ctx context.Context, pushes []InboxMessage) error {
	_, err := b.js.PublishMsg(ctx, packPushes(pushes))
	return translate("bus.append inbox", err)
}

// storeInbox stores a push as a message of its own, unless one of that id was stored within two minutes.
func (b *Bus) storeInbox(ctx context.Context, m InboxMessage, id string) error {
	stored := &nats.Msg{Subject: "inbox." + Key(m.Source), Data: m.Body, Header: inboxHeader(m)}
	_, err := b.js.PublishMsg(ctx, stored, jetstream.WithMsgID(id))
	return translate("bus.append inbox", err)
}

func inboxHeader(m InboxMessage) nats.Header {
	h := nats.Header{
		headerSource:     {m.Source},
		headerReceivedAt: {m.ReceivedAt.UTC().Format(time.RFC3339Nano)},
	}
	if m.ContentType != "" {
		h.Set(headerContentType, m.ContentType)
	}
	if m.Traceparent != "" {
		h.Set(headerTraceparent, m.Traceparent)
	}
	return h
}

// inboxMessage reads a stored push back; at stands in for a time of receipt that cannot be read.
func inboxMessage(h nats.Header, body []byte, at time.Time) InboxMessage {
	if received, err := time.Parse(time.RFC3339Nano, h.Get(headerReceivedAt)); err == nil {
		at = received
	}
	return InboxMessage{
		Source: h.Get(headerSource), Body: body, ContentType: h.Get(headerContentType), ReceivedAt: at,
		Traceparent: h.Get(headerTraceparent),
	}
}
