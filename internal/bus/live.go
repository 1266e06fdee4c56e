package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// The live topics.
const (
	// LiveRecords tells every replica that a record of FortyTwo may have changed.
	LiveRecords = "records"
)

// liveQueue bounds what waits for a listener of this process; what comes while it is full is lost, and he is told so.
const liveQueue = 4096

// Tell says something to whoever listens to a topic at this moment, in this process and in the others. It is not stored: it
// costs no write to the disk, and may be lost with the connection.
func (b *Bus) Tell(topic string, body []byte) error {
	if err := b.nc.Publish(liveSubject(topic), body); err != nil {
		return translate("bus.tell", err)
	}
	return nil
}

// Listen hands on what is told on a topic until ctx ends, and then returns nil. nil in place of a body says that something
// may have been missed: the connection was lost, or take was too slow.
func (b *Bus) Listen(ctx context.Context, topic string, take func(body []byte)) error {
	told := make(chan *nats.Msg, liveQueue)
	sub, err := b.nc.ChanSubscribe(liveSubject(topic), told)
	if err != nil {
		return translate("bus.listen", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // fails when the connection is closed, which is as good
	reconnected := b.nextReconnect()
	lost := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-reconnected:
			reconnected = b.nextReconnect()
			take(nil)
		case m := <-told:
			take(m.Data)
			if dropped, err := sub.Dropped(); err == nil && dropped != lost {
				lost = dropped
				take(nil)
			}
		}
	}
}

func liveSubject(topic string) string { return fmt.Sprintf("live.%s", topic) }
