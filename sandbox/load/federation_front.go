package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Front stands in front of FortyTwo and gives to a question that it has heard before the very bytes with which FortyTwo answered
// it then: the answers are real and cost nearly nothing, so that what is measured is not FortyTwo. A question is a query, its
// token included; everything else is passed on.
type Front struct {
	URL string // without a final slash

	upstream string
	server   *http.Server
	forward  *httputil.ReverseProxy
	down     *http.Transport

	questions atomic.Int64

	mu      sync.RWMutex
	heard   map[question]*heard
	noticed chan struct{} // closed when a question of which the answer was renewed is asked; nil when nobody waits
}

// maxHeard bounds what is kept; further questions are passed on each time.
const maxHeard = 2000

type question struct{ path, authorization, body string }

// heard is a question that FortyTwo has answered.
type heard struct {
	header http.Header // it was asked with
	answer []byte
	news   bool // the answer is another than at first
	asked  atomic.Int64
	last   atomic.Int64 // when it was asked last, counted in questions
}

// StartFront serves in front of the base URL until [Front.Close].
func StartFront(ctx context.Context, upstream string) (*Front, error) {
	to, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Front{
		URL: "http://" + l.Addr().String(), upstream: upstream, heard: map[question]*heard{},
		down: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}
	f.forward = bareProxy(to, f.down)
	f.server = &http.Server{ReadHeaderTimeout: pushTimeout, Handler: f}
	go func() { _ = f.server.Serve(l) }()
	return f, nil
}

// Close ends it.
func (f *Front) Close() error {
	f.down.CloseIdleConnections()
	if err := f.server.Close(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

var jsonType = []string{"application/json; charset=utf-8"}

// ServeHTTP answers what it knows the answer of.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/readyz" { // asked through a bare proxy
		return
	}
	if r.Method != http.MethodPost || r.ContentLength <= 0 || r.ContentLength > 1<<20 {
		f.forward.ServeHTTP(w, r)
		return
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		http.Error(w, "the body breaks off", http.StatusBadRequest)
		return
	}
	q := question{r.URL.Path, r.Header.Get("Authorization"), string(body)}
	known := f.known(q)
	if known == nil && isQuery(r, body) {
		known = f.learn(r.Context(), q, r.Header)
	}
	if known == nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		f.forward.ServeHTTP(w, r)
		return
	}
	known.asked.Add(1)
	known.last.Store(f.questions.Add(1))
	header := w.Header()
	header["Content-Type"], header["Content-Length"] = jsonType, []string{strconv.Itoa(len(known.answer))}
	_, _ = w.Write(known.answer) // who has gone needs no answer
}

// isQuery tells whether a request only reads and is answered at once.
func isQuery(r *http.Request, body []byte) bool {
	if r.URL.Path != "/graphql" && r.URL.Path != "/metadata" || strings.Contains(r.Header.Get("Accept"), "event-stream") {
		return false
	}
	operation := strings.TrimLeft(queryOf(body), " \n\t")
	return strings.HasPrefix(operation, "query") || strings.HasPrefix(operation, "{")
}

func (f *Front) known(q question) *heard {
	f.mu.RLock()
	known, waited := f.heard[q], f.noticed != nil
	f.mu.RUnlock()
	if known == nil || !known.news || !waited {
		return known
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.noticed != nil {
		close(f.noticed)
		f.noticed = nil
	}
	return known
}

// learn asks FortyTwo; nil when it has no good answer, or too much is known.
func (f *Front) learn(ctx context.Context, q question, header http.Header) *heard {
	answer, err := f.ask(ctx, q, header)
	if err != nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.heard) >= maxHeard {
		return nil
	}
	h := &heard{header: header.Clone(), answer: answer}
	f.heard[q] = h
	return h
}

// ask gives FortyTwo's answer, when it has data and no errors.
func (f *Front) ask(ctx context.Context, q question, header http.Header) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.upstream+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	req.Header.Del("Accept-Encoding")
	res, err := f.down.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err == nil && (res.StatusCode != http.StatusOK || !bytes.HasPrefix(answer, []byte(`{"data":`)) || bytes.Contains(answer, []byte(`"errors":[`))) {
		err = fmt.Errorf("HTTP %d from FortyTwo", res.StatusCode)
	}
	return answer, err
}

// asked is the latest question about a root field under a token; "" when there was none.
func (f *Front) asked(token, field string) (body string) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var latest int64
	for q, h := range f.heard {
		if at := h.last.Load(); at > latest && q.authorization == "Bearer "+token && rootField([]byte(q.body)) == field {
			latest, body = at, q.body
		}
	}
	return body
}

// times is how often a question was asked at all, whoever asked.
func (f *Front) times(body string) (n int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for q, h := range f.heard {
		if q.body == body {
			n += h.asked.Load()
		}
	}
	return n
}

// renew asks FortyTwo again what it was asked so far. Nothing of it is told before publish, which puts the new answers in
// place at once: FortyTwo's own work is over when the gateway learns of a change. The channel that publish gives is closed when the
// gateway asks a question that is answered otherwise than before.
func (f *Front) renew(ctx context.Context) (publish func() <-chan struct{}, err error) {
	f.mu.RLock()
	fresh := maps.Clone(f.heard)
	f.mu.RUnlock()
	for q, h := range fresh {
		answer, err := f.ask(ctx, q, h.header)
		if err != nil {
			return nil, fmt.Errorf("asked again for %s: %w", rootField([]byte(q.body)), err)
		}
		again := &heard{header: h.header, answer: answer, news: !bytes.Equal(answer, h.answer)}
		again.asked.Store(h.asked.Load())
		again.last.Store(h.last.Load())
		fresh[q] = again
	}
	return func() <-chan struct{} {
		noticed := make(chan struct{})
		f.mu.Lock()
		defer f.mu.Unlock()
		f.heard, f.noticed = fresh, noticed
		return noticed
	}, nil
}

// ServeBareProxy serves a [httputil.ReverseProxy] in front of the base URL until ctx ends: what anything that stands there costs at
// the least. Nothing else is served but how many allocations that took.
func ServeBareProxy(ctx context.Context, addr, upstream string) error {
	to, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	down := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true}
	defer down.CloseIdleConnections()
	proxy := bareProxy(to, down)
	s := &http.Server{ReadHeaderTimeout: pushTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			proxy.ServeHTTP(w, r)
			return
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		_, _ = fmt.Fprintf(w, "%s %d\n", metricMallocs, m.Mallocs)
	})}
	stopped := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stopped()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func bareProxy(to *url.URL, down *http.Transport) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: down, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // who asks sees what fails
	}
}

// StartBareProxy starts [ServeBareProxy] in a process of its own, whose arguments make it so, and waits until it answers.
func StartBareProxy(ctx context.Context, o GatewayOptions) (*Gateway, error) {
	return startProcess(ctx, o, "")
}

// awaitSignal waits for what may take a while, at most half a minute.
func awaitSignal(ctx context.Context, what string, signal <-chan struct{}) error {
	select {
	case <-signal:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startWithin):
		return fmt.Errorf("%s did not happen within %s", what, startWithin)
	}
}
