package transport

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Options configure a [Handler]. Executor is required; for everything else the zero value means the default stated.
type Options struct {
	// Executor picks what executes, once per operation, which keeps it to its end. nil as an answer means that no schema can be
	// served at the moment: 503, or an error message on a socket.
	Executor func() graphql.GraphExecutor

	// Admit is asked before each operation is parsed. An error refuses the operation: TOO_MANY_REQUESTS becomes 429 with
	// Retry-After, UNAUTHENTICATED 401, FORBIDDEN 403; on a socket an error message. Default: everything is admitted.
	Admit func(ctx context.Context) error

	// Init is asked once per socket with the payload of connection_init, nil where there is none. The context that it
	// answers, derived from the one given, is that of every operation of the socket. UNAUTHENTICATED and the like close
	// with 4403, a retryable error with 1013, others with 1011. It runs at most SocketOptions.InitTimeout.
	// Default: every socket is accepted as it is.
	Init func(ctx context.Context, payload map[string]any) (context.Context, error)

	// Begin prepares the context of an operation of a socket or an event stream, which may begin long after its connection did.
	// Default: the context as it is.
	Begin func(ctx context.Context) context.Context

	// Expires tells when the identity in the context of Init ends. The socket is closed at that time with 4403, after
	// which clients connect again with a fresh token. Default: never.
	Expires func(ctx context.Context) (time.Time, bool)

	// Standing names what the caller in a context may be told of, as of now: see [Handler.Recheck]. Two names differ when
	// what is sent to him would. An error that is neither UNAUTHENTICATED nor FORBIDDEN means that nobody knows at the moment.
	// Default: nobody's standing changes.
	Standing func(ctx context.Context) (string, error)

	// Share tells whether a subscription of a socket, prepared, may be answered by a run that others use too. It is asked in
	// the subscriber's context, which ends with the subscription, and does what is to be done for each of them: above all it
	// decides whether the caller may have what the shared run will answer. false lets the operation run on its own, which is
	// also how a caller who is not allowed hears of it. Default: nothing is shared.
	Share func(ctx context.Context, oc *graphql.OperationContext) (Sharing, bool)

	// AllowOrigin decides whether pages of an origin ("https://desk.example") may open a socket. Requests without an
	// Origin header come from no page and those of the same host are ours: both pass unasked. Default: no other origin.
	AllowOrigin func(origin string) bool

	// Caller names whom a reservation of an event stream is bound to: only requests of the same name may use it. Default: the
	// headers Authorization and X-Api-Key, so that a renewed token needs a new reservation, which it does anyway where Expires
	// is given.
	Caller func(*http.Request) string

	// MaxBody bounds a request body, and a GET's query string, in bytes. Default: 1 MiB.
	MaxBody int64

	// Socket bounds each WebSocket and each event stream.
	Socket SocketOptions

	// Hooks observe; see there.
	Hooks Hooks

	// Logger takes faults of ours. Default: slog.Default().
	Logger *slog.Logger

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// SocketOptions bound one WebSocket or one event stream. The zero value of each field means the default stated.
type SocketOptions struct {
	MaxSockets    int           // open at once in all, event streams and their reservations too; default 10,000
	MaxMessage    int64         // bytes of one message from a client; default 256 KiB
	MaxOperations int           // running at once on one socket; default 100
	MaxFrames     int           // waiting for the peer; default 64
	MaxQueued     int           // bytes waiting for the peer, one frame larger than that is let through; default 1 MiB
	InitTimeout   time.Duration // until connection_init has come, and again for Init; of a reservation, for its connection; default 10 s
	KeepAlive     time.Duration // between pings; a peer silent for two and a half of them is gone; default 20 s
	WriteTimeout  time.Duration // for one frame to be taken by the network; default 10 s
	SlowAfter     time.Duration // a full queue without room before the peer counts as slow; default 10 s
	CloseTimeout  time.Duration // for the peer to answer a close; default 1 s
	RecheckEvery  time.Duration // between rounds of [Handler.Recheck]; default 10 s

	MaxReservations int // event streams that one caller has reserved and not connected to; default 16
}

// Hooks observe the transports, for metrics and logs. Any field may be nil. They are called from many goroutines and must
// not block. The context carries what middleware and Init have put in it.
type Hooks struct {
	SocketOpened       func(ctx context.Context)
	SocketClosed       func(ctx context.Context, c SocketClosed)
	OperationStarted   func(ctx context.Context, transport string)
	OperationCompleted func(ctx context.Context, o OperationCompleted)
}

// SocketClosed says how a socket ended.
type SocketClosed struct {
	Code   int           // sent by us, or received from the peer; 1006 where there was none
	Reason string        // ours; empty when the peer closed
	Slow   bool          // the peer did not take what was sent to it
	Lasted time.Duration // since the upgrade
}

// OperationCompleted says how an operation ended.
type OperationCompleted struct {
	Transport string        // "http", "websocket" or "sse"
	Kind      string        // "query", "mutation" or "subscription"; empty when it was refused before that was known
	Name      string        // of the operation in its document; chosen by the client, so no label for a metric
	Code      string        // extensions.code of the first error of the last answer, or empty
	Answers   int           // that were produced
	Took      time.Duration // until the last answer was produced
}

const (
	transportHTTP      = "http"
	transportWebSocket = "websocket"
	transportEvents    = "sse"
)

// withDefaults fills what was left out.
func (o Options) withDefaults() (Options, error) {
	if o.Executor == nil {
		return o, errors.New("transport: Options.Executor is required")
	}
	if o.Begin == nil {
		o.Begin = func(ctx context.Context) context.Context { return ctx }
	}
	if o.Admit == nil {
		o.Admit = func(context.Context) error { return nil }
	}
	if o.Init == nil {
		o.Init = func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, nil }
	}
	if o.Expires == nil {
		o.Expires = func(context.Context) (time.Time, bool) { return time.Time{}, false }
	}
	if o.Standing == nil {
		o.Standing = func(context.Context) (string, error) { return "", nil }
	}
	if o.Share == nil {
		o.Share = noSharing
	}
	if o.AllowOrigin == nil {
		o.AllowOrigin = func(string) bool { return false }
	}
	if o.Caller == nil {
		o.Caller = func(r *http.Request) string { return r.Header.Get("Authorization") + "\n" + r.Header.Get("X-Api-Key") }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orDefault(&o.MaxBody, 1<<20)
	orDefault(&o.Socket.MaxSockets, 10_000)
	orDefault(&o.Socket.MaxMessage, 256<<10)
	orDefault(&o.Socket.MaxOperations, 100)
	orDefault(&o.Socket.MaxFrames, 64)
	orDefault(&o.Socket.MaxQueued, 1<<20)
	orDefault(&o.Socket.MaxReservations, 16)
	orDefault(&o.Socket.InitTimeout, 10*time.Second)
	orDefault(&o.Socket.KeepAlive, 20*time.Second)
	orDefault(&o.Socket.WriteTimeout, 10*time.Second)
	orDefault(&o.Socket.SlowAfter, 10*time.Second)
	orDefault(&o.Socket.CloseTimeout, time.Second)
	orDefault(&o.Socket.RecheckEvery, 10*time.Second)
	o.Hooks = o.Hooks.withDefaults()
	return o, nil
}

func (h Hooks) withDefaults() Hooks {
	if h.SocketOpened == nil {
		h.SocketOpened = func(context.Context) {}
	}
	if h.SocketClosed == nil {
		h.SocketClosed = func(context.Context, SocketClosed) {}
	}
	if h.OperationStarted == nil {
		h.OperationStarted = func(context.Context, string) {}
	}
	if h.OperationCompleted == nil {
		h.OperationCompleted = func(context.Context, OperationCompleted) {}
	}
	return h
}

func orDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
