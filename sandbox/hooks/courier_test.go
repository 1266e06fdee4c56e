package hooks_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/helix-engage/gateway/sandbox/hooks"
	"github.com/helix-engage/gateway/sandbox/timeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatBecomesOfWebhooks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fault   hooks.Fault
		status  int           // of the first answer
		advance time.Duration // once the first arrivals are in
		first   string        // bodies that arrive by themselves
		then    string        // after the advance
		counts  hooks.Counts
	}{
		{"in order", hooks.Fault{Kind: "b", Effect: hooks.Drop}, 200, 0, "a1 a2", "", hooks.Counts{Delivered: 2}},
		{"twice", hooks.Fault{Effect: hooks.Duplicate}, 200, 0, "a1 a1 a2", "", hooks.Counts{Delivered: 3}},
		{"dropped", hooks.Fault{Kind: "a", Effect: hooks.Drop}, 200, 0, "a2", "", hooks.Counts{Delivered: 1, Dropped: 1}},
		{"out of order", hooks.Fault{Effect: hooks.Reorder}, 200, 0, "a2 a1", "", hooks.Counts{Delivered: 2}},
		{"late", hooks.Fault{Effect: hooks.Delay, Delay: time.Hour}, 200, time.Hour, "a2", "a1", hooks.Counts{Delivered: 2}},
		{"both held back", hooks.Fault{Effect: hooks.Reorder, Count: 2}, 200, 0, "a2 a1", "", hooks.Counts{Delivered: 2}},
		{"spoiled", hooks.Fault{Effect: hooks.Spoil}, 200, 0, "a1! a2", "", hooks.Counts{Delivered: 2}},
		{"refused once", hooks.Fault{Kind: "b", Effect: hooks.Drop}, 503, time.Second, "a1 a2", "a1", hooks.Counts{Delivered: 2, Retried: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.status)
			if err := w.courier.Fail(test.fault); err != nil {
				t.Fatal(err)
			}
			w.submit("a1")
			w.submit("a2")
			w.expect(test.first)
			w.line.Advance(test.advance)
			w.expect(test.then)
			if diff := cmp.Diff(test.counts, w.courier.Counts()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWebhookHeldBackAloneGoesOutAfterAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 200)
	if err := w.courier.Fail(hooks.Fault{Effect: hooks.Reorder}); err != nil {
		t.Fatal(err)
	}
	w.submit("a1")
	w.line.Advance(5 * time.Second)
	w.expect("a1")
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 200)
	for _, f := range []hooks.Fault{{Kind: "c", Effect: hooks.Drop}, {Effect: "x"}, {Effect: hooks.Drop, Count: -1}} {
		if w.courier.Fail(f) == nil {
			t.Errorf("%+v is armed", f)
		}
	}
	if err := w.courier.Fail(hooks.Fault{Effect: hooks.Drop}); err != nil {
		t.Fatal(err)
	}
	w.courier.Clear()
	w.submit("a1")
	w.expect("a1")
}

// world is a courier whose time stands still until it is advanced, and a receiver.
type world struct {
	t       *testing.T
	line    *timeline.Timeline
	courier *hooks.Courier
	url     string
	arrived chan string
	counted chan struct{}
}

func newWorld(t *testing.T, firstStatus int) *world {
	t.Helper()
	start := time.Now()
	w := &world{
		t: t, line: timeline.New(func() time.Time { return start }), arrived: make(chan string, 16), counted: make(chan struct{}, 16),
	}
	status := firstStatus
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer.WriteHeader(status)
		status = http.StatusOK
		w.arrived <- string(body)
	}))
	w.url = server.URL
	w.courier = hooks.New(hooks.Options{
		Timeline: w.line, Logger: slog.New(slog.DiscardHandler), Kinds: []string{"a", "b"}, Tries: 2, Pause: time.Second,
		Done: func() { w.counted <- struct{}{} },
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.courier.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return w
}

func (w *world) submit(body string) {
	w.courier.Submit(hooks.Hook{Kind: body[:1], Make: func(ctx context.Context, _ time.Time, spoiled bool) (*http.Request, error) {
		content := body
		if spoiled {
			content += "!"
		}
		return http.NewRequestWithContext(ctx, http.MethodPost, w.url, strings.NewReader(content))
	}})
}

// expect waits for the bodies and until they are counted.
func (w *world) expect(bodies string) {
	w.t.Helper()
	for want := range strings.FieldsSeq(bodies) {
		if got := <-w.arrived; got != want {
			w.t.Errorf("got %s, want %s", got, want)
		}
		<-w.counted
	}
}
