package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// exportTimeout bounds one request to the collector.
const exportTimeout = 10 * time.Second

// Options configure [New].
type Options struct {
	Service  string // service.name; required
	Version  string // service.version
	Instance string // service.instance.id: which replica

	Endpoint    string            // base URL of an OTLP/HTTP collector, e.g. "http://collector:4318"; empty: none
	Headers     map[string]string // for the collector
	SampleRatio float64           // share of traces that are exported, 0 to 1
}

// Telemetry is the providers of one process.
type Telemetry struct {
	Traces     trace.TracerProvider
	Metrics    metric.MeterProvider
	Registry   *prometheus.Registry // what /metrics shows; collectors that are not OpenTelemetry's register here
	Propagator propagation.TextMapPropagator

	shutdown []func(context.Context) error
}

// liveHeap is what of the heap the last collection of garbage left. Unlike the heap in use it tells what is kept.
var liveHeap = collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}

// New starts the providers. No request is sent before there is something to export.
func New(ctx context.Context, o Options) (*Telemetry, error) {
	t := &Telemetry{
		Registry:   prometheus.NewRegistry(),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
	t.Registry.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(liveHeap)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	res := resource.NewSchemaless(
		attribute.String("service.name", o.Service),
		attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Instance),
	)
	if err := errors.Join(t.startTraces(ctx, o, res), t.startMetrics(ctx, o, res)); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

func (t *Telemetry) startTraces(ctx context.Context, o Options, res *resource.Resource) error {
	if o.Endpoint == "" { // log lines of one request are found by its id
		t.Traces = noop.NewTracerProvider()
		return nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(signalURL(o.Endpoint, "traces")),
		otlptracehttp.WithHeaders(o.Headers), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return err
	}
	// A caller's trace id is taken over, his wish to be sampled is not: anybody on the internet could fill the collector.
	share := sdktrace.TraceIDRatioBased(o.SampleRatio)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(res), sdktrace.WithBatcher(exporter), sdktrace.WithSampler(sdktrace.ParentBased(share,
			sdktrace.WithRemoteParentSampled(share), sdktrace.WithRemoteParentNotSampled(share))))
	t.Traces = provider
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

func (t *Telemetry) startMetrics(ctx context.Context, o Options, res *resource.Resource) error {
	reader, err := otelprometheus.New(otelprometheus.WithRegisterer(t.Registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return err
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(reader), sdkmetric.WithView(boundedHTTP())}
	if o.Endpoint != "" {
		exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(signalURL(o.Endpoint, "metrics")),
			otlpmetrichttp.WithHeaders(o.Headers), otlpmetrichttp.WithTimeout(exportTimeout))
		if err != nil {
			return err
		}
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	}
	provider := sdkmetric.NewMeterProvider(options...)
	t.Metrics = provider
	t.shutdown = append(t.shutdown, provider.Shutdown)
	return nil
}

// boundedHTTP keeps the labels of server metrics to those of which there are few: a client chooses the Host header.
func boundedHTTP() sdkmetric.View {
	return sdkmetric.NewView(
		sdkmetric.Instrument{Name: "http.server.*"},
		sdkmetric.Stream{AttributeFilter: attribute.NewAllowKeysFilter("http.request.method", "http.route", "http.response.status_code")},
	)
}

// signalURL is where a collector takes one signal, per the OTLP specification: base, "/v1/", signal.
func signalURL(base, signal string) string {
	for len(base) > 0 && base[len(base)-1] == '/' {
		base = base[:len(base)-1]
	}
	return base + "/v1/" + signal
}

// Tracing tells whether spans go anywhere. Where they do not, none need be made.
func (t *Telemetry) Tracing() bool {
	_, off := t.Traces.(noop.TracerProvider)
	return !off
}

// MetricsHandler serves the registry in Prometheus' format.
func (t *Telemetry) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(t.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Shutdown exports what is left, until ctx ends, and stops. Spans and measurements of later are dropped.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var errs []error
	for _, stop := range t.shutdown {
		errs = append(errs, stop(ctx))
	}
	return errors.Join(errs...)
}

// RouteFaults sends the faults of the OpenTelemetry SDK, such as a collector that is away, to the log. The SDK reports
// them through a hook of the whole process and prints to stderr otherwise, so main calls this once and nobody else does.
func RouteFaults(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("telemetry is not exported", slog.Any("error", err))
	}))
}
