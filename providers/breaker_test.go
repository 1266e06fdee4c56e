package providers

import (
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
