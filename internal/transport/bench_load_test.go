package transport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// clientsVariable makes the test binary the clients of [BenchmarkFanOutPaced]: "<sockets> <url>".
const clientsVariable = "FANOUT_CLIENTS"

// paced is what the clients measured.
type paced struct {
	Messages      int
	P50, P99, Max time.Duration // from the making of an event to its receipt
}

// BenchmarkFanOutPaced sends 20 events a second to many sockets whose clients are another process on the same processors.
// The processor time of this process is that of the server alone.
func BenchmarkFanOutPaced(b *testing.B) {
	for _, mode := range []string{"private", "shared"} {
		for _, sockets := range []int{500, 5000} {
			b.Run(fmt.Sprintf("%s/sockets=%d", mode, sockets), func(b *testing.B) { benchmarkPaced(b, mode == "shared", sockets) })
		}
	}
}

func benchmarkPaced(b *testing.B, shared bool, sockets int) {
	fan := newFanSchema(true)
	opts := Options{Executor: func() graphql.GraphExecutor { return fan.exec }, Logger: slog.New(slog.DiscardHandler)}
	if shared {
		opts.Share = shareByText
	}
	h, err := New(opts)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	before, stacksBefore := memory(), stacks()
	clients := exec.CommandContext(b.Context(), os.Args[0])
	clients.Env = append(os.Environ(), clientsVariable+"="+strconv.Itoa(sockets)+" "+server.URL)
	clients.Stderr = os.Stderr
	stop, _ := clients.StdinPipe()
	output, _ := clients.StdoutPipe()
	if err := clients.Start(); err != nil {
		b.Fatal(err)
	}
	for !fan.ready(h, shared, sockets) {
		time.Sleep(time.Millisecond)
	}
	perSocket := float64(memory()-before) / float64(sockets)
	stackOfSocket := float64(stacks()-stacksBefore) / float64(sockets)
	tick := time.NewTicker(time.Second / 20)
	defer tick.Stop()
	start := processorTime()
	for b.Loop() {
		<-tick.C
		fan.publish()
	}
	time.Sleep(time.Second) // the last is on its way
	used := processorTime() - start
	stop.Close()
	var got paced
	if err := json.NewDecoder(output).Decode(&got); err != nil {
		b.Fatal(err)
	}
	if err := clients.Wait(); err != nil || got.Messages != b.N*sockets {
		b.Fatal(err, got.Messages)
	}
	b.ReportMetric(perSocket, "B/socket")
	b.ReportMetric(stackOfSocket, "stack-B/socket")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N*sockets), "cpu-µs/delivery")
	b.ReportMetric(float64(got.P50.Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(got.P99.Microseconds())/1000, "p99-ms")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.Shutdown(ctx)
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// runClients is the other process: it subscribes, reads until its input ends, and tells what it measured.
func runClients(arguments string) error {
	count, url, _ := strings.Cut(arguments, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	conns, err := subscribeAll(url, n)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var delays []time.Duration
	var reading sync.WaitGroup
	for _, c := range conns {
		reading.Go(func() {
			var mine []time.Duration
			in, head, body := bufio.NewReaderSize(c.NetConn(), 1024), make([]byte, 4), make([]byte, 1024)
			for {
				// A text frame of 126 to 65,535 bytes, which is what the events make.
				if _, err := io.ReadFull(in, head); err != nil {
					break
				}
				if head[0] != 0x81 {
					_, _ = in.Discard(int(head[1]) - 2) // a ping
					continue
				}
				frame := body[:int(head[2])<<8|int(head[3])]
				if _, err := io.ReadFull(in, frame); err != nil {
					break
				}
				_, after, _ := bytes.Cut(frame, []byte(`"at":"`))
				at, _, _ := bytes.Cut(after, []byte(`"`))
				made, _ := strconv.ParseInt(string(at), 10, 64)
				mine = append(mine, time.Since(time.Unix(0, made)))
			}
			mu.Lock()
			defer mu.Unlock()
			delays = append(delays, mine...)
		})
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, c := range conns {
		_ = c.Close()
	}
	reading.Wait()
	slices.Sort(delays)
	if len(delays) == 0 {
		delays = []time.Duration{0}
	}
	return json.NewEncoder(os.Stdout).Encode(paced{
		Messages: len(delays), P50: delays[len(delays)/2], P99: delays[len(delays)*99/100], Max: delays[len(delays)-1],
	})
}
