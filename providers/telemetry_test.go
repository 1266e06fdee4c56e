package providers_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

func TestTracesAndMetricsNameTheOperationAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newPeer(t, status(503))
	spans, reader, logs := tracetest.NewInMemoryExporter(), metric.NewManualReader(), &bytes.Buffer{}
	c := newClient(t, func(o *providers.Options) {
		o.TracerProvider = trace.NewTracerProvider(trace.WithSyncer(spans))
		o.MeterProvider = metric.NewMeterProvider(metric.WithReader(reader))
		o.Logger = slog.New(slog.NewTextHandler(logs, nil))
	})
	_, err := send(t.Context(), c, operation(providers.Idempotent), p.URL)
	checkError(t, err, helix.CodeUnavailable, true)

	got := spans.GetSpans()
	if len(got) != 1 || got[0].Name != "test.operation" {
		t.Fatalf("spans are %v, want one of the operation", got)
	}
	seen := fmt.Sprint(got, logs)
	for _, leak := range []string{secret, "127.0.0.1", "apiKey"} {
		if strings.Contains(seen, leak) {
			t.Errorf("%q appears in traces or logs", leak)
		}
	}

	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	points := data.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64]).DataPoints
	want := attribute.NewSet(attribute.String("provider", "OZONETEL"), attribute.String("operation", "test.operation"),
		attribute.String("outcome", "UPSTREAM_UNAVAILABLE"))
	if len(points) != 1 || points[0].Count != 1 || !points[0].Attributes.Equals(&want) {
		t.Errorf("durations are %+v, want one of %v", points, want)
	}
}
