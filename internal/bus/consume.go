package bus

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)

// maxReady is how many lanes may have something to hand out before more is taken in: what is read before it can be
// handled would have to be read again.
const maxReady = 4096

// inboxLease is how long a replica that died keeps the others from the inbox.
const inboxLease = 10 * time.Second

// ConsumeInbox handles stored pushes until ctx ends, and then returns nil after the handlers that run have returned.
// Any number of processes may call it: one consumes, the others wait to take over.
//
// lane names what must stay in order, e.g. the call; it must be quick and always give the same answer. It may leave what
// it read in the message's Decoded. Neither it nor handle may change a body. Messages of a lane are handled in order and never at the same time; of several lanes, up to workers at once. A message is gone when
// handle returns nil. On another error its lane waits with back-off and tries again; on one made by [Permanent], or
// after too many attempts, it becomes a dead letter and its lane goes on. A panic counts as an error.
//
// Delivery is at-least-once: what was handled is removed in steps, some 50 ms later and only when all pushes that were
// stored in one message are, and a crash before that gives it again. While many pushes wait to be stored, fewer are handled: see governor.
func (b *Bus) ConsumeInbox(ctx context.Context, workers int, lane func(*InboxMessage) string,
	handle func(context.Context, InboxMessage) error,
) error {
	lease := b.NewLease("inbox", b.holder, inboxLease)
	tenancy, release := context.WithCancel(context.WithoutCancel(ctx)) // given back when the last handler has returned
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return lease.Run(tenancy) })
	work.Go(func() error {
		defer release()
		for {
			held, err := lease.Context(ctx)
			if err != nil {
				return nil // ctx ended
			}
			c := newInboxConsumer(b, lane, handle)
			if err := c.run(held, max(workers, 1)); err != nil {
				return err
			}
		}
	})
	return work.Wait()
}

// inboxConsumer is one tenure of the inbox.
type inboxConsumer struct {
	bus     *Bus
	inbox   jetstream.Stream
	lanes   *lanes // of push ids
	removal *removal
	held    *held
	reads   singleflight.Group // of messages that are not held, by sequence
	lane    func(*InboxMessage) string
	handle  func(context.Context, InboxMessage) error
}

func newInboxConsumer(b *Bus, lane func(*InboxMessage) string, handle func(context.Context, InboxMessage) error) *inboxConsumer {
	inbox := b.byName[streamInbox]
	return &inboxConsumer{
		bus: b, inbox: inbox, lanes: newLanes(), removal: newRemoval(inbox, b), held: newHeld(), lane: lane, handle: handle,
	}
}

func (c *inboxConsumer) run(ctx context.Context, workers int) error {
	c.bus.tenure.Store(c)
	defer c.bus.tenure.CompareAndSwap(c, nil)
	work, ctx := errgroup.WithContext(ctx)
	f := follower{bus: c.bus, stream: streamInbox, emit: func(m message) error { return c.take(ctx, m) }}
	work.Go(func() error {
		if err := f.run(ctx); ctx.Err() == nil {
			return err
		}
		return nil
	})
	work.Go(func() error {
		c.removal.run(ctx)
		return nil
	})
	work.Go(func() error {
		c.dispatch(ctx, workers)
		return nil
	})
	work.Go(func() error {
		if err := c.bus.governor.run(ctx); err != nil {
			c.bus.log.WarnContext(ctx, "bus: how late the network is cannot be measured", "error", err)
		}
		return nil
	})
	err := work.Wait()
	c.removal.flush(ctx)
	return err
}

// take puts the pushes of a message into their lanes.
func (c *inboxConsumer) take(ctx context.Context, m message) error {
	pushes := c.unpack(ctx, m.sequence, m.Subject(), m.Headers(), m.Data(), m.at)
	if !c.removal.see(ctx, m.sequence, len(pushes)) {
		return ctx.Err()
	}
	if !c.lanes.awaitRoom(ctx, maxReady) {
		return ctx.Err()
	}
	names := make([]string, len(pushes))
	for i := range pushes {
		names[i] = c.laneOf(&pushes[i])
	}
	c.held.offer(time.Now(), m.sequence, pushes, len(m.Data()))
	for i, name := range names {
		c.lanes.push(name, uint64(newPushID(m.sequence, i)))
	}
	return nil
}

