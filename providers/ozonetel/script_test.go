package ozonetel_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/helix-engage/gateway/providers/ozonetel"
)

// request is what a scripted server saw: method and path, and the fields of the JSON body or else of the query.
type request struct {
	Line   string
	Fields map[string]string
}

// script is a CloudAgent that answers each path with a fixed body, for answers that no account gives on demand.
type script struct {
	*httptest.Server
	mu       sync.Mutex
	bodies   map[string]string
	requests []request
}

func newScript(t *testing.T, bodies map[string]string) *script {
	t.Helper()
	s := &script{bodies: bodies}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// newScriptInMemory is for tests inside a synctest bubble. The transport leads to the server.
func newScriptInMemory(t *testing.T, bodies map[string]string) (*script, *http.Transport) {
	t.Helper()
	web, memory := inMemory()
	s := &script{Server: web, bodies: bodies}
	s.Config.Handler = http.HandlerFunc(s.serve)
	s.Start()
	t.Cleanup(s.Close)
	return s, &http.Transport{DialContext: memory.Dial}
}

func (s *script) serve(w http.ResponseWriter, r *http.Request) {
	seen := request{Line: r.Method + " " + r.URL.Path, Fields: map[string]string{}}
	for name := range r.URL.Query() {
		seen.Fields[name] = r.URL.Query().Get(name)
	}
	var fields map[string]any
	if body, _ := io.ReadAll(r.Body); json.Unmarshal(body, &fields) == nil {
		for name, value := range fields {
			seen.Fields[name] = fmt.Sprint(value)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, seen)
	body, known := s.bodies[r.URL.Path]
	if !known {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, body)
}

// answer changes what a path answers.
func (s *script) answer(path, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[path] = body
}

// seen gives the requests whose path ends so.
func (s *script) seen(suffix string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []request
	for _, r := range s.requests {
		if strings.HasSuffix(r.Line, suffix) {
			found = append(found, r)
		}
	}
	return found
}

func (s *script) client(t *testing.T, change ...func(*ozonetel.Options)) *ozonetel.Client {
	t.Helper()
	return newClient(t, nil, func(o *ozonetel.Options) {
		o.BaseURL, o.SubscriptionURL = s.URL, s.URL
		o.UserName, o.APIKey, o.AuthMode = "demo_account", "KKscripted0000000", ozonetel.AuthAPIKey
		for _, f := range change {
			f(o)
		}
	})
}
