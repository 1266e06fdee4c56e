package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// AppendInbox stores a push durably: when it returns nil, the push will be handled whatever happens. One that is
// identical to another of the same source within two minutes is stored once. Errors: [ErrFull], [ErrTooLarge],
// [ErrUnavailable].
func (b *Bus) AppendInbox(ctx context.Context, m InboxMessage) error {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d:%s", len(m.Source), m.Source)
	_, _ = sum.Write(m.Body)
	return b.storeInbox(ctx, m, hex.EncodeToString(sum.Sum(nil)))
}

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
