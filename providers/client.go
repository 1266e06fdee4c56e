package providers

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	helix "github.com/helix-engage/gateway"
)

// Defaults of [Options].
const (
	DefaultTimeout     = 30 * time.Second
	DefaultMaxResponse = 8 << 20
	DefaultMaxConns    = 64
)

const scope = "github.com/helix-engage/gateway/providers"

// Options wires a [Client]. Provider is needed, the rest has defaults.
type Options struct {
	Provider       helix.Provider
	Timeout        time.Duration // of an operation that names none
	MaxResponse    int64         // bytes of an answer, decompressed
	MaxConns       int           // connections to one host, busy and idle; an operation beyond waits for one
	Breaker        Breaker
	Transport      *http.Transport // cloned as the base of the client's own, e.g. for its TLS configuration or proxy
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	Logger         *slog.Logger
	Now            func() time.Time
}

// Client sends a driver's requests. It is safe for concurrent use.
type Client struct {
	provider    helix.Provider
	timeout     time.Duration
	maxResponse int64
	pooled      *http.Transport // keeps connections
	single      *http.Transport // a new HTTP/1.1 connection for each request, for operations of Safety Once
	streams     *http.Transport // the same without a bound, for answers that last
	tracer      trace.Tracer
	meter       metric.Meter
	duration    metric.Float64Histogram
	limitWait   metric.Float64Histogram
	refused     metric.Int64Counter
	breakerOpen metric.Int64Gauge
	log         *slog.Logger
	now         func() time.Time
	health      *healthBook
	breaker     *Circuit
	limiters    map[string]*limiter // by family
	rooms       *sync.Pool          // of *bytes.Buffer, which answers are read into whose length is not known
}

// NewHTTP makes a client. Errors: an instrument that the MeterProvider refuses.
func NewHTTP(o Options) (*Client, error) {
	o = o.withDefaults()
	c := &Client{
		provider: o.Provider, timeout: o.Timeout, maxResponse: o.MaxResponse,
		pooled: pooledTransport(o.Transport, o.MaxConns), single: singleTransport(o.Transport, o.MaxConns),
		streams: singleTransport(o.Transport, 0),
		tracer:  o.TracerProvider.Tracer(scope), meter: o.MeterProvider.Meter(scope),
		log: o.Logger.With("provider", string(o.Provider)), now: o.Now,
		rooms: new(sync.Pool), health: &healthBook{}, breaker: NewCircuit(o.Breaker),
	}
	return c, c.instruments()
}

// Meter is where a driver keeps figures of its own.
func (c *Client) Meter() metric.Meter { return c.meter }

// Close drops idle connections. Operations under way end as usual.
func (c *Client) Close() {
	c.pooled.CloseIdleConnections()
	c.single.CloseIdleConnections()
	c.streams.CloseIdleConnections()
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = DefaultMaxResponse
	}
	if o.MaxConns == 0 {
		o.MaxConns = DefaultMaxConns
	}
	o.Breaker = o.Breaker.withDefaults()
	if o.Transport == nil {
		o.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	if o.TracerProvider == nil {
		o.TracerProvider = tracenoop.NewTracerProvider()
	}
	if o.MeterProvider == nil {
		o.MeterProvider = metricnoop.NewMeterProvider()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// pooledTransport keeps as many idle connections as it may open: net/http's default of two per host makes a busy
// client open and close one for nearly every request.
func pooledTransport(base *http.Transport, maxConns int) *http.Transport {
	t := bounded(base, maxConns)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = maxConns, maxConns
	t.IdleConnTimeout = 60 * time.Second // below the keep-alive of common proxies, so that we rarely write to a dead one
	t.ForceAttemptHTTP2 = true
	return t
}

// singleTransport never gives a request a connection that was used before: such a connection may be dead already, and
// then nothing tells whether the peer read the request. HTTP/2 is off because it shares connections by design.
func singleTransport(base *http.Transport, maxConns int) *http.Transport {
	t := bounded(base, maxConns)
	t.DisableKeepAlives = true
	t.ForceAttemptHTTP2 = false
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}

func bounded(base *http.Transport, maxConns int) *http.Transport {
	t := base.Clone()
	t.MaxConnsPerHost = maxConns
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}
