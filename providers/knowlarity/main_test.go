package knowlarity_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/knowlarity"
	"github.com/helix-engage/gateway/providers/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiKey        = "kzK3y0000000000000000000000000000000000s"
	authorization = "b1946ac9-0000-4000-8000-00000000beef"
	patient       = helix.Phone("+919812345678")
	ourID         = helix.CallID("6f1d5c1e-7c0e-4a53-9d0a-0123456789ab")
	theirID       = "3f0c6c52-0000-4a11-9e55-000000000001"
	streamURL     = "wss://voice.example.com/streams/knowlarity/s3cr3t-t0k3n"
)

// morning is 10:00:15 in India.
var morning = time.Date(2026, 11, 20, 4, 30, 15, 0, time.UTC)

// peer is a server that keeps what it was sent and answers as it is told.
type peer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []sent
}

type sent struct {
	method, path, query string
	header              http.Header
	body                []byte
}

func newPeer(t *testing.T, answer http.HandlerFunc) *peer {
	t.Helper()
	p := unstartedPeer(answer)
	p.serve(t)
	return p
}

// newPeerInMemory is for tests inside a synctest bubble. The transport leads to the peer.
func newPeerInMemory(t *testing.T, answer http.HandlerFunc) (*peer, *http.Transport) {
	t.Helper()
	p, memory := unstartedPeer(answer), providertest.NewMemory()
	_ = p.Listener.Close()
	p.Listener = memory
	p.serve(t)
	return p, &http.Transport{DialContext: memory.Dial}
}

func unstartedPeer(answer http.HandlerFunc) *peer {
	p := &peer{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.seen = append(p.seen, sent{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), body})
		p.mu.Unlock()
		answer(w, r)
	}))
	return p
}

func (p *peer) serve(t *testing.T) {
	t.Helper()
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (p *peer) requests() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sent(nil), p.seen...)
}

func newClient(t testing.TB, change ...func(*knowlarity.Options)) *knowlarity.Client {
	t.Helper()
	o := knowlarity.Options{
		HTTP: newKit(t, nil), APIKey: apiKey, Authorization: authorization, Number: "+918035550001", CallerID: "8047770003",
		AgentNumber: "+918035550002", IVRID: "ivr-7", Now: func() time.Time { return morning },
	}
	for _, f := range change {
		f(&o)
	}
	c, err := knowlarity.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newKit makes an HTTP client over a transport; nil stands for the usual one.
func newKit(t testing.TB, transport *http.Transport) *providers.Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{
		Provider: helix.ProviderKnowlarity, Logger: slog.New(slog.DiscardHandler), Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	return kit
}

func request() helix.DialRequest {
	return helix.DialRequest{
		Call: ourID, Attempt: 2, To: patient, StreamURL: streamURL, Greeting: "नमस्ते राहुल जी", Language: "hi",
		Metadata: map[string]any{"patient_name": "Rahul Sharma", "treatment_type": "cardiology"},
	}
}
