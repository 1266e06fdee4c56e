package webhooks_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/helix-engage/gateway/internal/webhooks"
)

const (
	secret    = "first-secret-of-two"
	newSecret = "second-secret-of-two"
)

// push is what the inbox was given.
type push struct{ Source, ContentType, Body string }

// inbox keeps pushes in memory, or refuses them.
type inbox struct {
	mu     sync.Mutex
	pushes []push
	err    error
	gate   *gate // what Append passes, when set
}

// gate lets a test look on while a push is being stored.
type gate struct{ begun, goOn, ended chan struct{} }

func (b *inbox) Append(ctx context.Context, source, contentType string, body []byte) error {
	if b.gate != nil {
		close(b.gate.begun)
		<-b.gate.goOn
		defer close(b.gate.ended)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.pushes = append(b.pushes, push{source, contentType, string(body)})
	}
	return b.err
}

func (b *inbox) all() []push {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]push(nil), b.pushes...)
}

// bundle is a receiver behind a real listener.
type bundle struct {
	inbox    *inbox
	url      string
	log      *bytes.Buffer
	registry *prometheus.Registry
	client   *http.Client
}

func setup(t *testing.T, in *inbox) *bundle {
	t.Helper()
	b := &bundle{inbox: in, log: &bytes.Buffer{}, registry: prometheus.NewRegistry()}
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(b.registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := webhooks.New(webhooks.Options{
		Inbox: in, Meters: sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)),
		Logger: slog.New(slog.NewTextHandler(b.log, nil)), Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, source := range []webhooks.Source{
		{Name: "ozonetel.events", Path: "/webhooks/ozonetel/events", Secrets: []string{secret, newSecret}},
		{
			Name: "ozonetel.cdr", Path: "/webhooks/ozonetel/cdr", Secrets: []string{secret},
			Redact: func(_ string, body []byte) []byte { return bytes.ReplaceAll(body, []byte("KKkey"), []byte("***")) },
		},
		{Name: "closed", Path: "/webhooks/closed", Secrets: []string{""}},
		{
			Name: "unredactable", Path: "/webhooks/unredactable", Secrets: []string{secret},
			Redact: func(string, []byte) []byte { return nil },
		},
		{
			Name: "choosy", Path: "/webhooks/choosy", Secrets: []string{secret}, Get: true,
			Lacks: func(contentType string, body []byte) string {
				if !strings.Contains(string(body), "id") {
					return contentType + " without an id"
				}
				return ""
			},
			Answer: func(w http.ResponseWriter, status int, text string) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "in their words: "+text)
			},
		},
	} {
		for pattern, handler := range receiver.Handlers(source) {
			mux.Handle(pattern, handler)
		}
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b.url, b.client = srv.URL, srv.Client()
	return b
}

