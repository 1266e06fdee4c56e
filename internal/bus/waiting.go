package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"
)

// OutboxWaiting reports whether a lane holds commands that are not written yet, parked ones included.
func (b *Bus) OutboxWaiting(ctx context.Context, lane string) (bool, error) {
	_, err := b.byName[streamOutbox].GetLastMsgForSubject(ctx, "outbox."+Key(lane))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, translate("bus.outbox waiting", err)
}
