package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	dialGo    = "dial.go."
	dialLater = "dial.later."
	// dialWorkers is the one consumer that all replicas take dials from.
	dialWorkers = "dialers"
	// dialAckWait is when the server gives a dial that was taken and not done to another worker.
	dialAckWait = time.Minute
	// maxDialsTaken bounds how many dials all workers together may have taken and not done.
	maxDialsTaken = 1000
)

// Dial is a call whose turn has come. It is a hint: whoever takes it reads the call before he dials.
type Dial struct {
	Call string
	msg  jetstream.Msg
}

// QueueDial asks that a call be handed out at a time, or at once when that is past. It replaces what was asked for the
// call before, apart from a dial that is taken already. The server keeps time in whole seconds here, rounded up. call
// must be a token.
func (b *Bus) QueueDial(ctx context.Context, call string, at time.Time) error {
	if !isToken(call) {
		return fmt.Errorf("bus.queue dial: call must be a subject token")
	}
	m := &nats.Msg{Subject: dialGo + call, Header: nats.Header{}}
	if at.After(b.now()) {
		m.Subject = dialLater + call
		m.Header.Set("Nats-Schedule", "@at "+at.Add(time.Second-1).Truncate(time.Second).UTC().Format(time.RFC3339))
		m.Header.Set("Nats-Schedule-Target", dialGo+call)
	}
	_, err := b.js.PublishMsg(ctx, m)
	return translate("bus.queue dial", err)
}

// DialQueued reports whether a call waits to be handed out now, or has been taken and is not done.
func (b *Bus) DialQueued(ctx context.Context, call string) (bool, error) {
	_, err := b.byName[streamDials].GetLastMsgForSubject(ctx, dialGo+call)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, translate("bus.dial queued", err)
}

// DropDial forgets that a call is to be dialled later.
func (b *Bus) DropDial(ctx context.Context, call string) error {
	if !isToken(call) {
		return fmt.Errorf("bus.drop dial: call must be a subject token")
	}
	return translate("bus.drop dial", b.byName[streamDials].Purge(ctx, jetstream.WithPurgeSubject(dialLater+call)))
}

// Dialers is a worker's access to the queue. It is safe for concurrent use.
type Dialers struct{ consumer jetstream.Consumer }

// Dialers joins those who take dials.
func (b *Bus) Dialers(ctx context.Context) (*Dialers, error) {
	c, err := b.byName[streamDials].CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: dialWorkers, FilterSubject: dialGo + "*", AckPolicy: jetstream.AckExplicitPolicy, AckWait: dialAckWait,
		MaxDeliver: -1, MaxAckPending: maxDialsTaken, MaxWaiting: 512,
	})
	if err != nil {
		return nil, translate("bus.dialers", err)
	}
	return &Dialers{c}, nil
}

// Take waits up to patience for one dial; [ErrNotFound] when none came. It must be given back with [Dial.Done], else it
// is handed out again after a minute.
func (d *Dialers) Take(ctx context.Context, patience time.Duration) (Dial, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := d.consumer.Next(jetstream.FetchContext(ctx))
	switch {
	case err == nil:
		return Dial{Call: strings.TrimPrefix(m.Subject(), dialGo), msg: m}, nil
	case ctx.Err() != nil, errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages),
		errors.Is(err, jetstream.ErrInvalidOption): // the rest of the patience is too short to be asked for
		return Dial{}, ErrNotFound
	}
	return Dial{}, translate("bus.take dial", err)
}

// Done removes a dial from the queue. It may be lost with the server's power: the dial then comes again.
func (d Dial) Done() error { return translate("bus.dial done", d.msg.Ack()) }
