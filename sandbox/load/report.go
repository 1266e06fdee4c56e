package load

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// Machine is where it was measured and how busy that was before.
type Machine struct {
	Cores int    `json:"cores"`
	Model string `json:"model"` // of the processor; "" where it is not told
	Load  string `json:"load"`  // average of the last minute before; "" where it is not told
}

func machine() Machine {
	m := Machine{Cores: runtime.NumCPU()}
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(raw), " ")
	}
	raw, _ := os.ReadFile("/proc/cpuinfo") // empty elsewhere
	for line := range strings.Lines(string(raw)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			m.Model = strings.TrimSpace(value)
			break
		}
	}
	return m
}

func (m Machine) String() string {
	return fmt.Sprintf("%d cores, %s, load %s", m.Cores, orUnknown(m.Model), orUnknown(m.Load))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// table writes rows with aligned columns. The first error of writing is told by flush.
type table struct {
	w   *tabwriter.Writer
	err error
}

func newTable(out io.Writer) *table { return &table{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)} }

func (t *table) row(cells ...string) {
	if _, err := fmt.Fprintln(t.w, strings.Join(cells, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *table) flush() error {
	if t.err != nil {
		return t.err
	}
	return t.w.Flush()
}
