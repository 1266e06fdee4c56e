package transport

import (
	"net/http"
	"net/url"
	"strings"
	"sync"

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
		Subprotocols:     []string{protocolTransportWS, protocolLegacy},
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
	if h.opts.Executor() == nil {
		(&refusal{status: http.StatusServiceUnavailable, err: errNoSchema}).write(w, mediaJSON)
		return
	}
	if !h.sessions.hasRoom(h.opts.Socket.MaxSockets) {
		(&refusal{status: http.StatusServiceUnavailable, err: errBusy}).write(w, mediaJSON)
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	s := newSocket(h, conn, r)
	if !h.sessions.add(&s.session) {
		s.drain()
	}
	s.open()
	go s.serve()
}
