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
	h, err := New(Options{Executor: func(*http.Request) graphql.GraphExecutor { return exec }})
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

// BenchmarkFanOut sends one event to many sockets and waits until each has it, over loopback with gorilla's client in the
// same process. Also reported: the resident heap and stacks of one idle subscriber, client included.
func BenchmarkFanOut(b *testing.B) {
	for _, sockets := range []int{500, 2000, 5000} {
		b.Run(fmt.Sprintf("sockets=%d", sockets), func(b *testing.B) {
			fan := &fanSchema{testSchema: newTestSchema(), event: make(chan struct{})}
			fan.exec = fan.executor()
			h, err := New(Options{
				Executor: func(*http.Request) graphql.GraphExecutor { return fan.exec },
				Logger:   slog.New(slog.DiscardHandler), Socket: SocketOptions{KeepAlive: time.Hour},
			})
			if err != nil {
				b.Fatal(err)
			}
			server := httptest.NewServer(h)
			defer server.Close()
			before := memory()
			conns := subscribeAll(b, server.URL, fan, sockets)
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
		})
	}
}

// fanSchema wakes every subscriber at once: closing a channel is the cheapest source there is.
type fanSchema struct {
	*testSchema
	exec       graphql.GraphExecutor
	subscribed sync.WaitGroup

	mu    sync.Mutex
	event chan struct{}
}

func (f *fanSchema) executor() graphql.GraphExecutor {
	exec := f.testSchema.executor()
	exec.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
			return next(ctx)
		}
		event := f.next()
		f.subscribed.Done()
		return func(ctx context.Context) *graphql.Response {
			select {
			case <-event:
				event = f.next()
				return &graphql.Response{Data: eventData}
			case <-ctx.Done():
				return nil
			}
		}
	})
	return exec
}

// eventData has the size of a call event as the desk selects it.
var eventData = []byte(`{"events":{"cursor":"` + strings.Repeat("c", 40) + `","text":"` + strings.Repeat("e", 400) + `"}}`)

func (f *fanSchema) next() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.event
}

func (f *fanSchema) publish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.event)
	f.event = make(chan struct{})
}

func subscribeAll(b *testing.B, url string, fan *fanSchema, n int) []*websocket.Conn {
	b.Helper()
	dialer := websocket.Dialer{
		Subprotocols: []string{protocolTransportWS}, ReadBufferSize: 1024, WriteBufferSize: 1024,
		NetDialContext: (&net.Dialer{}).DialContext,
	}
	fan.subscribed.Add(n)
	conns := make([]*websocket.Conn, n)
	for i := range conns {
		c, resp, err := dialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		_ = c.WriteMessage(websocket.TextMessage, []byte(initMessage))
		if _, _, err := c.ReadMessage(); err != nil {
			b.Fatal(err)
		}
		_ = c.WriteMessage(websocket.TextMessage, []byte(subscribeMessage("1", "subscription { events }")))
		conns[i] = c
	}
	fan.subscribed.Wait()
	return conns
}

// memory is the heap in use and the stacks, in bytes.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
