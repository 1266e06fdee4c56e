package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// maxOfLane is how many messages of one lane go into a batch, so that a long lane leaves room for others.
const maxOfLane = 16

// DrainOutbox hands stored commands to handle until ctx ends, and then returns nil. Only the holder of a lease calls
// it, with the lease's context; should two drain for a moment, commands are written twice, which changes nothing.
//
// A batch has up to limit messages, the oldest first; within a lane they are in order. After the first message is there,
// wait is how long the drain waits for company. One batch is under way at a time.
//
// handle answers one fate for each message. nil: it is done and deleted, together with the others of its batch. An error: its lane waits with back-off and
// begins again with that message. One made by [Permanent], or any after too many attempts: the lane is parked behind it
// until an operator replays or drops the dead letter. Messages of the same lane that handle says it wrote nevertheless
// are done.
func (b *Bus) DrainOutbox(ctx context.Context, limit int, wait time.Duration,
	handle func(context.Context, []OutboxMessage) []error,
) error {
	d := drainer{
		bus: b, lanes: newLanes(), removal: newRemoval(b.byName[streamOutbox], b), limit: max(limit, 1), wait: wait, handle: handle,
	}
	return d.run(ctx)
}

// drainer is one tenure of the outbox.
type drainer struct {
	bus     *Bus
	lanes   *lanes
	removal *removal
	limit   int
	wait    time.Duration
	handle  func(context.Context, []OutboxMessage) []error
}

func (d *drainer) run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	known := make(chan struct{}) // closed when all parked lanes are known
	work.Go(func() error {
		return d.bus.parked.Watch(ctx, func(lane string, p *parkedLane, _ uint64) {
			switch {
			case lane == "":
				close(known)
			case p == nil:
				d.lanes.unpark(lane)
			default:
				d.lanes.park(lane)
			}
		})
	})
	work.Go(func() error {
		select {
		case <-known:
		case <-ctx.Done():
			return nil
		}
		f := follower{bus: d.bus, stream: streamOutbox, headersOnly: true, emit: func(m message) error {
			if !d.removal.see(ctx, m.sequence, 1) {
				return ctx.Err()
			}
			d.lanes.push(strings.TrimPrefix(m.Subject(), "outbox."), m.sequence)
			return nil
		}}
		return f.run(ctx)
	})
	work.Go(func() error {
		for d.lanes.await(ctx) {
			d.gather(ctx)
			d.batch(ctx)
		}
		return nil
	})
	return work.Wait()
}

// gather waits for company, unless a full batch is there already.
func (d *drainer) gather(ctx context.Context) {
	timer := time.NewTimer(d.wait)
	defer timer.Stop()
	for {
		if ready, _ := d.lanes.next(time.Now()); ready >= d.limit {
			return
		}
		select {
		case <-d.lanes.changed:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// outcome is what became of one lane's part of a batch.
type outcome struct {
	done    []uint64
	stopped bool // by a message that must be tried again or was given up; later failures wait behind it
	attempt int  // of the message that must be tried again, 0 when there is none
}

func (o *outcome) retry(attempt int) { o.stopped, o.attempt = true, attempt }

// batch handles what is ready.
func (d *drainer) batch(ctx context.Context) {
	outcomes := map[string]*outcome{}
	var batch []OutboxMessage
	for _, t := range d.lanes.take(time.Now(), d.limit, maxOfLane) {
		o := outcomes[t.lane]
		if o == nil {
			o = &outcome{}
			outcomes[t.lane] = o
		}
		if o.stopped {
			continue // behind one that could not be loaded
		}
		m, err := d.bus.loadCommand(ctx, t)
		switch {
		case err == nil:
			batch = append(batch, m)
		case errors.Is(err, jetstream.ErrMsgNotFound):
			o.done = append(o.done, t.sequence) // dropped, or its retention ended
			d.removal.settle(newPushID(t.sequence, 0))
		case ctx.Err() != nil:
			return // whoever drains next loads it
		default:
			d.bus.log.WarnContext(ctx, "bus: a command could not be loaded", "sequence", t.sequence, "error", err)
			o.retry(t.attempt)
		}
	}
	if len(batch) > 0 && ctx.Err() == nil {
		d.judge(ctx, batch, d.fates(ctx, batch), outcomes)
	}
	for lane, o := range outcomes {
		var retryAt time.Time
		if o.attempt > 0 {
			retryAt = time.Now().Add(d.bus.retry.after(o.attempt))
		}
		d.lanes.settle(lane, o.done, retryAt)
	}
}

// fates asks the handler, and sees to it that there is one fate for each message.
func (d *drainer) fates(ctx context.Context, batch []OutboxMessage) (fates []error) {
	err := d.bus.guard(func() error {
		if fates = d.handle(ctx, batch); len(fates) != len(batch) {
			return fmt.Errorf("the handler answered %d fates for %d messages", len(fates), len(batch))
		}
		return nil
	})
	if err != nil {
		d.bus.log.ErrorContext(ctx, "bus: the handler of commands failed", "error", err)
		fates = slices.Repeat([]error{err}, len(batch))
	}
	return fates
}

// judge carries out the fates.
func (d *drainer) judge(ctx context.Context, batch []OutboxMessage, fates []error, outcomes map[string]*outcome) {
	var written []string
	for i, m := range batch {
		o := outcomes[Key(m.Lane)]
		switch err := fates[i]; {
		case err == nil:
			d.removal.settle(newPushID(m.Sequence, 0))
			o.done = append(o.done, m.Sequence)
			written = append(written, m.ID)
		case o.stopped:
		case IsPermanent(err) || m.Attempt >= d.bus.retry.maxAttempts:
			if err := d.park(ctx, m, err); err != nil {
				o.retry(m.Attempt)
				continue
			}
			o.stopped = true
		default:
			o.retry(m.Attempt)
		}
	}
	if len(written) > 0 {
		d.removal.flush(ctx) // what stays is removed after the next batch, those of a lane in their order
	}
	for _, id := range written {
		d.bus.announce(id)
	}
}

// park keeps the lane behind a message that was given up, over restarts and replicas.
func (d *drainer) park(ctx context.Context, m OutboxMessage, reason error) error {
	lane := Key(m.Lane)
	d.lanes.park(lane) // first, or an operator's replay might overtake it
	if _, err := d.bus.parked.Put(ctx, lane, parkedReason(m, reason, d.bus.now())); err != nil {
		d.lanes.unpark(lane)
		d.bus.log.WarnContext(ctx, "bus: a command could not be given up and is tried again", "sequence", m.Sequence, "error", err)
		return err
	}
	d.bus.log.ErrorContext(ctx, "bus: a command became a dead letter and parks its lane",
		"lane", lane, "sequence", m.Sequence, "attempts", m.Attempt, "reason", reason)
	return nil
}
