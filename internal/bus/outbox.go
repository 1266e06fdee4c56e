package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of stored commands.
const (
	headerCommand = "Helix-Command" // its id
	headerLane    = "Helix-Lane"    // as the caller named it
)

// OutboxMessage is a command on its way out.
type OutboxMessage struct {
	Lane     string
	ID       string
	Sequence uint64
	Data     []byte
	Attempt  int       // 1 for the first
	At       time.Time // when it was stored
}

// AppendOutbox stores a command durably at the end of its lane and returns its sequence. A command whose id was stored
// within the last two minutes is not stored again: the sequence is the earlier one's. Errors: [ErrFull], [ErrTooLarge],
// [ErrUnavailable].
func (b *Bus) AppendOutbox(ctx context.Context, lane, id string, data []byte) (uint64, error) {
	m := &nats.Msg{Subject: "outbox." + Key(lane), Data: data, Header: nats.Header{
		headerCommand: {id}, headerLane: {lane}, jetstream.MsgIDHeader: {id},
	}}
	sequence, repeated, err := b.commits[streamOutbox].commit(ctx, m)
	if err != nil {
		return 0, translate("bus.append outbox", err)
	}
	if repeated {
		// Whoever awaits the repetition of a command that is written already would wait for nothing.
		if _, err := b.byName[streamOutbox].GetMsg(ctx, sequence); errors.Is(err, jetstream.ErrMsgNotFound) {
			b.announce(id)
		}
	}
	return sequence, nil
}

// AwaitOutbox gives a channel that is closed when the command of that id has been written, by whichever replica. It
// must be called before AppendOutbox. It waits until ctx ends; the channel is then left open.
func (b *Bus) AwaitOutbox(ctx context.Context, id string) (<-chan struct{}, error) {
	done := make(chan struct{})
	var once sync.Once
	sub, err := b.nc.Subscribe(doneSubject(id), func(*nats.Msg) { once.Do(func() { close(done) }) })
	if err != nil {
		return nil, translate("bus.await outbox", err)
	}
	if err := sub.AutoUnsubscribe(1); err != nil {
		return nil, translate("bus.await outbox", errors.Join(err, sub.Unsubscribe()))
	}
	context.AfterFunc(ctx, func() { _ = sub.Unsubscribe() })
	return done, nil
}

// announce tells that a command was written. Nobody may be waiting, and a lost announcement costs patience only.
func (b *Bus) announce(id string) {
	if err := b.nc.Publish(doneSubject(id), nil); err != nil {
		b.log.Debug("bus: a written command was not announced", "error", err)
	}
}

func doneSubject(id string) string { return "done." + Key(id) }

// parkedReason is what is kept of a command that was given up.
func parkedReason(m OutboxMessage, err error, now time.Time) parkedLane {
	return parkedLane{
		Sequence: m.Sequence, Code: codeOf(err), Reason: headerText(err), Exhausted: !IsPermanent(err), Attempts: m.Attempt, At: now.UTC(),
	}
}

// loadCommand reads a command by its ticket.
func (b *Bus) loadCommand(ctx context.Context, t ticket) (OutboxMessage, error) {
	stored, err := b.byName[streamOutbox].GetMsg(ctx, t.sequence)
	if err != nil {
		return OutboxMessage{}, err
	}
	return OutboxMessage{
		Lane: stored.Header.Get(headerLane), ID: stored.Header.Get(headerCommand), Sequence: t.sequence, Data: stored.Data, Attempt: t.attempt,
		At: stored.Time,
	}, nil
}
