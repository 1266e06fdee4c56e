package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/sandbox/load"
)

// runLoad runs `helix load` with this test's binary as the gateway and reads its JSON. No timing is asserted.
func runLoad(t *testing.T, result any, args ...string) {
	t.Helper()
	var out, said strings.Builder
	args = append(slices.Concat([]string{"load"}, args), "-json", "-dir", t.TempDir())
	if code := run(t.Context(), args, append(os.Environ(), asHelix+"=serve"), &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if err := json.Unmarshal([]byte(out.String()), result); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
}

func TestLoadMeasuresWorkLists(t *testing.T) {
	t.Parallel()
	var got struct {
		Rounds []struct {
			Concurrency, Failed int
			Upstream            float64 `json:"upstreamRequestsPerQuery"`
			Added               struct{ Count int }
		}
	}
	runLoad(t, &got, "worklist", "-n", "20", "-concurrency", "1,2")
	if len(got.Rounds) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, r := range got.Rounds {
		if r.Failed > 0 || r.Added.Count != 20 || r.Upstream < 2 {
			t.Errorf("%+v", r)
		}
	}
}

func TestLoadMeasuresPushesUntilAllAreHandled(t *testing.T) {
	t.Parallel()
	type phase struct {
		Sent, Answered, Failed int
		Answer, Fsync          struct{ Count int }
	}
	var got struct {
		Steady, Burst phase
		FsyncAlone    struct{ Count int }
		Gateway       load.Process
	}
	runLoad(t, &got, "webhooks", "-rate", "40", "-for", "1s", "-burst", "20")
	for name, c := range map[string]struct {
		phase

		want int
	}{"steady": {got.Steady, 40}, "burst": {got.Burst, 20}} {
		if c.Sent != c.want || c.Answered != c.want || c.Failed > 0 || c.Answer.Count != c.want || c.Fsync.Count == 0 {
			t.Errorf("%s: %+v", name, c.phase)
		}
	}
	if got.FsyncAlone.Count == 0 || got.Gateway.Goroutines == 0 || got.Gateway.Heap == 0 {
		t.Errorf("%+v", got)
	}
}

func TestLoadMeasuresSubscribersWithoutLosses(t *testing.T) {
	t.Parallel()
	var got []struct {
		Subscribers, Lost, Twice, Broken int
		Pushes                           struct{ Answered, Failed int }
		Delivery                         struct{ Count int }
	}
	runLoad(t, &got, "subscribers", "-n", "20,3", "-rate", "20", "-for", "1s")
	if len(got) != 2 || got[0].Subscribers != 20 || got[1].Subscribers != 3 {
		t.Fatalf("%+v", got)
	}
	for _, r := range got {
		if r.Pushes.Answered != 20 || r.Pushes.Failed > 0 || r.Delivery.Count != 20*r.Subscribers || r.Lost+r.Twice+r.Broken > 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestLoadSaysHowItIsUsed(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"nothing to measure":         {"load"},
		"an unknown measurement":     {"load", "everything"},
		"an unknown flag":            {"load", "webhooks", "-speed", "9"},
		"an argument too many":       {"load", "webhooks", "now"},
		"cores that are no numbers":  {"load", "webhooks", "-gateway-cpus", "first"},
		"rounds that are no numbers": {"load", "worklist", "-concurrency", "one"},
		"nobody to subscribe":        {"load", "subscribers", "-n", ""},
		"a rate of nothing":          {"load", "webhooks", "-rate", "0"},
		"no call":                    {"load", "stream", "-calls", ""},
		"a part that is not there":   {"load", "federation", "-only", "everything"},
		"a bare proxy of nothing":    {"load", "bare-proxy"},
	} {
		var out, said strings.Builder
		if code := run(t.Context(), args, nil, &out, &said); code != 2 || out.Len() > 0 || !strings.Contains(said.String(), "sage") {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out.String(), said.String())
		}
	}
}
