package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the result as a table.
func (t Through) Print(out io.Writer) error {
	w := newTable(out)
	w.row("hand-through", "target: >= 70 % of the bare proxy, <= 80 allocations a request, < 0.4 ms added for the large answer")
	w.row("  machine", t.Machine.String())
	w.row("round", "bytes", "answers/s", "CPU of one", "allocations", "p50, p99, max", "cores: proxy, driver", "upstream of one", "of bare: rate, by CPU", "failed")
	for _, r := range t.Rounds {
		ratio := ""
		if r.OfRate > 0 {
			ratio = fmt.Sprintf("%.0f %%, %.0f %%", 100*r.OfRate, 100*r.OfCPU)
		}
		w.row("  "+r.Name, fmt.Sprint(r.Bytes), fmt.Sprintf("%.0f", r.PerSecond), fmt.Sprintf("%.1f µs", r.CPUOfOne), fmt.Sprintf("%.1f", r.Allocations), brief(r.Answer),
			fmt.Sprintf("%.2f, %.2f", r.Effort.Gateway, r.Effort.Driver), fmt.Sprintf("%.2f", r.Upstream), ratio, fmt.Sprint(len(r.Failed)))
	}
	w.row("one client", "bytes", "direct", "bare proxy", "gateway", "p50, p99, max")
	for _, a := range t.Alone {
		w.row("", fmt.Sprint(a.Bytes), brief(a.Direct), brief(a.Bare), brief(a.Gateway),
			fmt.Sprintf("added to the bare proxy, median: %s; %d requests to the bare proxy failed", a.Added, len(a.Failed)))
	}
	w.row("  gateway at the end", t.Gateway.String())
	return w.flush()
}

// upstreamText lists counts by root field.
func upstreamText(counts map[string]float64) string {
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %.2f", field, counts[field]))
	}
	return strings.Join(parts, ", ")
}

// Print writes the result as a table.
func (s Swap) Print(out io.Writer) error {
	t := newTable(out)
	t.row("swaps of the schema", fmt.Sprintf("%d, of %.2f MB of SDL with %d types; %.0f questions a second, %d failed",
		s.Swaps, float64(s.Schema.SDL)/1e6, s.Schema.Types, s.Rate, s.Failed))
	t.row("  CPU of a swap", s.CPU.String()+"; target: < 100 ms")
	t.row("  answers before", s.Before.String())
	t.row("  during", s.During.String()+"; target: p99 at most twice that before")
	t.row("  window from noticing on", s.After.String())
	t.row("  from noticing to serving", s.Took.String())
	t.row("  heap of one schema", fmt.Sprintf("%.1f MB; target: < 15 MB", float64(s.Schema.Heap)/1e6))
	t.row("  heap in use", fmt.Sprintf("least before %.1f MB, most during %.1f MB, least after %.1f MB",
		float64(s.Heap.Before)/1e6, float64(s.Heap.During)/1e6, float64(s.Heap.After)/1e6))
	t.row("  gateway at the end", s.Gateway.String())
	t.row("  machine", s.Machine.String())
	return t.flush()
}
