package bus

import (
	"errors"
	"testing"
	"time"
)

func TestADialIsHandedOutOnceAndGoneWhenDone(t *testing.T) {
	t.Parallel()
	b, ctx := embedded(t), testContext(t)
	workers := must[*Dialers](t)(b.Dialers(ctx))
	for range 2 { // a repetition replaces
		if err := b.QueueDial(ctx, "c1", time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	d := must[Dial](t)(workers.Take(ctx, patience))
	if d.Call != "c1" {
		t.Fatalf("took %q", d.Call)
	}
	if !must[bool](t)(b.DialQueued(ctx, "c1")) {
		t.Error("a dial that is taken and not done counts as queued")
	}
	if err := d.Done(); err != nil {
		t.Fatal(err)
	}
	await(t, "a dial that is done is not queued", func() bool { return !must[bool](t)(b.DialQueued(ctx, "c1")) })
	if _, err := workers.Take(ctx, 50*time.Millisecond); !errors.Is(err, ErrNotFound) {
		t.Fatalf("a dial was handed out again: %v", err)
	}
}

func TestALaterDialComesAtItsTimeAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), testContext(t)
	b := open(t, Options{Dir: dir})
	due := time.Now().Add(time.Second)
	for call, at := range map[string]time.Time{"soon": due, "dropped": due.Add(time.Hour), "much-later": due.Add(time.Hour)} {
		if err := b.QueueDial(ctx, call, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.DropDial(ctx, "dropped"); err != nil {
		t.Fatal(err)
	}
	closeBus(t, b)
	b = open(t, Options{Dir: dir})
	workers := must[*Dialers](t)(b.Dialers(ctx))
	d := must[Dial](t)(workers.Take(ctx, patience))
	if early := time.Until(due); d.Call != "soon" || early > 200*time.Millisecond {
		t.Fatalf("took %q %s before its time", d.Call, early)
	}
	if _, err := workers.Take(ctx, 50*time.Millisecond); !errors.Is(err, ErrNotFound) {
		t.Fatalf("more was handed out: %v", err)
	}
	await(t, "two wait: the one taken and not done, and the one of an hour later", func() bool {
		return must[Depth](t)(b.Depth(ctx)).Dials == 2
	})
}
