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

// Discard removes the messages that wait and that which picks, wherever they wait, and overwrites what they held. A lane
// that was parked behind one of them goes on; pushes that were stored together with a picked one go to the end of the
// inbox. A message that is being handled, or was read to be handled within the last second, may still have its effect,
// and one that is stored meanwhile may be overlooked. When it fails, some may be gone and it can be called again.
func (b *Bus) Discard(ctx context.Context, which func(Waiting) bool) (d Discarded, err error) {
	err = b.discard(ctx, streamInbox, func(m *jetstream.RawStreamMsg) (bool, error) {
		return b.pickPushes(ctx, m, which, &d.Pushes)
	})
	if err == nil {
		err = b.discard(ctx, streamDead, func(m *jetstream.RawStreamMsg) (bool, error) {
			return count(&d.DeadPushes, which(Waiting{Dead: true, Body: m.Data})), nil
		})
	}
	if err == nil {
		err = b.discard(ctx, streamOutbox, func(m *jetstream.RawStreamMsg) (bool, error) {
			return count(&d.Commands, which(Waiting{Lane: m.Header.Get(headerLane), Body: m.Data})), nil
		})
	}
	if err == nil && d.Commands > 0 {
		err = b.unparkEmptied(ctx)
	}
	return d, err
}

// discard goes through a stream message by message, asking its leader: what a lagging replica does not know must not be
// overlooked.
func (b *Bus) discard(ctx context.Context, stream string, which func(*jetstream.RawStreamMsg) (bool, error)) error {
	s := b.byName[stream]
	for seq := uint64(1); ; seq++ {
		m, err := s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return translate("bus.discard", err)
		}
		seq = m.Sequence
		picked, err := which(m)
		if err == nil && picked {
			err = wipe(ctx, s, seq)
		}
		if tenure := b.tenure.Load(); err == nil && picked && stream == streamInbox && tenure != nil {
			tenure.held.drop(seq)
			tenure.removal.gone(seq)
		}
		if err != nil {
			return translate("bus.discard", err)
		}
	}
}

// pickPushes reports whether any push of a message is to be discarded, and counts those that are not settled. The message goes
// as a whole then, so that the others which are not settled are stored once more before.
func (b *Bus) pickPushes(ctx context.Context, m *jetstream.RawStreamMsg, which func(Waiting) bool, discarded *int) (picked bool, err error) {
	pushes, err := unpackPushes(m.Subject, m.Header, m.Data, m.Time)
	if err != nil {
		pushes = []InboxMessage{{Body: m.Data}}
	}
	tenure := b.tenure.Load()
	var others []InboxMessage
	for i, push := range pushes {
		settled := tenure != nil && tenure.removal.isSettled(newPushID(m.Sequence, i))
		switch {
		case which(Waiting{Body: push.Body}):
			picked = true
			count(discarded, !settled)
		case !settled:
			others = append(others, push)
		}
	}
	if picked && len(others) > 0 {
		err = b.storeGroup(ctx, others)
	}
	return picked, err
}

func count(n *int, one bool) bool {
	if one {
		*n++
	}
	return one
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
