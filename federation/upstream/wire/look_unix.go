//go:build unix

package wire

import (
	"errors"
	"syscall"
)

// lookAt reads from the socket without waiting: nothing to read and not closed is what it should find. What it finds else
// is lost, and the connection with it.
func (c *conn) lookAt(fd uintptr) bool {
	var one [1]byte
	for {
		_, err := syscall.Read(int(fd), one[:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		c.quietly = errors.Is(err, syscall.EAGAIN)
		return true
	}
}
