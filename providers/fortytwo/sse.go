package fortytwo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxFrame bounds an event of the stream in bytes: it holds ids and actions, a hundred bytes for each record.
const maxFrame = 256 << 10

var errFrameTooLarge = errors.New("an event of the stream is larger than the limit")

// sseEvent is an event of a text/event-stream. Its data is good until the next event is read.
type sseEvent struct {
	name string // "" where none was given
	data []byte // lines of data, joined by newlines
}

// sseReader reads an event stream as the HTML standard has it: lines end in LF, CR or CRLF, a byte order mark may stand first,
// comments and unknown fields are skipped, an event without data is none, and one that is cut off is dropped.
type sseReader struct {
	in    *bufio.Reader
	alive func() // called for every line, comments included

	began   bool // the first line was read
	afterCR bool // the last line ended in CR: an LF that follows belongs to it
	line    []byte
	data    []byte
}

func newSSEReader(r io.Reader, alive func()) *sseReader {
	return &sseReader{in: bufio.NewReader(r), alive: alive}
}

// next gives the next event that has data, or is named "complete": FortyTwo's last one has none. The error is the stream's,
// io.EOF at its end, or errFrameTooLarge.
func (s *sseReader) next() (sseEvent, error) {
	var event sseEvent
	hasData := false
	s.data = s.data[:0]
	for {
		line, err := s.readLine()
		if err != nil {
			return sseEvent{}, err
		}
		s.alive()
		if len(line) == 0 {
			if hasData || event.name == "complete" {
				event.data = s.data
				return event, nil
			}
			event.name = ""
			continue
		}
		field, value, _ := bytes.Cut(line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "event":
			event.name = string(value)
		case "data":
			if hasData {
				s.data = append(s.data, '\n')
			}
			if hasData = true; len(s.data)+len(value) > maxFrame {
				return sseEvent{}, errFrameTooLarge
			}
			s.data = append(s.data, value...)
		}
	}
}

// readLine gives a line without its end; one that the stream ends in is not given.
func (s *sseReader) readLine() ([]byte, error) {
	s.line = s.line[:0]
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return nil, err
		}
		after := s.afterCR
		s.afterCR = c == '\r'
		switch {
		case c == '\n' && after: // the rest of a CRLF
			continue
		case c == '\n' || c == '\r':
			if !s.began {
				s.began = true
				return bytes.TrimPrefix(s.line, []byte("\uFEFF")), nil
			}
			return s.line, nil
		case len(s.line) == maxFrame:
			return nil, errFrameTooLarge
		}
		s.line = append(s.line, c)
	}
}
