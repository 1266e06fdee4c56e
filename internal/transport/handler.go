package transport

import (
	"context"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// Handler serves a GraphQL endpoint: POST, GET, event streams and WebSocket on one path. It is safe for concurrent use.
type Handler struct {
	opts     Options
	upgrader websocket.Upgrader
	sessions registry

	reservations reservations
	hubs         hubs
	batches      sync.Pool // of *[]byte: what the writers of sockets gather frames in
}

// New makes a handler. It fails only on an impossible configuration.
func New(o Options) (*Handler, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{opts: opts}
	h.upgrader = h.newUpgrader()
	h.sessions.open = make(map[*session]struct{})
	h.hubs.byKey = make(map[string]*hub)
	h.batches.New = func() any { return new(make([]byte, 0, batchSize)) }
	h.reservations.byToken = make(map[string]*reservation)
	h.reservations.waiting = make(map[string]int)
	return h, nil
}

// ServeHTTP answers one request, or upgrades it to a socket, which lives on when ServeHTTP has returned: with the values of
// the request's context, until its peer, its token or [Handler.Shutdown] ends it. Identity, tracing and CORS are put around
// it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		h.serveSocket(w, r)
		return
	}
	h.serveRequest(w, r)
}

// Shutdown takes no new sockets and event streams and ends the open ones: queries and mutations that run are answered first,
// then a socket is closed with 1001 and an event stream ended without a complete. When ctx ends, the rest is closed at once. It
// returns when none is left, or shortly after ctx has ended, with its error, when operations were cut off. Call it before the
// sources of subscriptions are closed, and beside [http.Server.Shutdown], which waits for other requests and for event streams.
func (h *Handler) Shutdown(ctx context.Context) error {
	return h.sessions.shutdown(ctx, 2*h.opts.Socket.CloseTimeout)
}
