package compose_test

import (
	"runtime"
	"testing"

	"github.com/helix-engage/gateway/federation/compose"
	"github.com/helix-engage/gateway/federation/compose/composetest"
)

func large(b *testing.B) *compose.Upstream {
	up, err := composetest.Synthetic(composetest.Large)
	if err != nil {
		b.Fatal(err)
	}
	return up
}

// BenchmarkCompose composes and validates a schema of 600 types, and says what stays in memory: FortyTwo's schema and the
// composed one together.
func BenchmarkCompose(b *testing.B) {
	local, before := gatewaySchema(), heap()
	up, err := compose.Read(b.Context(), composetest.Server(large(b)))
	if err != nil {
		b.Fatal(err)
	}
	c, err := compose.Compose(local, up)
	if err != nil {
		b.Fatal(err)
	}
	kept := heap() - before
	sdl := len(c.SDL())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compose.Compose(local, up); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(kept)/1e6, "MB-kept")
	b.ReportMetric(float64(sdl)/1e6, "MB-SDL")
	b.ReportMetric(float64(len(up.Types)), "types")
	runtime.KeepAlive(c)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRead reads the introspection of such a schema and its objects.
func BenchmarkRead(b *testing.B) {
	up := large(b)
	text, err := composetest.Introspection(up)
	if err != nil {
		b.Fatal(err)
	}
	post := recorded(b, up)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compose.Read(b.Context(), post); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStore writes the copy on disk.
func BenchmarkStore(b *testing.B) {
	up := large(b)
	b.ReportAllocs()
	for b.Loop() {
		text, err := up.MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
