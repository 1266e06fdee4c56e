package upstream

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/federation/upstream/wire"
	"github.com/helix-engage/gateway/providers/providertest"
)

var document = []byte(`{"query":"{calls{totalCount}}"}`)

const answer = `{"data":{"calls":{"totalCount":7}}}`

func query() *Request    { return &Request{Body: document, Name: "calls"} }
func mutation() *Request { return &Request{Body: document, Name: "calls", Mutation: true} }

func callerOf(token string) *Caller { return &Caller{Key: sha256.Sum256([]byte(token)), Token: token} }

// serve starts a server and gives its URL. The handler's request is read to its end before, so that a client who leaves is
// noticed.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(drained(handler))
	t.Cleanup(server.Close)
	return server.URL + "/graphql"
}

func drained(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		handler(w, r)
	}
}

// newClientInMemory gives a client of a server that is reached without TCP, for tests inside a synctest bubble.
func newClientInMemory(t *testing.T, o Options, handler http.HandlerFunc) *Client {
	t.Helper()
	memory := providertest.NewMemory()
	server := &http.Server{Handler: drained(handler)}
	go func() { _ = server.Serve(memory) }()
	t.Cleanup(func() { _ = server.Close() })
	o.URL = "http://" + memory.Addr().String() + "/graphql"
	client := newClient(t, o)
	endpoint, err := o.endpoint()
	if err != nil {
		t.Fatal(err)
	}
	client.wire, err = wire.New(wire.Options{
		URL: endpoint, Fields: fixedFields, MaxConns: 8, MaxBody: client.maxResponse, IdleTimeout: time.Minute,
		ConnectTimeout: connectTimeout, Dial: memory.Dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// serveRaw hands each connection, numbered from 1, to talk, which ends it by returning.
func serveRaw(t *testing.T, talk func(number int, conn *rawConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
				talk(number, &rawConn{Conn: conn, lines: bufio.NewReader(conn)})
			})
		}
	})
	return "http://" + listener.Addr().String()
}

// rawConn is the server's end of a connection.
type rawConn struct {
	net.Conn
	lines *bufio.Reader
}

// request reads one request to its end; false: the client has closed.
func (c *rawConn) request() bool {
	r, err := http.ReadRequest(c.lines)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func (c *rawConn) send(text string) { _, _ = io.WriteString(c, text) }

func (c *rawConn) answer() {
	c.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer))
}

func sendJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// codeOf is the code of an error of Do, "" for none.
func codeOf(t *testing.T, err error) helix.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*helix.Error](err)
	if !ok {
		t.Fatalf("%v carries no code", err)
	}
	return e.Code
}

// watched is a context that tells when somebody begins to wait for its end, which Do does once it takes part in a flight.
type watched struct {
	context.Context
	once    sync.Once
	waiting chan struct{}
}

func watch(ctx context.Context) *watched { return &watched{Context: ctx, waiting: make(chan struct{})} }

// Done tells that somebody waits.
func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waiting) })
	return w.Context.Done()
}
