package telemetry_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/helix-engage/gateway/internal/telemetry"
)

func start(t *testing.T, o telemetry.Options) *telemetry.Telemetry {
	t.Helper()
	o.Service, o.Version, o.Instance = "helix", "1.2.3", "one"
	tel, err := telemetry.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

func shutdown(t *testing.T, tel *telemetry.Telemetry) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := tel.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// scrape reads /metrics over a real connection.
func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	srv := httptest.NewServer(tel.MetricsHandler())
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMetricsAreShownWithoutACollector(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Options{})
	defer shutdown(t, tel)
	counter, err := tel.Metrics.Meter("test").Int64Counter("helix.test.things")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 3, metric.WithAttributes(attribute.String("kind", "good")))
	text := scrape(t, tel)
	for _, want := range []string{`helix_test_things_total{kind="good"} 3`, `service_version="1.2.3"`, "go_goroutines ", "process_"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestServerMetricsHaveNoLabelThatClientsChoose(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Options{})
	defer shutdown(t, tel)
	duration, err := tel.Metrics.Meter("test").Float64Histogram("http.server.request.duration")
	if err != nil {
		t.Fatal(err)
	}
	duration.Record(t.Context(), 1, metric.WithAttributes(attribute.String("http.route", "/graphql"), attribute.String("server.address", "evil")))
	text := scrape(t, tel)
	if !strings.Contains(text, `http_route="/graphql"`) || strings.Contains(text, "evil") {
		t.Errorf("labels are not those of the route alone:\n%s", text)
	}
}

func TestWithoutACollectorNoSpansAreMade(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Options{})
	defer shutdown(t, tel)
	_, span := tel.Traces.Tracer("test").Start(t.Context(), "op")
	if span.SpanContext().IsValid() || span.IsRecording() || tel.Tracing() {
		t.Errorf("valid %t, recording %t, tracing %t", span.SpanContext().IsValid(), span.IsRecording(), tel.Tracing())
	}
}

func TestTheProcessWideProvidersAreLeftAlone(t *testing.T) {
	t.Parallel()
	before := otel.GetTracerProvider()
	shutdown(t, start(t, telemetry.Options{}))
	if otel.GetTracerProvider() != before {
		t.Error("the global tracer provider was set")
	}
}

// collector takes what exporters send and notes the paths and a header.
type collector struct {
	mu   sync.Mutex
	seen map[string]string
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[r.URL.Path] = r.Header.Get("X-Tenant")
}

func TestTracesAndMetricsGoToTheCollector(t *testing.T) {
	t.Parallel()
	c := &collector{seen: map[string]string{}}
	srv := httptest.NewServer(c)
	defer srv.Close()
	tel := start(t, telemetry.Options{Endpoint: srv.URL + "/otlp/", Headers: map[string]string{"X-Tenant": "a"}, SampleRatio: 1})
	_, span := tel.Traces.Tracer("test").Start(t.Context(), "op")
	span.End()
	shutdown(t, tel)
	want := map[string]string{"/otlp/v1/traces": "a", "/otlp/v1/metrics": "a"}
	if diff := cmp.Diff(want, c.seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestACallersTraceIsContinuedButSampledByOurShare(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(&collector{seen: map[string]string{}})
	t.Cleanup(srv.Close)
	for name, tc := range map[string]struct {
		ratio float64
		flags trace.TraceFlags
	}{
		"he wants it, we do not": {0, trace.FlagsSampled},
		"he does not, we do":     {1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tel := start(t, telemetry.Options{Endpoint: srv.URL, SampleRatio: tc.ratio})
			defer shutdown(t, tel)
			remote := trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: tc.flags, Remote: true,
			})
			_, span := tel.Traces.Tracer("test").Start(trace.ContextWithRemoteSpanContext(t.Context(), remote), "op")
			defer span.End()
			if span.SpanContext().TraceID() != remote.TraceID() || span.SpanContext().IsSampled() != (tc.ratio == 1) {
				t.Errorf("trace %s, sampled %t", span.SpanContext().TraceID(), span.SpanContext().IsSampled())
			}
		})
	}
}

func TestWhatCouldNotBeExportedIsTold(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Options{Endpoint: "http://127.0.0.1:1", SampleRatio: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := tel.Shutdown(ctx); err == nil {
		t.Error("nothing was said about metrics that could not be exported")
	}
}

// Not parallel: the hook is the process's.
func TestFaultsOfTheSDKGoToTheLog(t *testing.T) { //nolint:paralleltest // see above
	got := line(t, func(l *slog.Logger) {
		telemetry.RouteFaults(l)
		otel.Handle(errors.New("the collector is away"))
		telemetry.RouteFaults(slog.New(slog.DiscardHandler))
	})
	want := map[string]any{"msg": "telemetry is not exported", "error": "the collector is away"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