// unpack reads the pushes of a message. One that cannot be read is given as a push without a source, which no handler
// knows, so that it becomes a dead letter and is not lost.
func (c *inboxConsumer) unpack(ctx context.Context, sequence uint64, subject string, h nats.Header, data []byte, at time.Time) []InboxMessage {
	pushes, err := unpackPushes(subject, h, data, at)
	if err != nil {
		c.bus.log.ErrorContext(ctx, "bus: a message of the inbox cannot be read", "sequence", sequence, "error", err)
		return []InboxMessage{{Body: data, ReceivedAt: at}}
	}
	return pushes
}

// dispatch hands out heads of lanes, at most workers at a time and as the governor lets it, and waits for what it handed
// out. Workers begin when all others are busy, and stay, since a new goroutine would grow its stack for each push.
func (c *inboxConsumer) dispatch(ctx context.Context, workers int) {
	var running sync.WaitGroup
	defer running.Wait()
	tickets := make(chan ticket)
	defer close(tickets)
	work := func() {
		for t := range tickets {
			c.process(ctx, t)
		}
	}
	begun := 0
	for c.lanes.await(ctx) && c.bus.governor.pause(ctx) {
		for _, t := range c.lanes.take(time.Now(), 1, 1) {
			select {
			case tickets <- t:
				continue
			default:
			}
			if begun < workers {
				begun++
				running.Go(work)
			}
			select {
			case tickets <- t:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (c *inboxConsumer) process(ctx context.Context, t ticket) {
	err := c.once(ctx, t)
	if err == nil {
		if id := pushID(t.sequence); c.removal.settle(id) {
			c.held.drop(id.sequence())
		}
		c.lanes.settle(t.lane, []uint64{t.sequence}, time.Time{})
		return
	}
	if ctx.Err() == nil {
		c.bus.log.WarnContext(ctx, "bus: a push could not be handled and is tried again",
			"push", pushID(t.sequence), "attempt", t.attempt, "error", err)
	}
	c.lanes.settle(t.lane, nil, time.Now().Add(c.bus.retry.after(t.attempt)))
}

// once brings one push to its end. An error means that it must be tried again.
func (c *inboxConsumer) once(ctx context.Context, t ticket) error {
	id := pushID(t.sequence)
	pushes, err := c.load(ctx, id.sequence())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil // its retention ended, or it was discarded
	}
	if err != nil {
		return err
	}
	m := pushes[id.index()]
	err = c.bus.guard(func() error { return c.handle(patient(ctx), m) })
	if err == nil || !IsPermanent(err) && t.attempt < c.bus.retry.maxAttempts {
		return err
	}
	return c.bus.bury(ctx, m, t, err)
}

// load gives the pushes of a message, from memory if it was delivered or read just now.
func (c *inboxConsumer) load(ctx context.Context, sequence uint64) ([]InboxMessage, error) {
	if pushes := c.held.get(time.Now(), sequence); pushes != nil {
		return pushes, nil
	}
	read, err, _ := c.reads.Do(strconv.FormatUint(sequence, 10), func() (any, error) {
		stored, err := c.inbox.GetMsg(ctx, sequence)
		if err != nil {
			return nil, err
		}
		pushes := c.unpack(ctx, sequence, stored.Subject, stored.Header, stored.Data, stored.Time)
		c.held.put(time.Now(), sequence, pushes, len(stored.Data))
		return pushes, nil
	})
	if err != nil {
		return nil, err
	}
	return read.([]InboxMessage), nil //nolint:forcetypeassert // made just above
}

// laneOf asks for a message's lane; a message that makes that panic has a lane of its own kind, where handling it will
// show what is wrong.
func (c *inboxConsumer) laneOf(m *InboxMessage) (name string) {
	if err := c.bus.guard(func() error { name = c.lane(m); return nil }); err != nil {
		return m.Source
	}
	return name
}

// guard turns a panic of a handler into an error: one bad message must not take the gateway down again and again.
func (b *Bus) guard(handle func() error) (err error) {
	defer func() {
		if recover() != nil { // its value may hold the message, so that it is neither logged nor kept
			b.log.Error("bus: a handler panicked", "stack", string(debug.Stack()))
			err = errors.New("the handler panicked")
		}
	}()
	return handle()
}
