package transport

import (
	"errors"
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

// flush writes what is queued. open is false when the socket has been closed thereby.
func (s *socket) flush() (open bool, err error) {
	for {
		f, ok, end := s.out.pop()
		switch {
		case end != nil:
			return false, s.part(end)
		case !ok:
			return true, nil
		case !s.claim(f):
			continue
		}
		if err := s.put(f.data); err != nil {
			return false, err
		}
		if f.last {
			s.written()
		}
	}
}

func (s *socket) put(data []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.h.opts.Socket.WriteTimeout)); err != nil {
		return err
	}
	return s.conn.WriteMessage(websocket.TextMessage, data)
}

// keepAlive makes the peer answer, and tells a legacy one in its own words that we live.
func (s *socket) keepAlive() error {
	if s.legacy && s.acknowledged() {
		if err := s.put(keepAliveFrame()); err != nil {
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
