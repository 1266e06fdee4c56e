package load

import (
	"fmt"
	"io"
)

// PrintStreams writes the results as a table, a column each.
func PrintStreams(out io.Writer, all []Streams) error {
	t := newTable(out)
	row := func(name string, cell func(r Streams) string) {
		cells := []string{name}
		for _, r := range all {
			cells = append(cells, cell(r))
		}
		t.row(cells...)
	}
	latency := func(name string, of func(r Streams) StreamLatency) {
		row(name+"to agent, added", func(r Streams) string { return brief(of(r).ToAgent) })
		row(name+"to agent, collecting included", func(r Streams) string { return brief(of(r).Collected) })
		row(name+"to line, added", func(r Streams) string { return brief(of(r).ToLine) })
		row(name+"to line, after 400 ms ahead", func(r Streams) string { return brief(of(r).Paced) })
		row(name+"driver late", func(r Streams) string { return brief(of(r).Driver) })
	}
	row("calls", func(r Streams) string { return fmt.Sprint(r.Calls) })
	row("load before", func(r Streams) string { return orUnknown(r.Machine.Load) })
	row("gateway's CPU a call", func(r Streams) string { return fmt.Sprintf("%.3f %% of a core", r.CPUOfCall) })
	row("gateway, cores", func(r Streams) string { return fmt.Sprintf("%.2f, idle %.3f", r.Effort.Gateway, r.Idle) })
	row("driver, cores", func(r Streams) string { return fmt.Sprintf("%.2f", r.Effort.Driver) })
	row("", func(Streams) string { return "p50, p99, max" })
	latency("", func(r Streams) StreamLatency { return r.Steady })
	row("frames", func(r Streams) string { return fmt.Sprint(r.Frames) })
	row("  lost, out of order", func(r Streams) string { return fmt.Sprintf("%d, %d", r.Lost, r.Moved) })
	row("  early, filler", func(r Streams) string { return fmt.Sprintf("%d, %d", r.Early, r.Filler) })
	row("kB a call, heap", func(r Streams) string { return fmt.Sprintf("%.1f", r.HeapOf/1e3) })
	row("kB a call, resident", func(r Streams) string { return fmt.Sprintf("%.1f", r.RSSOf/1e3) })
	row("goroutines a call", func(r Streams) string { return fmt.Sprintf("%.1f", r.GoOf) })
	if len(all) > 0 && all[0].Extra > 0 {
		row("beyond capacity, refused", func(r Streams) string { return fmt.Sprintf("%d, %d", r.Extra, r.Refused) })
		latency("meanwhile ", func(r Streams) StreamLatency { return r.Overload })
	}
	if len(all) > 0 {
		t.row("machine", all[0].Machine.String())
	}
	return t.flush()
}

func brief(d Distribution) string {
	return fmt.Sprintf("%.2f, %.2f, %.1f ms", d.P50.milliseconds(), d.P99.milliseconds(), d.Max.milliseconds())
}
