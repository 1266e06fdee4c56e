package load

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestAProxyTimesTheRequestsOfThoseWhoAsk(t *testing.T) {
	t.Parallel()
	const slow = 50 * time.Millisecond
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-time.After(slow)
		}
		_, _ = io.WriteString(w, "hello "+r.URL.Path)
	}))
	defer upstream.Close()
	p, err := StartProxy(t.Context(), upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	p.take("ours")
	for _, call := range []struct{ path, token string }{{"/slow", "ours"}, {"/fast", "ours"}, {"/slow", "theirs"}} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+call.path, nil)
		req.Header.Set("Authorization", "Bearer "+call.token)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != "hello "+call.path {
			t.Errorf("%q", body)
		}
	}
	if ours := p.take("ours"); len(ours) != 2 || slowest(ours) < slow {
		t.Errorf("of ours: %v", ours)
	}
	if again := p.take("ours"); len(again) > 0 {
		t.Errorf("taken twice: %v", again)
	}
	if theirs := p.take("theirs"); len(theirs) > 0 {
		t.Errorf("of somebody who never asked: %v", theirs)
	}
}

// desk answers sign-ins and, through the proxy, work lists; every third list has a source that failed.
func desk(t *testing.T, upstream string) *httptest.Server {
	t.Helper()
	var asked atomic.Int64
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		if token == "" {
			_, _ = io.WriteString(w, `{"data":{"signIn":{"ok":true,"session":{"accessToken":"ours"}}}}`)
			return
		}
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, upstream, nil)
		req.Header.Set("Authorization", token)
		res, err := transport.RoundTrip(req)
		if err != nil {
			http.Error(w, "upstream", http.StatusBadGateway)
			return
		}
		_ = res.Body.Close()
		errors := `[]`
		if asked.Add(1)%3 == 0 {
			errors = `[{"message":"leads are away"}]`
		}
		_, _ = io.WriteString(w, `{"data":{"worklist":{"errors":`+errors+`}}}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestListsWithASourceThatFailedAreNotMeasured(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer upstream.Close()
	p, err := StartProxy(t.Context(), upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &deskClient{http: &http.Client{Transport: transport}, url: desk(t, p.URL).URL}
	token, err := client.signIn(t.Context(), "a", "b")
	if err != nil || token != "ours" {
		t.Fatal(token, err)
	}
	a := asker{client: client, proxy: p, body: []byte(`{}`), token: token}
	failed := 0
	for range 6 {
		answer, err := a.ask(t.Context())
		if err != nil {
			failed++
			continue
		}
		if len(answer.upstream) != 1 || slowest(answer.upstream) <= 0 || slowest(answer.upstream) >= answer.took {
			t.Errorf("%+v", answer)
		}
	}
	if failed != 2 {
		t.Errorf("%d of 6 failed, want 2", failed)
	}
}
