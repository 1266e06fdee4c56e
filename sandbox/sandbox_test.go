package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	t      testing.TB
	client *http.Client
}

func run(t testing.TB, options sandbox.Options) *running {
	t.Helper()
	options = options.OnFreePorts()
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

func TestAnAddressInUseIsAnErrorAndReleasesTheOthers(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	options := sandbox.Options{Traffic: sandbox.TrafficOff}.OnFreePorts()
	options.ControlAddr = taken.Addr().String()
	s, err := sandbox.New(options)
	if err == nil {
		_ = s.Close()
		t.Fatal("two servers listen on one address")
	}
}

func TestTheDirectoryNamesThePlayedAgentsFirst(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	agents := s.Agents()
	want := []sandbox.Agent{
		{ID: "agent1", Email: "asha@sandbox.test", Name: "Asha", Password: "sandbox-agent1", Extension: "521811", PhoneName: "asha-desk"},
		{ID: "agent2", Email: "ravi@sandbox.test", Name: "Ravi", Password: "sandbox-agent2", Extension: "521812", PhoneName: "ravi-desk"},
	}
	if diff := cmp.Diff(want, agents[:2]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	taken := map[string]bool{}
	for _, a := range agents {
		if taken[a.Extension] || taken[a.ID] {
			t.Errorf("%s shares an id or extension", a.ID)
		}
		taken[a.Extension], taken[a.ID] = true, true
	}
}

func TestPushesGoWhereTheWebhooksPoint(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	t.Cleanup(gateway.Close)
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	s.SetWebhooks(sandbox.Webhooks{OzonetelEvents: gateway.URL + "/events", OzonetelCDR: gateway.URL + "/cdr"})
	if err := s.Ozonetel().LogIn("agent1"); err != nil {
		t.Fatal(err)
	}
	call := s.ok("POST", "/sandbox/calls", "")["ucid"].(string)
	s.ok("POST", "/sandbox/calls/"+call+"/abandon", "")
	got := map[string]int{}
	for range 3 { // login, release, and the CDR of the abandoned call
		got[<-paths]++
	}
	if diff := cmp.Diff(map[string]int{"/events": 2, "/cdr": 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
