package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox"
)

func TestMain(m *testing.M) {
	// After refusing a body that is too large, net/http lingers half a second so that the client can read the answer.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

var start = time.Date(2026, 1, 14, 9, 0, 0, 0, time.UTC)

// running is a sandbox that serves on free ports, with a clock that only Advance moves.
type running struct {
	*sandbox.Sandbox
	t      *testing.T
	client *http.Client
}

func run(t *testing.T, options sandbox.Options) *running {
	t.Helper()
	options.FortyTwoAddr, options.OzonetelAddr, options.ControlAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	options.Now = func() time.Time { return start }
	s, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		client.CloseIdleConnections()
	})
	return &running{Sandbox: s, t: t, client: client}
}

// control sends a request to the control server and decodes its JSON answer.
func (r *running) control(method, path, body string) (int, map[string]any) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.ControlURL()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		r.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	return response.StatusCode, out
}

// ok is control for a request that must succeed.
func (r *running) ok(method, path, body string) map[string]any {
	r.t.Helper()
	code, out := r.control(method, path, body)
	if code != http.StatusOK {
		r.t.Fatalf("%s %s: %d %v", method, path, code, out)
	}
	return out
}
