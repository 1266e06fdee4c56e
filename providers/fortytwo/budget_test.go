package fortytwo

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
)

func TestTheBudgetSpreadsRequestsOverAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(60, 30, time.Now)
		began := time.Now()
		for range 90 {
			if err := b.wait(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 59*time.Second || took > 61*time.Second {
			t.Errorf("90 requests of 60 a minute with a burst of 30 took %s, want 60 s", took)
		}
	})
}

func TestLookUpsLeaveAThirdOfTheBudgetToWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(60, 30, time.Now)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		lookups := 0
		for b.wait(ctx, true) == nil {
			lookups++
		}
		writes := 0
		for b.wait(ctx, false) == nil {
			writes++
		}
		if lookups != 20 || writes != 10 {
			t.Errorf("%d look-ups and %d writes at once, want 20 and 10", lookups, writes)
		}
	})
}

func TestABudgetThatIsSpentSaysSoInsteadOfWaitingInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(60, 1, time.Now)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := b.wait(ctx, false); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err := b.wait(ctx, false)
		wantCode(t, err, helix.CodeTooManyRequests)
		if !helix.IsRetryable(err) || helix.AsError(err).RetryAfter == 0 || time.Since(began) != 0 {
			t.Errorf("waited %s: %+v", time.Since(began), err)
		}
	})
}

func TestAPauseHoldsEverythingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(60, 30, time.Now)
		b.pause(5 * time.Second)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := b.wait(short, false)
		wantCode(t, err, helix.CodeTooManyRequests)
		if after := helix.AsError(err).RetryAfter; after != 5*time.Second {
			t.Errorf("retry after %s", after)
		}
		began := time.Now()
		if err := b.wait(t.Context(), false); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("waited %s, %v", time.Since(began), err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		b.pause(5 * time.Second)
		wantCode(t, b.wait(gone, true), helix.CodeUnavailable)
	})
}
