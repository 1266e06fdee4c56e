package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// minLease is the shortest lease: the server counts a message's time to live in seconds.
const minLease = time.Second

// Lease says which of several holders may do a thing. It is a key that expires: whoever creates it holds it as long as
// he renews it in time, each renewal being a compare-and-set on his own last one. Every write carries the time to live,
// since the server forgets it with a plain update and the key would then stay for ever.
//
// Time is real time here, as it is for the server. The holder's own clock ends the tenure before the server's can: he counts from before a renewal was sent, and stops a
// fifth early. What he has under way then still needs the fence.
type Lease struct {
	bus    *Bus
	name   string
	holder string
	owner  string // the holder's name and an id that no other candidate has
	ttl    time.Duration
	kv     jetstream.Stream

	mu      sync.Mutex
	tenure  context.Context // of the current holding; nil when not held
	end     context.CancelCauseFunc
	fence   uint64        // revision of the write that began the tenure
	changed chan struct{} // closed and replaced when tenure changes
}

// ErrLeaseLost is the cause that ends a lease's context when the lease could not be renewed.
var ErrLeaseLost = errors.New("bus: the lease was lost")

// errReleased is the cause that ends a lease's context on shutdown.
var errReleased = errors.New("bus: the lease was released")

// NewLease makes a candidate for a lease. holder names the process, for operators. ttl is how
// long a holder that died keeps it; it is rounded up to seconds and kept between a second and a minute.
func (b *Bus) NewLease(name, holder string, ttl time.Duration) *Lease {
	ttl = (ttl + time.Second - 1).Truncate(time.Second)
	return &Lease{
		bus: b, name: name, holder: holder, owner: holder + " " + uuid.NewString(), ttl: min(max(ttl, minLease), maxLease),
		kv: b.byName["KV_"+bucketLeases], changed: make(chan struct{}),
	}
}

// Run tries to get the lease, and to keep it, until ctx ends; then it gives it back, so that another replica need not
// wait for its expiry, and returns nil. What is done under the lease should end before ctx does.
func (l *Lease) Run(ctx context.Context) error {
	freed := make(chan *nats.Msg, 1) // one hint is enough; more are dropped
	hints, err := l.bus.nc.ChanSubscribe(l.freedSubject(), freed)
	if err != nil {
		return translate("bus.lease "+l.name, err)
	}
	defer func() { _ = hints.Unsubscribe() }()
	for ctx.Err() == nil {
		revision, until, err := l.acquire(ctx)
		if err == nil {
			l.hold(ctx, revision, until)
			continue
		}
		if !errors.Is(err, ErrNotLeader) && ctx.Err() == nil {
			l.bus.log.WarnContext(ctx, "bus: a lease could not be asked for", "lease", l.name, "error", err)
		}
		pause := time.NewTimer(l.ttl / 3)
		select {
		case <-pause.C:
		case <-freed:
		case <-ctx.Done():
		}
		pause.Stop()
	}
	return nil
}

// hold renews until that fails for too long or ctx ends.
func (l *Lease) hold(ctx context.Context, revision uint64, until time.Time) {
	l.begin(ctx, revision)
	l.bus.log.InfoContext(ctx, "bus: holding a lease", "lease", l.name, "holder", l.holder, "fence", revision)
	expiry := time.NewTimer(time.Until(until))
	renewal := time.NewTicker(l.ttl / 4)
	defer expiry.Stop()
	defer renewal.Stop()
	for {
		select {
		case <-ctx.Done():
			l.finish(errReleased)
			l.release(context.WithoutCancel(ctx), revision)
			return
		case <-expiry.C:
			l.lose(ctx, ErrLeaseLost)
			return
		case <-renewal.C:
		}
		attempt, cancel := context.WithDeadline(ctx, until)
		sent := time.Now()
		next, err := l.write(attempt, l.owner, revision)
		cancel()
		switch {
		case err == nil:
			revision, until = next, l.deadline(sent)
			expiry.Reset(time.Until(until))
		case errors.Is(err, ErrConflict):
			// The server let it expire, or an earlier renewal arrived although it was answered with an error.
			l.lose(ctx, fmt.Errorf("%w: %w", ErrLeaseLost, err))
			return
		}
	}
}

