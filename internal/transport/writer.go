package transport

import (
	"encoding/binary"
	"errors"
	"math"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// write is the one writer of a socket: frames in order, pings between them, the close frame at the end.
func (s *socket) write() {
	ping := time.NewTicker(s.h.opts.Socket.KeepAlive)
	defer ping.Stop()
	for {
		var err error
		open := true
		select {
		case <-s.out.ready:
			open, err = s.flush()
		case <-ping.C:
			err = s.keepAlive()
		}
		if err != nil {
			s.abandon(err)
			return
		}
		if !open {
			return
		}
	}
}

// flush writes what waits. open is false when the socket has been closed thereby.
func (s *socket) flush() (open bool, err error) {
	buf := s.h.batches.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxKeptBatch {
			s.h.batches.Put(buf)
		}
	}()
	for {
		batch, freed, end := s.gather((*buf)[:0])
		*buf = batch
		if len(batch) > 0 {
			if err := s.put(batch); err != nil {
				return false, err
			}
		}
		switch {
		case freed:
			s.written()
		case len(batch) > 0:
		case end != nil:
			return false, s.part(end)
		default:
			return true, nil
		}
	}
}

// gather makes frames of what waits, the socket's own before those of shared runs, until there are enough for one write.
// freed tells that an operation has ended, end how the socket closes when nothing more is to be sent.
func (s *socket) gather(batch []byte) (_ []byte, freed bool, end *closing) {
	for len(batch) < batchSize {
		f, ok, closes := s.out.pop()
		if !ok {
			end = closes
			break
		}
		if s.claim(f) {
			batch = append(appendHeader(batch, len(f.data)), f.data...)
			freed = freed || f.last
		}
	}
	if end != nil && !end.flush {
		return batch, freed, end
	}
	ended := s.collect(func(id []byte, m *post) bool {
		batch = s.appendPost(batch, id, m)
		return len(batch) >= batchSize
	})
	return batch, freed || ended, end
}

// appendPost appends the frame of a shared run's message.
func (s *socket) appendPost(batch, id []byte, m *post) []byte {
	switch {
	case !m.final:
		frame := s.dialect.shape()
		batch = appendHeader(batch, frame.len(id, m.answer))
		return frame.appendTo(batch, id, m.answer)
	case m.errs != nil:
		frame := s.dialect.fail(id, m.errs)
		return append(appendHeader(batch, len(frame)), frame...)
	default:
		frame := s.dialect.complete(id)
		return append(appendHeader(batch, len(frame)), frame...)
	}
}

// Sizes of what is written at once, in bytes: enough that a burst costs few system calls, little enough that a batch of a
// slow peer is no burden.
const (
	batchSize    = 4 << 10
	maxKeptBatch = 64 << 10
)

// appendHeader begins a text frame of n bytes (RFC 6455, 5.2: not fragmented, and not masked, as everything from a server).
// Frames are written past gorilla, which takes one system call for each of them. Its control frames cannot come between:
// a net.Conn writes what it is given at once as one piece.
func appendHeader(b []byte, n int) []byte {
	const finalText, length16, length64 = 0x80 | websocket.TextMessage, 126, 127
	switch {
	case n < length16:
		return append(b, finalText, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, finalText, length16), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, finalText, length64), uint64(n))
	}
}

// put writes frames. Moving a deadline costs about as much as encoding an event, so it is moved when a quarter of it has
// passed: the network has at least three quarters of WriteTimeout.
func (s *socket) put(frames []byte) error {
	now, timeout := time.Now(), s.h.opts.Socket.WriteTimeout
	if s.writeBy.Sub(now) < timeout*3/4 {
		s.writeBy = now.Add(timeout)
		if err := s.conn.NetConn().SetWriteDeadline(s.writeBy); err != nil {
			return err
		}
	}
	_, err := s.conn.NetConn().Write(frames)
	return err
}

// keepAlive makes the peer answer, and tells a legacy one in its own words that we live.
func (s *socket) keepAlive() error {
	if s.legacy && s.acknowledged() {
		frame := keepAliveFrame()
		if err := s.put(append(appendHeader(nil, len(frame)), frame...)); err != nil {
			return err
		}
	}
	return s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.h.opts.Socket.WriteTimeout))
}

// part sends the close frame and gives the peer a moment to answer it.
func (s *socket) part(end *closing) error {
	if end.silent {
		return nil
	}
	deadline := time.Now().Add(s.h.opts.Socket.CloseTimeout)
	s.mu.Lock()
	s.parting = true
	_ = s.conn.SetReadDeadline(deadline)
	s.mu.Unlock()
	return s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.code, end.reason), deadline)
}

// abandon gives up a connection that takes no bytes: a half-written frame leaves no way to say why.
func (s *socket) abandon(err error) {
	failure, isNetwork := errors.AsType[net.Error](err)
	slow := isNetwork && failure.Timeout()
	s.out.close(closing{code: websocket.CloseAbnormalClosure, slow: slow, silent: true}, false)
	_ = s.conn.Close()
}
