package server

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/telemetry"
)

// headerRequestID names the request, in both directions.
const headerRequestID = "X-Request-Id"

// maxRequestID is the longest request id that is taken over, in bytes.
const maxRequestID = 64

// requestID names a request: as the client or the proxy did, when that is a sane id, else by a random one.
func requestID(h http.Header) string {
	if given := h[headerRequestID]; len(given) == 1 && saneID(given[0]) {
		return given[0]
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return hex.EncodeToString(random[:])
}

// saneID accepts what cannot break a log line or a header, and no bare number: that could be somebody's phone.
func saneID(id string) bool {
	letters := false
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letters = true
		case '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.':
		default:
			return false
		}
	}
	return letters && len(id) >= 8 && len(id) <= maxRequestID
}

// observe names the request, writes the access log, measures, and turns a panic into a coded 500. It hands on one copy of the
// request, into which the mux writes the pattern: that, and never the path, is what is told of it.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.o.Now()
		rec := &recorder{ResponseWriter: w, id: [1]string{requestID(r.Header)}}
		w.Header()[headerRequestID] = rec.id[:]
		ctx, span := s.meter.begin(telemetry.WithRequestID(r.Context(), rec.id[0]), r)
		r = r.WithContext(ctx)
		defer func() {
			if fault := recover(); fault != nil {
				s.panicked(rec, r, fault)
			}
			took := s.o.Now().Sub(began)
			s.access(rec, r, took)
			s.meter.end(ctx, span, r, rec.code(), took)
		}()
		next.ServeHTTP(rec, r)
	})
}

// access writes one line per request. What asks every few seconds is at debug level.
func (s *Server) access(rec *recorder, r *http.Request, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case rec.status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case r.Pattern == "GET /healthz", r.Pattern == "GET /readyz", r.Pattern == "GET /metrics":
		level = slog.LevelDebug
	}
	s.o.Logger.LogAttrs(r.Context(), level, "request",
		slog.String("method", boundedMethod(r.Method)), slog.String("route", r.Pattern), slog.Int("status", rec.code()),
		slog.Int64("bytes", rec.bytes), slog.Duration("took", took))
}

// boundedMethod keeps a client from writing into the log at will.
func boundedMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// panicked logs where it happened. A panic's text may hold anything, so only those of the runtime are logged.
func (s *Server) panicked(rec *recorder, r *http.Request, fault any) {
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		rec.aborted = true
		panic(fault) // the agreed way to drop a connection
	}
	what := fmt.Sprintf("%T", fault)
	if err, ok := fault.(runtime.Error); ok {
		what = err.Error()
	}
	s.o.Logger.ErrorContext(r.Context(), "panic in a handler", slog.String("route", r.Pattern), slog.String("fault", what),
		slog.String("stack", string(debug.Stack())))
	if rec.status == 0 && !rec.hijacked {
		writeError(rec, http.StatusInternalServerError, helix.Internal("", nil), telemetry.RequestID(r.Context()))
	}
}

// writeError answers in the shape of a GraphQL error, which every client of ours can read.
func writeError(w http.ResponseWriter, status int, e *helix.Error, request string) {
	type extensions struct {
		Code      helix.Code `json:"code"`
		RequestID string     `json:"requestId,omitempty"`
	}
	type fault struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	body, err := json.Marshal(struct {
		Errors []fault `json:"errors"`
	}{[]fault{{e.Message, extensions{e.Code, request}}}})
	if err != nil {
		http.Error(w, string(e.Code), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// securityHeaders tells browsers to be strict. A handler that serves a page of its own may set others.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for i := range strict {
			h[strict[i].name] = strict[i].value
		}
		next.ServeHTTP(w, r)
	})
}

// strict are headers in their canonical spelling; no X-Frame-Options, for which frame-ancestors stands. All answers share the
// values, which nobody edits: a handler sets its own.
var strict = [...]struct {
	name  string
	value []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Content-Security-Policy", []string{"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"}},
	{"Cache-Control", []string{"no-store"}}, // answers hold patients' data
}

// recorder notes what was answered. It offers Flush and Hijack itself, since not everybody looks behind Unwrap.
type recorder struct {
	http.ResponseWriter
	id       [1]string // of the request, as a header has it
	status   int
	bytes    int64
	hijacked bool
	aborted  bool
}

// code is what the access log shows: 101 for a connection that was taken over, 499 for one that was dropped.
func (r *recorder) code() int {
	switch {
	case r.hijacked:
		return http.StatusSwitchingProtocols
	case r.aborted:
		return 499
	case r.status == 0:
		return http.StatusOK
	default:
		return r.status
	}
}

// WriteHeader notes the final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush passes on what is buffered, where that is possible.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack hands the connection over.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	r.hijacked = err == nil
	return conn, rw, err
}
