package recordings_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/recordings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)

// provider serves recordings, and redirects where it should not be followed to.
func provider(t *testing.T) (base, host string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/call.mp3", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "call.mp3", start, strings.NewReader("0123456789"))
	})
	mux.Handle("/elsewhere.mp3", http.RedirectHandler("http://elsewhere.invalid/", http.StatusFound))
	mux.HandleFunc("/broken.mp3", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return s.URL, u.Hostname()
}

// kept is a keeper of one recording of ours, and of one that cannot be read.
func kept(name string) (io.ReadSeekCloser, time.Time, error) {
	switch name {
	case "2026-01-14/call-1-0011223344556677.rec":
		return struct {
			io.ReadSeeker
			io.Closer
		}{strings.NewReader("RIFF6789"), io.NopCloser(nil)}, start, nil
	case "2026-01-14/torn.rec":
		return nil, time.Time{}, errors.New("the disk is gone, of " + name)
	}
	return nil, time.Time{}, helix.NotFound("recording")
}

type listener struct {
	*recordings.Links
	url string
	now *time.Time
}

func setup(t *testing.T, hosts ...string) listener {
	t.Helper()
	now := start
	links, err := recordings.NewLinks([]byte("secret"), hosts, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	h := recordings.NewHandler(links, kept, slog.New(slog.DiscardHandler))
	mux := http.NewServeMux()
	mux.Handle("GET /recordings/{token}", h)
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return listener{links, s.URL + "/recordings/", &now}
}

func (l listener) get(t *testing.T, token, ranges string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func TestARecordingIsPassedOnWholeOrInPart(t *testing.T) {
	t.Parallel()
	base, host := provider(t)
	l := setup(t, host)
	token := l.Token(base + "/call.mp3")
	if strings.Contains(token, "call") {
		t.Fatal("the token shows the URL")
	}
	if status, body := l.get(t, token, ""); status != http.StatusOK || body != "0123456789" {
		t.Errorf("whole: %d %q", status, body)
	}
	if status, body := l.get(t, token, "bytes=2-4"); status != http.StatusPartialContent || body != "234" {
		t.Errorf("in part: %d %q", status, body)
	}
}

func TestARecordingOfOursIsPlayedWholeOrInPart(t *testing.T) {
	t.Parallel()
	l := setup(t)
	token := l.Token("2026-01-14/call-1-0011223344556677.rec")
	if strings.Contains(token, "call") {
		t.Fatal("the token shows the name")
	}
	if status, body := l.get(t, token, ""); status != http.StatusOK || body != "RIFF6789" {
		t.Errorf("whole: %d %q", status, body)
	}
	if status, body := l.get(t, token, "bytes=4-5"); status != http.StatusPartialContent || body != "67" {
		t.Errorf("in part: %d %q", status, body)
	}
	if status, _ := l.get(t, token, "bytes=9-"); status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond its end: %d", status)
	}
	if status, body := l.get(t, l.Token("2026-01-14/torn.rec"), ""); status != http.StatusInternalServerError || strings.Contains(body, "torn") {
		t.Errorf("one that cannot be read: %d %q", status, body)
	}
	if status, _ := l.get(t, l.Token("2026-01-14/nothing.rec"), ""); status != http.StatusNotFound {
		t.Errorf("one that is not there: %d", status)
	}
	*l.now = start.Add(31 * time.Minute)
	if status, _ := l.get(t, token, ""); status != http.StatusNotFound {
		t.Errorf("a link that has ended: %d", status)
	}
}

func TestWhatIsNotPassedOn(t *testing.T) {
	t.Parallel()
	base, host := provider(t)
	l := setup(t, host)
	good := l.Token(base + "/call.mp3")
	for _, c := range []struct {
		name, token string
		status      int
	}{
		{"no token of ours", "abc", http.StatusNotFound},
		{"a redirect to elsewhere", l.Token(base + "/elsewhere.mp3"), http.StatusBadGateway},
		{"a recording that is gone", l.Token(base + "/nothing.mp3"), http.StatusNotFound},
		{"a provider in trouble", l.Token(base + "/broken.mp3"), http.StatusBadGateway},
		{"a provider that is not there", l.Token("http://" + host + ":1/call.mp3"), http.StatusBadGateway},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := l.get(t, c.token, ""); status != c.status || strings.Contains(body, host) {
				t.Fatalf("%d %q", status, body)
			}
		})
	}
	*l.now = start.Add(31 * time.Minute)
	if status, _ := l.get(t, good, ""); status != http.StatusNotFound {
		t.Fatalf("a link that has ended: %d", status)
	}
}

func TestATokenOfWhichOneCharacterWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	base, host := provider(t)
	l := setup(t, host)
	good := l.Token(base + "/call.mp3")
	for i, was := range []byte(good) {
		other := byte('A')
		if was == other {
			other = 'B'
		}
		if status, _ := l.get(t, good[:i]+string(other)+good[i+1:], ""); status != http.StatusNotFound {
			t.Errorf("character %d: %d", i, status)
		}
	}
}

func TestOnlyAllowedHostsGetALink(t *testing.T) {
	t.Parallel()
	l := setup(t, "recordings.example", ".store.example")
	for recording, want := range map[string]bool{
		"https://recordings.example/a.mp3":      true,
		"https://in1.store.example/a.mp3":       true,
		"https://evilstore.example/a.mp3":       false,
		"https://recordings.example.evil/a.mp3": false,
		"https://x@recordings.example/a.mp3":    false,
		"file:///etc/passwd":                    false,
		"/etc/passwd":                           false,
		"../secret":                             false,
		"2026-01-14/call-1-00112233.rec":        true,
		"":                                      false,
	} {
		if got := l.Token(recording) != ""; got != want {
			t.Errorf("%q: %t", recording, got)
		}
	}
}

func FuzzOpen(f *testing.F) {
	links, err := recordings.NewLinks([]byte("secret"), []string{"recordings.example"}, func() time.Time { return start })
	if err != nil {
		f.Fatal(err)
	}
	h := recordings.NewHandler(links, kept, slog.New(slog.DiscardHandler))
	f.Add("abc")
	f.Fuzz(func(t *testing.T, token string) {
		r := httptest.NewRequest(http.MethodGet, "/recordings/x", nil)
		r.SetPathValue("token", token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Fatalf("%q: %d", token, w.Code)
		}
	})
}
