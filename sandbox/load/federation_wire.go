package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// wire is a client that asks one question again and again over a connection that stays open. The request is written as it was made
// at first, for the driver shares a core with the front and must cost less than what it measures.
type wire struct {
	to      string // address
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	answer  bytes.Buffer // the last one
	want    int          // its length, which is that of every answer; 0 before the first
	lossy   bool         // requests may fail
	lost    []error      // with what requests failed; at most maxLost
}

// maxLost is how many requests may fail on one lossy wire.
const maxLost = 100

// dialWire connects to a GraphQL endpoint.
func dialWire(ctx context.Context, endpoint, token string, body []byte) (*wire, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	w := &wire{to: to.Host}
	w.request = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\n"+
		"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", to.Path, to.Host, token, len(body), body)
	return w, w.dial(ctx)
}

func (w *wire) dial(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.to)
	if err != nil {
		return err
	}
	w.conn, w.in = conn, bufio.NewReaderSize(conn, 16<<10)
	return nil
}

func (w *wire) close() { _ = w.conn.Close() }

// ask fails with everything but an answer of status 200 that is as long as the first one.
func (w *wire) ask() error {
	if err := w.conn.SetDeadline(time.Now().Add(pushTimeout)); err != nil {
		return err
	}
	if _, err := w.conn.Write(w.request); err != nil {
		return err
	}
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return err
	}
	w.answer.Reset()
	_, err = w.answer.ReadFrom(res.Body)
	_ = res.Body.Close()
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("HTTP %d: %.200s", res.StatusCode, w.answer.Bytes())
	case w.want == 0:
		w.want = w.answer.Len()
	case w.want != w.answer.Len():
		return fmt.Errorf("an answer of %d bytes, not %d: %.200s", w.answer.Len(), w.want, w.answer.Bytes())
	}
	return nil
}

// answered asks until there is an answer and gives what that one took. On a wire that is lossy a request may fail: it is noted, and
// asked again on a new connection. Where nothing is answered in time there is no use in that.
func (w *wire) answered(ctx context.Context) (took time.Duration, err error) {
	for {
		began := time.Now()
		err = w.ask()
		took = time.Since(began)
		if err == nil || !w.lossy || len(w.lost) == maxLost || errors.Is(err, os.ErrDeadlineExceeded) {
			return took, err
		}
		w.lost = append(w.lost, err)
		w.close()
		if err := w.dial(ctx); err != nil {
			return 0, err
		}
	}
}

// crowd is clients that ask at the same time.
type crowd []*wire

// gather connects a client for each token and has each of them ask once, which warms up what they ask. Requests to a bare proxy may
// fail: it drops an answer that comes before it has seen the end of the request's body.
func gather(ctx context.Context, endpoint string, tokens []string, body []byte, lossy bool) (c crowd, err error) {
	for _, token := range tokens {
		w, err := dialWire(ctx, endpoint, token, body)
		if err != nil {
			c.close()
			return nil, err
		}
		w.lossy = lossy
		c = append(c, w)
		if _, err := w.answered(ctx); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c crowd) close() {
	for _, w := range c {
		w.close()
	}
}

// press has each client ask again as soon as it is answered, for a while, and gives what the answers took and with what others
// failed. Whose request failed connects anew; who cannot do that asks no more.
func (c crowd) press(ctx context.Context, stretch time.Duration) (took []time.Duration, failed []error) {
	var mu sync.Mutex
	var asking sync.WaitGroup
	end := time.Now().Add(stretch)
	for _, w := range c {
		asking.Go(func() {
			own := make([]time.Duration, 0, 1<<12)
			var bad []error
			for began := time.Now(); began.Before(end) && ctx.Err() == nil; {
				err := w.ask()
				now := time.Now()
				if err != nil {
					bad = append(bad, err)
					w.close()
					if err := w.dial(ctx); err != nil {
						bad = append(bad, err)
						break
					}
					began = time.Now()
					continue
				}
				own = append(own, now.Sub(began))
				began = now
			}
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, own...), append(failed, bad...)
		})
	}
	asking.Wait()
	return took, failed
}

// timed is when an answer was due and how long it took from then.
type timed struct {
	due  time.Time
	took time.Duration
}

// stream asks rate times a second until ctx ends, whoever is free; it gives what was answered.
func (c crowd) stream(ctx context.Context, rate float64) (answers []timed, failed int) {
	queue := make(chan time.Time, 1<<16) // minutes of any sensible rate
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, w := range c {
		asking.Go(func() {
			for due := range queue {
				err := w.ask()
				took := time.Since(due)
				mu.Lock()
				if err != nil {
					failed++
				} else {
					answers = append(answers, timed{due, took})
				}
				mu.Unlock()
			}
		})
	}
	pace(ctx, 1<<30, rate, func(_ int, at time.Time) {
		select {
		case queue <- at:
		default:
			mu.Lock()
			failed++
			mu.Unlock()
		}
	})
	close(queue)
	asking.Wait()
	return answers, failed
}
