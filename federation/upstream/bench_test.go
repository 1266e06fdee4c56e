package upstream_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/federation/upstream"
	"github.com/helix-engage/gateway/internal/buffers"
)

var benchBody = []byte(`{"query":"query($f:CallFilterInput,$n:Int){calls(filter:$f,first:$n){totalCount edges{node{id name callStatus}}}}","variables":{"n":20}}`)

// barePeer answers each request with the same bytes and allocates nothing, so that a benchmark counts the client alone.
func barePeer(b *testing.B, size int) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	body := `{"data":{"calls":"` + strings.Repeat("x", size-21) + `"}}`
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					for { // headers, of which all the lines are known to be short
						line, err := lines.ReadSlice('\n')
						if err != nil {
							return
						}
						if len(line) == 2 {
							break
						}
					}
					if _, err := lines.Discard(len(benchBody)); err != nil {
						return
					}
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/graphql"
}

var benchSizes = []int{1_000, 120_000}

// BenchmarkDo is one composed document, one caller after another.
func BenchmarkDo(b *testing.B) {
	caller := &upstream.Caller{Key: sha256.Sum256([]byte("t")), Token: "t", Language: "en"}
	for _, size := range benchSizes {
		for _, mutation := range []bool{false, true} {
			b.Run(fmt.Sprintf("mutation=%v/%d", mutation, size), func(b *testing.B) {
				client, err := upstream.New(upstream.Options{URL: barePeer(b, size)})
				if err != nil {
					b.Fatal(err)
				}
				defer client.Close()
				b.ReportAllocs()
				for b.Loop() {
					body, _, err := client.Do(b.Context(), caller, &upstream.Request{Body: benchBody, Mutation: mutation})
					if err != nil || len(body) != size {
						b.Fatal(len(body), err)
					}
				}
			})
		}
	}
}

// BenchmarkDoLent is the same for an operation that gives its answer back.
func BenchmarkDoLent(b *testing.B) {
	caller := &upstream.Caller{Key: sha256.Sum256([]byte("t")), Token: "t", Language: "en"}
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			client, err := upstream.New(upstream.Options{URL: barePeer(b, size)})
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			b.ReportAllocs()
			for b.Loop() {
				scope := &buffers.Scope{Context: b.Context()}
				body, _, err := client.Do(scope, caller, &upstream.Request{Body: benchBody})
				if err != nil || len(body) != size {
					b.Fatal(len(body), err)
				}
				scope.Lease.End()
			}
		})
	}
}

// BenchmarkDoParallel is many callers at once.
func BenchmarkDoParallel(b *testing.B) {
	client, err := upstream.New(upstream.Options{URL: barePeer(b, 1_000)})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		caller := &upstream.Caller{Token: fmt.Sprintf("%p", pb)}
		caller.Key = sha256.Sum256([]byte(caller.Token))
		for pb.Next() {
			if _, _, err := client.Do(b.Context(), caller, &upstream.Request{Body: benchBody}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRoundTrip is what net/http itself takes, with a request that is made once.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			transport := &http.Transport{DisableCompression: true}
			defer transport.CloseIdleConnections()
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, barePeer(b, size), nil)
			if err != nil {
				b.Fatal(err)
			}
			into := make([]byte, size)
			b.ReportAllocs()
			for b.Loop() {
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(benchBody)), int64(len(benchBody))
				res, err := transport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(res.Body, into); err != nil {
					b.Fatal(err)
				}
				res.Body.Close()
			}
		})
	}
}

// BenchmarkReverseProxy is the least that a gateway can do: it copies request and answer.
func BenchmarkReverseProxy(b *testing.B) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			target, err := url.Parse(barePeer(b, size))
			if err != nil {
				b.Fatal(err)
			}
			transport := &http.Transport{DisableCompression: true}
			defer transport.CloseIdleConnections()
			proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL = target }}
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/graphql", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header = http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}, "Accept-Language": {"en"}}
			into := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				into.written = 0
				clear(into.header)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(benchBody)), int64(len(benchBody))
				proxy.ServeHTTP(into, r)
				if into.written != size {
					b.Fatal(into.written)
				}
			}
		})
	}
}

// sink is a ResponseWriter that counts.
type sink struct {
	header  http.Header
	written int
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(int)     {}
func (s *sink) Write(p []byte) (int, error) {
	s.written += len(p)
	return len(p), nil
}
