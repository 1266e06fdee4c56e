package wire

import (
	"bytes"
	"io"
)

// Bounds of what is read beside bodies.
const (
	maxHead    = 64 << 10 // of all heads of an answer, chunk extensions and trailers
	readBuffer = 8 << 10  // kept with a connection; it grows for a long head
)

// stage is where in an answer a reader is.
type stage uint8

const (
	inHead      stage = iota
	inBody            // of known length
	inChunkLine       // before a chunk
	inChunk
	inChunkEnd // the line end behind a chunk
	inTrailer
	inRest // of a body that ends with the connection
	done
)

// reader reads answers from a connection. An error of the connection may stop it anywhere, and read goes on from there.
type reader struct {
	from    io.Reader
	maxBody int64

	buffer   []byte
	r, w     int  // buffer[r:w] was received and is not used yet
	received bool // at least one byte of this answer

	stage    stage
	searched int   // of buffer[r:w], in which no line or head ends
	budget   int   // of maxHead
	left     int64 // of the body or of this chunk
	head     head
	answer   Answer
	room     Room

	contentType string // as it was in the last answer, so that the same is not made again
}

// begin prepares for the next answer.
func (r *reader) begin() {
	r.received, r.stage, r.searched, r.budget, r.answer = r.w > r.r, inHead, 0, maxHead, Answer{}
	r.room = own{}
	if len(r.buffer) != readBuffer && r.w == r.r {
		r.buffer, r.r, r.w = make([]byte, readBuffer), 0, 0
	}
}

// reusable reports whether the connection has no more of this answer, nothing behind it, and may stay.
func (r *reader) reusable() bool { return r.stage == done && !r.head.close && r.r == r.w }

// read reads to the end of the answer. Errors: ErrMalformed, ErrTooLarge, io.ErrUnexpectedEOF, and what the connection says.
func (r *reader) read() error {
	for r.stage != done {
		if err := r.step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) step() error {
	switch r.stage {
	case inHead:
		return r.readHead()
	case inBody, inChunk:
		return r.readBytes()
	case inChunkLine, inChunkEnd, inTrailer:
		return r.readLine()
	case inRest:
		return r.readRest()
	default:
		return nil
	}
}

// readHead reads a head once it is there. Those of 1xx are passed over.
func (r *reader) readHead() error {
	unread := r.buffer[r.r:r.w]
	if start := "HTTP/"; len(unread) > 0 && string(unread[:min(len(unread), len(start))]) != start[:min(len(unread), len(start))] {
		return malformed("not HTTP")
	}
	end := r.find([]byte("\r\n\r\n"))
	if end < 0 {
		return r.fill()
	}
	h, err := parseHead(unread[:end])
	if err != nil {
		return err
	}
	switch {
	case h.status == 101:
		return malformed("switching protocols")
	case h.status < 200:
		return r.use(end)
	}
	r.head, r.answer.Status, r.answer.RetryAfter = h, h.status, string(h.retryAfter)
	if string(h.contentType) != r.contentType {
		r.contentType = string(h.contentType)
	}
	r.answer.ContentType = r.contentType
	if err := r.use(end); err != nil {
		return err
	}
	return r.frame()
}

// frame finds how the answer ends (RFC 9112 6.3).
func (r *reader) frame() error {
	switch h := &r.head; {
	case h.status == 204 || h.status == 304:
		h.close = h.close || h.chunked || h.length > 0 // what follows, if anything, is of unknown meaning
		r.stage = done
	case h.chunked:
		r.stage = inChunkLine
	case h.length < 0:
		h.close = true
		r.stage = inRest
	case h.length > r.maxBody:
		return ErrTooLarge
	default:
		r.stage, r.left = inBody, h.length
		r.answer.Body = r.room.Get(int(h.length))
	}
	return nil
}

// readBytes reads of the body as much as belongs to it or to this chunk.
func (r *reader) readBytes() error {
	if r.left > 0 {
		if err := r.append(r.left); err != nil {
			return eof(err)
		}
	}
	switch {
	case r.left > 0:
	case r.stage == inBody:
		r.stage = done
	default:
		r.stage = inChunkEnd
	}
	return nil
}

// append adds to the body what was received and, when that is nothing, what comes next: limit bytes at most.
func (r *reader) append(limit int64) error {
	body := &r.answer.Body
	if r.r < r.w {
		n := min(limit, int64(r.w-r.r))
		r.grow(int(n))
		*body = append(*body, r.buffer[r.r:r.r+int(n)]...)
		r.r += int(n)
		r.left -= n
		return nil
	}
	r.grow(1)
	free := (*body)[len(*body):cap(*body)]
	n, err := r.from.Read(free[:min(limit, int64(len(free)))])
	*body = (*body)[:len(*body)+n]
	r.left -= int64(n)
	if n > 0 {
		return nil
	}
	return err
}

// grow sees to room for n more bytes of a body whose length was not known.
func (r *reader) grow(n int) {
	body := r.answer.Body
	if cap(body)-len(body) >= n {
		return
	}
	r.answer.Body = append(r.room.Get(max(2*len(body), len(body)+n, readBuffer)), body...)
	if body != nil {
		r.room.Put(body)
	}
}

// giveUp lets go of a body that came to nothing.
func (r *reader) giveUp() {
	if r.answer.Body != nil {
		r.room.Put(r.answer.Body)
	}
	r.answer = Answer{}
}

// readRest reads a body that ends with the connection.
func (r *reader) readRest() error {
	if int64(len(r.answer.Body)) > r.maxBody {
		return ErrTooLarge
	}
	err := r.append(r.maxBody + 1 - int64(len(r.answer.Body)))
	if err == io.EOF { //nolint:errorlint // as io.Reader has it
		r.stage = done
		return nil
	}
	return err
}

// find gives the length of what was received up to and with the mark; -1: it has not come.
func (r *reader) find(mark []byte) int {
	from := r.r + max(0, r.searched-len(mark)+1)
	i := bytes.Index(r.buffer[from:r.w], mark)
	if i < 0 {
		r.searched = r.w - r.r
		return -1
	}
	return from + i + len(mark) - r.r
}

// use passes over n bytes that count against the bound of heads.
func (r *reader) use(n int) error {
	r.r, r.searched = r.r+n, 0
	if r.budget -= n; r.budget < 0 {
		return malformed("too long a head")
	}
	return nil
}

// fill receives more into the buffer.
func (r *reader) fill() error {
	switch {
	case r.r == r.w:
		r.r, r.w = 0, 0
	case r.w == len(r.buffer) && r.r > 0:
		r.w, r.r = copy(r.buffer, r.buffer[r.r:r.w]), 0
	case r.w == len(r.buffer) && r.w >= r.budget:
		return malformed("too long a head")
	case r.w == len(r.buffer):
		grown := make([]byte, min(2*len(r.buffer), maxHead))
		r.w = copy(grown, r.buffer)
		r.buffer = grown
	}
	n, err := r.from.Read(r.buffer[r.w:])
	r.w += n
	if n > 0 {
		r.received = true
		return nil
	}
	return eof(err)
}

// eof says that the end of the connection is too early.
func eof(err error) error {
	if err == io.EOF { //nolint:errorlint // as io.Reader has it
		return io.ErrUnexpectedEOF
	}
	return err
}
