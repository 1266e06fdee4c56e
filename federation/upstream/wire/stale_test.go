//go:build unix

package wire

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

// unquiet are the ways in which a server spoils a connection behind an answer.
var unquiet = map[string]func(p *peer){
	"it closes":                 func(*peer) {},
	"it resets":                 func(p *peer) { _ = p.Conn.(*net.TCPConn).SetLinger(0) },
	"it closes its half":        func(p *peer) { _ = p.Conn.(*net.TCPConn).CloseWrite(); p.closed() },
	"it answers what comes not": func(p *peer) { p.send(strings.ReplaceAll(whole, "7", "8")); p.closed() },
	"it sends one byte more":    func(p *peer) { p.send("\n"); p.closed() },
}

func TestNoExchangeIsGivenAConnectionThatIsNotQuiet(t *testing.T) {
	t.Parallel()
	for name, spoil := range unquiet {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spoiled := make(chan struct{}, 1)
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				if p.number > 1 {
					saying(whole)(p)
					return
				}
				if _, ok := p.request(); !ok {
					return
				}
				p.send(whole)
				<-spoiled
				spoil(p)
			})})
			wantAnswer(t, client, once(), answerBody)
			spoiled <- struct{}{}
			kept := client.pool.idle[0]
			until(t, "nothing comes", func() bool { return !peeks(kept) })
			wantAnswer(t, client, once(), answerBody)
			if client.pool.idle[0] == kept {
				t.Error("it was used again")
			}
		})
	}
}

// peeks reports whether a connection is quiet, and takes nothing from it.
func peeks(c *conn) bool {
	var err error
	_ = c.SetDeadline(post().Deadline)
	if failed := c.raw.Read(func(fd uintptr) bool {
		_, _, err = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	}); failed != nil {
		return false
	}
	return errors.Is(err, syscall.EAGAIN)
}

// closingAt closes a connection when its second request has come.
func closingAt(requests chan<- int) func(*peer) {
	return func(p *peer) {
		for served := 0; ; served++ {
			if _, ok := p.request(); !ok {
				return
			}
			requests <- p.number
			if served == 1 {
				return
			}
			p.send(whole)
		}
	}
}

func TestWhatMayBeRepeatedIsWhenItsConnectionWasClosed(t *testing.T) {
	t.Parallel()
	requests := make(chan int, 8)
	client := newClient(t, Options{MaxConns: 1, URL: listen(t, closingAt(requests))})
	for range 2 {
		wantAnswer(t, client, post(), answerBody)
	}
	err := client.Do(once())
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("what may not be repeated ends with %v", err)
	}
	for i, want := range []int{1, 1, 2, 2} {
		if on := <-requests; on != want {
			t.Errorf("request %d came on connection %d, want %d", i, on, want)
		}
	}
	if len(requests) != 0 {
		t.Error("it was repeated")
	}
}

func TestWhatWasAnsweredInPartIsNotRepeated(t *testing.T) {
	t.Parallel()
	requests := make(chan int, 8)
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		for _, text := range []string{whole, whole[:3]} {
			if _, ok := p.request(); !ok {
				return
			}
			requests <- p.number
			p.send(text)
		}
	})})
	wantAnswer(t, client, post(), answerBody)
	if err := client.Do(post()); !errors.Is(err, io.ErrUnexpectedEOF) || len(requests) != 2 {
		t.Errorf("%v after %d requests", err, len(requests))
	}
}

func TestAnAnswerBeforeTheEndOfTheRequestIsRead(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		_, _ = p.lines.Peek(1)
		p.send(refusal)
		_ = p.Conn.(*net.TCPConn).CloseWrite()
		p.closed()
	})})
	x := once()
	x.Body = large
	if err := client.Do(x); err != nil || x.Answer.Status != 413 || !x.Sent {
		t.Errorf("%d %v", x.Answer.Status, err)
	}
}
