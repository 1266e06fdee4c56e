package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// silentGrace is how long a drain waits for the first request of a connection that is already open.
const silentGrace = 250 * time.Millisecond

// silent keeps the connections on which nothing was asked yet. Clients open some that they never use, when an answer came
// by another meanwhile, and net/http's own shutdown waits five seconds for each.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{} // no more than there are connections
}

// observe is [http.Server.ConnState].
func (s *silent) observe(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.conns[conn] = struct{}{}
		return
	}
	delete(s.conns, conn)
}

// close ends those that are still silent.
func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}
