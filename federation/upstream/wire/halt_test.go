package wire

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/helix-engage/gateway/providers/providertest"
)

// doing runs Do and gives its end.
func doing(client *Client, x *Exchange) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- client.Do(x) }()
	return ended
}

// stages are the places in an answer where a server may let one wait.
var stages = map[string][2]string{
	"before the head":          {"", whole},
	"in the head":              {whole[:30], whole[30:]},
	"in the body":              {whole[:len(whole)-5], whole[len(whole)-5:]},
	"in the size of a chunk":   {chunks("1"), "4\r\n" + answerBody + "\r\n0\r\n\r\n"},
	"in a chunk":               {chunks("14\r\n" + answerBody[:5]), answerBody[5:] + "\r\n0\r\n\r\n"},
	"in the end of a chunk":    {chunks("14\r\n" + answerBody + "\r"), "\n0\r\n\r\n"},
	"in the trailer":           {chunks("14\r\n" + answerBody + "\r\n0\r\nX: "), "y\r\n\r\n"},
	"in a body without length": {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + answerBody[:9], answerBody[9:]},
}

func TestAnInterruptedExchangeGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for name, parts := range stages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waits, release := make(chan struct{}), make(chan struct{})
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				if _, ok := p.request(); !ok {
					return
				}
				p.send(parts[0])
				waits <- struct{}{}
				<-release
				p.send(parts[1])
				if !strings.Contains(parts[0], "close") {
					p.closed()
				}
			})})
			x := once()
			ended := doing(client, x)
			<-waits
			for range 2 {
				x.Interrupt()
				if err := <-ended; !errors.Is(err, ErrInterrupted) {
					t.Fatal(err)
				}
				ended = doing(client, x)
			}
			close(release)
			if err := <-ended; err != nil || string(x.Answer.Body) != answerBody {
				t.Errorf("%q %v", x.Answer.Body, err)
			}
			x.Interrupt() // it is over
			x.Abort()
		})
	}
}

func TestAnAbortedExchangeClosesItsConnection(t *testing.T) {
	t.Parallel()
	for name, parts := range stages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waits, closed := make(chan struct{}), make(chan struct{})
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				if _, ok := p.request(); !ok {
					return
				}
				p.send(parts[0])
				waits <- struct{}{}
				p.closed()
				close(closed)
			})})
			x := post()
			ended := doing(client, x)
			<-waits
			x.Abort()
			if err := <-ended; !errors.Is(err, ErrAborted) || !x.Sent {
				t.Error(err)
			}
			<-closed
			if open, _ := client.counts(); open != 0 {
				t.Errorf("%d connections are open", open)
			}
		})
	}
}

func TestWhatIsHaltedBeforeItBeginsStopsAtOnce(t *testing.T) {
	t.Parallel()
	client := newClient(t, Options{URL: listen(t, saying(whole))})
	x := post()
	x.Interrupt()
	if err := client.Do(x); !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
	wantAnswer(t, client, x, answerBody)
	for _, kept := range []string{"on a new connection", "on one that is kept"} {
		x = post()
		x.Abort()
		if err := client.Do(x); !errors.Is(err, ErrAborted) || x.Sent {
			t.Errorf("%s: %v", kept, err)
		}
	}
	wantAnswer(t, client, post(), answerBody)
}

// large is more than the buffers of both ends take.
var large = make([]byte, 32<<20)

func TestAnAbortEndsAWriteThatNobodyReads(t *testing.T) {
	t.Parallel()
	over, begun := make(chan struct{}), make(chan struct{})
	defer close(over)
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		_, _ = p.lines.Peek(1)
		close(begun)
		<-over
	})})
	x := post()
	x.Body = large
	ended := doing(client, x)
	<-begun
	x.Abort()
	if err := <-ended; !errors.Is(err, ErrAborted) || !x.Sent {
		t.Error(err)
	}
}

func TestAnInterruptionWaitsForTheRequestToBeWritten(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		if _, err := p.lines.Peek(1); err != nil {
			return
		}
		close(begun)
		<-release
		if body, ok := p.request(); ok && len(body) == len(large) {
			p.send(whole)
		}
	})})
	x := post()
	x.Body = large
	ended := doing(client, x)
	<-begun
	x.Interrupt()
	close(release)
	if err := <-ended; !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	wantAnswer(t, client, x, answerBody)
}

func TestADeadlineEndsAnExchangeWhereverItIs(t *testing.T) {
	t.Parallel()
	for name, parts := range stages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // in which the time is up when there is nothing left to do but wait
				memory := providertest.NewMemory()
				serve(t, memory, func(p *peer) {
					if _, ok := p.request(); ok {
						p.send(parts[0])
					}
					p.closed()
				})
				client := newClient(t, Options{URL: &url.URL{Scheme: "http", Host: "crm", Path: "/graphql"}, Dial: memory.Dial})
				x := post()
				x.Deadline = time.Now().Add(8 * time.Second)
				if err := client.Do(x); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
			})
		})
	}
}
