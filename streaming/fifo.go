package streaming

import "github.com/helix-engage/gateway/internal/audio"

// fifo is a queue of samples of one format.
type fifo struct {
	buf  []byte
	head int
}

func (q *fifo) len() int { return len(q.buf) - q.head }

// put appends what the converter makes of samples.
func (q *fifo) put(c *audio.Converter, samples []byte) {
	if q.head > 0 && len(q.buf)+4*len(samples) > cap(q.buf) { // move down rather than grow
		q.buf = q.buf[:copy(q.buf, q.buf[q.head:])]
		q.head = 0
	}
	q.buf = c.Convert(q.buf, samples)
}

// take removes the first n bytes; they stay valid until the next put.
func (q *fifo) take(n int) []byte {
	taken := q.buf[q.head : q.head+n]
	q.head += n
	if q.head == len(q.buf) {
		q.clear()
	}
	return taken
}

// clear empties the queue, and lets go of a buffer that has become large.
func (q *fifo) clear() {
	q.head = 0
	if cap(q.buf) > keepBuffer {
		q.buf = nil
		return
	}
	q.buf = q.buf[:0]
}
