package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Bodies of the size that a call detail record and an event have.
var (
	benchPush  = make([]byte, 2<<10)
	benchEvent = make([]byte, 512)
)

func benchBus(b *testing.B) *Bus {
	b.Helper()
	bus := open(b, Options{Dir: b.TempDir()})
	b.ReportAllocs()
	b.ResetTimer()
	return bus
}

func BenchmarkAppendInbox(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(callers, " at once"), func(b *testing.B) {
			bus := benchBus(b)
			ctx := context.Background()
			var next atomic.Int64
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := bus.AppendInbox(ctx, InboxMessage{Source: "test", Body: fmt.Appendf(nil, "%s%d", benchPush, i)}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// BenchmarkInbox is a push from its append to the end of its handling.
func BenchmarkInbox(b *testing.B) {
	bus := benchBus(b)
	ctx, cancel := context.WithCancel(context.Background())
	handled := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- bus.ConsumeInbox(ctx, 16, func(m *InboxMessage) string { return m.Source }, func(context.Context, InboxMessage) error {
			handled <- struct{}{}
			return nil
		})
	}()
	for i := range b.N {
		if err := bus.AppendInbox(ctx, InboxMessage{Source: "test", Body: fmt.Appendf(benchPush, "%d", i)}); err != nil {
			b.Fatal(err)
		}
		<-handled
	}
	b.StopTimer()
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	bus := benchBus(b)
	ctx := context.Background()
	var last uint64
	for i := range b.N {
		if i%8 == 0 { // about as many events as a call has
			last = 0
		}
		var err error
		if last, err = bus.AppendEvent(ctx, "person", fmt.Sprint("call", i/8), last, benchEvent); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCallEvents reads one call out of a log of many callers.
func BenchmarkCallEvents(b *testing.B) {
	for _, calls := range []int{100, 20_000} {
		b.Run(fmt.Sprint(calls, " callers"), func(b *testing.B) {
			bus := open(b, Options{Dir: b.TempDir()})
			for i := range calls {
				appendEvents(b, bus, fmt.Sprint("person", i), fmt.Sprint("call", i), "1", "2")
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				events, err := bus.CallEvents(context.Background(), fmt.Sprint("call", i%calls))
				if err != nil || len(events) != 2 {
					b.Fatal(len(events), err)
				}
			}
		})
	}
}

func BenchmarkEventsAfter(b *testing.B) {
	bus := open(b, Options{Dir: b.TempDir()})
	for i := range 500 {
		appendEvents(b, bus, "person", fmt.Sprint("call", i), string(benchEvent))
	}
	b.ReportAllocs()
	for b.Loop() {
		events, err := bus.EventsAfter(context.Background(), 100, 256)
		if err != nil || len(events) != 256 {
			b.Fatal(len(events), err)
		}
	}
}

func BenchmarkBucketUpdate(b *testing.B) {
	bus := open(b, Options{Dir: b.TempDir()})
	bucket := entries(b, bus)
	ctx := context.Background()
	revision := must[uint64](b)(bucket.Put(ctx, "k", entry{}))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var err error
		if revision, err = bucket.Update(ctx, "k", entry{i}, revision); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBucketGet(b *testing.B) {
	bus := open(b, Options{Dir: b.TempDir()})
	bucket := entries(b, bus)
	ctx := context.Background()
	must[uint64](b)(bucket.Put(ctx, "k", entry{1}))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := bucket.Get(ctx, "k"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOutbox is a command from its append to the announcement that it was written.
func BenchmarkOutbox(b *testing.B) {
	bus := benchBus(b)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- bus.DrainOutbox(ctx, 100, 0, func(_ context.Context, batch []OutboxMessage) []error { return make([]error, len(batch)) })
	}()
	for i := range b.N {
		id := fmt.Sprint(i)
		wait, stop := context.WithCancel(ctx)
		done, err := bus.AwaitOutbox(wait, id)
		if err == nil {
			_, err = bus.AppendOutbox(ctx, id, id, benchEvent)
		}
		if err != nil {
			b.Fatal(err)
		}
		<-done
		stop()
	}
	b.StopTimer()
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpenNew opens an empty directory, where every stream must be created.
func BenchmarkOpenNew(b *testing.B) {
	for b.Loop() {
		bus, err := Open(context.Background(), quiet(Options{Dir: b.TempDir()}))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		closeBus(b, bus)
		b.StartTimer()
	}
}

// BenchmarkOpen opens a directory that holds a log already.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	bus := open(b, Options{Dir: dir})
	for i := range 1000 {
		appendEvents(b, bus, "person", fmt.Sprint("call", i), string(benchEvent))
	}
	closeBus(b, bus)
	b.ReportAllocs()
	var opening, closing time.Duration
	for b.Loop() {
		began := time.Now()
		bus, err := Open(context.Background(), quiet(Options{Dir: dir}))
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Now()
		closeBus(b, bus)
		opening, closing = opening+opened.Sub(began), closing+time.Since(opened)
	}
	b.ReportMetric(float64(opening.Microseconds())/1000/float64(b.N), "ms/open")
	b.ReportMetric(float64(closing.Microseconds())/1000/float64(b.N), "ms/close")
}
