package faults_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/faults"
)

func TestWhatAGateLetsGoWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  faults.Request
		want   string // status and body, "lost" for no answer
		served int64
	}{
		{"nothing", faults.Request{Endpoint: "other", Kind: faults.KindReset}, "201 done", 1},
		{"a delay", faults.Request{Kind: faults.KindDelay, Delay: time.Millisecond}, "201 done", 1},
		{"a reset", faults.Request{Kind: faults.KindReset}, "lost", 0},
		{"a reset after the effect", faults.Request{Kind: faults.KindReset, AfterEffect: true}, "lost", 1},
		{"no answer", faults.Request{Kind: faults.KindHang}, "lost", 0},
		{"a status", faults.Request{Endpoint: "it", Kind: faults.KindStatus, Status: 429, Body: "{}"}, "429 {}", 0},
		{"any status", faults.Request{Kind: faults.KindStatus}, "500 ", 0},
		{"a body", faults.Request{Kind: faults.KindBody, Body: `{"error":1}`, AfterEffect: true}, `200 {"error":1}`, 1},
		{"no JSON", faults.Request{Kind: faults.KindGarbage}, "200 <html><body>It works!</body></html>", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			gate, served := faults.NewGate(time.Now), atomic.Int64{}
			gate.Wrap("other", http.NotFound)
			server := httptest.NewServer(gate.Wrap("it", func(w http.ResponseWriter, _ *http.Request) {
				served.Add(1)
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, "done")
			}))
			defer server.Close()
			if err := gate.Fail(test.fault); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if test.fault.Kind == faults.KindHang {
				ctx = until(t, func() bool { return gate.Count("it") > 0 })
			}
			if got := ask(ctx, t, server); got != test.want || served.Load() != test.served {
				t.Errorf("%s, served %d times", got, served.Load())
			}
			if records := gate.Latest(); len(records) != 1 || records[0].Endpoint != "it" || gate.Count("it") != 1 {
				t.Errorf("log %+v", records)
			}
		})
	}
}

// until gives a context that ends once something has happened, as that of a client who gives up then.
func until(t *testing.T, happened func() bool) context.Context {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		defer leave()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for !happened() && t.Context().Err() == nil {
			<-tick.C
		}
	}()
	return ctx
}

// ask answers status and body.
func ask(ctx context.Context, t *testing.T, server *httptest.Server) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		return "lost"
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "lost"
	}
	return response.Status[:4] + string(body)
}

func TestAGateRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	gate := faults.NewGate(time.Now)
	gate.Wrap("it", http.NotFound)
	for _, f := range []faults.Request{{Endpoint: "that", Kind: faults.KindHang}, {Kind: "x"}, {Kind: faults.KindStatus, Status: 99}} {
		if gate.Fail(f) == nil {
			t.Errorf("%+v is armed", f)
		}
	}
	for range 100 {
		if err := gate.Fail(faults.Request{Kind: faults.KindHang}); err != nil {
			t.Fatal(err)
		}
	}
	if err := gate.Fail(faults.Request{Kind: faults.KindHang}); !errors.Is(err, faults.ErrFull) {
		t.Errorf("got %v", err)
	}
	gate.Clear()
	if err := gate.Fail(faults.Request{Kind: faults.KindHang}); err != nil {
		t.Error(err)
	}
}
