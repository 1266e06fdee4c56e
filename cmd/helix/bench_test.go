package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox"
)

// benchSystem is a system for benchmarks.
func benchSystem(b *testing.B) (url string, control *sandboxed) {
	b.Helper()
	listener, err := listen(b.Context(), "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s, err := newSandboxed(b.Context(), sandbox.Options{
		Seed: 1, Traffic: sandbox.TrafficOff, Logger: log,
	}.OnFreePorts(), map[string]string{"DATA_DIR": b.TempDir()}, listener, log)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, log) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return "http://" + listener.Addr().String(), s
}

// BenchmarkPushStoredAndAnswered is one provider's push from request to answer, over loopback HTTP, the synced append
// included; pushes come one after another. The median is reported beside the mean.
func BenchmarkPushStoredAndAnswered(b *testing.B) {
	url, _ := benchSystem(b)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := fmt.Sprintf(`{"eventType":"Call","eventTime":"2026-01-14 10:20:08","data":{"action":"Calling","call_type":"InBound",`+
			`"ucid":"217999%011d","monitor_ucid":"217999%011d","agent_id":"agent1","caller_id":"9812345678","did":"918041763265",`+
			`"event_time":"2026-01-14 10:20:07"}}`, i, i)
		began := time.Now()
		res, err := client.Post(url+"/webhooks/ozonetel/events/"+sandboxWebhookSecret, "application/json", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		took = append(took, time.Since(began))
		if res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}

// BenchmarkStartToReady is the time from the first line of the gateway's own start to /readyz with FortyTwo's data model
// read, against emulators that run already.
func BenchmarkStartToReady(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	for b.Loop() {
		b.StopTimer()
		box, err := sandbox.New(sandbox.Options{
			Seed: 1, Traffic: sandbox.TrafficOff, Logger: log,
		}.OnFreePorts())
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		emulators := make(chan error, 1)
		go func() { emulators <- box.Run(ctx) }()
		environment := sandboxEnvironment(box, map[string]string{"DATA_DIR": b.TempDir(), "PORT": "0", "HOST": "127.0.0.1"})
		b.StartTimer()

		cfg, err := LoadConfig(environment)
		if err != nil {
			b.Fatal(err)
		}
		g, err := NewGateway(ctx, cfg, nil, log)
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		url, err := g.URL(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for !g.fortyTwo.State().ModelReady {
			time.Sleep(time.Millisecond)
		}
		res, err := http.Get(url + "/readyz")
		if err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res, err)
		}
		_ = res.Body.Close()

		b.StopTimer()
		stop()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := g.Close(); err != nil {
			b.Fatal(err)
		}
		if err := <-emulators; err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
