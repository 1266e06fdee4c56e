package wire

import (
	"crypto/tls"
	"net"
	"strconv"
	"syscall"
	"time"
)

// maxWrite is how large a request is copied behind its head, so that both leave in one packet and one system call.
const maxWrite = 16 << 10

// conn is a connection to the server.
type conn struct {
	net.Conn
	reader
	secure    bool            // over TLS
	raw       syscall.RawConn // of the socket; nil: it cannot be looked at
	look      func(fd uintptr) bool
	quietly   bool // what look has found
	used      bool // it has carried an exchange
	woken     bool // a deadline was moved to wake the reader
	idleSince time.Time
	out       []byte // the request, reused
}

// newConn wraps an open connection. socket is what it stands on.
func newConn(open, socket net.Conn, maxBody int64) *conn {
	c := &conn{Conn: open, reader: reader{from: open, maxBody: maxBody}}
	_, c.secure = open.(*tls.Conn)
	if s, ok := socket.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw = raw
			c.look = c.lookAt
		}
	}
	return c
}

// begin prepares for an exchange.
func (c *conn) begin() {
	c.woken = false
	c.reader.begin()
}

// wake makes who reads, and for an abort who writes too, stop waiting.
func (c *conn) wake(how halt) {
	c.woken = true
	if how == abort {
		_ = c.SetDeadline(past)
		return
	}
	_ = c.SetReadDeadline(past)
}

// quiet reports whether the server has neither closed the connection nor sent anything that nobody asked for, as far as it
// has arrived here. The connection's deadline must be in the future.
func (c *conn) quiet(deadline time.Time) bool {
	if c.secure && !c.quietInside(deadline) {
		return false
	}
	if c.raw == nil {
		return true
	}
	c.quietly = false
	return c.raw.Read(c.look) == nil && c.quietly
}

// quietInside reports whether TLS has nothing left of what it has received already.
func (c *conn) quietInside(deadline time.Time) bool {
	var one [1]byte
	_ = c.SetReadDeadline(past) // it may not ask the socket for more
	n, err := c.Read(one[:])
	return n == 0 && isTimeout(err) && c.SetReadDeadline(deadline) == nil
}

// post writes head, fields and body. n is how many bytes have left at least.
func (c *conn) post(head []byte, x *Exchange) (n int64, err error) {
	out := c.out[:0]
	out = append(out, head...)
	for _, f := range x.Fields {
		if f.Value != "" {
			out = append(append(append(out, f.Start...), f.Value...), crlf...)
		}
	}
	out = strconv.AppendInt(append(out, "Content-Length: "...), int64(len(x.Body)), 10)
	out = append(append(out, crlf...), crlf...)
	if len(x.Body) <= maxWrite {
		out = append(out, x.Body...)
		written, err := c.Write(out)
		c.out = out
		return int64(written), err
	}
	c.out = out
	both := net.Buffers{out, x.Body}
	return both.WriteTo(c.Conn)
}
