package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// meter makes a span and a measurement of each request, named as the semantic conventions of OpenTelemetry have it. It knows
// the method, the route and the status, of which there are few, and nothing that a client chooses.
type meter struct {
	tracer     trace.Tracer // nil: no spans
	propagator propagation.TextMapPropagator
	duration   metric.Float64Histogram // nil: no measurements
	known      sync.Map                // of measured: what it is recorded with
}

// measured is what requests are told apart by.
type measured struct {
	method, route string
	status        int
}

// durationBounds are those of the conventions, in seconds.
var durationBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

const scope = "github.com/helix-engage/gateway/internal/server"

func newMeter(o Options) (m *meter, err error) {
	m = &meter{propagator: o.Propagator}
	if o.Traces != nil {
		m.tracer = o.Traces.Tracer(scope)
	}
	if o.Meters != nil {
		m.duration, err = o.Meters.Meter(scope).Float64Histogram(
			"http.server.request.duration", metric.WithUnit("s"), metric.WithDescription("Duration of HTTP server requests."),
			metric.WithExplicitBucketBoundaries(durationBounds...),
		)
	}
	return m, err
}

// begin starts a span below that of the caller, when there is one and spans are made.
func (m *meter) begin(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	if m.tracer == nil {
		return ctx, nil
	}
	if m.propagator != nil {
		ctx = m.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	return m.tracer.Start(ctx, boundedMethod(r.Method), trace.WithSpanKind(trace.SpanKindServer))
}

// end is told the request that the mux has written the pattern into.
func (m *meter) end(ctx context.Context, span trace.Span, r *http.Request, status int, took time.Duration) {
	what := measured{method: boundedMethod(r.Method), status: status}
	if i := strings.IndexByte(r.Pattern, '/'); i >= 0 { // without the method
		what.route = r.Pattern[i:]
	}
	if span != nil {
		if what.route != "" {
			span.SetName(what.method + " " + what.route)
		}
		span.SetAttributes(what.attributes()...)
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
	if m.duration == nil {
		return
	}
	with, ok := m.known.Load(what)
	if !ok {
		with, _ = m.known.LoadOrStore(what, []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(what.attributes()...))})
	}
	m.duration.Record(ctx, took.Seconds(), with.([]metric.RecordOption)...)
}

func (w measured) attributes() []attribute.KeyValue {
	attributes := []attribute.KeyValue{attribute.String("http.request.method", w.method), attribute.Int("http.response.status_code", w.status)}
	if w.route != "" {
		attributes = append(attributes, attribute.String("http.route", w.route))
	}
	return attributes
}
