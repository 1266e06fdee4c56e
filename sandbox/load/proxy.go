package load

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Proxy stands in front of an upstream server and times each request that passes, by the token it carries: who sends
// one question at a time under a token of his own knows which requests it caused.
type Proxy struct {
	URL string // without a final slash

	server *http.Server
	down   *http.Transport

	mu      sync.Mutex
	watched map[string][]passage // by Authorization; only those asked for, which bounds it
}

// passage is one request from when it came until it was answered.
type passage struct{ began, ended time.Time }

// StartProxy serves in front of the base URL until [Proxy.Close].
func StartProxy(ctx context.Context, upstream string) (*Proxy, error) {
	to, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		URL: "http://" + l.Addr().String(), watched: map[string][]passage{},
		down: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}
	forward := &httputil.ReverseProxy{
		Transport: p.down, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // who asks sees what fails
	}
	p.server = &http.Server{ReadHeaderTimeout: pushTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		forward.ServeHTTP(w, r)
		p.note(r.Header.Get("Authorization"), passage{began, time.Now()})
	})}
	go func() { _ = p.server.Serve(l) }()
	return p, nil
}

// Close ends it.
func (p *Proxy) Close() error {
	p.down.CloseIdleConnections()
	if err := p.server.Close(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (p *Proxy) note(authorization string, one passage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen, wanted := p.watched[authorization]; wanted {
		p.watched[authorization] = append(seen, one)
	}
}

// take gives what passed under a token since the last time, and watches it from now on.
func (p *Proxy) take(token string) []passage {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.watched["Bearer "+token]
	p.watched["Bearer "+token] = nil
	return seen
}

// slowest is the longest passage.
func slowest(all []passage) (longest time.Duration) {
	for _, one := range all {
		longest = max(longest, one.ended.Sub(one.began))
	}
	return longest
}
