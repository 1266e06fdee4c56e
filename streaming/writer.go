package streaming

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// writeWithin is how long the peer's buffers may be full.
	writeWithin = 5 * time.Second
	// maxMissedPongs is how many pings may go unanswered.
	maxMissedPongs = 2
	// maxControlQueued bounds what waits beside the audio, in bytes. A peer that makes us hold more is gone.
	maxControlQueued = 256 << 10
	// atOnce is how many bytes a source hands over before the writer writes them.
	atOnce = 16 << 10
	// keepOut is the largest buffer of outgoing frames that is kept.
	keepOut = 64 << 10
)

// Why a writer gave its socket up.
var (
	errSlow     = errors.New("the peer does not read")
	errHalfOpen = errors.New("the peer does not answer pings")
	errWaiting  = errors.New("the provider has no room for the conversation")
)

// never is a moment that does not come.
const never = time.Duration(1<<63 - 1)

// source is where a writer gets the audio that it sends.
type source interface {
	// fill appends to dst the frames that are due, and tells when to ask again if nobody calls wake before.
	fill(dst []byte, now time.Duration) (out []byte, next time.Duration)
}

// writer is the one goroutine that writes to a socket: first what was handed to send, then audio from its source, now and
// then a ping. Moments are durations since the socket was opened.
type writer struct {
	conn   *conn
	source source
	opened time.Time
	ping   time.Duration

	woken   chan struct{} // room for one: more say nothing new
	stopped chan struct{} // run has returned
	unheard atomic.Int32  // pings without a pong

	mu      sync.Mutex
	waiting []byte // whole frames
	closing bool   // the last of them is a close frame
	cause   error
}

func newWriter(c *conn, s source, opened time.Time, ping time.Duration) *writer {
	w := &writer{conn: c, source: s, opened: opened, ping: ping, woken: make(chan struct{}, 1), stopped: make(chan struct{})}
	c.control = w.answer
	return w
}

// now is the moment on the socket's clock.
func (w *writer) now() time.Duration { return time.Since(w.opened) }

// wake makes the writer ask its source.
func (w *writer) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// answer takes control frames from the reader.
func (w *writer) answer(op byte, payload []byte) {
	w.unheard.Store(0)
	if op == opPing {
		w.send(opPong, func(dst []byte) []byte { return append(dst, payload...) })
	}
}

// send queues a message ahead of all audio that is not sent yet. It never waits. payload appends; when it appends nothing
// to a text message, none is sent, and send reports false.
func (w *writer) send(op byte, payload func(dst []byte) []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return false
	}
	dst, at := beginFrame(w.waiting)
	dst = payload(dst)
	if op == opText && len(dst) == at+maxHeader {
		return false
	}
	w.waiting = endFrame(dst, at, op, w.conn.client)
	if len(w.waiting) > maxControlQueued {
		w.giveUp(errSlow)
	}
	w.wake()
	return true
}

// close sends a close frame after everything that waits; the writer ends with it.
func (w *writer) close(code int, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closing {
		w.waiting = appendClose(w.waiting, code, reason, w.conn.client)
		w.closing = true
		w.wake()
	}
}

// abort ends the socket at once; the reader will notice.
func (w *writer) abort(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.giveUp(cause)
}

func (w *writer) giveUp(cause error) {
	w.closing = true
	if w.cause == nil {
		w.cause = cause
	}
	_ = w.conn.Close()
	w.wake()
}

// why tells why the writer gave its socket up; nil when it did not.
func (w *writer) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

// run writes until the socket is closed by either side.
func (w *writer) run() {
	defer close(w.stopped)
	timer := time.NewTimer(w.ping)
	defer timer.Stop()
	var out []byte
	nextPing := w.ping
	for {
		now := w.now()
		var next time.Duration
		var closing bool
		if out, next, closing = w.collect(out[:0], now); now >= nextPing && !closing {
			nextPing = now + w.ping
			if w.unheard.Add(1) > maxMissedPongs {
				w.abort(errHalfOpen)
				return
			}
			out = appendFrame(out, opPing, nil, w.conn.client)
		}
		if len(out) > 0 {
			_ = w.conn.SetWriteDeadline(time.Now().Add(writeWithin))
			if _, err := w.conn.Write(out); err != nil {
				w.abort(slowness(err))
				return
			}
			if cap(out) > keepOut {
				out = nil
			}
		}
		if closing {
			return
		}
		if wait := min(next, nextPing) - w.now(); wait > 0 {
			timer.Reset(beat(wait, wait+beatEvery))
			select {
			case <-w.woken:
			case <-timer.C:
			}
		}
	}
}

// collect takes what is to be written now. Audio that was queued after a message was handed to send comes after it: the lock is
// held over both, or a new turn could overtake the message that clears the old one.
func (w *writer) collect(out []byte, now time.Duration) (_ []byte, next time.Duration, closing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out = append(out, w.waiting...)
	if w.waiting = w.waiting[:0]; cap(w.waiting) > keepOut {
		w.waiting = nil
	}
	if w.closing {
		return out, never, true
	}
	out, next = w.source.fill(out, now)
	return out, next, false
}

// beatEvery is the grid of moments at which calls do what can wait a little. Waking once for many calls costs a fraction of
// waking for each.
const beatEvery = 5 * time.Millisecond

// beat gives a duration between two that ends on the grid, or the first when there is none.
func beat(least, most time.Duration) time.Duration {
	past := time.Duration(time.Now().UnixNano()) + least
	if d := least + (beatEvery-past%beatEvery)%beatEvery; d <= most {
		return d
	}
	return least
}

// slowness tells whether a write failed because the peer does not read. For anything else the reader knows the reason.
func slowness(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	return nil
}
