package bus

import (
	"io"
	"net"
	"sync"
	"testing"
)

// door is an address that stays while the server behind it goes away and comes back on another port: a port that was
// given back, if only for a moment, may be taken by somebody else.
type door struct {
	listener net.Listener
	conns    sync.WaitGroup

	mu     sync.Mutex
	behind string // the server's address; "" while there is none
}

// openDoor opens a door that is shut with the test, when the server behind it has ended.
func openDoor(t testing.TB) *door {
	t.Helper()
	d := &door{listener: must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))}
	d.conns.Go(d.serve)
	t.Cleanup(func() {
		_ = d.listener.Close()
		d.conns.Wait()
	})
	return d
}

func (d *door) address() string { return d.listener.Addr().String() }

// leadTo says where the server is from now on; "" turns everybody away.
func (d *door) leadTo(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.behind = address
}

func (d *door) serve() {
	for {
		outer, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.conns.Go(func() { d.pass(outer) })
	}
}

// pass carries bytes both ways until either side hangs up.
func (d *door) pass(outer net.Conn) {
	defer outer.Close()
	d.mu.Lock()
	behind := d.behind
	d.mu.Unlock()
	inner, err := net.Dial("tcp", behind) // to "" fails at once
	if err != nil {
		return
	}
	defer inner.Close()
	d.conns.Go(func() {
		_, _ = io.Copy(inner, outer)
		_ = inner.Close()
	})
	_, _ = io.Copy(outer, inner)
}
