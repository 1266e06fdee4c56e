package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/telemetry"
)

func echoID(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, telemetry.RequestID(r.Context()))
}

func TestASaneRequestIDIsTakenOver(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Routes: []server.Route{route("GET /id", echoID)}})
	for id, sane := range map[string]bool{
		"desk-0123.abc_DEF": true, "01234567-89ab-4cde-8f01-23456789abcd": true, strings.Repeat("a", 64): true,
		"": false, "short": false, strings.Repeat("a", 65): false, "with blank": false, `quote"quote`: false, "9812345678": false,
		"ünicode-id": false,
	} {
		res, inside := srv.do(t, http.MethodGet, "/id", "X-Request-Id", id)
		outside := res.Header.Get("X-Request-Id")
		if inside != outside || (inside == id) != sane || len(inside) < 8 {
			t.Errorf("%q became %q inside and %q outside", id, inside, outside)
		}
	}
}

func TestTheAccessLogNamesTheRouteAndNeverThePath(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Routes: []server.Route{
		route("POST /webhooks/x/{secret}", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, "12345")
		}),
	}})
	srv.do(t, http.MethodPost, "/webhooks/x/s3cr3t?phone=9812345678", "X-Request-Id", "request-of-test")
	srv.do(t, http.MethodGet, "/elsewhere/s3cr3t")
	srv.do(t, "BREW", "/webhooks/x/s3cr3t")
	srv.do(t, http.MethodGet, "/healthz")
	srv.stop()
	if err := srv.wait(t); err != nil {
		t.Fatal(err)
	}
	// The phone is looked for as a whole: a few digits of it stand in some time or id by chance.
	if strings.Contains(srv.log.String(), "s3cr3t") || strings.Contains(srv.log.String(), "9812345678") {
		t.Errorf("a secret or a phone is logged:\n%s", srv.log)
	}
	var got []map[string]any
	for _, line := range srv.log.lines(t, "request") {
		delete(line, "time")
		delete(line, "took")
		if len(got) > 0 {
			delete(line, "request_id")
		}
		got = append(got, line)
	}
	entry := func(level, method, route string, status, bytes float64) map[string]any {
		return map[string]any{"msg": "request", "level": level, "method": method, "route": route, "status": status, "bytes": bytes}
	}
	want := []map[string]any{
		entry("INFO", "POST", "POST /webhooks/x/{secret}", 202, 5),
		entry("INFO", "GET", "", 404, 19),
		entry("INFO", "other", "", 405, 19),
		entry("DEBUG", "GET", "GET /healthz", 200, 19),
	}
	want[0]["request_id"] = "request-of-test"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSpansAndMetricsKnowTheRouteAndNeitherPathNorQuery(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	reader := sdkmetric.NewManualReader()
	var path, query, param, uri string
	srv := start(t, server.Options{
		Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Routes: []server.Route{route("POST /webhooks/x/{secret}", func(_ http.ResponseWriter, r *http.Request) {
			path, query, param, uri = r.URL.Path, r.URL.RawQuery, r.PathValue("secret"), r.RequestURI
		})},
	})
	srv.do(t, http.MethodPost, "/webhooks/x/s3cr3t?phone=9812345678")
	if path != "/webhooks/x/s3cr3t" || query != "phone=9812345678" || param != "s3cr3t" || uri != path+"?"+query {
		t.Errorf("the handler saw path %q, query %q, secret %q, URI %q", path, query, param, uri)
	}
	srv.stop()
	if err := srv.wait(t); err != nil {
		t.Fatal(err)
	}
	ended := spans.Ended()
	if len(ended) != 1 || ended[0].Name() != "POST /webhooks/x/{secret}" {
		t.Fatalf("spans are %v", ended)
	}
	shown := fmt.Sprint(ended[0].Attributes())
	if strings.Contains(shown, "s3cr3t") || strings.Contains(shown, "98123") || !strings.Contains(shown, "/webhooks/x/{secret}") {
		t.Errorf("the span's attributes are %s", shown)
	}
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &metrics); err != nil {
		t.Fatal(err)
	}
	shown = fmt.Sprint(metrics)
	if strings.Contains(shown, "s3cr3t") || !strings.Contains(shown, "/webhooks/x/{secret}") {
		t.Errorf("the metrics are %s", shown)
	}
	lines := srv.log.lines(t, "request")
	if len(lines) != 1 || lines[0]["trace_id"] != ended[0].SpanContext().TraceID().String() || lines[0]["route"] != "POST /webhooks/x/{secret}" {
		t.Errorf("the access log says %v of span %v", lines, ended[0].SpanContext())
	}
}