// acquire takes the lease if it is free; [ErrNotLeader] if it is not. until is when the holder must stop.
func (l *Lease) acquire(ctx context.Context) (revision uint64, until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.ttl)
	defer cancel()
	last, err := l.kv.GetLastMsgForSubject(ctx, l.subject())
	var expected uint64
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
	case err != nil:
		return 0, time.Time{}, translate("bus.lease "+l.name, err)
	case len(last.Data) > 0 && string(last.Data) != l.owner:
		return 0, time.Time{}, ErrNotLeader
	default:
		expected = last.Sequence // it was released, or is our own from a renewal whose answer was lost
	}
	sent := time.Now()
	revision, err = l.write(ctx, l.owner, expected)
	if errors.Is(err, ErrConflict) {
		return 0, time.Time{}, ErrNotLeader
	}
	return revision, l.deadline(sent), err
}

// write is a compare-and-set that also sets the time to live anew. An empty owner releases.
func (l *Lease) write(ctx context.Context, owner string, expected uint64) (uint64, error) {
	m := &nats.Msg{Subject: l.subject(), Data: []byte(owner), Header: nats.Header{}}
	ack, err := l.bus.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(expected), jetstream.WithMsgTTL(l.ttl))
	if err != nil {
		return 0, translate("bus.lease "+l.name, err)
	}
	return ack.Sequence, nil
}

func (l *Lease) release(ctx context.Context, revision uint64) {
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	if _, err := l.write(ctx, "", revision); err != nil {
		l.bus.log.WarnContext(ctx, "bus: a lease could not be given back and will expire", "lease", l.name, "error", err)
		return
	}
	if err := l.bus.nc.Publish(l.freedSubject(), nil); err != nil {
		l.bus.log.DebugContext(ctx, "bus: the release of a lease was not announced", "lease", l.name, "error", err)
	}
}

func (l *Lease) deadline(sent time.Time) time.Time { return sent.Add(l.ttl - l.ttl/5) }
func (l *Lease) subject() string                   { return "$KV." + bucketLeases + "." + Key(l.name) }
func (l *Lease) freedSubject() string              { return "lease.freed." + Key(l.name) }

// Context waits until the lease is held and gives a context that ends when it is lost or released, or when ctx ends.
// Its error is ctx's, when ctx ends first. Run must be running.
func (l *Lease) Context(ctx context.Context) (context.Context, error) {
	for ctx.Err() == nil {
		l.mu.Lock()
		tenure, changed := l.tenure, l.changed
		l.mu.Unlock()
		if tenure != nil && tenure.Err() == nil {
			held, cancel := context.WithCancelCause(ctx)
			forget := context.AfterFunc(tenure, func() { cancel(context.Cause(tenure)) })
			context.AfterFunc(held, func() { forget() })
			return held, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

// IsLeader returns nil while the lease is held, else [ErrNotLeader]. It is gocron's Elector.
func (l *Lease) IsLeader(context.Context) error {
	if l.Fence() == 0 {
		return ErrNotLeader
	}
	return nil
}

// Fence is a number that grows from one tenure to the next, over all replicas; 0 while the lease is not held. Whoever
// stores it with what he does can refuse a holder that was overtaken.
func (l *Lease) Fence() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tenure == nil || l.tenure.Err() != nil {
		return 0
	}
	return l.fence
}

func (l *Lease) begin(ctx context.Context, fence uint64) {
	tenure, end := context.WithCancelCause(context.WithoutCancel(ctx))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tenure, l.end, l.fence = tenure, end, fence
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Lease) lose(ctx context.Context, cause error) {
	l.bus.log.WarnContext(ctx, "bus: a lease was lost", "lease", l.name, "holder", l.holder, "cause", cause)
	l.finish(cause)
}

func (l *Lease) finish(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(cause)
	l.tenure, l.end, l.fence = nil, nil, 0
	close(l.changed)
	l.changed = make(chan struct{})
}
