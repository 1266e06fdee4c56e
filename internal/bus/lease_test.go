package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

func TestALeaseHasOneHolderAndMovesOnAtOnceWhenItIsReleased(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	first, second := b.NewLease("job", "one", time.Minute), b.NewLease("job", "two", time.Minute)
	release := start(t, first.Run)
	held := must[context.Context](t)(first.Context(ctx))
	if err := first.IsLeader(ctx); err != nil {
		t.Error(err)
	}
	start(t, second.Run)
	if err := second.IsLeader(ctx); !errors.Is(err, ErrNotLeader) || second.Fence() != 0 {
		t.Errorf("a second candidate leads with fence %d: %v", second.Fence(), err)
	}
	fence := first.Fence()
	release()
	receive(t, held.Done())
	if err := first.IsLeader(ctx); !errors.Is(err, ErrNotLeader) {
		t.Errorf("the released holder answered %v", err)
	}
	began := time.Now()
	must[context.Context](t)(second.Context(ctx))
	if took := time.Since(began); took >= second.ttl/3 {
		t.Errorf("taking over took %s, as if the release had not been heard of", took)
	}
	if second.Fence() <= fence {
		t.Errorf("the fence went from %d to %d", fence, second.Fence())
	}
}

func TestALeaseOfAHolderThatDiedMovesOnWhenItExpires(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	dead := b.NewLease("job", "dead", time.Second)
	revision := must[uint64](t)(dead.write(ctx, dead.owner, 0)) // and never renews
	heir := b.NewLease("job", "heir", 3*time.Second)
	start(t, heir.Run)
	await(t, "the heir holds it with a higher fence", func() bool { return heir.Fence() > revision })
	if _, err := dead.write(ctx, dead.owner, revision); !errors.Is(err, ErrConflict) {
		t.Errorf("a stale renewal answered %v, want ErrConflict", err)
	}
}

func TestARenewedLeaseOutlivesItsTimeToLive(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	l := b.NewLease("job", "one", time.Second)
	start(t, l.Run)
	var began time.Time
	var fence uint64
	await(t, "a tenure lasts for twice its time to live, and is written anew", func() bool {
		if now := l.Fence(); now == 0 || now != fence { // a machine that is too slow to renew in time begins anew
			began, fence = time.Now(), now
		}
		if time.Since(began) <= 2*l.ttl {
			return false
		}
		// A process that stood still for that long has not renewed yet.
		last, err := l.kv.GetLastMsgForSubject(ctx, l.subject())
		return err == nil && last.Sequence > fence
	})
}

func TestAHolderThatIsOvertakenStops(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	l := b.NewLease("job", "one", time.Second)
	start(t, l.Run)
	held := must[context.Context](t)(l.Context(ctx))
	// Somebody else writes the key, as if the server had let it expire.
	if _, err := b.js.Publish(ctx, l.subject(), []byte("thief")); err != nil {
		t.Fatal(err)
	}
	receive(t, held.Done())
	if cause := context.Cause(held); !errors.Is(cause, ErrLeaseLost) {
		t.Errorf("it ended with %v", cause)
	}
}

func TestAHolderTakesItsOwnLeaseBackWhenTheAnswerToARenewalWasLost(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	l := b.NewLease("job", "one", time.Minute)
	revision, _, err := l.acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := l.acquire(ctx)
	if err != nil || again <= revision {
		t.Errorf("it got revision %d, %v", again, err)
	}
	if _, _, err := b.NewLease("job", "one", time.Minute).acquire(ctx); !errors.Is(err, ErrNotLeader) {
		t.Errorf("another candidate of the same name got %v", err)
	}
}

func TestTwoHoldersAreNeverThereAtOnce(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	var holders atomic.Int32
	var lastFence atomic.Uint64
	tenures := make(chan string, 100)
	for i := range 4 {
		start(t, func(ctx context.Context) error {
			for ctx.Err() == nil {
				// Each tenure is ended by its holder, the tenancy after the work.
				l := b.NewLease("job", fmt.Sprint("holder", i), time.Minute)
				tenancy, release := context.WithCancel(context.WithoutCancel(ctx))
				ended := make(chan error, 1)
				go func() { ended <- l.Run(tenancy) }()
				if _, err := l.Context(ctx); err == nil {
					if n := holders.Add(1); n != 1 {
						t.Errorf("%d hold the lease at once", n)
					}
					if fence := l.Fence(); fence <= lastFence.Swap(fence) {
						t.Errorf("the fence did not grow: %d", fence)
					}
					select {
					case tenures <- l.holder:
					default:
					}
					holders.Add(-1)
				}
				release()
				if err := <-ended; err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 30 {
		receive(t, tenures)
	}
}

func TestAWaitForALeaseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := embedded(t).NewLease("job", "one", time.Minute)
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if _, err := l.Context(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLeasesOfAProcessThatIsGoneDoNotDelayTheNextOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, Options{Dir: dir})
	if _, _, err := b.NewLease("job", "gone", time.Minute).acquire(testContext(t)); err != nil {
		t.Fatal(err)
	}
	closeBus(t, b)
	if _, _, err := open(t, Options{Dir: dir}).NewLease("job", "next", time.Minute).acquire(testContext(t)); err != nil {
		t.Errorf("the next process got %v", err)
	}
}
