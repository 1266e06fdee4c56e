package fortytwo

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// eventsOf reads all events of a stream as "name|data", and how it ended.
func eventsOf(r io.Reader) (events []string, lines int, err error) {
	s := newSSEReader(r, func() { lines++ })
	for {
		e, err := s.next()
		if err != nil {
			return events, lines, err
		}
		events = append(events, e.name+"|"+string(e.data))
	}
}

func TestAnEventStreamIsReadAsTheStandardHasIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"a frame of FortyTwo's", ":\n\nevent: next\ndata: {\"a\":1}\n\n", []string{`next|{"a":1}`}},
		{"two frames and the end", "event: next\ndata: 1\n\nevent: next\ndata: 2\n\nevent: complete\ndata:\n\n", []string{"next|1", "next|2", "complete|"}},
		{"an end without data", "event: complete\n\n", []string{"complete|"}},
		{"lines that end in CRLF", "event: next\r\ndata: 1\r\n\r\n", []string{"next|1"}},
		{"lines that end in CR", "event: next\rdata: 1\r\rdata: 2\r\r", []string{"next|1", "|2"}},
		{"a byte order mark", "\uFEFFdata: 1\n\n", []string{"|1"}},
		{"data in several lines", "data: a\ndata:b\ndata:  c\n\n", []string{"|a\nb\n c"}},
		{"an event without data", "event: next\n\ndata: 1\n\n", []string{"|1"}},
		{"an empty data line", "data\n\n", []string{"|"}},
		{"fields that mean nothing here", "id: 7\nretry: 10\nfoo\n:comment\ndata: 1\n\n", []string{"|1"}},
		{"an event that is cut off", "data: 1\n\ndata: 2\n", []string{"|1"}},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				got, _, err := eventsOf(r)
				if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, io.EOF) {
					t.Error(diff, err)
				}
			}
		})
	}
}

func TestAnEventBeyondTheLimitBreaksTheStream(t *testing.T) {
	t.Parallel()
	line := "data: " + strings.Repeat("x", maxFrame/2) + "\n"
	for name, text := range map[string]string{
		"one line": "data: " + strings.Repeat("x", maxFrame) + "\n\n", "several lines": line + line + line + "\n",
		"a line without an end": strings.Repeat("x", 2*maxFrame),
	} {
		if _, _, err := eventsOf(strings.NewReader(text)); !errors.Is(err, errFrameTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, _, err := eventsOf(strings.NewReader(line + "\n")); len(got) != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("below it: %d events, %v", len(got), err)
	}
}

func TestACommentIsASignOfLife(t *testing.T) {
	t.Parallel()
	if _, lines, _ := eventsOf(strings.NewReader(":\n\n:\n\n")); lines != 4 {
		t.Errorf("%d signs of life", lines)
	}
}

func FuzzEventStream(f *testing.F) {
	for _, seed := range []string{
		":\n\nevent: next\ndata: {\"a\":1}\n\n", "event: complete\r\ndata:\r\n\r\n", "\uFEFFdata\r\rdata:\n:\n\n", "data: 1\r", "a:b:c\n\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, lines, err := eventsOf(bytes.NewReader(text))
		pieces, again, errAgain := eventsOf(iotest.OneByteReader(bytes.NewReader(text)))
		if diff := cmp.Diff(whole, pieces); diff != "" || lines != again || !errors.Is(err, errAgain) {
			t.Fatalf("how it arrives matters: %s %d %d %v %v", diff, lines, again, err, errAgain)
		}
		size := 0
		for _, e := range whole {
			size += len(e)
		}
		if size > len(text)+len(whole) {
			t.Fatalf("%d bytes of events out of %d", size, len(text))
		}
	})
}
