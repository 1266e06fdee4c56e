package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"
)

// Errors of [Client.Do], beside those of the network.
var (
	ErrMalformed    = errors.New("wire: the answer is not HTTP/1.1 as it should be")
	ErrTooLarge     = errors.New("wire: the answer is larger than the limit")
	ErrNoConnection = errors.New("wire: no connection became free in time")
	ErrInterrupted  = errors.New("wire: the exchange was interrupted and can go on")
	ErrAborted      = errors.New("wire: the exchange was aborted")
	ErrField        = errors.New("wire: a header field has a control character")
)

// Options wires a [Client]. All but TLS and Dial are needed.
type Options struct {
	URL            *url.URL                                                             // where documents are posted; http or https
	Fields         string                                                               // of every request, each line with its CRLF
	MaxConns       int                                                                  // connections, idle ones included
	MaxBody        int64                                                                // bytes of an answer's body
	IdleTimeout    time.Duration                                                        // how long a connection is kept unused
	ConnectTimeout time.Duration                                                        // for a connection and its TLS
	TLS            *tls.Config                                                          // cloned; nil: the defaults
	Dial           func(ctx context.Context, network, address string) (net.Conn, error) // nil: a net.Dialer's
}

// Client posts to one URL. It is safe for concurrent use.
type Client struct {
	pool *pool
	head []byte // of every request, but for what the exchange adds
}

// New makes a client. It connects when the first exchange needs it. Error: a URL that no request line or Host can spell; it is
// not quoted.
func New(o Options) (*Client, error) {
	host, target := o.URL.Host, o.URL.RequestURI()
	if o.URL.Hostname() == "" || !isPlain(host) || !isPlain(target) {
		return nil, errors.New("wire: the URL has characters that cannot be sent")
	}
	head := "POST " + target + " HTTP/1.1\r\nHost: " + withoutZone(host) + "\r\n" + o.Fields
	return &Client{pool: newPool(o), head: []byte(head)}, nil
}

// isPlain reports whether s is visible ASCII.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// withoutZone drops the zone of an IPv6 address, which means something on this machine alone.
func withoutZone(host string) string {
	zone, end := strings.IndexByte(host, '%'), strings.IndexByte(host, ']')
	if zone < 0 || end < zone {
		return host
	}
	return host[:zone] + host[end:]
}

// Close drops idle connections, and each other when its exchange has ended. Exchanges go on, and new ones are still made.
func (c *Client) Close() { c.pool.close() }

// Do makes the exchange and puts its answer into x. One goroutine at a time may be in it for an exchange.
//
// After ErrInterrupted it may be called again, from any goroutine, and goes on; the exchange must then be ended by Do or by
// Abort and Do. After any other return the exchange is over.
func (c *Client) Do(x *Exchange) error {
	for _, f := range x.Fields {
		if !IsValue(f.Value) {
			return ErrField
		}
	}
	for {
		again, err := c.try(x)
		if !again {
			return err
		}
	}
}

// try makes the exchange on one connection. again: that was closed before, and x may be sent on another.
func (c *Client) try(x *Exchange) (again bool, err error) {
	if x.conn == nil {
		fresh, err := c.pool.take(x)
		if err != nil {
			return false, err
		}
		if err := x.attach(fresh); err != nil {
			c.pool.put(fresh)
			return false, err
		}
		x.broken = x.write(c.head)
	}
	err = x.read()
	if errors.Is(err, ErrInterrupted) {
		return false, err
	}
	conn := x.detach()
	if err == nil {
		x.Answer, conn.answer = conn.answer, Answer{}
		if x.broken == nil && conn.reusable() {
			conn.used = true
			c.pool.put(conn)
			return false, nil
		}
	}
	conn.giveUp()
	c.pool.drop(conn)
	if err != nil && conn.used && !conn.received && !x.Once && !x.fresh && !isTimeout(err) && !errors.Is(err, ErrAborted) {
		x.fresh, x.broken = true, nil
		return true, nil
	}
	return false, err
}
