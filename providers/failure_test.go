package providers

import (
	"net/http"
	"testing"
	"time"
)

func TestBackoffGrowsAndHonoursTheProvider(t *testing.T) {
	t.Parallel()
	for attempt, bounds := range map[int][2]time.Duration{
		1:  {firstBackoff / 2, firstBackoff},
		2:  {firstBackoff, 2 * firstBackoff},
		10: {maxBackoff / 2, maxBackoff},
	} {
		for range 100 {
			if d := backoff(attempt, 0); d < bounds[0] || d > bounds[1] {
				t.Fatalf("attempt %d waits %v, want between %v and %v", attempt, d, bounds[0], bounds[1])
			}
		}
	}
	if d := backoff(1, 7*time.Second); d != 7*time.Second {
		t.Errorf("waits %v although the provider asked for 7s", d)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"17":                            17 * time.Second,
		"-3":                            0,
		"soon":                          0,
		"99999999999999":                0,
		"Wed, 14 Jan 2026 10:00:30 GMT": 30 * time.Second,
		"Wed, 14 Jan 2026 09:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("Retry-After %q is %v, want %v", text, got, want)
		}
	}
}
