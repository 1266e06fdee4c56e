package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel/trace"
)

// LogOptions configure a logger.
type LogOptions struct {
	Level   string   // debug, info, warn or error; empty: info
	Format  string   // json, text, or auto: text when the writer is a terminal; empty: auto
	Secrets []string // values that are masked wherever they occur; shorter than 8 bytes are ignored
}

// NewLogger makes the logger of the process. The error names a setting that is not valid.
func NewLogger(w io.Writer, o LogOptions) (*slog.Logger, error) {
	var level slog.Level
	if o.Level != "" {
		if err := level.UnmarshalText([]byte(o.Level)); err != nil {
			return nil, fmt.Errorf("log level %q is not debug, info, warn or error", o.Level)
		}
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: NewRedactor(o.Secrets...).ReplaceAttr}
	switch o.Format {
	case "json":
		return slog.New(contextHandler{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return slog.New(contextHandler{slog.NewTextHandler(w, options)}), nil
	case "auto", "":
		if isTerminal(w) {
			return slog.New(contextHandler{slog.NewTextHandler(w, options)}), nil
		}
		return slog.New(contextHandler{slog.NewJSONHandler(w, options)}), nil
	default:
		return nil, fmt.Errorf("log format %q is not auto, json or text", o.Format)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type requestIDKey struct{}

// WithRequestID names the request that ctx belongs to.
func WithRequestID(ctx context.Context, id string) context.Context {
	return &identified{ctx, id}
}

// identified is a context with an id: each request has one, so it is one value and not two.
type identified struct {
	context.Context
	id string
}

// Value gives the id, as a pointer, or what the context before has.
func (c *identified) Value(key any) any {
	if key == (requestIDKey{}) {
		return &c.id
	}
	return c.Context.Value(key)
}

// RequestID gives the request that ctx belongs to, "" outside one.
func RequestID(ctx context.Context) string {
	if id, ok := ctx.Value(requestIDKey{}).(*string); ok {
		return *id
	}
	return ""
}

// contextHandler adds what the context knows: which request, which trace.
type contextHandler struct {
	slog.Handler
}

// Handle adds the ids and passes the record on.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the ids on derived loggers.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the ids on derived loggers.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
