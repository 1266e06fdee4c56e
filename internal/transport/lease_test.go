package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/helix-engage/gateway/internal/buffers"
)

// lentSchema answers hello out of buffers that the operation's lease holds, and that are made unreadable when they come back.
type lentSchema struct {
	*testSchema

	pool   *buffers.Pool
	back   atomic.Int64 // buffers that came back
	leased atomic.Int64 // operations that had a lease
	length int          // of the answer
	fails  bool         // there is an error beside the data
}

func newLentSchema(length int) *lentSchema {
	s := &lentSchema{testSchema: newTestSchema(), pool: buffers.NewPool(4 << 20), length: length}
	s.pool.Spoil(func(b []byte) {
		s.back.Add(1)
		for i := range b {
			b[i] = '!'
		}
	})
	return s
}

func (s *lentSchema) handler(t *testing.T) *Handler {
	t.Helper()
	exec := executor.New(s)
	h, err := New(Options{Executor: func() graphql.GraphExecutor { return exec }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (s *lentSchema) Exec(context.Context) graphql.ResponseHandler {
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		name, _ := graphql.GetOperationContext(ctx).Variables["n"].(string)
		text := s.pool.Get(s.length + 100)
		text = append(text, s.answer(name)...)
		lease := buffers.LeaseIn(ctx)
		if lease != nil {
			s.leased.Add(1)
		}
		lease.Hold(s.pool, text)
		if s.fails {
			graphql.AddErrorf(ctx, "not all of it")
		}
		return &graphql.Response{Data: text[len(`{"data":`) : len(text)-len(`}`)]}
	}
}

// answer is what is answered to a name.
func (s *lentSchema) answer(name string) string {
	return `{"data":{"hello":"` + strings.Repeat(name, s.length/len(name)) + `"}}`
}

func helloOf(name string) string {
	return `{"query":"query($n: String) { hello(name: $n) }","variables":{"n":"` + name + `"}}`
}

func postHello(ctx context.Context, name string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(helloOf(name)))
	r.Header.Set("Content-Type", contentJSON)
	return r
}

// pieces is a client that notes what is written to it piece by piece, and can leave.
type pieces struct {
	header  http.Header
	written []string
	leaves  int // the write with which it is gone; 0: never
}

func (p *pieces) Header() http.Header { return p.header }
func (p *pieces) WriteHeader(int)     {}
func (p *pieces) Write(b []byte) (int, error) {
	p.written = append(p.written, string(b))
	if len(p.written) == p.leaves {
		return 0, errors.New("the client is gone")
	}
	return len(b), nil
}

func TestWhatAnAnswerWasReadIntoComesBackWhenItIsWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fails  bool
		leaves int
		writes int
		back   int64
	}{
		"an answer that stands as a whole":      {writes: 1, back: 1},
		"one with an error":                     {fails: true, writes: 3, back: 1},
		"a client who has left":                 {leaves: 1, writes: 1},
		"a client who leaves within the answer": {fails: true, leaves: 2, writes: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLentSchema(9000)
			s.fails = test.fails
			client := &pieces{header: http.Header{}, leaves: test.leaves}
			s.handler(t).ServeHTTP(client, postHello(t.Context(), "a"))
			if len(client.written) != test.writes || s.back.Load() != test.back || s.leased.Load() != 1 {
				t.Errorf("%d writes, %d buffers came back, %d leases", len(client.written), s.back.Load(), s.leased.Load())
			}
			want := s.answer("a")
			if test.fails {
				want = strings.Replace(want, `{`, `{"errors":[{"message":"not all of it"}],`, 1)
			}
			if got := strings.Join(client.written, ""); test.leaves == 0 && got != want {
				t.Errorf("got %.100s…", got)
			}
		})
	}
}

func TestAnAnswerThatOthersGetIsNotLent(t *testing.T) {
	t.Parallel()
	s := newLentSchema(100)
	h := s.handler(t)
	data, errs := h.Execute(postHello(t.Context(), "a"), `query($n: String) { hello(name: $n) }`, map[string]any{"n": "a"})
	if string(data) != `{"hello":"`+strings.Repeat("a", 100)+`"}` || len(errs) > 0 {
		t.Errorf("another entrance: %.100s, %v", data, errs)
	}
	events := postHello(t.Context(), "a")
	events.Header.Set("Accept", "text/event-stream")
	streamed := httptest.NewRecorder()
	h.ServeHTTP(streamed, events)
	if !strings.Contains(streamed.Body.String(), s.answer("a")) {
		t.Errorf("an event stream: %.100s", streamed.Body)
	}
	if s.leased.Load()+s.back.Load() != 0 {
		t.Errorf("%d leases, %d buffers came back", s.leased.Load(), s.back.Load())
	}
}

// Everybody reads at a pace of his own, some leave, and whatever comes back becomes rubbish at once.
func TestASlowReaderGetsHisOwnAnswer(t *testing.T) {
	t.Parallel()
	s := newLentSchema(200_000)
	exec := executor.New(s)
	server, _ := newTestServer(t, s.testSchema, Options{Executor: func() graphql.GraphExecutor { return exec }})
	const readers, questions = 6, 12
	var all sync.WaitGroup
	for reader := range readers {
		name := string(rune('a' + reader))
		want := []byte(s.answer(name))
		all.Go(func() {
			for n := range questions {
				if err := readSlowly(t.Context(), server.URL, name, want, n%4 == 3); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	all.Wait()
	await(t, "no buffer came back", func() bool { return s.back.Load() > 0 }) // a client may have all before the server knows
}

// readSlowly asks, and reads the answer in small pieces or leaves in the middle of it.
func readSlowly(ctx context.Context, url, name string, want []byte, leaves bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(helloOf(name)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentJSON)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if leaves {
		_, err := io.CopyN(io.Discard, answer.Body, 1000)
		return err
	}
	piece := make([]byte, 8<<10)
	for len(want) > 0 {
		n, err := io.ReadFull(answer.Body, piece[:min(len(piece), len(want))])
		if err != nil {
			return err
		}
		if !bytes.Equal(piece[:n], want[:n]) {
			return errors.New("it reads what is not its own: " + string(piece[:20]))
		}
		want = want[n:]
	}
	return nil
}
