package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/internal/server"
)

func check(name string, required bool, state server.State, detail string) server.Check {
	return server.Check{Name: name, Required: required, Probe: func(context.Context) (server.State, string) { return state, detail }}
}

func TestReadinessFollowsWhatIsRequired(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		checks []server.Check
		status int
		want   string
	}{
		"nothing to check": {nil, 200, `{"status":"ready","checks":{}}`},
		"everything up": {
			[]server.Check{check("bus", true, server.StateUp, "embedded")},
			200,
			`{"status":"ready","checks":{"bus":{"state":"up","required":true,"detail":"embedded"}}}`,
		},
		"something optional down": {
			[]server.Check{check("ozonetel", false, server.StateDown, "connection refused")},
			200,
			`{"status":"ready","checks":{"ozonetel":{"state":"down","required":false,"detail":"connection refused"}}}`,
		},
		"something optional not configured": {
			[]server.Check{check("ozonetel", false, server.StateNotConfigured, "set OZONETEL_API_KEY")},
			200,
			`{"status":"ready","checks":{"ozonetel":{"state":"not_configured","required":false,"detail":"set OZONETEL_API_KEY"}}}`,
		},
		"something required degraded": {
			[]server.Check{check("fortytwo", true, server.StateDegraded, "")},
			200,
			`{"status":"ready","checks":{"fortytwo":{"state":"degraded","required":true}}}`,
		},
		"something required down": {
			[]server.Check{check("bus", true, server.StateDown, ""), check("fortytwo", false, server.StateUp, "")},
			503,
			`{"status":"not_ready","checks":{"bus":{"state":"down","required":true},"fortytwo":{"state":"up","required":false}}}`,
		},
		"something required not configured": {
			[]server.Check{check("fortytwo", true, server.StateNotConfigured, "")},
			503,
			`{"status":"not_ready","checks":{"fortytwo":{"state":"not_configured","required":true}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, server.Options{Checks: tc.checks})
			res, text := srv.do(t, http.MethodGet, "/readyz")
			if diff := cmp.Diff(tc.want+"\n", text); diff != "" || res.StatusCode != tc.status {
				t.Errorf("status %d, want %d (-want +got):\n%s", res.StatusCode, tc.status, diff)
			}
		})
	}
}

func TestReadinessAsksNoMoreThanOnceASecond(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var clock atomic.Int64
	srv := start(t, server.Options{
		Now: func() time.Time { return time.UnixMilli(clock.Load()) },
		Checks: []server.Check{{Name: "bus", Probe: func(context.Context) (server.State, string) {
			asked.Add(1)
			return server.StateUp, ""
		}}},
	})
	for _, step := range []struct{ at, want int64 }{{0, 1}, {999, 1}, {1000, 2}, {1500, 2}, {9000, 3}} {
		clock.Store(step.at)
		var crowd sync.WaitGroup
		for range 20 {
			crowd.Go(func() { srv.do(t, http.MethodGet, "/readyz") })
		}
		crowd.Wait()
		if asked.Load() != step.want {
			t.Errorf("at %d ms: asked %d times, want %d", step.at, asked.Load(), step.want)
		}
	}
}

func TestASlowProbeIsGivenUp(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Checks: []server.Check{{Name: "slow", Required: true, Probe: func(ctx context.Context) (server.State, string) {
		if _, bounded := ctx.Deadline(); !bounded {
			return server.StateUp, ""
		}
		return server.StateDown, "no answer"
	}}}})
	if res, text := srv.do(t, http.MethodGet, "/readyz"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the probe had no deadline: %s", text)
	}
}

func TestOneWhoLeavesDoesNotSpoilTheAnswerOfOthers(t *testing.T) {
	t.Parallel()
	asked, goOn := make(chan struct{}), make(chan struct{})
	var probes atomic.Int64
	now := time.Now()
	srv := start(t, server.Options{
		Now: func() time.Time { return now }, // stands still, as the answer is kept for a second
		Checks: []server.Check{{Name: "bus", Required: true, Probe: func(ctx context.Context) (server.State, string) {
			if probes.Add(1) == 1 {
				close(asked)
				<-goOn
			}
			if ctx.Err() != nil {
				return server.StateDown, ""
			}
			return server.StateUp, ""
		}}},
	})
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.url+"/readyz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		if res, err := srv.client.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	<-asked
	leave()
	<-left
	close(goOn)
	if res, text := srv.do(t, http.MethodGet, "/readyz"); res.StatusCode != http.StatusOK || probes.Load() != 1 {
		t.Errorf("status %d after %d probes: %s", res.StatusCode, probes.Load(), text)
	}
}

func TestHealthSaysThatTheProcessIsAlive(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{
		Checks:  []server.Check{check("bus", true, server.StateDown, "")},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metric 1")) }),
	})
	res, text := srv.do(t, http.MethodGet, "/healthz")
	var body map[string]string
	if err := json.Unmarshal([]byte(text), &body); err != nil || res.StatusCode != http.StatusOK || body["status"] != "alive" {
		t.Errorf("status %d, error %v: %s", res.StatusCode, err, text)
	}
	if res, _ := srv.do(t, http.MethodHead, "/healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
	if res, _ := srv.do(t, http.MethodPost, "/healthz"); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
	if _, text := srv.do(t, http.MethodGet, "/metrics"); text != "metric 1" {
		t.Errorf("metrics: %s", text)
	}
}
