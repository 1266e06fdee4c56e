package transport

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Why a frame was not queued.
var (
	errQueueClosed = errors.New("transport: the socket is closing")
	errQueueSlow   = errors.New("transport: the peer made no room in time")
)

// frame is one message on its way to the peer.
type frame struct {
	data   []byte
	stream *stream // whose complete withdraws the frame; nil for frames of the connection
	last   bool    // frees the identifier of stream
}

// queue holds the frames that wait for the one writer of a socket, bounded in number and in bytes. Who finds it full
// waits, so a peer's slowness reaches the source of the events, and nothing is dropped.
type queue struct {
	maxFrames, maxBytes int

	ready chan struct{} // holds one token when there may be something for the writer

	mu      sync.Mutex
	frames  []frame
	bytes   int
	pushed  uint64        // frames so far
	popped  uint64        // of them, those that the writer has
	room    chan struct{} // closed when room is made; nil while nobody waits
	closing *closing      // set once: what the writer sends last
}

// closing is how a socket ends.
type closing struct {
	code   int
	reason string
	slow   bool
	silent bool // no close frame: the peer is gone, or has been told
	flush  bool // after what waits is sent
}

func newQueue(maxFrames, maxBytes int) *queue {
	return &queue{maxFrames: maxFrames, maxBytes: maxBytes, ready: make(chan struct{}, 1)}
}

// push waits at most patience for room. A frame larger than all bytes allowed is taken when nothing else waits.
func (q *queue) push(ctx context.Context, f frame, patience time.Duration) error {
	room, err := q.offer(f)
	if room == nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for room != nil {
		select {
		case <-room:
			room, err = q.offer(f)
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return errQueueSlow
		}
	}
	return err
}

// offer queues f, or answers what to wait for.
func (q *queue) offer(f frame) (room <-chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing != nil {
		return nil, errQueueClosed
	}
	if len(q.frames) > 0 && (len(q.frames) >= q.maxFrames || q.bytes+len(f.data) > q.maxBytes) {
		if q.room == nil {
			q.room = make(chan struct{})
		}
		return q.room, nil
	}
	q.frames = append(q.frames, f)
	q.bytes += len(f.data)
	q.pushed++
	q.signal()
	return nil, nil
}

// pop takes the oldest frame. When none is left and the socket is closing, it answers how instead.
func (q *queue) pop() (f frame, ok bool, end *closing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.frames) == 0 {
		return frame{}, false, q.closing
	}
	f = q.frames[0]
	q.frames[0] = frame{}
	q.frames = q.frames[1:]
	q.bytes -= len(f.data)
	q.popped++
	if len(q.frames) == 0 {
		q.frames = nil // lets go of the array; most sockets are idle
	}
	q.wake()
	return f, true, nil
}

// close ends the queue: what is queued is still sent when flush is set and else dropped, nothing is queued any more. The
// first close counts; it answers whether this was it.
func (q *queue) close(end closing, flush bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing != nil {
		return false
	}
	end.flush = flush
	q.closing = &end
	if !flush {
		q.frames, q.bytes = nil, 0
	}
	q.wake()
	q.signal()
	return true
}

// counts tells how many frames have been queued and how many taken.
func (q *queue) counts() (pushed, popped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pushed, q.popped
}

// isClosing tells whether close was called, and with what.
func (q *queue) isClosing() *closing {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closing
}

// wake lets everybody who waits for room try again.
func (q *queue) wake() {
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
