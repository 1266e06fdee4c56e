package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// PersonEvents reads up to limit events of a person that follow a sequence, oldest first, as the log's leader has them.
func (b *Bus) PersonEvents(ctx context.Context, person string, after uint64, limit int) ([]StoredEvent, error) {
	if !isToken(person) {
		return nil, fmt.Errorf("bus.person events: person must be a subject token")
	}
	var events []StoredEvent
	for attempt := 1; len(events) < limit; attempt++ {
		msgs, _, err := b.page(ctx, streamEvents, personSubject(person), after+1, min(limit-len(events), callPage))
		if err != nil {
			return nil, translate("bus.person events", err)
		}
		for _, m := range msgs {
			e, err := storedEvent(m)
			if err != nil {
				return nil, fmt.Errorf("bus.person events: %w", err)
			}
			events = append(events, e)
			after = e.Sequence
		}
		if len(msgs) > 0 {
			attempt = 0
			continue
		}
		// A replica that lags may have answered; only the leader knows that there is nothing more.
		more, err := b.leaderHasAfter(ctx, streamEvents, personSubject(person), after)
		if err != nil || !more {
			return events, translate("bus.person events", err)
		}
		if err := b.pause(ctx, attempt); err != nil {
			return nil, translate("bus.person events", err)
		}
	}
	return events, nil
}

// EraseEvents removes events by their sequences and overwrites what they held on the disk. Sequences are not used again,
// and cursors before the erased events stay valid unless those were the oldest of the log. One that is gone already is
// no error. When it fails, some may be gone and it can be called again.
func (b *Bus) EraseEvents(ctx context.Context, sequences ...uint64) error {
	for _, seq := range sequences {
		if err := wipe(ctx, b.byName[streamEvents], seq); err != nil {
			return translate("bus.erase events", err)
		}
	}
	return nil
}

func personSubject(person string) string { return "events.*." + person }

// Waiting is a message that is stored and not done: a push in the inbox, a command in the outbox, a dead push.
type Waiting struct {
	Dead bool   // a push that is a dead letter
	Lane string // of a command; "" of a push
	Body []byte
}

// Discarded is how many messages were removed before they were done.
type Discarded struct {
	Pushes     int // of the inbox
	Commands   int // of the outbox, those that parked a lane included
	DeadPushes int
}

// Discard removes the messages that wait and that which picks, wherever they wait, and overwrites what they held. A lane that was parked behind one of
// them goes on. A message that is being handled at this moment may still have its effect, and one that is stored
// meanwhile may be overlooked. When it fails, some may be gone and it can be called again.
func (b *Bus) Discard(ctx context.Context, which func(Waiting) bool) (d Discarded, err error) {
	d.Pushes, err = b.discard(ctx, streamInbox, func(m *jetstream.RawStreamMsg) bool { return which(Waiting{Body: m.Data}) })
	if err == nil {
		d.DeadPushes, err = b.discard(ctx, streamDead, func(m *jetstream.RawStreamMsg) bool {
			return which(Waiting{Dead: true, Body: m.Data})
		})
	}
	if err == nil {
		d.Commands, err = b.discard(ctx, streamOutbox, func(m *jetstream.RawStreamMsg) bool {
			return which(Waiting{Lane: m.Header.Get(headerLane), Body: m.Data})
		})
	}
	if err == nil && d.Commands > 0 {
		err = b.unparkEmptied(ctx)
	}
	return d, err
}

// discard goes through a stream message by message, asking its leader: what a lagging replica does not know must not be
// overlooked.
func (b *Bus) discard(ctx context.Context, stream string, which func(*jetstream.RawStreamMsg) bool) (removed int, err error) {
	s := b.byName[stream]
	for seq := uint64(1); ; seq++ {
		m, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return removed, nil
		}
		if err != nil {
			return removed, translate("bus.discard", err)
		}
		seq = m.Sequence
		if !which(m) {
			continue
		}
		if err := wipe(ctx, s, seq); err != nil {
			return removed, translate("bus.discard", err)
		}
		removed++
	}
}

// unparkEmptied lets lanes go on whose parking message is gone.
func (b *Bus) unparkEmptied(ctx context.Context) error {
	parked, err := b.parked.All(ctx)
	if err != nil {
		return err
	}
	for lane, p := range parked {
		_, err := b.byName[streamOutbox].GetMsg(ctx, p.Sequence)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = b.unpark(ctx, lane, strconv.FormatUint(p.Sequence, 10), nil)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return translate("bus.discard", err)
		}
	}
	return nil
}
