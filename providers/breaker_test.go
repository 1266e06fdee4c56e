package providers

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"
)

func TestABreakerOpensProbesAndCloses(t *testing.T) {
	t.Parallel()
	b := NewCircuit(Breaker{Failures: 3, Pause: 8 * time.Second, MaxPause: 20 * time.Second})
	now := dawn
	admitted := func() bool {
		_, ok := b.Admit(now)
		return ok
	}
	// pauseOver checks the jittered pause and lets it pass.
	pauseOver := func(pause time.Duration) {
		t.Helper()
		if left, ok := b.Admit(now); ok || left < pause/2 || left > pause {
			t.Fatalf("the pause is %v, want between %v and %v", left, pause/2, pause)
		}
		now = b.until
	}
	for _, v := range []Verdict{Gone, Gone, Alive, Gone, Gone, Silent} {
		b.Note(now, v)
	}
	if !admitted() {
		t.Fatal("it opened before three failures in a row")
	}
	if open, changed := b.Note(now, Gone); !open || !changed {
		t.Fatal("it did not open at the third failure in a row")
	}
	pauseOver(8 * time.Second)
	if !admitted() || admitted() {
		t.Fatal("not exactly one probe is let through")
	}
	b.Note(now, Gone)
	pauseOver(16 * time.Second)
	if !admitted() {
		t.Fatal("no second probe")
	}
	b.Note(now, Gone)
	pauseOver(20 * time.Second)
	if !admitted() {
		t.Fatal("no third probe")
	}
	b.Note(now, Silent)
	if !admitted() {
		t.Fatal("a probe whose caller gave up takes the place of the next")
	}
	if open, changed := b.Note(now, Alive); open || !changed {
		t.Fatal("an answered probe does not close it")
	}
	b.Note(now, Gone)
	if !admitted() {
		t.Fatal("failures from before the pause still count")
	}
}

func TestAStragglerDoesNotLengthenThePause(t *testing.T) {
	t.Parallel()
	b := NewCircuit(Breaker{Failures: 1})
	b.Note(dawn, Gone)
	until := b.until
	if open, changed := b.Note(dawn.Add(time.Millisecond), Gone); !open || changed || b.until != until {
		t.Errorf("open %t, changed %t, pause until %v, want as before", open, changed, b.until)
	}
	if open, changed := b.Note(dawn, Alive); open || !changed {
		t.Error("an answer to an earlier request does not close it")
	}
}

func TestWhatAnExchangeShows(t *testing.T) {
	t.Parallel()
	b := Breaker{}.withDefaults()
	status := func(code int) Response { return Response{Status: code} }
	for name, c := range map[string]struct {
		answer Response
		err    error
		took   time.Duration
		want   Verdict
	}{
		"an answer":                       {status(http.StatusOK), nil, time.Minute, Alive},
		"a refusal":                       {status(http.StatusUnauthorized), nil, 0, Alive},
		"too many requests":               {status(http.StatusTooManyRequests), nil, 0, Alive},
		"a fault of its own":              {status(http.StatusInternalServerError), nil, 0, Alive},
		"nobody behind the proxy":         {status(http.StatusBadGateway), nil, 0, Gone},
		"nobody free":                     {status(http.StatusServiceUnavailable), nil, 0, Gone},
		"nobody answers the proxy":        {status(http.StatusGatewayTimeout), nil, 0, Gone},
		"a reset":                         {Response{}, syscall.ECONNRESET, 0, Gone},
		"a body that breaks off":          {status(http.StatusOK), io.ErrUnexpectedEOF, 0, Gone},
		"no answer in time":               {Response{}, context.DeadlineExceeded, 8 * time.Second, Gone},
		"a connection that times out":     {Response{}, syscall.ETIMEDOUT, 8 * time.Second, Gone},
		"no answer in a short time":       {Response{}, context.DeadlineExceeded, 300 * time.Millisecond, Silent},
		"a caller who gave up":            {Response{}, context.Canceled, 8 * time.Second, Silent},
		"a caller who left in the middle": {status(http.StatusOK), context.Canceled, 0, Silent},
	} {
		if got := b.verdict(c.answer, c.err, c.took); got != c.want {
			t.Errorf("%s shows %d, want %d", name, got, c.want)
		}
	}
}
