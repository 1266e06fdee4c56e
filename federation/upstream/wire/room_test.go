package wire

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// lender lends rooms of odd sizes and makes those that come back unreadable.
type lender struct {
	mu   sync.Mutex
	lent map[*byte]bool
	odd  []string // what should not have come back
}

func (l *lender) Get(n int) []byte {
	b := make([]byte, 0, n+7)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lent == nil {
		l.lent = map[*byte]bool{}
	}
	l.lent[&b[:1][0]] = true
	return b
}

func (l *lender) Put(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cap(b) == 0 || !l.lent[&b[:1][0]] {
		l.odd = append(l.odd, string(b[:min(len(b), 20)]))
		return
	}
	delete(l.lent, &b[:1][0])
	for i := range b {
		b[i] = '!'
	}
}

// want tells whether as many rooms are lent, one of them to the body, if there is one.
func (l *lender) want(t *testing.T, lent int, body []byte) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lent) != lent || len(l.odd) > 0 {
		t.Errorf("%d rooms are lent; came back unasked: %q", len(l.lent), l.odd)
	}
	if body != nil && !l.lent[&body[0]] {
		t.Error("the body is not in a room that is lent")
	}
}

func TestABodyIsReadIntoTheRoomThatIsLent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 4096)
	inChunks := ""
	for rest := long; rest != ""; rest = rest[4096:] {
		inChunks += "1000\r\n" + rest[:4096] + "\r\n"
	}
	for name, test := range map[string]struct{ answer, body string }{
		"a length":             {whole, answerBody},
		"a longer one":         {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), long},
		"one chunk":            {chunks("14\r\n" + answerBody + "\r\n0\r\n\r\n"), answerBody},
		"chunks":               {chunks(inChunks, "0\r\n\r\n"), long},
		"until it closes":      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + long, long},
		"a length, and closed": {strings.Replace(whole, "Content-Type", "Connection: close\r\nContent-Type", 1), answerBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				for {
					if _, ok := p.request(); !ok {
						return
					}
					if p.send(test.answer); strings.Contains(test.answer, "close") {
						return
					}
				}
			})})
			var room lender
			for n := range 2 {
				x := post()
				x.Room = &room
				wantAnswer(t, client, x, test.body)
				room.want(t, n+1, x.Answer.Body)
			}
			wantAnswer(t, client, post(), test.body)
			room.want(t, 2, nil) // who lends nothing gets nothing
		})
	}
}

func TestTheRoomOfAnAnswerThatComesToNothingComesBack(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"it ends early":             whole[:len(whole)-5],
		"a chunk ends early":        chunks("14\r\n" + answerBody[:5]),
		"a chunk is longer":         chunks("13\r\n" + answerBody + "\r\n0\r\n\r\n"),
		"the chunks are too large":  chunks("14\r\n"+answerBody+"\r\n", "fffff\r\n"),
		"the trailer is no trailer": chunks("14\r\n" + answerBody + "\r\n0\r\nx\r\n\r\n"),
		"it is too large":           "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				_, _ = p.request()
				p.send(answer)
			})})
			var room lender
			x := once()
			x.Room = &room
			if err := client.Do(x); err == nil || x.Answer.Body != nil {
				t.Errorf("%q %v", x.Answer.Body, err)
			}
			room.want(t, 0, nil)
		})
	}
}

func TestAnInterruptedExchangeKeepsItsRoomAndAnAbortedOneGivesItBack(t *testing.T) {
	t.Parallel()
	for _, aborted := range []bool{false, true} {
		waits, release := make(chan struct{}), make(chan struct{})
		client := newClient(t, Options{URL: listen(t, func(p *peer) {
			_, _ = p.request()
			p.send(whole[:len(whole)-5])
			waits <- struct{}{}
			<-release
			p.send(whole[len(whole)-5:])
			p.closed()
		})})
		var room lender
		x := once()
		x.Room = &room
		ended := doing(client, x)
		<-waits
		x.Interrupt()
		if err := <-ended; !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		ended = doing(client, x)
		if aborted {
			x.Abort()
		}
		close(release)
		err := <-ended
		switch {
		case aborted && errors.Is(err, ErrAborted):
			room.want(t, 0, nil)
		case err == nil && string(x.Answer.Body) == answerBody: // an abort may come too late
			room.want(t, 1, x.Answer.Body)
		default:
			t.Errorf("%q %v", x.Answer.Body, err)
		}
		client.Close()
	}
}
