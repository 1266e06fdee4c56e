package streaming

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	readBuffer = 4 << 10  // at first, and again when nothing is unread in a larger one
	keepBuffer = 64 << 10 // a buffer up to this size is kept
	maxLinger  = 1 << 20  // bytes read for nothing after a close
)

// closedError is a close frame of the peer.
type closedError struct {
	code   int
	reason string
}

func (e *closedError) Error() string { return fmt.Sprintf("closed by the peer with %d", e.code) }

// violation is a breach of the protocol, or of our bound, that we close the socket for with code.
type violation struct {
	code int
	text string
}

func (e *violation) Error() string { return e.text }

// conn reads the messages of one WebSocket whose handshake is done. gorilla/websocket does the handshakes but allocates for
// each message; this reader and frame.go do not. A conn has one reader. Writing is its writer's business.
type conn struct {
	net.Conn
	client  bool                          // we are the client: we mask, the peer must not
	limit   int                           // bytes of one message
	control func(op byte, payload []byte) // gets pings and pongs

	buf        []byte
	from, to   int    // unread part of buf
	assembled  []byte // message in fragments, so far
	assembling byte   // its opcode; 0 when there is none
}

func newConn(c net.Conn, client bool, limit int) *conn {
	return &conn{Conn: c, client: client, limit: limit, control: func(byte, []byte) {}, buf: make([]byte, readBuffer)}
}

// next gives the next message of text or binary data, valid until it is called again. Errors are a *closedError, a
// *violation or those of the connection.
func (c *conn) next() (op byte, data []byte, err error) {
	for {
		fin, op, payload, err := c.frame()
		switch {
		case err != nil:
			return 0, nil, err
		case op == opClose:
			return 0, nil, closeOf(payload)
		case op == opPing || op == opPong:
			c.control(op, payload)
		case (op == opContinuation) != (c.assembling != 0):
			return 0, nil, &violation{closeProtocol, "a message in fragments was mixed with another"}
		case fin && op != opContinuation:
			return op, payload, nil
		default:
			if op != opContinuation {
				c.assembling = op
			}
			if len(c.assembled)+len(payload) > c.limit {
				return 0, nil, &violation{closeTooBig, "the message is too large"}
			}
			c.assembled = append(c.assembled, payload...)
			if fin {
				op, data = c.assembling, c.assembled
				c.assembling, c.assembled = 0, c.assembled[:0]
				if cap(c.assembled) > keepBuffer {
					c.assembled = nil
				}
				return op, data, nil
			}
		}
	}
}

// frame reads one frame; the payload is unmasked and aliases the buffer.
func (c *conn) frame() (fin bool, op byte, payload []byte, err error) {
	head, err := c.peek(2)
	if err != nil {
		return false, 0, nil, err
	}
	fin, op = head[0]&finBit != 0, head[0]&0x0f
	masked, n, size := head[1]&maskBit != 0, uint64(head[1]&^maskBit), 2
	isControl := op >= opClose
	switch {
	case head[0]&0x70 != 0:
		return false, 0, nil, &violation{closeProtocol, "an extension was used that was not agreed on"}
	case op > opBinary && op < opClose || op > opPong:
		return false, 0, nil, &violation{closeProtocol, "unknown opcode"}
	case masked == c.client:
		return false, 0, nil, &violation{closeProtocol, "a frame is masked wrongly"}
	case isControl && (!fin || n > maxControl):
		return false, 0, nil, &violation{closeProtocol, "a control frame is too long"}
	case n == length16:
		size += 2
	case n == length64:
		size += 8
	}
	if masked {
		size += 4
	}
	if head, err = c.peek(size); err != nil {
		return false, 0, nil, err
	}
	switch n {
	case length16:
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case length64:
		n = binary.BigEndian.Uint64(head[2:])
	}
	if !isControl && n > uint64(c.limit) {
		return false, 0, nil, &violation{closeTooBig, "the message is too large"}
	}
	all, err := c.peek(size + int(n))
	if err != nil {
		return false, 0, nil, err
	}
	c.from += len(all)
	payload = all[size:]
	if masked {
		applyMask(payload, binary.LittleEndian.Uint32(all[size-4:]))
	}
	return fin, op, payload, nil
}

// peek gives the next n bytes without taking them.
func (c *conn) peek(n int) ([]byte, error) {
	for c.to-c.from < n {
		if c.from == c.to {
			c.from, c.to = 0, 0
			if len(c.buf) > keepBuffer {
				c.buf = make([]byte, readBuffer)
			}
		}
		if c.from+n > len(c.buf) {
			buf := c.buf
			if n > len(buf) {
				buf = make([]byte, max(n, 2*len(buf)))
			}
			c.to = copy(buf, c.buf[c.from:c.to])
			c.from, c.buf = 0, buf
		}
		read, err := c.Read(c.buf[c.to:])
		c.to += read
		if err != nil && c.to-c.from < n {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // there was no close frame
			}
			return nil, err
		}
	}
	return c.buf[c.from : c.from+n], nil
}

// idle reports whether everything that was received is read.
func (c *conn) idle() bool { return c.from == c.to }

// linger reads on for a moment and forgets it. Closing a connection with unread bytes resets it, and our close frame would be
// lost on its way.
func (c *conn) linger() {
	_ = c.SetReadDeadline(time.Now().Add(partWithin))
	_, _ = io.CopyN(io.Discard, c.Conn, maxLinger)
}

// closeOf reads the payload of a close frame.
func closeOf(payload []byte) error {
	if len(payload) < 2 {
		return &closedError{code: closeNoStatus}
	}
	return &closedError{code: int(binary.BigEndian.Uint16(payload)), reason: string(payload[2:])}
}
