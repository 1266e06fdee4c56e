package streaming

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeRoom is how many bytes a direction of a pipe holds, as the buffers of a TCP connection would.
const pipeRoom = 64 << 10

// direction carries bytes one way in memory.
type direction struct {
	mu     sync.Mutex
	change sync.Cond
	data   []byte
	closed bool
	until  [2]time.Time // deadlines of reading and of writing
}

// pipe is one end of a connection in memory, with buffers like TCP's and unlike net.Pipe's.
type pipe struct {
	in, out *direction
}

func newPipe() (a, b net.Conn) {
	there, back := &direction{}, &direction{}
	there.change.L, back.change.L = &there.mu, &back.mu
	return &pipe{in: back, out: there}, &pipe{in: there, out: back}
}

func (d *direction) expired(side int) bool {
	return !d.until[side].IsZero() && !time.Now().Before(d.until[side])
}

func (d *direction) setDeadline(side int, t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[side] = t
	d.change.Broadcast()
	if wait := time.Until(t); wait > 0 {
		time.AfterFunc(wait, d.change.Broadcast)
	}
}

func (d *direction) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.change.Broadcast()
}

func (p *pipe) Read(b []byte) (int, error) {
	d := p.in
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		switch {
		case d.expired(0):
			return 0, os.ErrDeadlineExceeded
		case len(d.data) > 0:
			n := copy(b, d.data)
			d.data = d.data[:copy(d.data, d.data[n:])]
			d.change.Broadcast()
			return n, nil
		case d.closed:
			return 0, io.EOF
		}
		d.change.Wait()
	}
}

func (p *pipe) Write(b []byte) (int, error) {
	d := p.out
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.data)+len(b) > pipeRoom && len(d.data) > 0 && !d.closed && !d.expired(1) {
		d.change.Wait()
	}
	switch {
	case d.closed:
		return 0, io.ErrClosedPipe
	case d.expired(1):
		return 0, os.ErrDeadlineExceeded
	}
	d.data = append(d.data, b...)
	d.change.Broadcast()
	return len(b), nil
}

// Close ends both directions; what was written can still be read.
func (p *pipe) Close() error {
	p.in.close()
	p.out.close()
	return nil
}

func (p *pipe) SetReadDeadline(t time.Time) error  { p.in.setDeadline(0, t); return nil }
func (p *pipe) SetWriteDeadline(t time.Time) error { p.out.setDeadline(1, t); return nil }

func (p *pipe) SetDeadline(t time.Time) error {
	_ = p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}

func (p *pipe) LocalAddr() net.Addr  { return &pipeListener{name: "pipe"} }
func (p *pipe) RemoteAddr() net.Addr { return &pipeListener{name: "pipe"} }
