package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// requestPatience bounds a request to the server whose caller set no earlier deadline.
	requestPatience = 5 * time.Second
	// followBatch and followBytes bound what one follower has under way from the server.
	followBatch = 256
	followBytes = 4 << 20
	// followHeartbeat is how often the server says that a follower is alive; two silent ones make it start anew.
	followHeartbeat = 5 * time.Second
	// followerExpiry is when the server forgets a follower whose process is gone.
	followerExpiry = 30 * time.Second
)

// follower reads a stream in order and goes on after every interruption.
type follower struct {
	bus         *Bus
	stream      string
	headersOnly bool
	after       uint64                // the last sequence that was emitted; moves on
	emit        func(m message) error // an error ends the follower
	snapshot    func(pending uint64)  // when set: each (re)start begins with the last message of every subject
}

// message is a stored message with its place.
type message struct {
	jetstream.Msg
	sequence uint64
	pending  uint64 // how many more the server had when it sent this one
	at       time.Time
}

// emitError is an error of the emit function, which is not the follower's to retry.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

// run follows until ctx ends, and then returns nil, or until emit fails, and then returns that.
func (f *follower) run(ctx context.Context) error {
	for failures := 0; ; {
		began := f.after
		reconnected := f.bus.nextReconnect()
		err := f.once(ctx, reconnected)
		var stop *emitError
		switch {
		case errors.As(err, &stop):
			return stop.err
		case ctx.Err() != nil:
			return nil //nolint:nilerr // whoever ended ctx knows; what broke off by it is no failure
		case f.after != began:
			failures = 0
		}
		failures++
		f.bus.log.WarnContext(ctx, "bus: a follower starts anew", "stream", f.stream, "after", f.after, "error", err)
		wait := time.NewTimer(f.bus.retry.after(failures))
		select {
		case <-wait.C:
		case <-reconnected:
		case <-ctx.Done():
		}
		wait.Stop()
	}
}

// once follows through one consumer until something breaks the order.
func (f *follower) once(ctx context.Context, reconnected <-chan struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-reconnected:
			cancel(errReconnected)
		case <-ctx.Done():
		}
	}()
	consumer, err := f.bus.byName[f.stream].CreateConsumer(ctx, f.config())
	if err != nil {
		return fmt.Errorf("create a consumer: %w", err)
	}
	info := consumer.CachedInfo()
	defer f.forget(ctx, info.Name)
	if f.snapshot != nil {
		f.snapshot(info.NumPending)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(followBatch, followBytes),
		jetstream.PullHeartbeat(followHeartbeat), jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer messages.Stop()
	for expected := uint64(1); ; expected++ {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Consumer != expected {
			return fmt.Errorf("message %d came instead of %d", meta.Sequence.Consumer, expected)
		}
		if err := f.emit(message{m, meta.Sequence.Stream, meta.NumPending, meta.Timestamp}); err != nil {
			return &emitError{err}
		}
		f.after = meta.Sequence.Stream
	}
}

var errReconnected = errors.New("the connection was lost and is back")

func (f *follower) config() jetstream.ConsumerConfig {
	cfg := jetstream.ConsumerConfig{
		Name: uuid.NewString(), DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: f.after + 1,
		AckPolicy: jetstream.AckNonePolicy, InactiveThreshold: followerExpiry, Replicas: 1, MemoryStorage: true,
		HeadersOnly: f.headersOnly,
	}
	if f.snapshot != nil {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
		cfg.FilterSubjects = []string{">"}
	}
	return cfg
}

// forget frees the consumer now rather than at its expiry. While disconnected that is left to the server.
func (f *follower) forget(ctx context.Context, name string) {
	if !f.bus.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := f.bus.js.DeleteConsumer(ctx, f.stream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		f.bus.log.DebugContext(ctx, "bus: a consumer stays until it expires", "stream", f.stream, "error", err)
	}
}
