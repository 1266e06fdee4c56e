package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// embeddedMemory bounds what JetStream keeps in memory streams and consumers; we use it for small consumers alone.
	embeddedMemory = 64 << 20
	// embeddedStore is no limit: every stream has its own, and their sum is Options.MaxStore. One here would refuse to
	// lower them, since the server counts what the others still reserve.
	embeddedStore = 1 << 50
	// startPatience is how long the embedded server may take; recovering a large log is slower than the usual 3 ms.
	startPatience = time.Minute
	// connectPatience bounds the first connection to a remote server.
	connectPatience = 5 * time.Second
	reconnectWait   = 250 * time.Millisecond
	reconnectJitter = 250 * time.Millisecond
	// The oldest remote server that has all we use (per-message TTL, batched reads, fixed compare-and-set errors).
	minMajor, minMinor = 2, 12
)

// startEmbedded starts a server that listens nowhere. Its limits are explicit since the defaults are three quarters
// of the machine's memory and disk; NoSigs since its signal handler would end our process.
func startEmbedded(ctx context.Context, dir string, log *slog.Logger) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName:             "helix-embedded",
		StoreDir:               dir,
		JetStream:              true,
		JetStreamMaxMemory:     embeddedMemory,
		JetStreamMaxStore:      embeddedStore,
		SyncAlways:             true,
		NoSigs:                 true,
		DontListen:             true,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("bus: configure the embedded server: %w", err)
	}
	logger := &serverLog{log: log}
	srv.SetLoggerV2(logger, false, false, false)
	started := make(chan struct{})
	go func() {
		defer close(started)
		srv.Start() // returns when it listens nowhere, and when it failed, which it only logs
	}()
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	select {
	case <-started:
		if logger.lastFatal() == "" && srv.ReadyForConnections(time.Second) {
			return srv, nil
		}
	case <-ctx.Done():
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	if reason := logger.lastFatal(); reason != "" {
		return nil, fmt.Errorf("bus: the embedded server did not start: %s", reason)
	}
	return nil, errors.New("bus: the embedded server was not ready in time")
}

// connect opens a connection. A publish is never buffered while disconnected: its caller would be told that it failed,
// and then it would happen.
func (b *Bus) connect(ctx context.Context, address string, more ...nats.Option) (*nats.Conn, error) {
	patience := connectPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline))
	}
	options := append([]nats.Option{
		nats.Name("helix"),
		nats.Timeout(patience),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(20 * time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("bus: connection lost", "error", err) //nolint:sloglint // outlives the context of Open
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			b.log.Info("bus: connected again", "server", nc.ConnectedServerName()) //nolint:sloglint // as above
			b.signalReconnect()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.log.Warn("bus: asynchronous error", "error", err) //nolint:sloglint // as above
		}),
	}, more...)
	nc, err := nats.Connect(address, options...)
	if err != nil {
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err // the whole error would print the address with its password
		}
		return nil, fmt.Errorf("bus: connect to NATS: %w", err)
	}
	return nc, nil
}

// checkRemote refuses servers that lack what the bus is built on.
func checkRemote(nc *nats.Conn) error {
	version := nc.ConnectedServerVersion()
	if !recentEnough(version) {
		return fmt.Errorf("bus: the NATS server at %s is version %s; %d.%d or newer is needed",
			nc.ConnectedUrlRedacted(), version, minMajor, minMinor)
	}
	return nil
}

// recentEnough reads a version such as "2.12.0-beta.1"; one that cannot be read is not.
func recentEnough(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err := strconv.Atoi(strings.TrimPrefix(parts[0], "v"))
	if err != nil {
		return false
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	return major > minMajor || major == minMajor && minor >= minMinor
}
