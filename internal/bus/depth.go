package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Depth is how much waits in the bus, for metrics and for operators.
type Depth struct {
	Inbox        uint64    // pushes that are not handled
	OldestInbox  time.Time // when the oldest of them was stored; zero when there is none
	Outbox       uint64    // commands that are not written, parked ones included
	OldestOutbox time.Time // when the oldest of them was stored; zero when there is none
	DeadPushes   uint64    // dead letters of the inbox
	ParkedLanes  uint64    // lanes of the outbox that wait for an operator, each behind a dead letter
	Events       uint64    // events of calls in the log
	Dials        uint64    // outbound calls that wait to be dialled, now or later
}

// Depth asks the server for the state of each stream.
func (b *Bus) Depth(ctx context.Context) (d Depth, err error) {
	for stream, read := range map[string]func(jetstream.StreamState){
		streamInbox:  func(s jetstream.StreamState) { d.Inbox, d.OldestInbox = b.pushesIn(s), oldest(s) },
		streamOutbox: func(s jetstream.StreamState) { d.Outbox, d.OldestOutbox = s.Msgs, oldest(s) },
		streamDead:   func(s jetstream.StreamState) { d.DeadPushes = s.Msgs },
		streamEvents: func(s jetstream.StreamState) { d.Events = s.Msgs },
		streamDials:  func(s jetstream.StreamState) { d.Dials = s.Msgs },
	} {
		var options []jetstream.StreamInfoOpt
		if stream == streamInbox {
			options = append(options, jetstream.WithSubjectFilter(">"))
		}
		info, err := b.byName[stream].Info(ctx, options...)
		if err != nil {
			return Depth{}, translate("bus.depth", err)
		}
		read(info.State)
	}
	lanes, err := b.parked.Keys(ctx)
	d.ParkedLanes = uint64(len(lanes))
	return d, err
}

// pushesIn counts the pushes of all messages, of which the subjects tell how many they have, without those that this
// process has handled and not removed yet.
func (b *Bus) pushesIn(s jetstream.StreamState) (pushes uint64) {
	for subject, messages := range s.Subjects {
		pushes += messages * uint64(pushesOf(subject))
	}
	if c := b.tenure.Load(); c != nil {
		pushes -= min(pushes, uint64(c.removal.waiting()))
	}
	return pushes
}

func oldest(s jetstream.StreamState) time.Time {
	if s.Msgs == 0 {
		return time.Time{}
	}
	return s.FirstTime
}
