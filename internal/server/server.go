package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// ErrStopping is the cause with which contexts of requests end that outlive the drain.
var ErrStopping = errors.New("the server is stopping")

// Time-outs of one connection. A body of 1 MiB at 32 kB/s takes 32 s.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 90 * time.Second // streams extend their own with http.ResponseController
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 32 << 10
)

// Options configure a [Server]. Addr or Listener is required; for everything else the zero value means the default
// stated.
type Options struct {
	Addr     string       // to listen on, e.g. ":4100"
	Listener net.Listener // used in place of Addr, and closed by Run

	Routes  []Route      // of the caller; /healthz, /readyz and /metrics are the server's own
	Metrics http.Handler // /metrics; nil: not served
	Checks  []Check      // of /readyz
	Origins Origins      // whose pages may call; the zero Origins allow none but the gateway's own

	DrainDelay   time.Duration // between saying "not ready" and closing the port; 0: none
	DrainTimeout time.Duration // for requests in flight; 30 s when zero
	// OnDrain tells connections that the server no longer owns (WebSockets) to end. It returns when they have, or with
	// ctx, which ends with the drain.
	OnDrain func(ctx context.Context)

	Traces     trace.TracerProvider          // nil: no spans
	Meters     metric.MeterProvider          // nil: no measurements
	Propagator propagation.TextMapPropagator // nil: callers' trace ids are not taken over
	Logger     *slog.Logger                  // nil: discards
	Now        func() time.Time              // nil: time.Now
}

// Route is one entry of the routing table. Pattern is of [http.ServeMux], e.g. "POST /graphql" or
// "/webhooks/ozonetel/events/{secret}".
type Route struct {
	Pattern string
	Handler http.Handler
}

// Server serves the routes until it is told to stop. Make it with [New], run it once.
type Server struct {
	o        Options
	handler  http.Handler
	ready    *readiness
	meter    *meter
	draining atomic.Bool

	listening chan struct{}
	once      sync.Once
	addr      net.Addr
}

// New builds a server; a pattern that is not valid or conflicts with another is an error.
func New(o Options) (*Server, error) {
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{o: o, listening: make(chan struct{})}
	meter, err := newMeter(o)
	if err != nil {
		return nil, err
	}
	s.meter = meter
	s.ready = newReadiness(o.Checks, o.Now, s.draining.Load)
	mux, err := s.routes()
	if err != nil {
		return nil, err
	}
	s.handler = s.chain(mux)
	return s, nil
}

// routes fills the mux. ServeMux panics on a bad pattern; here it is an error that names it.
func (s *Server) routes() (_ *http.ServeMux, err error) {
	routes := append([]Route{
		{"GET /healthz", http.HandlerFunc(serveHealth)},
		{"GET /readyz", s.ready},
	}, s.o.Routes...)
	if s.o.Metrics != nil {
		routes = append(routes, Route{"GET /metrics", s.o.Metrics})
	}
	mux := http.NewServeMux()
	pattern := ""
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("server: route %q: %v", pattern, fault)
		}
	}()
	for _, route := range routes {
		pattern = route.Pattern
		mux.Handle(route.Pattern, route.Handler)
	}
	return mux, nil
}

// chain wraps the mux in what every request passes, outermost last.
func (s *Server) chain(mux http.Handler) http.Handler {
	return s.observe(securityHeaders(s.o.Origins.middleware(mux)))
}

// Handler is everything that the server serves, for tests without a listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Addr waits until the server listens and gives its address; the error is that of ctx.
func (s *Server) Addr(ctx context.Context) (net.Addr, error) {
	select {
	case <-s.listening:
		return s.addr, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run listens and serves until ctx ends, then drains. It returns nil after a complete drain.
func (s *Server) Run(ctx context.Context) error {
	listener := s.o.Listener
	if listener == nil {
		var config net.ListenConfig
		var err error
		if listener, err = config.Listen(ctx, "tcp", s.o.Addr); err != nil {
			return fmt.Errorf("cannot listen on %s: %w", s.o.Addr, err)
		}
	}
	base, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(ErrStopping)
	quiet := &silent{conns: map[net.Conn]struct{}{}}
	srv := &http.Server{
		Handler:           s.handler,
		ConnState:         quiet.observe,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug), // faults of clients' connections
	}
	s.once.Do(func() {
		s.addr = listener.Addr()
		close(s.listening)
	})
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	s.o.Logger.InfoContext(ctx, "listening", slog.String("addr", s.addr.String()))
	select {
	case err := <-served:
		return fmt.Errorf("serving ended: %w", err)
	case <-ctx.Done():
	}
	err := s.drain(ctx, srv, quiet, cancel)
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// drain ends what runs, in good order as long as DrainTimeout allows.
func (s *Server) drain(ctx context.Context, srv *http.Server, quiet *silent, cancel context.CancelCauseFunc) error {
	s.draining.Store(true)
	s.o.Logger.InfoContext(ctx, "draining", slog.Duration("delay", s.o.DrainDelay), slog.Duration("timeout", s.o.DrainTimeout))
	if s.o.DrainDelay > 0 {
		timer := time.NewTimer(s.o.DrainDelay)
		defer timer.Stop()
		<-timer.C
	}
	deadline, done := context.WithTimeout(context.WithoutCancel(ctx), s.o.DrainTimeout)
	defer done()
	var sockets sync.WaitGroup
	if s.o.OnDrain != nil {
		sockets.Go(func() { s.o.OnDrain(deadline) })
	}
	silence := time.AfterFunc(silentGrace, quiet.close)
	defer silence.Stop()
	err := srv.Shutdown(deadline)
	if err != nil {
		cancel(ErrStopping)
		err = errors.Join(fmt.Errorf("requests did not end within %s: %w", s.o.DrainTimeout, err), srv.Close())
	}
	sockets.Wait()
	return err
}
