package providers_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestRequestsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	const per = 200 * time.Millisecond
	p := newPeer(t, status(200))
	c := newClient(t).WithLimits(map[string]providers.Limit{"test": {Requests: 2, Per: per}})
	began := time.Now()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			if _, err := send(t.Context(), c, operation(providers.Once), p.URL); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if took := time.Since(began); took < 2*per {
		t.Errorf("six requests took %v at two per %v", took, per)
	}
	other := operation(providers.Safe)
	other.Family = "other"
	if _, err := send(t.Context(), c, other, p.URL); err != nil {
		t.Errorf("a family without a limit: %v", err)
	}
}

func TestATurnBeyondTheDeadlineIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, status(200))
	c := newClient(t).WithLimits(map[string]providers.Limit{"test": {Requests: 1, Per: time.Hour}})
	if d := c.Backlog("test"); d != 0 {
		t.Errorf("the backlog of a fresh client is %v", d)
	}
	if _, err := send(t.Context(), c, operation(providers.Safe), p.URL); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := send(t.Context(), c, operation(providers.Once), p.URL)
	checkError(t, err, helix.CodeTooManyRequests, true)
	if after := helix.AsError(err).RetryAfter; after < 59*time.Minute || after > time.Hour {
		t.Errorf("to be tried again after %v, want about an hour", after)
	}
	if d := c.Backlog("test"); d < 59*time.Minute {
		t.Errorf("the backlog is %v, want about an hour", d)
	}
	if p.requests.Load() != 1 || time.Since(began) >= patience {
		t.Errorf("%d requests were sent in %v", p.requests.Load(), time.Since(began))
	}
	if h := c.Health(); !h.OK() {
		t.Errorf("the provider is called unhealthy because of our own limit: %+v", h)
	}
}

func TestACallerWhoLeavesGivesHisTurnBack(t *testing.T) {
	t.Parallel()
	p := newPeer(t, status(200))
	c := newClient(t).WithLimits(map[string]providers.Limit{"test": {Requests: 1, Per: time.Hour}})
	patient := operation(providers.Once)
	patient.Timeout = 3 * time.Hour
	if _, err := send(t.Context(), c, operation(providers.Safe), p.URL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := send(ctx, c, patient, p.URL)
		done <- err
	}()
	for range time.Tick(time.Millisecond) {
		if c.Backlog("test") > time.Hour { // the second stands in the queue
			break
		}
	}
	cancel()
	checkError(t, <-done, helix.CodeUnavailable, true)
	if d := c.Backlog("test"); d > time.Hour {
		t.Errorf("the backlog is %v although the queue is empty", d)
	}
	if n := p.requests.Load(); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestARefusalStopsTheFamily(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		want   time.Duration
	}{
		"for as long as the provider asks": {"3600", time.Hour},
		"for the limit's own time":         {"", 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(http.StatusTooManyRequests)
			})
			client := newClient(t).WithLimits(map[string]providers.Limit{"test": {Requests: 50, Per: 30 * time.Minute}})
			for range 2 {
				_, err := send(t.Context(), client, operation(providers.Safe), p.URL)
				checkError(t, err, helix.CodeTooManyRequests, true)
				if after := helix.AsError(err).RetryAfter; after > c.want || after < c.want-time.Minute {
					t.Errorf("to be tried again after %v, want %v", after, c.want)
				}
			}
			if n := p.requests.Load(); n != 1 {
				t.Errorf("%d requests were sent, want the refused one", n)
			}
		})
	}
}

// clock is a time that tests move.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func TestAProviderThatIsGoneIsLeftAlone(t *testing.T) {
	t.Parallel()
	var answer atomic.Int32
	answer.Store(http.StatusServiceUnavailable)
	p := newPeer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(answer.Load())) })
	line, reader := &clock{}, metric.NewManualReader()
	c := newClient(t, func(o *providers.Options) {
		o.Now, o.MeterProvider = line.now, metric.NewMeterProvider(metric.WithReader(reader))
		o.Breaker = providers.Breaker{Failures: 2, Pause: time.Hour, MaxPause: time.Hour}
	})
	_, err := send(t.Context(), c, operation(providers.Safe), p.URL)
	checkError(t, err, helix.CodeUnavailable, true)
	if detail := helix.AsError(err).Detail; detail != "HTTP 503" || p.requests.Load() != 2 {
		t.Errorf("the failure is %q after %d requests, want the provider's own after 2", detail, p.requests.Load())
	}

	_, err = send(t.Context(), c, operation(providers.Once), p.URL)
	checkError(t, err, helix.CodeUnavailable, true) // nothing left, so a dial may be tried again
	if after := helix.AsError(err).RetryAfter; after <= 0 || after > time.Hour || p.requests.Load() != 2 {
		t.Errorf("to be tried again after %v, %d requests", after, p.requests.Load())
	}
	if h := c.Health(); h.OK() || h.LastError.Detail != "HTTP 503" {
		t.Errorf("health is %+v, want the provider's own failure", h)
	}
	figures(t, reader, map[string]int64{"helix.provider.breaker.open": 1, "helix.provider.requests.refused": 2})

	answer.Store(http.StatusUnauthorized) // it lives, and refuses
	line.advance(time.Hour)
	for range 3 {
		if _, err := send(t.Context(), c, operation(providers.Safe), p.URL); err != nil {
			t.Fatal(err)
		}
	}
	figures(t, reader, map[string]int64{"helix.provider.breaker.open": 0, "helix.provider.requests.refused": 2})
}

func figures(t *testing.T, reader *metric.ManualReader, want map[string]int64) {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, m := range data.ScopeMetrics[0].Metrics {
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, point := range d.DataPoints {
				got[m.Name] += point.Value
			}
		case metricdata.Gauge[int64]:
			got[m.Name] = d.DataPoints[0].Value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]http.HandlerFunc{
		"refusals":                    status(http.StatusForbidden),
		"too many requests":           status(http.StatusTooManyRequests),
		"a fault of one endpoint":     status(http.StatusInternalServerError),
		"answers larger than allowed": hugeBody,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, serve)
			c := newClient(t, func(o *providers.Options) { o.Breaker.Failures = 2 })
			for range 5 {
				_, _ = send(t.Context(), c, operation(providers.Once), p.URL)
			}
			if n := p.requests.Load(); n != 5 {
				t.Errorf("%d of 5 requests were sent", n)
			}
		})
	}
	t.Run("callers who give up", func(t *testing.T) {
		t.Parallel()
		arrived := make(chan struct{})
		p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			hang(w, r)
		})
		c := newClient(t, func(o *providers.Options) { o.Breaker.Failures = 2 })
		for range 4 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				_, err := send(ctx, c, operation(providers.Once), p.URL)
				done <- err
			}()
			<-arrived
			cancel()
			checkError(t, <-done, helix.CodeUnknownOutcome, false)
		}
		if n := p.requests.Load(); n != 4 {
			t.Errorf("%d of 4 requests were sent", n)
		}
	})
}
