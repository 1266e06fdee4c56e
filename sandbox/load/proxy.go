package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
type passage struct {
	began, ended time.Time
	field        string // of the root; "" when it is no GraphQL
}

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
	forward := bareProxy(to, p.down)
	p.server = &http.Server{ReadHeaderTimeout: pushTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body breaks off", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
		ended := time.Now()
		p.note(r.Header.Get("Authorization"), passage{began, ended, rootField(body)})
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

// rootField is the first field of the document in a GraphQL request; "" when it is none.
func rootField(body []byte) string {
	_, selection, _ := strings.Cut(queryOf(body), "{")
	selection = strings.TrimLeft(selection, " \n")
	if end := strings.IndexAny(selection, " \n(){}:"); end >= 0 {
		return selection[:end]
	}
	return ""
}

// queryOf is the document in a GraphQL request; "" when it is none.
func queryOf(body []byte) string {
	var request struct {
		Query string `json:"query"`
	}
	_ = json.Unmarshal(body, &request) // whatever is no request has no document
	return request.Query
}

// busy is for how long at least one passage was under way.
func busy(all []passage) (sum time.Duration) {
	all = slices.SortedFunc(slices.Values(all), func(a, b passage) int { return a.began.Compare(b.began) })
	var until time.Time
	for _, one := range all {
		if one.began.After(until) {
			until = one.began
		}
		if one.ended.After(until) {
			sum += one.ended.Sub(until)
			until = one.ended
		}
	}
	return sum
}

// slowest is the longest passage.
func slowest(all []passage) (longest time.Duration) {
	for _, one := range all {
		longest = max(longest, one.ended.Sub(one.began))
	}
	return longest
}
