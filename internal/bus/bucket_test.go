package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

// entry is a value for tests of buckets.
type entry struct{ Count int }

func entries(t testing.TB, b *Bus) *Bucket[entry] {
	t.Helper()
	return must[*Bucket[entry]](t)(OpenBucket[entry](testContext(t), b, BucketAgents))
}

func TestMovesOfAKeyAreCompareAndSet(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	bucket := entries(t, b)
	ctx := testContext(t)
	if _, _, err := bucket.Get(ctx, "k"); !errors.Is(err, ErrNotFound) {
		t.Errorf("reading nothing answered %v, want ErrNotFound", err)
	}
	if _, err := bucket.Update(ctx, "k", entry{1}, 7); !errors.Is(err, ErrConflict) {
		t.Errorf("updating nothing answered %v, want ErrConflict", err)
	}
	first := must[uint64](t)(bucket.Create(ctx, "k", entry{1}))
	if _, err := bucket.Create(ctx, "k", entry{2}); !errors.Is(err, ErrConflict) {
		t.Errorf("creating again answered %v, want ErrConflict", err)
	}
	second := must[uint64](t)(bucket.Update(ctx, "k", entry{2}, first))
	if _, err := bucket.Update(ctx, "k", entry{3}, first); !errors.Is(err, ErrConflict) {
		t.Errorf("a stale update answered %v, want ErrConflict", err)
	}
	if err := bucket.Delete(ctx, "k", first); !errors.Is(err, ErrConflict) {
		t.Errorf("a stale delete answered %v, want ErrConflict", err)
	}
	if got, rev, err := bucket.Get(ctx, "k"); err != nil || got.Count != 2 || rev != second {
		t.Errorf("got %+v at %d, %v", got, rev, err)
	}
	if err := bucket.Delete(ctx, "k", second); err != nil {
		t.Fatal(err)
	}
	if _, _, err := bucket.Get(ctx, "k"); !errors.Is(err, ErrNotFound) {
		t.Errorf("reading a deleted key answered %v, want ErrNotFound", err)
	}
	if again := must[uint64](t)(bucket.Create(ctx, "k", entry{4})); again <= second {
		t.Errorf("revision %d was given again", again)
	}
	if err := bucket.Delete(ctx, "never", 0); err != nil {
		t.Errorf("deleting nothing answered %v", err)
	}
}

func TestFiftyWritersOfAKeyLoseNoUpdate(t *testing.T) {
	t.Parallel()
	bucket := entries(t, embedded(t))
	ctx := testContext(t)
	must[uint64](t)(bucket.Create(ctx, "k", entry{}))
	const writers = 50
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for {
				value, rev, err := bucket.Get(ctx, "k")
				if err == nil {
					_, err = bucket.Update(ctx, "k", entry{value.Count + 1}, rev)
				}
				if !errors.Is(err, ErrConflict) {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	all.Wait()
	if got, _, _ := bucket.Get(ctx, "k"); got.Count != writers {
		t.Errorf("the count is %d, want %d", got.Count, writers)
	}
}

func TestListingABucket(t *testing.T) {
	t.Parallel()
	bucket := entries(t, embedded(t))
	ctx := testContext(t)
	if keys := must[[]string](t)(bucket.Keys(ctx)); len(keys) != 0 {
		t.Errorf("an empty bucket has keys %v", keys)
	}
	if all := must[map[string]entry](t)(bucket.All(ctx)); len(all) != 0 {
		t.Errorf("an empty bucket has values %v", all)
	}
	for i, key := range []string{"b", "a", "gone"} {
		must[uint64](t)(bucket.Put(ctx, key, entry{i}))
	}
	if err := bucket.Delete(ctx, "gone", 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, must[[]string](t)(bucket.Keys(ctx))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]entry{"a": {1}, "b": {0}}, must[map[string]entry](t)(bucket.All(ctx))); diff != "" {
		t.Error(diff)
	}
}

func TestEveryBucketTakesAValueAndRefusesOneThatIsTooLarge(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	for _, spec := range b.buckets() {
		t.Run(spec.name, func(t *testing.T) {
			bucket := must[*Bucket[string]](t)(OpenBucket[string](ctx, b, spec.name))
			must[uint64](t)(bucket.Put(ctx, "k", "v"))
			if _, err := bucket.Put(ctx, "k", strings.Repeat("x", int(spec.value))); !errors.Is(err, ErrTooLarge) {
				t.Errorf("got %v, want ErrTooLarge", err)
			}
		})
	}
}

func TestAnUnknownBucketIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := OpenBucket[entry](testContext(t), embedded(t), "nonsense"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
}

// watchBucket gives what a watcher sees as text: "key=1", "key gone", and "ready" for the end of the initial state.
func watchBucket(t *testing.T, bucket *Bucket[entry]) <-chan string {
	t.Helper()
	seen := make(chan string, 1000)
	start(t, func(ctx context.Context) error {
		return bucket.Watch(ctx, func(key string, value *entry, _ uint64) {
			switch {
			case key == "":
				seen <- "ready"
			case value == nil:
				seen <- key + " gone"
			default:
				seen <- fmt.Sprintf("%s=%d", key, value.Count)
			}
		})
	})
	return seen
}

func expect(t *testing.T, seen <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := receive(t, seen); got != w {
			t.Fatalf("saw %q, want %q", got, w)
		}
	}
}

