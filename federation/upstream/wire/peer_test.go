package wire

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	answerBody = `{"data":{"calls":7}}`
	whole      = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n" + answerBody
)

// peer is the server's end of a connection.
type peer struct {
	net.Conn
	number int // from 1
	lines  *bufio.Reader
}

// request reads one request to its end and gives its body; false: the client has closed.
func (p *peer) request() (body string, ok bool) {
	r, err := http.ReadRequest(p.lines)
	if err != nil {
		return "", false
	}
	read, err := io.ReadAll(r.Body)
	return string(read), err == nil
}

func (p *peer) send(text string) { _, _ = io.WriteString(p, text) }

// closed waits until the client has closed.
func (p *peer) closed() { _, _ = io.Copy(io.Discard, p.lines) }

// listen hands each connection to talk, which ends it by returning.
func listen(t *testing.T, talk func(*peer)) *url.URL {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, talk)
	return &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/graphql"}
}

func serve(t *testing.T, listener net.Listener, talk func(*peer)) {
	t.Helper()
	var open sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		open.Wait()
	})
	open.Go(func() {
		for number := 1; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				talk(&peer{conn, number, bufio.NewReader(conn)})
			})
		}
	})
}

// saying answers each request with the same bytes.
func saying(text string) func(*peer) {
	return func(p *peer) {
		for {
			if _, ok := p.request(); !ok {
				return
			}
			p.send(text)
		}
	}
}

func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	if o.MaxConns == 0 {
		o.MaxConns = 8
	}
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = time.Minute
	}
	o.ConnectTimeout = time.Minute
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// post is an exchange that has time enough.
func post() *Exchange {
	return &Exchange{Body: []byte("{}"), Deadline: time.Now().Add(time.Minute)}
}

// once is an exchange that must not be repeated.
func once() *Exchange {
	x := post()
	x.Once = true
	return x
}

func wantAnswer(t *testing.T, client *Client, x *Exchange, body string) {
	t.Helper()
	if err := client.Do(x); err != nil || string(x.Answer.Body) != body {
		t.Fatalf("%q %v", x.Answer.Body, err)
	}
}

// counts tells how many connections are open and how many of these idle.
func (c *Client) counts() (open, idle int) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	return c.pool.open, len(c.pool.idle)
}

// until waits for a state that nothing announces.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	over := time.After(time.Minute)
	for !reached() {
		select {
		case <-tick.C:
		case <-over:
			t.Fatal(what)
		}
	}
}

func chunks(parts ...string) string {
	return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Join(parts, "")
}