// send makes one request and gives status and text.
func (b *bundle) send(t *testing.T, method, path, contentType, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// counted gives the metric of one source and outcome.
func (b *bundle) counted(t *testing.T, source, outcome string) float64 {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "helix_webhooks_received_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["source"] == source && labels["outcome"] == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestAPushIsStoredAsItCame(t *testing.T) {
	t.Parallel()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	if err := parts.WriteField("data", `{"monitorUCID":"21799900000000459"}`); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	const event = `{"eventType":"Call","data":{"ucid":"21799900000000458"}}`
	for name, tc := range map[string]struct {
		path, contentType, body string
		header                  []string
		want                    push
	}{
		"a JSON event, secret in the path": {
			"/webhooks/ozonetel/events/" + secret, "application/json", event, nil, push{"ozonetel.events", "application/json", event},
		},
		"the other of two secrets": {
			"/webhooks/ozonetel/events/" + newSecret, "application/json", event, nil, push{"ozonetel.events", "application/json", event},
		},
		"the secret in a header": {
			"/webhooks/ozonetel/events", "application/json", event,
			[]string{"X-Webhook-Secret", secret},
			push{"ozonetel.events", "application/json", event},
		},
		"a form": {
			"/webhooks/ozonetel/cdr/" + secret, "application/x-www-form-urlencoded", "data=%7B%7D", nil,
			push{"ozonetel.cdr", "application/x-www-form-urlencoded", "data=%7B%7D"},
		},
		"a multipart form, boundary and all": {
			"/webhooks/ozonetel/cdr/" + secret, parts.FormDataContentType(), form.String(), nil,
			push{"ozonetel.cdr", parts.FormDataContentType(), form.String()},
		},
		"a query without a body, as the form that it is": {
			"/webhooks/ozonetel/cdr/" + secret + "?data=%7B%7D", "", "", nil,
			push{"ozonetel.cdr", "application/x-www-form-urlencoded", "data=%7B%7D"},
		},
		"a body, although there is a query": {
			"/webhooks/ozonetel/cdr/" + secret + "?a=b", "application/json", "{}", nil, push{"ozonetel.cdr", "application/json", "{}"},
		},
		"no content type": {
			"/webhooks/ozonetel/events/" + secret, "", "{}", nil, push{"ozonetel.events", "", "{}"},
		},
		"garbage": {
			"/webhooks/ozonetel/events/" + secret, "application/json", "\x00\xff{", nil, push{"ozonetel.events", "application/json", "\x00\xff{"},
		},
		"an identity encoding": {
			"/webhooks/ozonetel/events/" + secret, "application/json", "{}",
			[]string{"Content-Encoding", "identity"},
			push{"ozonetel.events", "application/json", "{}"},
		},
		"the provider's key, redacted": {
			"/webhooks/ozonetel/cdr/" + secret, "application/json", `{"Apikey":"KKkey"}`, nil, push{"ozonetel.cdr", "application/json", `{"Apikey":"***"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, &inbox{})
			res, text := b.send(t, http.MethodPost, tc.path, tc.contentType, tc.body, tc.header...)
			if res.StatusCode != http.StatusOK {
				t.Errorf("status %d: %s", res.StatusCode, text)
			}
			if diff := cmp.Diff([]push{tc.want}, b.inbox.all()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := b.counted(t, tc.want.Source, "stored"); n != 1 {
				t.Errorf("counted %v times", n)
			}
		})
	}
}

func TestAPushIsRefused(t *testing.T) {
	t.Parallel()
	const path = "/webhooks/ozonetel/events/" + secret
	for name, tc := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		source, outcome    string
	}{
		"with a wrong secret":             {http.MethodPost, "/webhooks/ozonetel/events/guess", "{}", nil, 404, "ozonetel.events", "refused"},
		"with the beginning of a secret":  {http.MethodPost, path[:len(path)-1], "{}", nil, 404, "ozonetel.events", "refused"},
		"with another source's secret":    {http.MethodPost, "/webhooks/ozonetel/cdr/" + newSecret, "{}", nil, 404, "ozonetel.cdr", "refused"},
		"without a secret":                {http.MethodPost, "/webhooks/ozonetel/events", "{}", nil, 404, "ozonetel.events", "refused"},
		"with a wrong secret in a header": {http.MethodPost, "/webhooks/ozonetel/events", "{}", []string{"X-Webhook-Secret", "x"}, 404, "ozonetel.events", "refused"},
		"where no secret is configured":   {http.MethodPost, "/webhooks/closed", "{}", nil, 404, "closed", "refused"},
		"by GET":                          {http.MethodGet, path, "", nil, 405, "ozonetel.events", "unfit"},
		"by PUT":                          {http.MethodPut, path, "{}", nil, 405, "ozonetel.events", "unfit"},
		"by GET with a wrong secret":      {http.MethodGet, "/webhooks/ozonetel/events/guess", "", nil, 404, "ozonetel.events", "refused"},
		"with nothing in it":              {http.MethodPost, path, "", nil, 400, "ozonetel.events", "unfit"},
		"compressed":                      {http.MethodPost, path, "\x1f\x8b", []string{"Content-Encoding", "gzip"}, 415, "ozonetel.events", "unfit"},
		"when it is too large":            {http.MethodPost, path, strings.Repeat("x", 1<<20+1), nil, 413, "ozonetel.events", "too_large"},
		"when it cannot be redacted":      {http.MethodPost, "/webhooks/unredactable/" + secret, "{}", nil, 400, "unredactable", "unfit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, &inbox{})
			res, text := b.send(t, tc.method, tc.path, "application/json", tc.body, tc.header...)
			if res.StatusCode != tc.status {
				t.Errorf("status %d, want %d: %s", res.StatusCode, tc.status, text)
			}
			if stored := b.inbox.all(); len(stored) != 0 {
				t.Errorf("stored %d pushes", len(stored))
			}
			if n := b.counted(t, tc.source, tc.outcome); n != 1 {
				t.Errorf("%s/%s counted %v times", tc.source, tc.outcome, n)
			}
			if tc.status == 405 && res.Header.Get("Allow") != http.MethodPost {
				t.Errorf("Allow is %q", res.Header.Get("Allow"))
			}
		})
	}
}

func TestAWrongSecretLooksLikeAMissingRoute(t *testing.T) {
	t.Parallel()
	b := setup(t, &inbox{})
	seen := func(path string) []any {
		res, text := b.send(t, http.MethodPost, path, "", "{}")
		header := res.Header.Clone()
		header.Del("Date")
		return []any{res.StatusCode, text, header}
	}
	if diff := cmp.Diff(seen("/no/such/route"), seen("/webhooks/ozonetel/events/guess")); diff != "" {
		t.Errorf("(-missing +wrong):\n%s", diff)
	}
}

func TestGuessingFillsTheMetricAndNotTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t, &inbox{})
	for range 50 {
		b.send(t, http.MethodPost, "/webhooks/ozonetel/events/a-guess-of-mine", "", "{}")
	}
	if n := b.counted(t, "ozonetel.events", "refused"); n != 50 {
		t.Errorf("counted %v times", n)
	}
	if lines := strings.Count(b.log.String(), "\n"); lines != 1 || strings.Contains(b.log.String(), "a-guess-of-mine") {
		t.Errorf("%d lines:\n%s", lines, b.log.String())
	}
}

func TestWhatCannotBeStoredIsAskedForAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, &inbox{err: errors.New("the disk is full")})
	res, text := b.send(t, http.MethodPost, "/webhooks/ozonetel/events/"+secret, "application/json", `{"caller":"hidden"}`)
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "5" {
		t.Errorf("status %d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), text)
	}
	if n := b.counted(t, "ozonetel.events", "not_stored"); n != 1 {
		t.Errorf("counted %v times", n)
	}
	if shown := b.log.String(); !strings.Contains(shown, "the disk is full") || strings.Contains(shown, "hidden") || strings.Contains(shown, secret) {
		t.Errorf("the log says: %s", shown)
	}
}

func TestAProviderThatHangsUpDoesNotUndoItsPush(t *testing.T) {
	t.Parallel()
	in := &inbox{gate: &gate{make(chan struct{}), make(chan struct{}), make(chan struct{})}}
	b := setup(t, in)
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/webhooks/ozonetel/events/"+secret, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := b.client.Do(req); err == nil {
			res.Body.Close()
		}
	}()
	<-in.gate.begun
	hangUp()
	<-done
	close(in.gate.goOn)
	<-in.gate.ended
	if stored := in.all(); len(stored) != 1 {
		t.Errorf("stored %d pushes", len(stored))
	}
}

func TestABodyThatDoesNotArriveIsNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t, &inbox{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /webhooks/ozonetel/events/"+secret+" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"half\":")
	if err == nil {
		err = conn.(*net.TCPConn).CloseWrite()
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 400 ")) || len(b.inbox.all()) != 0 {
		t.Errorf("stored %d pushes, answered %s", len(b.inbox.all()), answer)
	}
}

func FuzzPush(f *testing.F) {
	f.Add("POST", "/webhooks/ozonetel/events/"+secret, "application/json", []byte(`{"a":1}`))
	f.Add("POST", "/webhooks/ozonetel/cdr/"+secret+"?data=1", "multipart/form-data; boundary=x", []byte("--x"))
	f.Add("GET", "/webhooks/ozonetel/cdr/%2F", "", []byte{})
	in := &inbox{}
	receiver, err := webhooks.New(webhooks.Options{
		Inbox: in, Meters: sdkmetric.NewMeterProvider(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, what := range []string{"events", "cdr"} {
		s := webhooks.Source{Name: "ozonetel." + what, Path: "/webhooks/ozonetel/" + what, Secrets: []string{secret}}
		for pattern, handler := range receiver.Handlers(s) {
			mux.Handle(pattern, handler)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, contentType string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://helix"+path, bytes.NewReader(body))
		if err != nil || req.URL.Host != "helix" {
			return
		}
		req.Header.Set("Content-Type", contentType)
		in.mu.Lock()
		in.pushes = nil
		in.mu.Unlock()
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, req)
		stored := in.all()
		if (rec.Code == http.StatusOK) != (len(stored) == 1) {
			t.Errorf("status %d, stored %d", rec.Code, len(stored))
		}
		if len(stored) == 1 && len(body) > 0 && stored[0].Body != string(body) {
			t.Errorf("stored %q of %q", stored[0].Body, body)
		}
		if !strings.Contains(path, secret) && len(stored) > 0 {
			t.Error("stored without the secret")
		}
	})
}

func TestASourceSaysWhatAPushLacksAndInWhichWords(t *testing.T) {
	t.Parallel()
	b := setup(t, &inbox{})
	path := "/webhooks/choosy/" + secret
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		text                     string
	}{
		{"what is of use is kept", http.MethodPost, path, `{"id":1}`, http.StatusOK, ""},
		{"also from the query", http.MethodGet, path + "?id=1", "", http.StatusOK, ""},
		{"what is of none is not", http.MethodPost, path, `{"x":1}`, http.StatusBadRequest, "text/plain without an id"},
		{"nor is nothing", http.MethodPost, path, "", http.StatusBadRequest, "application/x-www-form-urlencoded without an id"},
		{"who lacks the secret is not told what his push lacks", http.MethodPost, "/webhooks/choosy", `{"x":1}`, http.StatusNotFound, "404 page not found"},
		{"another method", http.MethodPut, path, `{"id":1}`, http.StatusMethodNotAllowed, "only GET, POST is taken here"},
	} {
		if res, text := b.send(t, c.method, c.path, "text/plain", c.body); res.StatusCode != c.status || text != "in their words: "+c.text {
			t.Errorf("%s: HTTP %d %q", c.name, res.StatusCode, text)
		}
	}
	want := []push{{"choosy", "text/plain", `{"id":1}`}, {"choosy", "application/x-www-form-urlencoded", "id=1"}}
	if diff := cmp.Diff(want, b.inbox.all()); diff != "" {
		t.Error(diff)
	}
}
