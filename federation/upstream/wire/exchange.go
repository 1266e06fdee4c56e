package wire

import (
	"errors"
	"net"
	"sync"
	"time"
)

// Exchange is one request and its answer. It must not be copied once it was given to [Client.Do].
type Exchange struct {
	Fields   [4]Field // those without a value are left out
	Body     []byte
	Deadline time.Time // of the whole exchange
	Once     bool      // it is written once at most
	Room     Room      // where the answer's body is read into; nil: into memory of its own

	Sent   bool   // bytes of the request may have left; set by Do
	Answer Answer // set by Do

	fresh  bool  // it was sent on a connection that had been closed: now it takes none that was used
	broken error // what stopped the writing of the request

	mu     sync.Mutex
	halt   halt
	conn   *conn   // while it is written to and read from
	waiter *waiter // while it waits for a connection
}

// Room lends memory for bodies.
type Room interface {
	Get(n int) []byte // without length, with room for n bytes at least
	Put(b []byte)     // takes one back that came to nothing
}

// own is memory that the garbage collector frees.
type own struct{}

func (own) Get(n int) []byte { return make([]byte, 0, n) }
func (own) Put([]byte)       {}

// Field is a header field of a request.
type Field struct {
	Start string // the name, and what the value begins with, e.g. "Authorization: Bearer "
	Value string
}

// Answer is what the server answered.
type Answer struct {
	Status      int
	ContentType string // "" when there is none or more than one
	RetryAfter  string
	Body        []byte
}

// halt is what an exchange is asked to do.
type halt uint8

const (
	goOn halt = iota
	interrupt
	abort
)

// past is a deadline that makes what waits for the network stop waiting.
var past = time.Unix(1, 0)

// Interrupt makes a Do that waits for a connection or for bytes return ErrInterrupted; one that writes does when it has
// written. When no Do is under way, the next one returns so. It does nothing to an exchange that is over.
func (x *Exchange) Interrupt() { x.stop(interrupt) }

// Abort makes a Do, also one that comes later, return ErrAborted and close the connection. It does nothing to an exchange
// that is over.
func (x *Exchange) Abort() { x.stop(abort) }

func (x *Exchange) stop(how halt) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.halt = max(x.halt, how)
	if x.conn != nil {
		x.conn.wake(how)
	}
	if x.waiter != nil {
		x.waiter.stir()
	}
}

// halted gives the error for what was asked. An interruption is told once.
func (x *Exchange) halted() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.haltedLocked()
}

func (x *Exchange) haltedLocked() error {
	switch x.halt {
	case abort:
		return ErrAborted
	case interrupt:
		x.halt = goOn
		return ErrInterrupted
	default:
		return nil
	}
}

// attach gives the exchange a connection whose deadline is its own.
func (x *Exchange) attach(c *conn) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.halt == abort {
		return ErrAborted
	}
	c.begin()
	if x.Room != nil {
		c.room = x.Room
	}
	x.conn = c
	return nil
}

// detach takes the connection back, so that nobody halts its next exchange.
func (x *Exchange) detach() *conn {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.conn
	x.conn = nil
	return c
}

func (x *Exchange) setWaiter(w *waiter) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiter = w
}

// write sends the request in one piece.
func (x *Exchange) write(head []byte) error {
	n, err := x.conn.post(head, x)
	x.Sent = x.Sent || n > 0 || x.conn.secure // of what TLS has encrypted it does not tell how much has left
	return err
}

// read receives the answer. Of a request that could not be written whole there may be one as well, e.g. that it is too large.
func (x *Exchange) read() error {
	if x.broken != nil && !x.Sent {
		return x.why(x.broken)
	}
	if err := x.ready(); err != nil {
		return err
	}
	if err := x.conn.read(); err != nil {
		return x.why(err)
	}
	return nil
}

// ready sets the deadline that an interruption has moved.
func (x *Exchange) ready() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.haltedLocked(); err != nil {
		return err
	}
	if x.conn.woken {
		x.conn.woken = false
		return x.conn.SetReadDeadline(x.Deadline)
	}
	return nil
}

// why tells what is behind an error: a deadline may have been moved to stop the exchange, and what could not be written
// leaves nothing to be read.
func (x *Exchange) why(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.halt == abort, x.halt == interrupt && isTimeout(err):
		return x.haltedLocked()
	case x.broken != nil:
		return x.broken
	default:
		return err
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
