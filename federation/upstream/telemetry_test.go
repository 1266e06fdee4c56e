package upstream

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// traced asks a server that notes the headers, in a context that carries what must not go along.
func traced(t *testing.T, o Options, around trace.SpanContext, status int, r *Request) http.Header {
	t.Helper()
	var seen http.Header
	o.URL = serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		sendJSON(w, status, "{}")
	})
	secret, err := baggage.NewMember("patient", "secret")
	if err != nil {
		t.Fatal(err)
	}
	carried, err := baggage.New(secret)
	if err != nil {
		t.Fatal(err)
	}
	ctx := baggage.ContextWithBaggage(t.Context(), carried)
	if around.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, around)
	}
	_, _, _ = newClient(t, o).Do(ctx, callerOf("a"), r)
	return seen
}

func someSpan(flags trace.TraceFlags) trace.SpanContext {
	state, _ := trace.ParseTraceState("vendor=secret")
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, TraceState: state,
	})
}

func TestASpanIsMadeForEachRequestAndItsIDGoesAlong(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	header := traced(t, Options{Traces: provider, Propagator: propagator}, someSpan(trace.FlagsSampled), 503, mutation())
	ended := spans.Ended()
	if len(ended) != 1 {
		t.Fatalf("%d spans", len(ended))
	}
	span := ended[0]
	if span.Name() != "fortytwo.calls" || span.SpanKind() != trace.SpanKindClient || span.Parent().SpanID() != (trace.SpanID{2}) {
		t.Errorf("%s %v %v", span.Name(), span.SpanKind(), span.Parent())
	}
	if len(span.Attributes()) != 0 || span.Status() != (sdktrace.Status{Code: codes.Error, Description: "UNKNOWN_OUTCOME"}) {
		t.Errorf("%v %v", span.Attributes(), span.Status())
	}
	want := "00-" + span.SpanContext().TraceID().String() + "-" + span.SpanContext().SpanID().String() + "-01"
	if got := header.Get("Traceparent"); got != want {
		t.Errorf("traceparent %q, want %q", got, want)
	}
	if header.Get("Baggage") != "" || header.Get("Tracestate") != "" {
		t.Errorf("%v goes along", header)
	}
}

func TestATraceThatIsNotRecordedIsCarriedOn(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no tracing here":      {Propagator: propagator},
		"tracing switched off": {Propagator: propagator, Traces: tracenoop.NewTracerProvider(), Meters: metricnoop.NewMeterProvider()},
	} {
		header := traced(t, o, someSpan(0), 200, query())
		if got, want := header.Get("Traceparent"), "00-01000000000000000000000000000000-0200000000000000-00"; got != want {
			t.Errorf("%s: traceparent %q, want %q", name, got, want)
		}
	}
}

func TestWithoutATraceNoTraceparentIsSent(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"nothing configured": {},
		"a propagator alone": {Propagator: propagator},
	} {
		if header := traced(t, o, trace.SpanContext{}, 200, query()); header["Traceparent"] != nil {
			t.Errorf("%s: %v", name, header)
		}
	}
}

func TestTheHistogramIsLabelledByKnownRootFieldsAlone(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, 200, answer) })
	client := newClient(t, Options{URL: url, Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	for _, name := range []string{"calls", "calls", "leads", ""} {
		if _, _, err := client.Do(t.Context(), callerOf("a"), &Request{Body: document, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	metrics := collected.ScopeMetrics[0].Metrics
	for _, point := range metrics[0].Data.(metricdata.Histogram[float64]).DataPoints {
		got[point.Attributes.Encoded(attribute.DefaultEncoder())] += point.Count
	}
	if diff := cmp.Diff(map[string]uint64{"field=calls": 2, "field=leads": 1, "": 1}, got); diff != "" || len(metrics) != 1 {
		t.Errorf("%s in %d metrics", diff, len(metrics))
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	o, err := newTelemetry(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxFields + 10 {
		_ = o.label(fmt.Sprint("field", i))
	}
	if len(o.labels) != maxFields || o.label("one more") != nil || o.label("field1") == nil {
		t.Errorf("%d labels", len(o.labels))
	}
}

func TestSwitchedOffTelemetryCostsNothing(t *testing.T) {
	for name, options := range map[string]Options{
		"none": {}, "no-op": {Traces: tracenoop.NewTracerProvider(), Meters: metricnoop.NewMeterProvider(), Propagator: propagator},
	} {
		o, err := newTelemetry(options)
		if err != nil {
			t.Fatal(err)
		}
		ctx, x := context.Background(), &exchange{request: query()}
		if n := testing.AllocsPerRun(100, func() { o.end(ctx, o.start(ctx, x), "calls", 1, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAQueryThatNobodySharesCostsOneAllocation(t *testing.T) {
	s := newFlights()
	caller, r := callerOf("a"), query()
	n := testing.AllocsPerRun(100, func() {
		f, _ := s.join(caller, r)
		s.land(f, outcome{})
	})
	if n > 1 { // the flight; none for looking it up, and no channel that nobody waits for
		t.Errorf("%v allocations", n)
	}
}
