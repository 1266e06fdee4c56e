package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
)

// pieces gives bytes in pieces, with an error before each: as a connection does whose deadline is moved.
type pieces struct {
	rest   []byte
	size   int
	broken bool
}

var errHalted = errors.New("halted")

func (p *pieces) Read(into []byte) (int, error) {
	if p.broken = !p.broken; p.broken {
		return 0, errHalted
	}
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(into, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

// readAll reads an answer that comes in pieces of some size.
func readAll(data []byte, size int) (*reader, error) {
	r := &reader{from: &pieces{rest: data, size: size}, maxBody: 1 << 16}
	r.begin()
	for {
		if err := r.read(); !errors.Is(err, errHalted) {
			return r, err
		}
	}
}

// FuzzAnswer holds that no answer is read other than net/http reads it, that it does not matter in which pieces it comes, and that
// what net/http writes is read.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(whole), uint8(3))
	f.Add([]byte("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 500 \r\nRetry-After: 7\r\n\r\nrest"), uint8(1))
	f.Add([]byte(chunks("3;x=y\r\nabc\r\n", "A\r\n0123456789\r\n", "0\r\nX: y\r\n\r\n", "HTTP/1.1 200 OK\r\n")), uint8(2))
	f.Add([]byte("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), uint8(9))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), uint8(200))
	f.Add([]byte("HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n"), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		got, err := readAll(data, int(size)+1)
		again, errAgain := readAll(data, len(data)+1)
		if err != nil {
			if errAgain == nil {
				t.Fatalf("in pieces %v, in one none", err)
			}
			if errors.Is(err, errHalted) {
				t.Fatal(err)
			}
			return
		}
		if errAgain != nil || again.answer.Status != got.answer.Status || !bytes.Equal(again.answer.Body, got.answer.Body) {
			t.Fatalf("in pieces %d %q, in one %d %q %v", got.answer.Status, got.answer.Body, again.answer.Status, again.answer.Body, errAgain)
		}
		sameAsStandard(t, data, again)
	})
}

// sameAsStandard compares an answer, read in one piece, with what net/http reads.
func sameAsStandard(t *testing.T, data []byte, got *reader) {
	t.Helper()
	if bytes.Contains(bytes.ToLower(data), []byte("\r\ntrailer:")) {
		return // net/http refuses some of the names that this may list
	}
	lines := bufio.NewReader(bytes.NewReader(data))
	var want *http.Response
	for {
		var err error
		if want, err = http.ReadResponse(lines, &http.Request{Method: http.MethodPost}); err != nil {
			t.Fatalf("net/http refuses it: %v", err)
		}
		if want.StatusCode >= 200 {
			break
		}
	}
	body, err := io.ReadAll(want.Body)
	if err != nil {
		t.Fatalf("net/http refuses the body: %v", err)
	}
	if want.StatusCode != got.answer.Status || !bytes.Equal(body, got.answer.Body) {
		t.Fatalf("%d %q, want %d %q", got.answer.Status, got.answer.Body, want.StatusCode, body)
	}
	if want.Header.Get("Retry-After") != got.answer.RetryAfter {
		t.Fatalf("Retry-After %q, want %q", got.answer.RetryAfter, want.Header.Get("Retry-After"))
	}
	if types := want.Header["Content-Type"]; len(types) == 1 && types[0] != got.answer.ContentType {
		t.Fatalf("Content-Type %q, want %q", got.answer.ContentType, types[0])
	}
	if got.reusable() && (want.Close || lines.Buffered() > 0) {
		t.Fatal("the connection would be kept")
	}
}

// FuzzWritten holds that whatever answer net/http writes is read as it was.
func FuzzWritten(f *testing.F) {
	f.Add(200, "application/json", []byte(answerBody), int64(20), uint8(5))
	f.Add(500, "text/plain", []byte("x"), int64(-1), uint8(1))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte, length int64, size uint8) {
		if status < 200 || status > 999 || status == 204 || status == 304 || !IsValue(contentType) || len(body) > 1<<16 {
			return
		}
		response := http.Response{
			StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {contentType}},
			Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		}
		if length < 0 {
			response.ContentLength, response.TransferEncoding = -1, []string{"chunked"}
		}
		var sent bytes.Buffer
		if err := response.Write(&sent); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(sent.Bytes(), int(size)+1)
		if err != nil || got.answer.Status != status || !bytes.Equal(got.answer.Body, body) {
			t.Fatalf("%q is read as %d %q %v", sent.Bytes(), got.answer.Status, got.answer.Body, err)
		}
		if !got.reusable() {
			t.Fatal("the connection would not be kept")
		}
	})
}
