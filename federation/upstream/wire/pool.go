package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"
)

// pool holds the connections. At any time as many are being made as exchanges wait, unless that would be too many in all.
type pool struct {
	connect        func(context.Context) (*conn, error)
	max            int
	idleTimeout    time.Duration
	connectTimeout time.Duration

	mu         sync.Mutex
	idle       []*conn // in the order in which they became so
	waiting    []*waiter
	open       int // connections, idle ones included
	connecting int
	sweeper    *time.Timer
	sweeping   bool // the sweeper is to come
	closed     bool
}

func newPool(o Options) *pool {
	p := &pool{connect: connector(o), max: o.MaxConns, idleTimeout: o.IdleTimeout, connectTimeout: o.ConnectTimeout}
	p.sweeper = time.AfterFunc(time.Hour, p.sweep)
	p.sweeper.Stop()
	return p
}

// connector makes connections to the server of o.URL.
func connector(o Options) func(context.Context) (*conn, error) {
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	secure := o.URL.Scheme == "https"
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = o.URL.Hostname()
	}
	config.NextProtos = []string{"http/1.1"}
	address := addressOf(o.URL)
	return func(ctx context.Context) (*conn, error) {
		socket, err := dial(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		if !secure {
			return newConn(socket, socket, o.MaxBody), nil
		}
		over := tls.Client(socket, config)
		if err := over.HandshakeContext(ctx); err != nil {
			_ = socket.Close()
			return nil, err
		}
		return newConn(over, socket, o.MaxBody), nil
	}
}

func addressOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// take gives x a connection with its deadline: the one that was used last of those that are idle and quiet, else a new one,
// or the first that becomes free.
func (p *pool) take(x *Exchange) (*conn, error) {
	for {
		now := time.Now()
		if !now.Before(x.Deadline) {
			p.leave(x)
			return nil, ErrNoConnection
		}
		c := p.takeIdle(x, now)
		if c == nil {
			var err error
			if c, err = p.await(x); err != nil {
				return nil, err
			}
		}
		if c.SetDeadline(x.Deadline) == nil && (!c.used || c.quiet(x.Deadline)) {
			return c, nil
		}
		p.drop(c)
	}
}

// takeIdle gives nil when there is none, or x wants none, or waits already.
func (p *pool) takeIdle(x *Exchange, now time.Time) *conn {
	if x.fresh || x.waiter != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.popIdle(now)
}

// popIdle takes the connection that was used last. p.mu is held.
func (p *pool) popIdle(now time.Time) *conn {
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	if now.Sub(c.idleSince) >= p.idleTimeout { // the sweeper is late
		p.closeIdle(last + 1)
		return nil
	}
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return c
}

// put keeps a connection for the next exchange, or gives it to the one that waits longest.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.used && len(p.waiting) > 0 && p.waiting[0].fresh {
		p.dropLocked(c)
		return
	}
	p.offer(c)
}

// offer gives an open connection to the first who waits, or keeps it. p.mu is held.
func (p *pool) offer(c *conn) {
	if p.serve(c, nil) {
		return
	}
	if p.closed {
		p.dropLocked(c)
		return
	}
	c.idleSince = time.Now()
	p.idle = append(p.idle, c)
	if !p.sweeping {
		p.sweeping = true
		p.sweeper.Reset(p.idleTimeout)
	}
}

// drop closes a connection; somebody who waits may have another in its place.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropLocked(c)
}

func (p *pool) dropLocked(c *conn) {
	hangUp(c)
	p.open--
	p.fill()
}

// fill begins to connect for who waits. p.mu is held.
func (p *pool) fill() {
	for p.connecting < len(p.waiting) && p.open+p.connecting < p.max {
		p.connecting++
		go p.add()
	}
}

// add makes one more connection. What comes of it is for the first who waits, whoever asked.
func (p *pool) add() {
	ctx, cancel := context.WithTimeout(context.Background(), p.connectTimeout)
	defer cancel()
	c, err := p.connect(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connecting--
	if err != nil {
		p.serve(nil, err)
		p.fill()
		return
	}
	p.open++
	p.offer(c)
}

// sweep closes what has been idle for too long, and comes again for the rest.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	stale := 0
	now := time.Now()
	for stale < len(p.idle) && now.Sub(p.idle[stale].idleSince) >= p.idleTimeout {
		stale++
	}
	p.closeIdle(stale)
	if p.sweeping = len(p.idle) > 0; p.sweeping {
		p.sweeper.Reset(p.idleTimeout - now.Sub(p.idle[0].idleSince))
	}
}

// closeIdle closes the n that were used longest ago. p.mu is held.
func (p *pool) closeIdle(n int) {
	for _, c := range p.idle[:n] {
		hangUp(c)
	}
	p.open -= n
	p.idle = slices.Delete(p.idle, 0, n)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.closeIdle(len(p.idle))
	p.sweeping = false
	p.sweeper.Stop()
}

// hangUp closes a connection. TLS says goodbye first, which may wait for a server that does not read; nobody waits for that.
func hangUp(c *conn) {
	if c.secure {
		go c.Close()
		return
	}
	_ = c.Close()
}
