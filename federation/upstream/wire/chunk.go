package wire

import "bytes"

// readLine reads a line of the chunked coding (RFC 9112 7.1).
func (r *reader) readLine() error {
	end := r.find(crlf)
	if end < 0 {
		return r.fill()
	}
	line := r.buffer[r.r : r.r+end-len(crlf)]
	switch {
	case r.stage == inChunkEnd && len(line) > 0:
		return malformed("a chunk that is longer than it said")
	case r.stage == inChunkEnd:
		r.stage = inChunkLine
		r.r, r.searched = r.r+end, 0
		return nil
	case r.stage == inTrailer && len(line) == 0:
		r.stage = done
		return r.use(end)
	case r.stage == inTrailer:
		if _, _, err := splitField(line); err != nil {
			return err
		}
		return r.use(end)
	}
	size, extension, err := parseChunkLine(line)
	if err != nil {
		return err
	}
	r.r, r.searched = r.r+end-extension, 0
	if err := r.use(extension); err != nil {
		return err
	}
	return r.beginChunk(size)
}

func (r *reader) beginChunk(size int64) error {
	if size == 0 {
		r.stage = inTrailer
		return nil
	}
	body := &r.answer.Body
	if size > r.maxBody-int64(len(*body)) {
		return ErrTooLarge
	}
	if len(*body) == 0 { // usually it is all
		*body = r.room.Get(int(size))
	}
	r.stage, r.left = inChunk, size
	return nil
}

// parseChunkLine reads a chunk's size, and how many bytes of the line are an extension.
func parseChunkLine(line []byte) (size int64, extension int, err error) {
	digits := 0
	for digits < len(line) {
		digit, ok := hexDigit(line[digits])
		if !ok {
			break
		}
		size = size<<4 | digit
		if digits++; digits > 15 {
			return 0, 0, malformed("size of a chunk")
		}
	}
	rest := line[digits:]
	if digits == 0 || !isValue(rest) || len(rest) > 0 && rest[0] != ';' && len(bytes.TrimRight(rest, " \t")) > 0 {
		return 0, 0, malformed("size of a chunk")
	}
	return size, len(rest), nil
}

func hexDigit(c byte) (value int64, ok bool) {
	switch {
	case isDigit(c):
		return int64(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int64(c|0x20-'a') + 10, true
	default:
		return 0, false
	}
}
