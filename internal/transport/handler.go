package transport

import (
	"context"
	"net/http"

	"github.com/gorilla/websocket"
)

// Handler serves a GraphQL endpoint: POST, GET and WebSocket on one path. It is safe for concurrent use.
type Handler struct {
	opts     Options
	upgrader websocket.Upgrader
	sockets  registry
}

// New makes a handler. It fails only on an impossible configuration.
func New(o Options) (*Handler, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{opts: opts}
	h.upgrader = h.newUpgrader()
	h.sockets.open = make(map[*socket]struct{})
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

// Shutdown takes no new sockets and ends the open ones: queries and mutations that run are answered first, then the socket
// is closed with 1001. When ctx ends, the rest is closed at once. It returns when no socket is left, or shortly after ctx has
// ended, with its error, when operations were cut off. Call it before the sources of subscriptions are closed. HTTP requests are those of
// [http.Server.Shutdown].
func (h *Handler) Shutdown(ctx context.Context) error {
	return h.sockets.shutdown(ctx, 2*h.opts.Socket.CloseTimeout)
}
