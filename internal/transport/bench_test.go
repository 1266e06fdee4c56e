package transport

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
)

// BenchmarkPOST is the cost of the transport and gqlgen's executor for a small query, without a network.
func BenchmarkPOST(b *testing.B) {
	schema := newTestSchema()
	exec := schema.executor()
	h, err := New(Options{Executor: func() graphql.GraphExecutor { return exec }})
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(`{"query":"query Greet($n: String) { hello(name: $n) }","operationName":"Greet","variables":{"n":"you"}}`)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header.Set("Content-Type", contentJSON)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkFanOut sends one event to many sockets and waits until each has it, over loopback with clients in the same process
// that do little more than read. In private mode each subscriber has a run of the operation, in shared mode all have one. Also
// reported: the resident heap and stacks of one idle subscriber, client included.
func BenchmarkFanOut(b *testing.B) {
	for _, mode := range []string{"private", "shared"} {
		for _, sockets := range []int{100, 500, 2000, 5000} {
			b.Run(fmt.Sprintf("%s/sockets=%d", mode, sockets), func(b *testing.B) { benchmarkFanOut(b, mode == "shared", sockets) })
		}
	}
}

func benchmarkFanOut(b *testing.B, shared bool, sockets int) {
	fan := newFanSchema(false)
	opts := Options{
		Executor: func() graphql.GraphExecutor { return fan.exec },
		Logger:   slog.New(slog.DiscardHandler), Socket: SocketOptions{KeepAlive: time.Hour},
	}
	if shared {
		opts.Share = shareByText
	}
	h, err := New(opts)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	before := memory()
	conns, err := subscribeAll(server.URL, sockets)
	if err != nil {
		b.Fatal(err)
	}
	for !fan.ready(h, shared, sockets) {
		time.Sleep(time.Millisecond)
	}
	perSocket := float64(memory()-before) / float64(sockets)

	var received sync.WaitGroup
	for _, c := range conns {
		go func() {
			for {
				_, r, err := c.NextReader()
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r)
				received.Done()
			}
		}()
	}
	b.ReportAllocs()
	for b.Loop() {
		received.Add(sockets)
		fan.publish()
		received.Wait()
	}
	b.ReportMetric(perSocket, "B/socket")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*sockets), "µs/event/socket")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.Shutdown(ctx)
	for _, c := range conns {
		_ = c.Close()
	}
}

// fanSchema wakes every subscriber at once: closing a channel is the cheapest source there is.
type fanSchema struct {
	*testSchema
	exec    graphql.GraphExecutor
	timed   bool         // events tell when they were made
	running atomic.Int64 // runs of the subscription

	mu     sync.Mutex
	coming *fanEvent
}

// fanEvent is one event, and a place in their order.
type fanEvent struct {
	made chan struct{} // closed when data and next are set
	data []byte
	next *fanEvent
}

func newFanSchema(timed bool) *fanSchema {
	f := &fanSchema{testSchema: newTestSchema(), timed: timed, coming: &fanEvent{made: make(chan struct{})}}
	f.exec = f.executor()
	return f
}

func (f *fanSchema) executor() graphql.GraphExecutor {
	exec := f.testSchema.executor()
	exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
			return next(ctx)
		}
		f.mu.Lock()
		event := f.coming
		f.mu.Unlock()
		f.running.Add(1)
		return func(ctx context.Context) *graphql.Response {
			select {
			case <-event.made:
				data := event.data
				event = event.next
				return &graphql.Response{Data: data}
			case <-ctx.Done():
				return nil
			}
		}
	})
	return exec
}

func (f *fanSchema) publish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	event := f.coming
	f.coming = &fanEvent{made: make(chan struct{})}
	event.next, event.data = f.coming, eventData
	if f.timed {
		event.data = fmt.Appendf(nil, `{"at":"%d",%s`, time.Now().UnixNano(), eventData[1:])
	}
	close(event.made)
}

// eventData has the size of a call event as the desk selects it.
var eventData = []byte(`{"events":{"cursor":"` + strings.Repeat("c", 40) + `","text":"` + strings.Repeat("e", 400) + `"}}`)

// ready tells whether all subscribers are served.
func (f *fanSchema) ready(h *Handler, shared bool, sockets int) bool {
	if !shared {
		return f.running.Load() == int64(sockets)
	}
	return f.running.Load() == 1 && membersOf(h) == sockets
}

// subscribeAll opens sockets, each with one subscription.
func subscribeAll(url string, n int) ([]*websocket.Conn, error) {
	dialer := websocket.Dialer{
		Subprotocols: []string{protocolTransportWS}, ReadBufferSize: 1024, WriteBufferSize: 1024,
		NetDialContext: (&net.Dialer{}).DialContext,
	}
	conns := make([]*websocket.Conn, n)
	for i := range conns {
		c, resp, err := dialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
		if err != nil {
			return nil, err
		}
		resp.Body.Close()
		_ = c.WriteMessage(websocket.TextMessage, []byte(initMessage))
		if _, _, err := c.ReadMessage(); err != nil {
			return nil, err
		}
		_ = c.WriteMessage(websocket.TextMessage, []byte(subscribeMessage("1", "subscription { events }")))
		conns[i] = c
	}
	return conns, nil
}

// stacks is what the stacks take, in bytes.
func stacks() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}

// memory is the heap in use and the stacks, in bytes.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
