package wire

import (
	"slices"
	"time"
)

// waiter is an exchange in line for a connection.
type waiter struct {
	fresh bool          // it takes none that was used
	ready chan offer    // holds one
	woken chan struct{} // holds one
}

// offer is a connection, or why there is none.
type offer struct {
	conn *conn
	err  error
}

// stir makes the waiter look whether it still should wait.
func (w *waiter) stir() {
	select {
	case w.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// await waits for a connection. After an interruption x keeps its place.
func (p *pool) await(x *Exchange) (*conn, error) {
	w := x.waiter
	if w == nil {
		w = &waiter{fresh: x.fresh, ready: make(chan offer, 1), woken: make(chan struct{}, 1)}
		p.enter(w)
		x.setWaiter(w)
	}
	timer := time.NewTimer(time.Until(x.Deadline))
	defer timer.Stop()
	for {
		err := x.halted()
		switch {
		case err == ErrInterrupted: //nolint:errorlint // as halted gives it
			return nil, err
		case err != nil:
			p.leave(x)
			return nil, err
		}
		select {
		case got := <-w.ready:
			x.setWaiter(nil)
			return got.conn, got.err
		case <-w.woken:
		case <-timer.C:
			p.leave(x)
			return nil, ErrNoConnection
		}
	}
}

// enter puts w at the end of the line, unless a connection has become idle just now.
func (p *pool) enter(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !w.fresh {
		if c := p.popIdle(time.Now()); c != nil {
			w.ready <- offer{conn: c}
			return
		}
	}
	p.waiting = append(p.waiting, w)
	if len(p.idle) > 0 && p.open+p.connecting >= p.max { // w wants none of these: one makes room
		p.closeIdle(1)
	}
	p.fill()
}

// leave takes x out of the line, if it is in it. What it was given in the meantime goes to another.
func (p *pool) leave(x *Exchange) {
	w := x.waiter
	if w == nil {
		return
	}
	x.setWaiter(nil)
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	if got := <-w.ready; got.conn != nil {
		p.put(got.conn)
	}
}

// serve gives c or err to the first who waits, if anybody does. p.mu is held.
func (p *pool) serve(c *conn, err error) bool {
	if len(p.waiting) == 0 {
		return false
	}
	p.waiting[0].ready <- offer{c, err}
	p.waiting = slices.Delete(p.waiting, 0, 1)
	return true
}
