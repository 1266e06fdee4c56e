package telemetry_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/helix-engage/gateway/internal/telemetry"
)

func TestLinesCarryTheIdsOfTheirContext(t *testing.T) {
	t.Parallel()
	ctx := telemetry.WithRequestID(t.Context(), "req-12345678")
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0x4b, 0xf9}, SpanID: trace.SpanID{0x0a},
	}))
	for name, derive := range map[string]func(*slog.Logger) *slog.Logger{
		"a plain logger":           func(l *slog.Logger) *slog.Logger { return l },
		"one with attributes":      func(l *slog.Logger) *slog.Logger { return l.With("component", "x") },
		"one that has lost itself": func(l *slog.Logger) *slog.Logger { return slog.New(l.With("component", "x").Handler()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := line(t, func(l *slog.Logger) { derive(l).InfoContext(ctx, "m") })
			delete(got, "component")
			want := map[string]any{
				"msg": "m", "request_id": "req-12345678", "trace_id": "4bf90000000000000000000000000000", "span_id": "0a00000000000000",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesOutsideARequestCarryNoIds(t *testing.T) {
	t.Parallel()
	got := line(t, func(l *slog.Logger) { l.InfoContext(t.Context(), "m") })
	if diff := cmp.Diff(map[string]any{"msg": "m"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if id := telemetry.RequestID(context.Background()); id != "" {
		t.Errorf("request id is %q", id)
	}
}

func TestLevelAndFormatAreObeyed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options telemetry.LogOptions
		want    string // that the output begins with; "" when there is none
	}{
		"json":                            {telemetry.LogOptions{Format: "json"}, `{"time":`},
		"text":                            {telemetry.LogOptions{Format: "text"}, "time="},
		"auto, which is json in a buffer": {telemetry.LogOptions{Format: "auto"}, `{"time":`},
		"nothing said, which is auto":     {telemetry.LogOptions{}, `{"time":`},
		"a level above the line's":        {telemetry.LogOptions{Level: "warn"}, ""},
		"a level below the line's":        {telemetry.LogOptions{Level: "debug", Format: "text"}, "time="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log, err := telemetry.NewLogger(&b, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			log.Info("m")
			if tc.want == "" && b.Len() > 0 || !strings.HasPrefix(b.String(), tc.want) {
				t.Errorf("wrote %q", b.String())
			}
		})
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := telemetry.NewLogger(f, telemetry.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("m")
	if text, err := os.ReadFile(f.Name()); err != nil || !strings.HasPrefix(string(text), "{") {
		t.Errorf("wrote %q, error %v", text, err)
	}
}

func TestUnknownSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]telemetry.LogOptions{
		`log level "loud" is not debug, info, warn or error`: {Level: "loud"},
		`log format "xml" is not auto, json or text`:         {Format: "xml"},
	} {
		if _, err := telemetry.NewLogger(&bytes.Buffer{}, o); err == nil || err.Error() != want {
			t.Errorf("error is %v; want %s", err, want)
		}
	}
}
