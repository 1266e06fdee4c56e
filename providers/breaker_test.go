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
	b := &breaker{rules: Breaker{Failures: 3, Pause: 8 * time.Second, MaxPause: 20 * time.Second}}
	now := dawn
	admitted := func() bool {
		_, ok := b.admit(now)
		return ok
	}
	// pauseOver checks the jittered pause and lets it pass.
	pauseOver := func(pause time.Duration) {
		t.Helper()
		if left, ok := b.admit(now); ok || left < pause/2 || left > pause {
			t.Fatalf("the pause is %v, want between %v and %v", left, pause/2, pause)
		}
		now = b.until
	}
	for _, v := range []verdict{gone, gone, alive, gone, gone, silent} {
		b.note(now, v)
	}
	if !admitted() {
		t.Fatal("it opened before three failures in a row")
	}
	if open, changed := b.note(now, gone); !open || !changed {
		t.Fatal("it did not open at the third failure in a row")
	}
	pauseOver(8 * time.Second)
	if !admitted() || admitted() {
		t.Fatal("not exactly one probe is let through")
	}
	b.note(now, gone)
	pauseOver(16 * time.Second)
	if !admitted() {
		t.Fatal("no second probe")
	}
	b.note(now, gone)
	pauseOver(20 * time.Second)
	if !admitted() {
		t.Fatal("no third probe")
	}
	b.note(now, silent)
	if !admitted() {
		t.Fatal("a probe whose caller gave up takes the place of the next")
	}
	if open, changed := b.note(now, alive); open || !changed {
		t.Fatal("an answered probe does not close it")
	}
	b.note(now, gone)
	if !admitted() {
		t.Fatal("failures from before the pause still count")
	}
}

func TestAStragglerDoesNotLengthenThePause(t *testing.T) {
	t.Parallel()
	b := &breaker{rules: Breaker{Failures: 1}.withDefaults()}
	b.note(dawn, gone)
	until := b.until
	if open, changed := b.note(dawn.Add(time.Millisecond), gone); !open || changed || b.until != until {
		t.Errorf("open %t, changed %t, pause until %v, want as before", open, changed, b.until)
	}
	if open, changed := b.note(dawn, alive); open || !changed {
		t.Error("an answer to an earlier request does not close it")
	}
}

func TestWhatAnExchangeShows(t *testing.T) {
	t.Parallel()
	b := &breaker{rules: Breaker{}.withDefaults()}
	status := func(code int) Response { return Response{Status: code} }
	for name, c := range map[string]struct {
		answer Response
		err    error
		took   time.Duration
		want   verdict
	}{
		"an answer":                       {status(http.StatusOK), nil, time.Minute, alive},
		"a refusal":                       {status(http.StatusUnauthorized), nil, 0, alive},
		"too many requests":               {status(http.StatusTooManyRequests), nil, 0, alive},
		"a fault of its own":              {status(http.StatusInternalServerError), nil, 0, alive},
		"nobody behind the proxy":         {status(http.StatusBadGateway), nil, 0, gone},
		"nobody free":                     {status(http.StatusServiceUnavailable), nil, 0, gone},
		"nobody answers the proxy":        {status(http.StatusGatewayTimeout), nil, 0, gone},
		"a reset":                         {Response{}, syscall.ECONNRESET, 0, gone},
		"a body that breaks off":          {status(http.StatusOK), io.ErrUnexpectedEOF, 0, gone},
		"no answer in time":               {Response{}, context.DeadlineExceeded, 8 * time.Second, gone},
		"a connection that times out":     {Response{}, syscall.ETIMEDOUT, 8 * time.Second, gone},
		"no answer in a short time":       {Response{}, context.DeadlineExceeded, 300 * time.Millisecond, silent},
		"a caller who gave up":            {Response{}, context.Canceled, 8 * time.Second, silent},
		"a caller who left in the middle": {status(http.StatusOK), context.Canceled, 0, silent},
	} {
		if got := b.verdict(c.answer, c.err, c.took); got != c.want {
			t.Errorf("%s shows %d, want %d", name, got, c.want)
		}
	}
}
