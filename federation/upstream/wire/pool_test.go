package wire

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestConnectionsAreKeptAndTheLastUsedIsUsedFirst(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var numbers []int
	gates := []chan struct{}{make(chan struct{}), make(chan struct{})}
	arrived := make(chan struct{}, 2)
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		for first := true; ; first = false {
			if _, ok := p.request(); !ok {
				return
			}
			if first && p.number <= 2 {
				arrived <- struct{}{}
				<-gates[p.number-1]
			}
			mu.Lock()
			numbers = append(numbers, p.number)
			mu.Unlock()
			p.send(whole)
		}
	})})
	first := doing(client, post())
	<-arrived
	second := doing(client, post())
	<-arrived
	for i, ended := range []<-chan error{first, second} {
		close(gates[i])
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		wantAnswer(t, client, post(), answerBody)
	}
	if want := []int{1, 2, 2, 2, 2}; !slices.Equal(numbers, want) {
		t.Errorf("connections %v, want %v", numbers, want)
	}
	if open, idle := client.counts(); open != 2 || idle != 2 {
		t.Errorf("%d are open and %d idle", open, idle)
	}
}

func TestAConnectionThatIsIdleForTooLongIsClosed(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	client := newClient(t, Options{IdleTimeout: 10 * time.Millisecond, URL: listen(t, func(p *peer) {
		saying(whole)(p)
		closed <- struct{}{}
	})})
	for range 2 {
		wantAnswer(t, client, post(), answerBody)
		<-closed
		if open, idle := client.counts(); open+idle != 0 {
			t.Errorf("%d are open", open)
		}
	}
}

func TestCloseDropsIdleConnectionsAndThoseInUseWhenTheyAreDone(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	client := newClient(t, Options{URL: listen(t, func(p *peer) {
		saying(whole)(p)
		closed <- struct{}{}
	})})
	wantAnswer(t, client, post(), answerBody)
	client.Close()
	<-closed
	wantAnswer(t, client, post(), answerBody)
	<-closed
}

func TestWhoComesWhenAllConnectionsAreBusyWaitsInLine(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan string), make(chan struct{})
	client := newClient(t, Options{MaxConns: 1, URL: listen(t, func(p *peer) {
		for {
			body, ok := p.request()
			if !ok {
				return
			}
			arrived <- body
			<-release
			p.send(whole)
		}
	})})
	begin := func(body string, waiting int) (*Exchange, <-chan error) {
		x := post()
		x.Body = []byte(body)
		ended := doing(client, x)
		until(t, "it does not wait", func() bool { return client.line() == waiting })
		return x, ended
	}
	_, a := begin("a", 0)
	if got := <-arrived; got != "a" {
		t.Fatal(got)
	}
	_, b := begin("b", 1)
	leaver, left := begin("leaves", 2)
	other, interrupted := begin("c", 3)
	_, d := begin("d", 4)
	leaver.Abort()
	if err := <-left; !errors.Is(err, ErrAborted) || leaver.Sent {
		t.Error(err)
	}
	other.Interrupt()
	if err := <-interrupted; !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
	c := doing(client, other) // another goroutine takes its place
	hasty := post()
	hasty.Deadline = time.Now().Add(10 * time.Millisecond)
	if err := client.Do(hasty); !errors.Is(err, ErrNoConnection) || hasty.Sent {
		t.Error(err)
	}
	for i, body := range []string{"a", "b", "c", "d"} {
		if i > 0 {
			if got := <-arrived; got != body {
				t.Errorf("%s comes where %s should", got, body)
			}
		}
		release <- struct{}{}
	}
	for _, ended := range []<-chan error{a, b, c, d} {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// line tells how many exchanges wait for a connection.
func (c *Client) line() int {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	return len(c.pool.waiting)
}

func TestEachWhoWaitsIsToldWhenNoConnectionCanBeMade(t *testing.T) {
	t.Parallel()
	refusal := errors.New("nobody there")
	refuse := make(chan struct{})
	client := newClient(t, Options{MaxConns: 2, URL: listen(t, saying(whole)), Dial: func(context.Context, string, string) (net.Conn, error) {
		<-refuse
		return nil, refusal
	}})
	var ended []<-chan error
	for range 5 {
		ended = append(ended, doing(client, post()))
	}
	until(t, "they do not wait", func() bool { return client.line() == 5 })
	close(refuse)
	for _, e := range ended {
		if err := <-e; !errors.Is(err, refusal) {
			t.Error(err)
		}
	}
	if open, _ := client.counts(); open != 0 || client.pool.connecting != 0 {
		t.Errorf("%d are open", open)
	}
}

func TestAConnectionThatNobodyWaitsForAnyMoreIsKept(t *testing.T) {
	t.Parallel()
	arrive := make(chan struct{})
	client := newClient(t, Options{URL: listen(t, saying(whole)), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		<-arrive
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}})
	x := post()
	ended := doing(client, x)
	until(t, "it does not wait", func() bool { return client.line() == 1 })
	x.Abort()
	if err := <-ended; !errors.Is(err, ErrAborted) || x.Sent {
		t.Error(err)
	}
	close(arrive)
	until(t, "no connection comes", func() bool { _, idle := client.counts(); return idle == 1 })
	wantAnswer(t, client, post(), answerBody)
}