func TestAPanicIsACodedAnswer(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Routes: []server.Route{
		route("GET /index", func(http.ResponseWriter, *http.Request) {
			none := make([]int, 0)
			_ = none[7]
		}),
		route("GET /text", func(http.ResponseWriter, *http.Request) { panic("patient Hidden Name") }),
	}})
	for path, fault := range map[string]string{"/index": "runtime error: index out of range [7] with length 0", "/text": "string"} {
		res, text := srv.do(t, http.MethodGet, path, "X-Request-Id", "request-of-test")
		want := `{"errors":[{"message":"something went wrong on our side","extensions":{"code":"INTERNAL","requestId":"request-of-test"}}]}`
		if res.StatusCode != http.StatusInternalServerError || text != want || res.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s: %s", path, res.StatusCode, res.Header.Get("Content-Type"), text)
		}
		found := false
		for _, line := range srv.log.lines(t, "panic in a handler") {
			found = found || line["fault"] == fault && strings.Contains(line["stack"].(string), "middleware_test.go")
		}
		if !found {
			t.Errorf("%s: no line says where: %s", path, srv.log)
		}
	}
	if strings.Contains(srv.log.String(), "Hidden Name") {
		t.Error("the panic's own text is logged")
	}
}

func TestAPanicAfterTheAnswerBeganEndsTheConnectionOnly(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Routes: []server.Route{
		route("GET /late", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half")
			panic("late")
		}),
		route("GET /abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	}})
	if res, text := srv.do(t, http.MethodGet, "/late"); res.StatusCode != http.StatusOK || text != "half" {
		t.Errorf("%d: %s", res.StatusCode, text)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.url+"/abort", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := srv.client.Do(req); err == nil {
		res.Body.Close()
		t.Errorf("an aborted handler answered %d", res.StatusCode)
	}
	if lines := srv.log.lines(t, "panic in a handler"); len(lines) != 1 {
		t.Errorf("%d lines of panics", len(lines))
	}
}

func TestAnswersTellBrowsersToBeStrict(t *testing.T) {
	t.Parallel()
	srv := start(t, server.Options{Routes: []server.Route{
		route("GET /page", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Cache-Control", "max-age=60") }),
	}})
	for path, caching := range map[string]string{"/healthz": "no-store", "/none": "no-store", "/page": "max-age=60"} {
		res, _ := srv.do(t, http.MethodGet, path)
		got := map[string]string{}
		for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cache-Control"} {
			got[name] = res.Header.Get(name)
		}
		want := map[string]string{
			"X-Content-Type-Options":  "nosniff",
			"Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; object-src 'none'", "Cache-Control": caching,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestSocketsAndStreamsPassThroughEverything(t *testing.T) {
	t.Parallel()
	upgrader := websocket.Upgrader{}
	more := make(chan struct{})
	srv := start(t, server.Options{
		Traces: sdktrace.NewTracerProvider(), Meters: sdkmetric.NewMeterProvider(),
		Routes: []server.Route{
			route("GET /socket", func(w http.ResponseWriter, r *http.Request) {
				conn, err := upgrader.Upgrade(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				kind, text, err := conn.ReadMessage()
				if err == nil {
					err = conn.WriteMessage(kind, text)
				}
				if err != nil {
					t.Error(err)
				}
			}),
			route("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
				control := http.NewResponseController(w)
				if err := control.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
					t.Error(err)
				}
				fmt.Fprintln(w, "first")
				if err := control.Flush(); err != nil {
					t.Error(err)
				}
				<-more
				fmt.Fprintln(w, "second")
			}),
		},
	})
	conn, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(srv.url, "http")+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer res.Body.Close()
	if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := conn.ReadMessage(); err != nil || string(text) != "hello" {
		t.Errorf("echo is %q, error %v", text, err)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.url+"/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := srv.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	first, err := lines.ReadString('\n')
	close(more)
	rest, restErr := io.ReadAll(lines)
	if first != "first\n" || string(rest) != "second\n" || err != nil || restErr != nil {
		t.Errorf("read %q (%v), then %q (%v)", first, err, rest, restErr)
	}
	srv.stop()
	if err := srv.wait(t); err != nil {
		t.Fatal(err)
	}
	for _, line := range srv.log.lines(t, "request") {
		if line["route"] == "GET /socket" && line["status"] != 101.0 {
			t.Errorf("a socket is logged as %v", line["status"])
		}
	}
}