func TestAWatcherSeesWhatIsThereThenAMarkThenChanges(t *testing.T) {
	t.Parallel()
	bucket := entries(t, embedded(t))
	ctx := testContext(t)
	for _, key := range []string{"a", "gone", "b"} {
		must[uint64](t)(bucket.Put(ctx, key, entry{1}))
	}
	if err := bucket.Delete(ctx, "gone", 0); err != nil {
		t.Fatal(err)
	}
	seen := watchBucket(t, bucket)
	expect(t, seen, "a=1", "b=1", "ready")
	must[uint64](t)(bucket.Put(ctx, "a", entry{2}))
	if err := bucket.Delete(ctx, "b", 0); err != nil {
		t.Fatal(err)
	}
	expect(t, seen, "a=2", "b gone") // before the next change of b, which would make it be skipped
	if err := bucket.Delete(ctx, "never", 0); err != nil {
		t.Fatal(err)
	}
	must[uint64](t)(bucket.Create(ctx, "b", entry{3}))
	expect(t, seen, "b=3")
}

func TestAWatcherSeesAKeyExpire(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	bucket := entries(t, b)
	ctx := testContext(t)
	must[uint64](t)(bucket.Put(ctx, "k", entry{1}))
	seen := watchBucket(t, bucket)
	expect(t, seen, "k=1", "ready")
	_, err := b.js.Publish(ctx, "$KV."+BucketAgents+".k", []byte(`{"Count":2}`), jetstream.WithMsgTTL(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	got := receive(t, seen)
	if got == "k=2" { // skipped by a watcher that comes to it after its second
		got = receive(t, seen)
	}
	if got != "k gone" {
		t.Errorf("saw %q, want it to be gone", got)
	}
}

func TestAWatcherOfAnEmptyBucketIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	expect(t, watchBucket(t, entries(t, embedded(t))), "ready")
}

func TestAValueThatCannotBeReadEndsTheWatcher(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	other := must[*Bucket[string]](t)(OpenBucket[string](ctx, b, BucketAgents))
	must[uint64](t)(other.Put(ctx, "k", "not an entry"))
	if err := entries(t, b).Watch(ctx, func(string, *entry, uint64) {}); err == nil {
		t.Error("it was emitted")
	}
	if _, _, err := entries(t, b).Get(ctx, "k"); err == nil {
		t.Error("it was read")
	}
}
