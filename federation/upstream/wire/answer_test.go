package wire

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARequestIsSpelledAsItShould(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	at := listen(t, func(p *peer) {
		buffer := make([]byte, 4<<10)
		n, _ := p.Read(buffer)
		got <- string(buffer[:n])
		p.send(whole)
	})
	at.Path, at.RawQuery = "/a b", "x=1"
	x := post()
	x.Fields[0] = Field{"Authorization: Bearer ", "secret"}
	x.Fields[2] = Field{"X-Locale: ", "fr-FR"}
	wantAnswer(t, newClient(t, Options{URL: at, Fields: "Accept: text/plain\r\n"}), x, answerBody)
	want := "POST /a%20b?x=1 HTTP/1.1\r\nHost: " + at.Host + "\r\nAccept: text/plain\r\n" +
		"Authorization: Bearer secret\r\nX-Locale: fr-FR\r\nContent-Length: 2\r\n\r\n{}"
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Error(diff)
	}
	if !x.Sent {
		t.Error("it is said that nothing was sent")
	}
}

func TestAURLThatCannotBeSpelledIsRefused(t *testing.T) {
	t.Parallel()
	for _, u := range []url.URL{
		{Scheme: "http"},
		{Scheme: "http", Host: ":80"},
		{Scheme: "http", Host: "a\r\nX: 1"},
		{Scheme: "http", Host: "krankenhäuser.example"},
		{Scheme: "http", Host: "a", RawQuery: "secret HTTP/1.1"},
	} {
		if _, err := New(Options{URL: &u}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", u, err)
		}
	}
	if got := withoutZone("[fe80::1%25en0]:80"); got != "[fe80::1]:80" {
		t.Errorf("host %s", got)
	}
}

func TestAFieldThatWouldAddAnotherIsNotSent(t *testing.T) {
	t.Parallel()
	client := newClient(t, Options{URL: listen(t, func(*peer) { t.Error("somebody connects") })})
	for _, value := range []string{"a\r\nX-Admin: 1", "a\n", "\x00", "\x7f"} {
		x := post()
		x.Fields[3] = Field{"X-Locale: ", value}
		if err := client.Do(x); !errors.Is(err, ErrField) || x.Sent {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestAnswersEndWhereTheySay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent string
		want Answer
		kept bool
	}{
		"by their length": {whole, Answer{200, "application/json", "", []byte(answerBody)}, true},
		"with no body":    {"HTTP/1.1 404 \r\ncontent-LENGTH:0\r\n\r\n", Answer{404, "", "", []byte{}}, true},
		"with no reason":  {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", Answer{404, "", "", []byte{}}, true},
		"by their status": {"HTTP/1.1 204 No Content\r\n\r\n", Answer{Status: 204}, true},
		"by their status, whatever the length": {
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", Answer{Status: 304}, false,
		},
		"by a chunk of no length": {chunks("14\r\n", answerBody, "\r\n0\r\n\r\n"), Answer{200, "", "", []byte(answerBody)}, true},
		"by a chunk of no length, after many": {
			chunks("1\r\na\r\n", "000A  \r\n0123456789\r\n", "2;name=\"value\"\r\nbc\r\n", "0;last\r\n", "Expires: never\r\nX: \r\n\r\n"),
			Answer{200, "", "", []byte("a0123456789bc")},
			true,
		},
		"with the connection":              {"HTTP/1.1 200 OK\r\n\r\nabc", Answer{200, "", "", []byte("abc")}, false},
		"with the connection, in HTTP/1.0": {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", Answer{200, "", "", []byte("abc")}, false},
		"with the connection, as they say": {
			"HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 3\r\n\r\nabc", Answer{200, "", "", []byte("abc")}, false,
		},
		"after others that are passed over": {
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n" + whole,
			Answer{200, "application/json", "", []byte(answerBody)},
			true,
		},
		"before what comes behind": {whole + "H", Answer{200, "application/json", "", []byte(answerBody)}, false},
		"with a type that is said twice": {
			"HTTP/1.1 429 Slow Down\r\nContent-Type: a\r\nRetry-After: 7\r\nContent-Type: b\r\nContent-Length: 0\r\n\r\n",
			Answer{429, "", "7", []byte{}},
			true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, Options{URL: listen(t, func(p *peer) {
				if _, ok := p.request(); ok {
					p.send(c.sent)
				}
				if c.kept {
					p.closed()
				}
			})})
			x := post()
			if err := client.Do(x); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, x.Answer); diff != "" {
				t.Error(diff)
			}
			if _, idle := client.counts(); idle == 1 != c.kept {
				t.Errorf("%d connections are kept", idle)
			}
		})
	}
}

func TestAnswersThatCanBeReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, c := range map[string]struct {
		sent string
		want error
	}{
		"two lengths":                     {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", ErrMalformed},
		"the same length twice":           {ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", ErrMalformed},
		"a list of lengths":               {ok + "Content-Length: 2, 2\r\n\r\nab", ErrMalformed},
		"a length with a sign":            {ok + "Content-Length: +2\r\n\r\nab", ErrMalformed},
		"a length that is empty":          {ok + "Content-Length:\r\n\r\n", ErrMalformed},
		"a length beyond all":             {ok + "Content-Length: 9999999999999999999999\r\n\r\n", ErrMalformed},
		"length and chunks":               {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrMalformed},
		"chunks and length":               {ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", ErrMalformed},
		"chunks in HTTP/1.0":              {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrMalformed},
		"chunks twice":                    {ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrMalformed},
		"another coding":                  {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ErrMalformed},
		"no coding":                       {ok + "Transfer-Encoding: identity\r\n\r\nab", ErrMalformed},
		"a bare line feed":                {ok + "X: 1\nContent-Length: 0\r\n\r\n", ErrMalformed},
		"a bare carriage return":          {ok + "X: 1\rContent-Length: 0\r\n\r\n", ErrMalformed},
		"a folded line":                   {ok + "X: 1\r\n Content-Length: 0\r\n\r\n", ErrMalformed},
		"a blank before the colon":        {ok + "Content-Length : 0\r\n\r\n", ErrMalformed},
		"a field without a name":          {ok + ": 0\r\n\r\n", ErrMalformed},
		"a line without a colon":          {ok + "hello\r\n\r\n", ErrMalformed},
		"a zero byte":                     {ok + "X: \x00\r\n\r\n", ErrMalformed},
		"another protocol":                {"SSH-2.0-OpenSSH_9.9\r\n", ErrMalformed},
		"another version":                 {"HTTP/2.0 200 OK\r\n\r\n", ErrMalformed},
		"a status of two digits":          {"HTTP/1.1 20 OK\r\n\r\n", ErrMalformed},
		"a status of four digits":         {"HTTP/1.1 2000 OK\r\n\r\n", ErrMalformed},
		"a status that is no number":      {"HTTP/1.1 +20 OK\r\n\r\n", ErrMalformed},
		"a reason with a control byte":    {"HTTP/1.1 200 O\x01K\r\n\r\n", ErrMalformed},
		"another protocol from now on":    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", ErrMalformed},
		"a head without end":              {ok + "X: " + strings.Repeat("x", maxHead), ErrMalformed},
		"heads without end":               {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHead/20), ErrMalformed},
		"a chunk without a size":          {chunks("\r\nab\r\n0\r\n\r\n"), ErrMalformed},
		"a chunk of negative size":        {chunks("-2\r\nab\r\n0\r\n\r\n"), ErrMalformed},
		"a chunk of a size with a prefix": {chunks("0x2\r\nab\r\n0\r\n\r\n"), ErrMalformed},
		"a chunk of a size beyond all":    {chunks("10000000000000002\r\nab\r\n0\r\n\r\n"), ErrMalformed},
		"a chunk longer than said":        {chunks("2\r\nabc\r\n0\r\n\r\n"), ErrMalformed},
		"a chunk with a bare line feed":   {chunks("2\nab\n0\n\n\r\n"), ErrMalformed},
		"an extension with a line feed":   {chunks("2;x\ny\r\nab\r\n0\r\n\r\n"), ErrMalformed},
		"extensions without end":          {chunks(strings.Repeat("1;"+strings.Repeat("x", 4000)+"\r\na\r\n", 17)), ErrMalformed},
		"a trailer that is no field":      {chunks("0\r\nhello\r\n\r\n"), ErrMalformed},
		"trailers without end":            {chunks("0\r\n" + strings.Repeat("X: y\r\n", maxHead/6)), ErrMalformed},
		"a length beyond what we read":    {ok + "Content-Length: 1001\r\n\r\n", ErrTooLarge},
		"a chunk beyond what we read":     {chunks("3E9\r\n"), ErrTooLarge},
		"chunks beyond what we read":      {chunks(strings.Repeat("64\r\n"+strings.Repeat("x", 100)+"\r\n", 11)), ErrTooLarge},
		"a rest beyond what we read":      {ok + "\r\n" + strings.Repeat("x", 1001), ErrTooLarge},
		"an end before the head":          {"", io.ErrUnexpectedEOF},
		"an end in the status line":       {"HTTP/1.1 2", io.ErrUnexpectedEOF},
		"an end in the body":              {ok + "Content-Length: 3\r\n\r\nab", io.ErrUnexpectedEOF},
		"an end in a chunk":               {chunks("3\r\nab"), io.ErrUnexpectedEOF},
		"an end between chunks":           {chunks("2\r\nab\r\n"), io.ErrUnexpectedEOF},
		"an end in the trailer":           {chunks("0\r\nX: y\r\n"), io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan struct{}, 2)
			client := newClient(t, Options{MaxBody: 1000, URL: listen(t, func(p *peer) {
				if _, ok := p.request(); ok {
					requests <- struct{}{}
					p.send(c.sent)
				}
				if !errors.Is(c.want, io.ErrUnexpectedEOF) {
					p.closed()
				}
			})})
			x := post()
			if err := client.Do(x); !errors.Is(err, c.want) {
				t.Errorf("got %v and %q", err, x.Answer.Body)
			}
			if open, _ := client.counts(); open != 0 || len(requests) != 1 {
				t.Errorf("%d connections stay open after %d requests", open, len(requests))
			}
		})
	}
}
