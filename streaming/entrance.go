package streaming

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxLineMessage bounds one message of a line, in bytes: about two seconds of audio.
	maxLineMessage = 64 << 10
	// handshakeWithin is how long our answer to a handshake may take to send.
	handshakeWithin = 5 * time.Second
)

// entrance is the handler of one kind of lines.
type entrance struct {
	server   *Server
	kind     LineKind
	upgrader websocket.Upgrader
}

func newEntrance(s *Server, kind LineKind) *entrance {
	return &entrance{server: s, kind: kind, upgrader: websocket.Upgrader{
		HandshakeTimeout: handshakeWithin,
		ReadBufferSize:   maxControl, // gorilla reads nothing
		Subprotocols:     kind.Settings.Subprotocols,
		CheckOrigin:      func(*http.Request) bool { return true }, // a token is needed, and no browser sends one unasked
	}}
}

// ServeHTTP upgrades a socket and leaves it to goroutines of its own, so that the buffers of the HTTP server are not held
// as long as a call lasts. A socket that is refused is told so by its close code, which needs an upgrade as well.
func (e *entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	claim, allowed := e.claim(r)
	code, reason := closePolicy, "unknown stream"
	if allowed {
		code, reason = e.server.admit()
	}
	ws, err := e.upgrader.Upgrade(w, r, nil)
	switch {
	case err != nil: // answered by the upgrader
		if code == 0 {
			e.server.leave()
		}
	case code != 0:
		refuse(ws.NetConn(), code, reason)
	default:
		c := newCall(context.WithoutCancel(r.Context()), e, ws.NetConn(), claim)
		go func() {
			defer e.server.leave()
			c.serve()
		}()
	}
}

// claim tells what a request asks for, and whether it may.
func (e *entrance) claim(r *http.Request) (Claim, bool) {
	if e.kind.Matching == ByNumber {
		given := r.PathValue("secret")
		return Claim{}, e.kind.Secret != "" && subtle.ConstantTimeCompare([]byte(given), []byte(e.kind.Secret)) == 1
	}
	call, attempt, err := e.server.opts.Tokens.Check(r.PathValue("token"))
	return Claim{Call: call, Attempt: attempt}, err == nil
}

// refuse closes a socket that was just opened.
func refuse(c net.Conn, code int, reason string) {
	_ = c.SetWriteDeadline(time.Now().Add(partWithin))
	_, _ = c.Write(appendClose(nil, code, reason, false))
	newConn(c, false, maxLineMessage).linger()
	_ = c.Close()
}
