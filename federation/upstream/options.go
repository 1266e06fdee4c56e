package upstream

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/helix-engage/gateway/internal/buffers"
	"github.com/helix-engage/gateway/providers"
)

// Defaults of [Options].
const (
	DefaultTimeout     = 10 * time.Second
	DefaultMaxConns    = 256
	DefaultMaxResponse = 32 << 20
	// DefaultIdleTimeout is shorter than the five seconds after which a Node server closes an idle connection, so that no
	// mutation meets one that is being closed.
	DefaultIdleTimeout = 4 * time.Second
)

// keptBuffers bounds what is kept for answers to come, in bytes.
const keptBuffers = 8 << 20

// Options wires a [Client]. URL is needed, the rest has defaults.
type Options struct {
	URL         string            // of FortyTwo's /graphql, absolute, http or https
	Timeout     time.Duration     // of one request, from the wait for a connection to the last byte of the answer
	MaxConns    int               // connections, busy and idle; a request beyond waits for one
	MaxResponse int64             // bytes of an answer
	IdleTimeout time.Duration     // how long an unused connection is kept
	Breaker     providers.Breaker // when FortyTwo counts as gone
	TLS         *tls.Config       // of https; nil: the defaults
	Buffers     *buffers.Pool     // for answers that a lease can hold; nil: one that keeps up to 8 MiB
	Traces      trace.TracerProvider
	Meters      metric.MeterProvider
	Propagator  propagation.TextMapPropagator // writes traceparent; of what else it writes nothing is sent
	Now         func() time.Time
	Logger      *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxConns == 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = DefaultMaxResponse
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = DefaultIdleTimeout
	}
	if o.Buffers == nil {
		o.Buffers = buffers.NewPool(keptBuffers)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// endpoint reads the URL. Its text may hold a key, so no error quotes it.
func (o Options) endpoint() (*url.URL, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("upstream: the URL of FortyTwo is not an absolute http or https URL")
	}
	return u, nil
}
