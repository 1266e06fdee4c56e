package transport

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// registry knows the open sessions, of sockets and of event streams, for their number and their end.
type registry struct {
	mu       sync.Mutex
	open     map[*session]struct{}
	draining bool
	empty    chan struct{} // closed when draining and none is left
}

// hasRoom is a check before the upgrade, so the bound may be passed by the handshakes under way.
func (g *registry) hasRoom(limit int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.draining && len(g.open) < limit
}

// add answers false when the server is shutting down; the session counts all the same, until it is removed.
func (g *registry) add(s *session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[s] = struct{}{}
	return !g.draining
}

func (g *registry) remove(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, s)
	if g.draining && len(g.open) == 0 {
		close(g.empty)
		g.empty = make(chan struct{})
	}
}

// shutdown drains every session, cuts off at the end of ctx, and waits for the last to leave: at most grace longer, since
// a resolver may not heed its context.
func (g *registry) shutdown(ctx context.Context, grace time.Duration) error {
	empty, sessions := g.drain()
	for _, s := range sessions {
		s.drain()
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	for _, s := range sessions {
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

// all lists the open sessions.
func (g *registry) all() []*session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.open))
}

func (g *registry) drain() (empty <-chan struct{}, sessions []*session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	sessions = slices.Collect(maps.Keys(g.open))
	if len(sessions) == 0 {
		none := make(chan struct{})
		close(none)
		return none, nil
	}
	return g.empty, sessions
}
