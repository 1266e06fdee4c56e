package transport

import (
	"sync"
	"time"
)

// reservations knows the event streams of many operations by token.
type reservations struct {
	mu      sync.Mutex
	byToken map[string]*reservation
	waiting map[string]int // reserved and not connected, by caller
}

// add answers false when the caller has too many reservations that wait for their connection.
func (g *reservations) add(res *reservation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting[res.caller] >= res.h.opts.Socket.MaxReservations {
		return false
	}
	g.byToken[res.token] = res
	g.waiting[res.caller]++
	res.timer = time.AfterFunc(res.h.opts.Socket.InitTimeout, func() {
		if g.connect(res) { // nobody else may any more
			res.h.release(res)
		}
	})
	return true
}

// find answers nil for a token that is unknown or somebody else's.
func (g *reservations) find(token, caller string) *reservation {
	g.mu.Lock()
	defer g.mu.Unlock()
	if res := g.byToken[token]; res != nil && res.caller == caller {
		return res
	}
	return nil
}

// connect takes the one connection of a reservation; false when it is taken, or when the reservation is none yet or no more.
func (g *reservations) connect(res *reservation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if res.connected || g.byToken[res.token] != res {
		return false
	}
	g.waited(res)
	return true
}

// waited needs reservations.mu.
func (g *reservations) waited(res *reservation) {
	if res.connected {
		return
	}
	res.connected = true
	res.timer.Stop()
	if g.waiting[res.caller]--; g.waiting[res.caller] == 0 {
		delete(g.waiting, res.caller)
	}
}

// remove answers false when it was done before.
func (g *reservations) remove(res *reservation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byToken[res.token] != res {
		return false
	}
	g.waited(res)
	delete(g.byToken, res.token)
	return true
}
