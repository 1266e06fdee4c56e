package graphiql

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newServer(t *testing.T, o Options) *httptest.Server {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

// get does not let the client add or undo any encoding.
func get(t *testing.T, method, url string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestPageNamesFilesThatAreServed(t *testing.T) {
	t.Parallel()
	server := newServer(t, Options{})
	resp, page := get(t, "GET", server.URL+"/graphiql", nil)
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != "text/html; charset=utf-8" {
		t.Fatalf("status %d, type %s", resp.StatusCode, got)
	}
	types := map[string]string{"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
	named := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllSubmatch(page, -1)
	if len(named) != 7 {
		t.Fatalf("the page names %d files", len(named))
	}
	for _, match := range named {
		path := string(match[1])
		resp, body := get(t, "GET", server.URL+path, nil)
		extension := path[strings.LastIndexByte(path, '.')+1:]
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != types[extension] || len(body) == 0 {
			t.Errorf("%s: status %d, type %s, %d bytes", path, resp.StatusCode, got, len(body))
		}
	}
}

// What would make a browser ask anybody else.
func TestPageNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	h, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?(https?:)?//|@import|url\(["']?(https?:)?//|sourceMappingURL=`)
	for name, f := range h.files {
		content, err := f.expand()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".js") && name != "page.js" {
			continue // bundles mention addresses in texts; the policy holds them
		}
		if found := elsewhere.Find(content); found != nil {
			t.Errorf("%q asks elsewhere: %s", name, found)
		}
	}
}

func TestFilesAreServedAsAskedFor(t *testing.T) {
	t.Parallel()
	server := newServer(t, Options{})
	url := server.URL + "/graphiql/react.js"
	_, plain := get(t, "GET", url, nil)
	resp, compressed := get(t, "GET", url, http.Header{"Accept-Encoding": {"br, gzip;q=0.5"}})
	if got := resp.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("encoding %q", got)
	}
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	if expanded, err := io.ReadAll(r); err != nil || !bytes.Equal(expanded, plain) {
		t.Errorf("both forms differ, error %v", err)
	}

	etag := resp.Header.Get("ETag")
	tests := map[string]struct {
		header http.Header
		status int
	}{
		"the same form":            {http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {etag}}, 304},
		"one of several, weak":     {http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {`"x", W/` + etag}}, 304},
		"any":                      {http.Header{"If-None-Match": {"*"}}, 304},
		"the other form":           {http.Header{"If-None-Match": {etag}}, 200},
		"another version":          {http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {`"x"`}}, 200},
		"a form that is not taken": {http.Header{"Accept-Encoding": {"gzip; q=0, *"}, "If-None-Match": {etag}}, 200},
		"the wildcard":             {http.Header{"Accept-Encoding": {"*"}, "If-None-Match": {etag}}, 304},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, body := get(t, "GET", url, tt.header)
			if resp.StatusCode != tt.status || (len(body) > 0) != (tt.status == 200) {
				t.Errorf("status %d, %d bytes", resp.StatusCode, len(body))
			}
		})
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	server := newServer(t, Options{Path: "/tools/ql"})
	tests := []struct {
		method, path string
		status       int
	}{
		{"GET", "/tools/ql", 200},
		{"GET", "/tools/ql/", 200},
		{"HEAD", "/tools/ql/page.js", 200},
		{"POST", "/tools/ql", 405},
		{"GET", "/tools/ql/nothing.js", 404},
		{"GET", "/tools/ql/../page.js", 404},
		{"GET", "/graphiql", 404},
	}
	for _, tt := range tests {
		if resp, _ := get(t, tt.method, server.URL+tt.path, nil); resp.StatusCode != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, resp.StatusCode, tt.status)
		}
	}
}

func TestOptionsReachThePageAsData(t *testing.T) {
	t.Parallel()
	server := newServer(t, Options{
		Title: "<b>", DefaultQuery: "{ a }\n\"</script>", DefaultHeaders: `{"Authorization": "Bearer "}`, SubscriptionEndpoint: "/live",
	})
	_, page := get(t, "GET", server.URL+"/graphiql", nil)
	options := regexp.MustCompile(`data-options="([^"]*)"`).FindSubmatch(page)
	if options == nil || bytes.Contains(page, []byte("<b>")) || bytes.Contains(options[1], []byte("<")) {
		t.Fatalf("page: %s", page)
	}
	got := strings.NewReplacer("&#34;", `"`, "&amp;", "&").Replace(string(options[1]))
	want := `{"defaultHeaders":"{\"Authorization\": \"Bearer \"}","defaultQuery":"{ a }\n\"\u003c/script\u003e","endpoint":"/graphql","subscriptionEndpoint":"/live"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

func TestPolicyAllowsTheEndpointsAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options Options
		connect string
	}{
		"our own":      {Options{}, "connect-src 'self';"},
		"another host": {Options{Endpoint: "https://api.example/graphql"}, "connect-src 'self' https://api.example wss://api.example;"},
		"two hosts":    {Options{Endpoint: "http://a.example/q", SubscriptionEndpoint: "ws://b.example/s"}, "connect-src 'self' http://a.example ws://a.example ws://b.example;"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, _ := get(t, "GET", newServer(t, tt.options).URL+"/graphiql", nil)
			policy := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, tt.connect) || !strings.Contains(policy, "script-src 'self';") {
				t.Errorf("policy %s", policy)
			}
		})
	}
	if _, err := New(Options{Endpoint: "http://[::"}); err == nil {
		t.Error("an endpoint that is no URL was accepted")
	}
}
