package load

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestADistributionIsThatOfTheValuesWhateverTheirOrder(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for i := 200; i > 0; i-- {
		took = append(took, time.Duration(i)*time.Millisecond)
	}
	ms := Millis(time.Millisecond)
	if diff := cmp.Diff(Distribution{Count: 200, P50: 100 * ms, P99: 198 * ms, Max: 200 * ms}, NewDistribution(took)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Distribution{Count: 1, P50: ms, P99: ms, Max: ms}, NewDistribution(took[:1])); diff != "" {
		t.Error("of one:", diff)
	}
	if got := NewDistribution(nil); got != (Distribution{}) || got.String() != "none" {
		t.Error("of none:", got)
	}
}

func TestDurationsAreNumbersOfMillisecondsInJSON(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(Distribution{Count: 1, P50: Millis(1_234_567)})
	if want := `{"count":1,"p50Ms":1.235,"p99Ms":0.000,"maxMs":0.000}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v; want %s", raw, err, want)
	}
}

func TestAGaugeIsReadFromTheTextOfPrometheus(t *testing.T) {
	t.Parallel()
	const text = "# HELP helix_inbox_waiting Pushes.\n# TYPE helix_inbox_waiting gauge\nhelix_inbox_waiting_total 9\n" +
		"helix_inbox_waiting{job=\"a b\"} 42\ngo_goroutines 7\nnothing\nbad x\n"
	for name, want := range map[string]float64{"helix_inbox_waiting": 42, "go_goroutines": 7} {
		if got, found := metricIn(text, name); !found || got != want {
			t.Errorf("%s: %v, %v", name, got, found)
		}
	}
	for _, name := range []string{"missing", "nothing", "bad"} {
		if got, found := metricIn(text, name); found {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCPUTimeIsReadBehindANameWithBlanksAndBrackets(t *testing.T) {
	t.Parallel()
	const stat = "12 (he) lix (x) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 1"
	if got := cpuTime(stat); got != 2*time.Second {
		t.Error(got)
	}
	for _, broken := range []string{"", "12", "12 (helix) S 1"} {
		if got := cpuTime(broken); got != 0 {
			t.Errorf("%q: %v", broken, got)
		}
	}
}
