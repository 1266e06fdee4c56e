package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Metrics of the gateway that measurements read.
const (
	metricInbox      = "helix_inbox_waiting"
	metricGoroutines = "go_goroutines"
	metricHeap       = "go_memstats_heap_inuse_bytes"
	metricMallocs    = "go_memstats_mallocs_total"
	metricLive       = "go_gc_heap_live_bytes"
	metricCollected  = "go_memstats_last_gc_time_seconds"
)

// Metric reads a gauge of /metrics that has no labels that matter; the first line of its name counts.
func (g *Gateway) Metric(ctx context.Context, name string) (float64, error) {
	text, err := g.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	value, found := metricIn(text, name)
	if !found {
		return 0, fmt.Errorf("/metrics has no %s", name)
	}
	return value, nil
}

// metricIn finds a value in the text format of Prometheus.
func metricIn(text, name string) (float64, bool) {
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, name)
		if !found || rest == "" || (rest[0] != ' ' && rest[0] != '{') {
			continue
		}
		fields := strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])
		if len(fields) == 0 {
			continue
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		return value, err == nil
	}
	return 0, false
}

const (
	// drainWithin bounds the wait for the gateway to have handled what it stored.
	drainWithin = 10 * time.Minute
	// drainedEvery is how often it is asked whether it has; asking costs it, too.
	drainedEvery = 100 * time.Millisecond
)

// awaitDrained waits until no push waits to be handled.
func (g *Gateway) awaitDrained(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	return g.await(ctx, drainedEvery, func() (bool, error) {
		waiting, err := g.Metric(ctx, metricInbox)
		return err == nil && waiting == 0, err
	})
}

// Process is what the gateway holds at one time.
type Process struct {
	RSS         int64 `json:"rssBytes"`
	Descriptors int   `json:"descriptors"`
	Heap        int64 `json:"heapBytes"`
	Live        int64 `json:"liveBytes,omitempty"` // of the heap, after a collection of garbage
	Goroutines  int   `json:"goroutines"`
}

// process reads /proc and /metrics; what cannot be read is 0.
func (g *Gateway) process(ctx context.Context) Process {
	u := g.Usage()
	heap, _ := g.Metric(ctx, metricHeap)
	goroutines, _ := g.Metric(ctx, metricGoroutines)
	return Process{RSS: u.RSS, Descriptors: u.Descriptors, Heap: int64(heap), Goroutines: int(goroutines)}
}

func (p Process) String() string {
	text := fmt.Sprintf("%.1f MB resident, %.1f MB heap, %d descriptors, %d goroutines",
		float64(p.RSS)/1e6, float64(p.Heap)/1e6, p.Descriptors, p.Goroutines)
	if p.Live > 0 {
		text += fmt.Sprintf(", %.1f MB live", float64(p.Live)/1e6)
	}
	return text
}

// stopwatch measures CPU time over a stretch of time.
type stopwatch struct {
	gateway *Gateway
	began   time.Time
	theirs  Usage
	ours    Usage
}

func (g *Gateway) stopwatch() stopwatch {
	return stopwatch{gateway: g, began: time.Now(), theirs: g.Usage(), ours: usageOf("self")}
}

// Effort is the share of time for which processes computed, in cores.
type Effort struct {
	Gateway float64 `json:"gatewayCores"`
	Driver  float64 `json:"driverCores"` // emulators and clients
}

// read gives the effort so far and the gateway's CPU time.
func (w stopwatch) read() (Effort, time.Duration) {
	elapsed := time.Since(w.began).Seconds()
	used := w.gateway.Usage().CPU - w.theirs.CPU
	return Effort{Gateway: used.Seconds() / elapsed, Driver: (usageOf("self").CPU - w.ours.CPU).Seconds() / elapsed}, used
}

func (e Effort) String() string {
	return fmt.Sprintf("gateway %.2f cores, driver %.2f", e.Gateway, e.Driver)
}
