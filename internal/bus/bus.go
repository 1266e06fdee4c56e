package bus

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options says where the log is and how long it is kept.
type Options struct {
	Dir       string           // data directory of the embedded server; unused when URL is set
	URL       string           // NATS server or cluster, e.g. "nats://user:secret@nats:4222"; "" embeds one
	Retention time.Duration    // how long anything is kept, at least an hour; 0: 90 days
	MaxStore  int64            // bytes on disk that all streams share, at least 64 MiB; 0: 10 GiB
	Replicas  int              // copies of each stream on a cluster; 0: 3 on a cluster, else 1
	Logger    *slog.Logger     // nil: slog.Default()
	Now       func() time.Time // stamps dead letters; nil: time.Now. Waiting is done in real time
}

// Bus is the log and the state. It is safe for concurrent use.
type Bus struct {
	log       *slog.Logger
	now       func() time.Time
	retention time.Duration
	maxStore  int64
	replicas  int
	holder    string // names this process in leases
	retry     retryPolicy

	lock     *os.File       // nil when remote
	srv      *server.Server // nil when remote
	nc       *nats.Conn
	js       jetstream.JetStream
	pages    *nats.Conn                    // for direct reads of streams; see openReaders
	values   jetstream.JetStream           // for those of buckets
	readers  []*nats.Conn                  // the connections of both
	byName   map[string]jetstream.Stream   // written once by define
	parked   *Bucket[parkedLane]           // lanes of the outbox that wait for an operator, by Key
	commits  map[string]*committer         // of streams, by name; written once by define
	writer   *groupWriter                  // of the inbox
	governor *governor                     // weighs the inbox's handling against its storing
	tenure   atomic.Pointer[inboxConsumer] // who consumes the inbox in this process; nil when nobody does

	mu          sync.Mutex
	reconnected chan struct{} // closed and replaced when a lost connection is back
}

// Open starts the embedded server over o.Dir, or connects to o.URL, and defines every stream and bucket. It fails with
// [ErrLocked] when another process holds the directory.
func Open(ctx context.Context, o Options) (*Bus, error) {
	b := &Bus{
		log: o.Logger, now: o.Now, retention: o.Retention, maxStore: o.MaxStore, replicas: 1, holder: uuid.NewString(),
		retry: defaultRetry(), reconnected: make(chan struct{}),
	}
	b.governor = newGovernor(time.Now, runtime.GOMAXPROCS(0))
	b.writer = newGroupWriter(b)
	if err := b.applyDefaults(); err != nil {
		return nil, err
	}
	var err error
	if o.URL == "" {
		err = b.openEmbedded(ctx, o.Dir)
	} else {
		err = b.openRemote(ctx, o.URL, o.Replicas)
	}
	if err == nil {
		err = b.setUp(ctx)
	}
	if err != nil {
		_ = b.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return b, nil
}

func (b *Bus) applyDefaults() error {
	if b.log == nil {
		b.log = slog.Default()
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.retention == 0 {
		b.retention = defaultRetention
	}
	if b.maxStore == 0 {
		b.maxStore = defaultMaxStore
	}
	switch {
	case b.retention < minRetention:
		return fmt.Errorf("bus: a retention of %s is below the least, %s", b.retention, minRetention)
	case b.maxStore < minMaxStore:
		return fmt.Errorf("bus: a store of %d bytes is below the least, %d", b.maxStore, int64(minMaxStore))
	}
	return nil
}

func (b *Bus) openEmbedded(ctx context.Context, dir string) (err error) {
	if dir == "" {
		return fmt.Errorf("bus: neither a data directory nor a NATS address is given")
	}
	if b.lock, err = lockDir(dir); err != nil {
		return err
	}
	if b.srv, err = startEmbedded(ctx, dir, b.log); err != nil {
		return err
	}
	if b.nc, err = b.connect(ctx, nats.DefaultURL, nats.InProcessServer(b.srv)); err != nil {
		return err
	}
	return b.openReaders(ctx, nats.DefaultURL, nats.InProcessServer(b.srv))
}

func (b *Bus) openRemote(ctx context.Context, address string, replicas int) (err error) {
	if b.nc, err = b.connect(ctx, address); err != nil {
		return err
	}
	if replicas > 0 {
		b.replicas = replicas
	} else if b.nc.ConnectedClusterName() != "" {
		b.replicas = 3
	}
	if err := checkRemote(b.nc); err != nil {
		return err
	}
	return b.openReaders(ctx, address)
}

// openReaders opens connections for direct reads. The server answers those in the order of their connection, each when
// the write that its stream is busy with is on the disk; on one connection a push would wait to be stored until all
// that was asked before it is answered.
func (b *Bus) openReaders(ctx context.Context, address string, more ...nats.Option) error {
	for range 2 {
		nc, err := b.connect(ctx, address, more...)
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.readers = append(b.readers, nc)
		b.mu.Unlock()
	}
	b.pages = b.readers[0]
	var err error
	b.values, err = jetstream.New(b.readers[1])
	return err
}

func (b *Bus) setUp(ctx context.Context) (err error) {
	if b.js, err = jetstream.New(b.nc); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	if err := b.define(ctx); err != nil {
		return err
	}
	if b.parked, err = OpenBucket[parkedLane](ctx, b, bucketParked); err != nil {
		return err
	}
	if b.srv == nil {
		return nil
	}
	// Nobody else can hold the directory, so that leases in it are those of a process that is gone.
	if err := b.byName["KV_"+bucketLeases].Purge(ctx); err != nil {
		return fmt.Errorf("bus: clear leases: %w", err)
	}
	return nil
}

// Close sends what is still to be sent, closes the connection and waits until the embedded server has shut down and
// the directory is free. When ctx ends first, the rest happens in the background and ctx's error is returned.
// Functions that run until their context ends must have returned before.
func (b *Bus) Close(ctx context.Context) error {
	if b.nc != nil && !b.nc.IsClosed() {
		if b.nc.IsConnected() {
			flush, cancel := context.WithTimeout(ctx, connectPatience)
			if err := b.nc.FlushWithContext(flush); err != nil {
				b.log.WarnContext(ctx, "bus: the last messages may not have been sent", "error", err)
			}
			cancel()
		}
		b.nc.Close()
	}
	for _, nc := range b.readers {
		nc.Close()
	}
	down := make(chan struct{})
	go func() {
		defer close(down)
		if b.srv != nil {
			b.srv.Shutdown()
			b.srv.WaitForShutdown()
		}
		if b.lock != nil {
			_ = b.lock.Close() // gives the lock back; closing twice is harmless
		}
	}()
	select {
	case <-down:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("bus: the server is still shutting down: %w", ctx.Err())
	}
}

// Healthy asks the server for its JetStream account: one round trip that proves that it can be reached and that its
// storage works.
func (b *Bus) Healthy(ctx context.Context) error {
	_, err := b.js.AccountInfo(ctx)
	return translate("bus.healthy", err)
}

// Retention is how long anything is kept.
func (b *Bus) Retention() time.Duration { return b.retention }

// signalReconnect tells of a connection that is back, once all are.
func (b *Bus) signalReconnect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, nc := range append([]*nats.Conn{b.nc}, b.readers...) {
		if !nc.IsConnected() {
			return
		}
	}
	close(b.reconnected)
	b.reconnected = make(chan struct{})
}

// nextReconnect is closed when the connection is lost and back after this call.
func (b *Bus) nextReconnect() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reconnected
}
