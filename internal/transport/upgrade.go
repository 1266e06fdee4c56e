package transport

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
)

// Sizes of the buffers of a socket, in bytes. Most messages are small and most sockets idle; write buffers are shared.
const (
	readBuffer  = 1 << 10
	writeBuffer = 4 << 10
)

func (h *Handler) newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		ReadBufferSize:   readBuffer,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  &sync.Pool{},
		HandshakeTimeout: h.opts.Socket.WriteTimeout,
		Subprotocols:     []string{protocolTransportWS},
		CheckOrigin:      h.originAllowed,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			code := helix.CodeBadInput
			if status == http.StatusForbidden {
				code = helix.CodeForbidden
			}
			message := strings.TrimPrefix(reason.Error(), "websocket: ")
			(&refusal{status: status, err: &helix.Error{Code: code, Message: message}}).write(w, mediaJSON)
		},
	}
}

// originAllowed keeps pages of others from opening a socket with what the browser knows of the user.
func (h *Handler) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return h.opts.AllowOrigin(origin)
}

// serveSocket upgrades the connection and leaves it to a goroutine of its own, so that the buffers and the stack of the HTTP
// server are not held for hours, nor a request's span or metric left open. A peer that offers none of our sub-protocols is
// told so with 4406, which needs an open socket.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	exec := h.opts.Executor(r)
	if exec == nil {
		(&refusal{status: http.StatusServiceUnavailable, err: errNoSchema}).write(w, mediaJSON)
		return
	}
	if !h.sockets.hasRoom(h.opts.Socket.MaxSockets) {
		busy := &helix.Error{Code: helix.CodeUnavailable, Message: "no more sockets are taken at the moment", Retryable: true}
		(&refusal{status: http.StatusServiceUnavailable, err: busy}).write(w, mediaJSON)
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	s := newSocket(h, conn, exec, r)
	if !h.sockets.add(s) {
		s.drain()
	}
	go func() {
		defer h.sockets.remove(s)
		s.serve()
	}()
}

// registry knows the open sockets, for their number and their end.
type registry struct {
	mu       sync.Mutex
	open     map[*socket]struct{}
	draining bool
	empty    chan struct{} // closed when draining and none is left
}

// hasRoom is a check before the upgrade, so the bound may be passed by the handshakes under way.
func (g *registry) hasRoom(limit int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.draining && len(g.open) < limit
}

// add answers false when the server is shutting down; the socket counts all the same, until it is removed.
func (g *registry) add(s *socket) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[s] = struct{}{}
	return !g.draining
}

func (g *registry) remove(s *socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, s)
	if g.draining && len(g.open) == 0 {
		close(g.empty)
		g.empty = make(chan struct{})
	}
}

// shutdown drains every socket, cuts off at the end of ctx, and waits for the last to leave: at most grace longer, since
// a resolver may not heed its context.
func (g *registry) shutdown(ctx context.Context, grace time.Duration) error {
	empty, sockets := g.drain()
	for _, s := range sockets {
		s.drain()
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	for _, s := range sockets {
		s.close(websocket.CloseGoingAway, closeShutdownReason)
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-empty:
	case <-timer.C:
	}
	return ctx.Err()
}

func (g *registry) drain() (empty <-chan struct{}, sockets []*socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	for s := range g.open {
		sockets = append(sockets, s)
	}
	if len(sockets) == 0 {
		none := make(chan struct{})
		close(none)
		return none, nil
	}
	return g.empty, sockets
}
