package streaming

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gorilla/websocket"
)

// script is a connection that was recorded.
type script struct {
	net.Conn
	io.Reader
}

func (s script) Read(p []byte) (int, error) { return s.Reader.Read(p) }

// sizes around every boundary of the framing and of our buffers.
var sizes = []int{0, 1, 125, 126, 127, 4000, readBuffer - 4, readBuffer, 65535, 65536, 200_000}

func TestMessagesOfEverySizeSurviveBothDirections(t *testing.T) {
	t.Parallel()
	for _, fromClient := range []bool{true, false} {
		var wire []byte
		for i, size := range sizes {
			wire = appendFrame(wire, opBinary, bytes.Repeat([]byte{byte(i + 1)}, size), fromClient)
			wire = appendFrame(wire, opPing, []byte("p"), fromClient)
		}
		for name, reader := range map[string]io.Reader{
			"at once": bytes.NewReader(wire), "byte by byte": iotest.OneByteReader(bytes.NewReader(wire)),
		} {
			c := newConn(script{Reader: reader}, !fromClient, 1<<20)
			pings := 0
			c.control = func(byte, []byte) { pings++ }
			for i, size := range sizes {
				op, data, err := c.next()
				if err != nil || op != opBinary || !bytes.Equal(data, bytes.Repeat([]byte{byte(i + 1)}, size)) {
					t.Fatalf("%s, size %d: opcode %d, %d bytes, %v", name, size, op, len(data), err)
				}
			}
			if _, _, err := c.next(); !errors.Is(err, io.ErrUnexpectedEOF) || pings != len(sizes) {
				t.Errorf("%s: %d pings, then %v", name, pings, err)
			}
		}
	}
}

func TestFragmentsArePutTogetherAroundControlFrames(t *testing.T) {
	t.Parallel()
	fragment := func(op byte, fin bool, payload string) []byte {
		f := appendFrame(nil, op, []byte(payload), true)
		if !fin {
			f[0] &^= finBit
		}
		return f
	}
	wire := slices.Concat(fragment(opText, false, "one "), fragment(opPing, true, ""), fragment(opContinuation, false, "two "),
		fragment(opContinuation, true, "three"), fragment(opText, true, "four"), appendClose(nil, 4001, "bye", true))
	c := newConn(script{Reader: bytes.NewReader(wire)}, false, 100)
	for _, want := range []string{"one two three", "four"} {
		if op, data, err := c.next(); err != nil || op != opText || string(data) != want {
			t.Errorf("%d %q %v", op, data, err)
		}
	}
	var closed *closedError
	if _, _, err := c.next(); !errors.As(err, &closed) || closed.code != 4001 || closed.reason != "bye" {
		t.Errorf("%v", err)
	}

	wire = slices.Concat(fragment(opText, false, strings.Repeat("x", 60)), fragment(opContinuation, true, strings.Repeat("x", 60)))
	var broken *violation
	if _, _, err := newConn(script{Reader: bytes.NewReader(wire)}, false, 100).next(); !errors.As(err, &broken) || broken.code != closeTooBig {
		t.Errorf("fragments that are too large together: %v", err)
	}
}

func TestACloseReasonIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	wire := appendClose(nil, closeNormal, strings.Repeat("न", 100), false)
	var closed *closedError
	if _, _, err := newConn(script{Reader: bytes.NewReader(wire)}, true, 100).next(); !errors.As(err, &closed) || closed.reason != strings.Repeat("न", 41) {
		t.Errorf("%v", err)
	}
	if err := closeOf(nil); !errors.As(err, &closed) || closed.code != closeNoStatus {
		t.Errorf("%v", err)
	}
}

func TestALargeBufferIsLetGo(t *testing.T) {
	t.Parallel()
	wire := slices.Concat(appendFrame(nil, opBinary, make([]byte, 300_000), true), appendFrame(nil, opBinary, make([]byte, 10), true))
	c := newConn(script{Reader: iotest.HalfReader(bytes.NewReader(wire))}, false, 1<<20)
	for range 2 {
		if _, _, err := c.next(); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _ = c.next()
	if len(c.buf) > keepBuffer {
		t.Errorf("%d bytes are kept", len(c.buf))
	}
}

// Gorilla's implementation is the independent judge of ours.
func TestAnotherImplementationReadsWhatWeWriteAndWeWhatItWrites(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{WriteBufferSize: 1000}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.Close() }()
		_ = ws.WriteMessage(websocket.TextMessage, []byte("at once")) // together with the answer to the handshake
		for {
			kind, data, err := ws.ReadMessage()
			if err != nil {
				return
			}
			out, _ := ws.NextWriter(kind) // in fragments of the buffer's size
			_, _ = out.Write(data)
			_ = out.Close()
		}
	}))
	defer s.Close()
	var wrapped *handshake
	dialer := websocket.Dialer{NetDial: func(network, address string) (net.Conn, error) {
		c, err := net.Dial(network, address)
		wrapped = &handshake{Conn: c}
		return wrapped, err
	}}
	ws, answer, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	defer func() { _ = ws.Close() }()
	c := newConn(ws.NetConn(), true, 1<<20)
	if _, data, err := c.next(); err != nil || string(data) != "at once" {
		t.Fatalf("%q, %v", data, err)
	}
	for _, size := range sizes {
		sent := bytes.Repeat([]byte("abc"), size)
		if _, err := c.Write(appendFrame(nil, opText, sent, true)); err != nil {
			t.Fatal(err)
		}
		if op, data, err := c.next(); err != nil || op != opText || !bytes.Equal(data, sent) {
			t.Errorf("size %d: %d bytes, %v", 3*size, len(data), err)
		}
	}
	_, _ = c.Write(appendClose(nil, closeNormal, "", true))
	var closed *closedError
	if _, _, err := c.next(); !errors.As(err, &closed) || closed.code != closeNormal {
		t.Errorf("%v", err)
	}
}

func FuzzConnNext(f *testing.F) {
	f.Add(appendFrame(nil, opText, []byte("hello"), true))
	f.Add([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4})
	f.Add([]byte{0x01, 0x81, 1, 2, 3, 4, 5, 0x80, 0x81, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, wire []byte) {
		c := newConn(script{Reader: bytes.NewReader(wire)}, false, 1000)
		for {
			op, data, err := c.next()
			if err != nil {
				return
			}
			if len(data) > 1000 || (op != opText && op != opBinary) {
				t.Fatalf("opcode %d with %d bytes", op, len(data))
			}
		}
	})
}
