package elevenlabs_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
	"github.com/helix-engage/gateway/providers/elevenlabs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiKey = "sk_00000000000000000000000000000000beef"
	ourID  = helix.CallID("6f1d5c1e-7c0e-4a53-9d0a-0123456789ab")
)

// peer is a server that keeps what it was asked and answers as it is told.
type peer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func newPeer(t *testing.T, answer http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.Clone(r.Context()))
		p.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

func (p *peer) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*http.Request(nil), p.seen...)
}

// says answers with a status and a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func newClient(t testing.TB, change ...func(*elevenlabs.Options)) *elevenlabs.Client {
	t.Helper()
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderElevenLabs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	o := elevenlabs.Options{HTTP: kit, APIKey: apiKey, AgentID: "agent_1"}
	for _, f := range change {
		f(&o)
	}
	c, err := elevenlabs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
