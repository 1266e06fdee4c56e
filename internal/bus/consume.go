package bus

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// inboxLease is how long a replica that died keeps the others from the inbox.
const inboxLease = 10 * time.Second

// ConsumeInbox handles stored pushes until ctx ends, and then returns nil after the handlers that run have returned.
// Any number of processes may call it: one consumes, the others wait to take over.
//
// lane names what must stay in order, e.g. the call; it must be quick and always give the same answer. Messages of a
// lane are handled in order and never at the same time; of several lanes, up to workers at once. A message is gone when
// handle returns nil. On another error its lane waits with back-off and tries again; on one made by [Permanent], or
// after too many attempts, it becomes a dead letter and its lane goes on. A panic counts as an error.
//
// Delivery is at-least-once: a crash between handling and forgetting gives a message again.
func (b *Bus) ConsumeInbox(ctx context.Context, workers int, lane func(InboxMessage) string,
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
			c := inboxConsumer{bus: b, lanes: newLanes(), lane: lane, handle: handle, inbox: b.byName[streamInbox]}
			if err := c.run(held, max(workers, 1)); err != nil {
				return err
			}
		}
	})
	return work.Wait()
}

// inboxConsumer is one tenure of the inbox.
type inboxConsumer struct {
	bus    *Bus
	inbox  jetstream.Stream
	lanes  *lanes
	lane   func(InboxMessage) string
	handle func(context.Context, InboxMessage) error
}

func (c *inboxConsumer) run(ctx context.Context, workers int) error {
	work, ctx := errgroup.WithContext(ctx)
	f := follower{bus: c.bus, stream: streamInbox, emit: func(m message) error {
		c.lanes.push(c.laneOf(inboxMessage(m.Headers(), m.Data(), m.at)), m.sequence)
		return nil
	}}
	work.Go(func() error { return f.run(ctx) })
	work.Go(func() error {
		c.dispatch(ctx, workers)
		return nil
	})
	return work.Wait()
}

// dispatch hands out heads of lanes, at most workers at a time, and waits for what it handed out.
func (c *inboxConsumer) dispatch(ctx context.Context, workers int) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, workers)
	for c.lanes.await(ctx) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		taken := c.lanes.take(time.Now(), 1, 1)
		if len(taken) == 0 {
			<-slots
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			c.process(ctx, taken[0])
		})
	}
}

func (c *inboxConsumer) process(ctx context.Context, t ticket) {
	err := c.once(ctx, t)
	if err == nil {
		c.lanes.settle(t.lane, []uint64{t.sequence}, time.Time{})
		return
	}
	if ctx.Err() == nil {
		c.bus.log.WarnContext(ctx, "bus: a push could not be handled and is tried again",
			"sequence", t.sequence, "attempt", t.attempt, "error", err)
	}
	c.lanes.settle(t.lane, nil, time.Now().Add(c.bus.retry.after(t.attempt)))
}

// once brings one message to its end. An error means that it must be tried again.
func (c *inboxConsumer) once(ctx context.Context, t ticket) error {
	stored, err := c.inbox.GetMsg(ctx, t.sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil // its retention ended
	}
	if err != nil {
		return err
	}
	m := inboxMessage(stored.Header, stored.Data, stored.Time)
	err = c.bus.guard(func() error { return c.handle(ctx, m) })
	if err != nil {
		if !IsPermanent(err) && t.attempt < c.bus.retry.maxAttempts {
			return err
		}
		if err := c.bus.bury(ctx, m, t, err); err != nil {
			return err
		}
	}
	return remove(ctx, c.inbox, t.sequence)
}

// laneOf asks for a message's lane; a message that makes that panic has a lane of its own kind, where handling it will
// show what is wrong.
func (c *inboxConsumer) laneOf(m InboxMessage) (name string) {
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
