package buffers_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/helix-engage/gateway/internal/buffers"
)

// spoiling is a pool that makes what comes back unreadable.
func spoiling() *buffers.Pool {
	pool := buffers.NewPool(1 << 20)
	pool.Spoil(func(b []byte) {
		for i := range b {
			b[i] = '!'
		}
	})
	return pool
}

func text(pool *buffers.Pool, s string) []byte { return append(pool.Get(len(s)), s...) }

func TestALeaseHoldsUntilItsEnd(t *testing.T) {
	t.Parallel()
	pool := spoiling()
	var lease buffers.Lease
	var texts [][]byte
	for range 5 {
		texts = append(texts, text(pool, "answer"))
		lease.Hold(pool, texts[len(texts)-1])
	}
	for _, b := range texts {
		if string(b) != "answer" {
			t.Fatalf("before the end: %s", b)
		}
	}
	lease.End()
	lease.End()
	for _, b := range texts {
		if string(b) != "!!!!!!" {
			t.Fatalf("after the end: %s", b)
		}
	}
	seen := map[*byte]bool{}
	for range texts {
		seen[&pool.Get(1)[:1][0]] = true
	}
	if len(seen) != len(texts) {
		t.Error("a buffer came back twice")
	}
}

func TestAfterItsEndALeaseTakesNothing(t *testing.T) {
	t.Parallel()
	pool := spoiling()
	var lease buffers.Lease
	lease.End()
	late := text(pool, "late")
	lease.Hold(pool, late)
	lease.End()
	if string(late) != "late" {
		t.Fatalf("got %s", late)
	}
}

func TestNobodysLeaseHoldsNothing(t *testing.T) {
	t.Parallel()
	var none *buffers.Lease
	none.Hold(spoiling(), []byte("x"))
	if none.Around([]byte("{"), []byte("x"), []byte("}")) != nil {
		t.Error("something is found")
	}
	var lease buffers.Lease
	lease.Hold(spoiling(), nil)
	lease.End()
}

func TestALeaseFindsTheTextAroundData(t *testing.T) {
	t.Parallel()
	pool := buffers.NewPool(1 << 20)
	held := text(pool, `{"data":{"a":1}}`)
	data := held[8 : len(held)-1]
	var lease buffers.Lease
	lease.Hold(pool, text(pool, `{"data":{"b":1}}`))
	lease.Hold(pool, held)
	for _, test := range []struct {
		name             string
		head, data, tail string
		copied           bool
		want             bool
	}{
		{name: "all of it", head: `{"data":`, tail: `}`, want: true},
		{name: "another head", head: `{"Data":`, tail: `}`},
		{name: "another tail", head: `{"data":`, tail: `]`},
		{name: "a head that is cut elsewhere", head: `{"data"`, tail: `}`},
		{name: "the same text elsewhere", head: `{"data":`, tail: `}`, copied: true},
	} {
		inner := data
		if test.copied {
			inner = bytes.Clone(data)
		}
		whole := lease.Around([]byte(test.head), inner, []byte(test.tail))
		if (whole != nil) != test.want || test.want && !same(whole, held) {
			t.Errorf("%s: %s", test.name, whole)
		}
	}
	if lease.Around(nil, nil, nil) != nil || lease.Around([]byte(`{"data":`), data[:len(data)-1], []byte(`}`)) != nil {
		t.Error("a part is found for the whole")
	}
}

func TestAContextKnowsItsLease(t *testing.T) {
	t.Parallel()
	type key struct{}
	scope := &buffers.Scope{Context: context.WithValue(t.Context(), key{}, "value")}
	ctx, cancel := context.WithCancel(scope)
	defer cancel()
	if buffers.LeaseIn(ctx) != &scope.Lease || ctx.Value(key{}) != "value" {
		t.Error("the lease or a value is not found")
	}
	if buffers.LeaseIn(t.Context()) != nil {
		t.Error("a lease is found where there is none")
	}
}
