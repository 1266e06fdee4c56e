package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/internal/server"
	"github.com/helix-engage/gateway/internal/telemetry"
)

func TestMain(m *testing.M) {
	if os.Getenv(signalHelper) != "" {
		untilSignalled()
		return
	}
	goleak.VerifyTestMain(m)
}

// logBook keeps log lines for a test to read.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines gives the lines with this message.
func (b *logBook) lines(t *testing.T, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(b.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// patience bounds every wait of the tests; reaching it is a failure.
const patience = time.Minute

// running is a server on a real port.
type running struct {
	url    string
	log    *logBook
	client *http.Client
	stop   context.CancelFunc // as SIGTERM does
	ended  chan error         // what Run answered
}

// start runs a server until the test ends. Run's answer is checked unless the test took it.
func start(t *testing.T, o server.Options) *running {
	t.Helper()
	r := &running{log: &logBook{}, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	log, err := telemetry.NewLogger(r.log, telemetry.LogOptions{Level: "debug", Format: "json"})
	if err != nil {
		t.Fatal(err)
	}
	o.Logger = log
	if o.Listener == nil {
		o.Addr = "127.0.0.1:0"
	}
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- s.Run(ctx) }()
	addr, err := s.Addr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + addr.String()
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		stop()
		select {
		case err := <-r.ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("the server did not stop")
		}
	})
	return r
}

// wait takes Run's answer, so that the end of the test does not judge it.
func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- nil
		return err
	case <-time.After(patience):
		t.Fatal("the server did not stop")
		return nil
	}
}

// do makes one request; header holds names and values in turn.
func (r *running) do(t *testing.T, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.client.Do(req)
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

// route answers every request to pattern with f.
func route(pattern string, f http.HandlerFunc) server.Route {
	return server.Route{Pattern: pattern, Handler: f}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
