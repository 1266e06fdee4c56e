package upstream

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	helix "github.com/helix-engage/gateway"
)

const scope = "github.com/helix-engage/gateway/federation/upstream"

// maxFields bounds the labels that are kept. FortyTwo has about 430 root fields; what comes after the bound, over many
// changes of its schema, is measured without a label.
const maxFields = 4096

// telemetry makes spans and measures. What is switched off costs nothing.
type telemetry struct {
	tracer     trace.Tracer                  // nil: no spans
	propagator propagation.TextMapPropagator // nil: no traceparent
	duration   metric.Float64Histogram

	mu     sync.RWMutex
	labels map[string][]metric.RecordOption // by root field
}

func newTelemetry(o Options) (*telemetry, error) {
	t := &telemetry{propagator: o.Propagator, labels: map[string][]metric.RecordOption{"": nil}}
	if _, off := o.Traces.(tracenoop.TracerProvider); o.Traces != nil && !off {
		t.tracer = o.Traces.Tracer(scope)
	}
	meters := o.Meters
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	var err error
	t.duration, err = meters.Meter(scope).Float64Histogram("helix.upstream.request.duration",
		metric.WithUnit("s"), metric.WithDescription("How long requests of composed documents to FortyTwo took."),
		metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	return t, err
}

// start opens the exchange's span, which may be nil, and writes its traceparent.
func (t *telemetry) start(ctx context.Context, x *exchange) trace.Span {
	around := trace.SpanFromContext(ctx)
	known := around.SpanContext()
	var span trace.Span
	// A trace that was begun here and is not recorded goes on unrecorded: its ids are all that is needed.
	if t.tracer != nil && (around.IsRecording() || !known.IsValid() || known.IsRemote()) {
		name := "fortytwo"
		if x.request.Name != "" {
			name = "fortytwo." + x.request.Name
		}
		ctx, span = t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
		known = span.SpanContext()
	}
	if t.propagator != nil && known.IsValid() {
		t.propagator.Inject(ctx, &x.parent)
	}
	return span
}

// end closes the span and measures.
func (t *telemetry) end(ctx context.Context, span trace.Span, field string, took time.Duration, err *helix.Error) {
	if span != nil {
		if err != nil {
			span.SetStatus(codes.Error, string(err.Code))
		}
		span.End()
	}
	if t.duration.Enabled(ctx) {
		t.duration.Record(ctx, took.Seconds(), t.label(field)...)
	}
}

// label gives the field's label, made once.
func (t *telemetry) label(field string) []metric.RecordOption {
	t.mu.RLock()
	label, ok := t.labels[field]
	full := len(t.labels) >= maxFields
	t.mu.RUnlock()
	if ok || full {
		return label
	}
	label = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("field", field)))}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.labels) < maxFields {
		t.labels[field] = label
	}
	return label
}

// traceparent takes that header from a propagator and no other: baggage and tracestate may tell FortyTwo what it need not know.
type traceparent struct{ value string }

// Get gives what was set.
func (p *traceparent) Get(key string) string {
	if key == "traceparent" {
		return p.value
	}
	return ""
}

// Set keeps traceparent.
func (p *traceparent) Set(key, value string) {
	if key == "traceparent" {
		p.value = value
	}
}

// Keys names what is kept.
func (p *traceparent) Keys() []string { return []string{"traceparent"} }
