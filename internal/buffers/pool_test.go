package buffers_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/helix-engage/gateway/internal/buffers"
)

func TestABufferHasRoomForWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	pool := buffers.NewPool(1 << 20)
	for _, n := range []int{0, 1, 4096, 4097, 120_000, 1 << 17, 1<<17 + 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		for range 2 { // made, and used again
			b := pool.Get(n)
			if len(b) != 0 || cap(b) < n {
				t.Fatalf("asked for %d: length %d, capacity %d", n, len(b), cap(b))
			}
			if n > 1<<20 && cap(b) != n {
				t.Errorf("asked for %d: %d bytes where nothing can be used again", n, cap(b))
			}
			pool.Put(b)
		}
	}
}

func TestABufferThatCameBackIsUsedAgainByTheLikeOfIt(t *testing.T) {
	t.Parallel()
	pool := buffers.NewPool(1 << 20)
	first := append(pool.Get(5000), "first"...)
	pool.Put(first)
	if again := pool.Get(20_000); same(first, again) {
		t.Error("a buffer is given to whom it is too small for")
	}
	if again := pool.Get(8192); !same(first, again) {
		t.Error("a buffer of the same size is made anew")
	}
	if again := pool.Get(8192); same(first, again) {
		t.Error("a buffer is given to two")
	}
}

func TestAPoolKeepsNoMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	pool := buffers.NewPool(limit)
	var given [][]byte
	for range 40 {
		given = append(given, pool.Get(4096), pool.Get(16<<10))
	}
	for _, b := range given {
		pool.Put(b)
	}
	kept := 0
	for range 40 {
		for _, n := range []int{4096, 16 << 10} {
			b := pool.Get(n)
			for _, before := range given {
				if same(b, before) {
					kept += cap(b)
				}
			}
		}
	}
	if kept > limit || kept < limit/2 {
		t.Fatalf("%d bytes were kept, the limit is %d", kept, limit)
	}
}

func TestWhatNoPoolGivesIsNotKept(t *testing.T) {
	t.Parallel()
	pool := buffers.NewPool(1 << 20)
	spoiled := 0
	pool.Spoil(func([]byte) { spoiled++ })
	whole := pool.Get(8192)
	for _, b := range [][]byte{nil, {}, make([]byte, 0, 5000), make([]byte, 2<<20), whole[:100][10:], make([]byte, 2048)} {
		pool.Put(b)
	}
	if spoiled != 0 {
		t.Fatalf("%d of them were taken back", spoiled)
	}
	pool.Put(whole)
	if spoiled != 1 {
		t.Fatal("its own is not taken back")
	}
}

func TestNoPoolLendsAndForgets(t *testing.T) {
	t.Parallel()
	var none *buffers.Pool
	b := none.Get(10)
	none.Put(b)
	if len(b) != 0 || cap(b) < 10 {
		t.Fatalf("length %d, capacity %d", len(b), cap(b))
	}
}

func TestManyUseAPoolAtOnce(t *testing.T) {
	t.Parallel()
	pool := buffers.NewPool(256 << 10)
	pool.Spoil(func(b []byte) { clear(b) })
	var all sync.WaitGroup
	for i := range 8 {
		mark := []byte{byte('a' + i)}
		all.Go(func() {
			for n := range 300 {
				want := bytes.Repeat(mark, n*97%30_000)
				b := append(pool.Get(len(want)), want...)
				if !bytes.Equal(b, want) {
					t.Errorf("somebody else writes to a buffer of %s", mark)
				}
				pool.Put(b)
			}
		})
	}
	all.Wait()
}

// same reports whether two buffers are one piece of memory.
func same(a, b []byte) bool { return &a[:1][0] == &b[:1][0] }
