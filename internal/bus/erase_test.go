package bus

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErasingAPersonLeavesEverybodyElse(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	first := appendEvents(t, b, "erased", "a", "a1", "a2")
	appendEvents(t, b, "kept", "b", "b1")
	last := appendEvents(t, b, "erased", "c", "c1", "c2")
	if diff := cmp.Diff([]string{"a1", "a2", "c1", "c2"}, data(must[[]StoredEvent](t)(b.PersonEvents(ctx, "erased", 0, 10)))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a2", "c1"}, data(must[[]StoredEvent](t)(b.PersonEvents(ctx, "erased", 1, 2)))); diff != "" {
		t.Error(diff)
	}
	if err := b.EraseEvents(ctx, append(first, last...)...); err != nil {
		t.Fatal(err)
	}
	if err := b.EraseEvents(ctx, first[0], last[1]); err != nil {
		t.Errorf("once more: %v", err)
	}
	if diff := cmp.Diff([]string{"b1"}, data(must[[]StoredEvent](t)(b.EventsAfter(ctx, 0, 10)))); diff != "" {
		t.Error(diff)
	}
	if events := must[[]StoredEvent](t)(b.PersonEvents(ctx, "erased", 0, 10)); len(events) > 0 {
		t.Errorf("%d events are left", len(events))
	}
	if next := appendEvents(t, b, "kept", "d", "d1"); next[0] <= last[1] {
		t.Errorf("sequence %d was given again", next[0])
	}
}

func TestDiscardingTakesWhatWaitsWhereverItWaits(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	appendPushes(t, b, "a/erased dead", "a/kept dead")
	stop := consume(t, b, 1, func(context.Context, InboxMessage) error { return Permanent(errors.New("no")) })
	waitEmpty(t, b, streamInbox)
	stop()
	appendPushes(t, b, "a/erased", "a/kept", "b/erased")
	appendCommands(t, b, "x/1 erased", "x/2", "y/1", "z/1")
	stop = drain(t, b, 10, func(m OutboxMessage) error {
		if strings.HasPrefix(m.ID, "y") {
			return nil
		}
		return Permanent(errors.New("no such field"))
	})
	await(t, "x and z are parked and y is written", func() bool {
		d := must[Depth](t)(b.Depth(ctx))
		return d.ParkedLanes == 2 && d.Outbox == 3
	})
	stop()
	got, err := b.Discard(ctx, func(w Waiting) bool { return strings.Contains(string(w.Body), "erased") || w.Lane == "z" })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Discarded{Pushes: 2, Commands: 2, DeadPushes: 1}, got); diff != "" {
		t.Error(diff)
	}
	d, err := b.Depth(ctx)
	if err != nil || d.Inbox != 1 || d.Outbox != 1 || d.DeadPushes != 1 || d.ParkedLanes != 0 {
		t.Errorf("left are %+v, %v", d, err)
	}
	fate, written := written()
	drain(t, b, 10, fate)
	if id := receive(t, written); id != "x/2" {
		t.Errorf("%s was written", id)
	}
	if got, err := b.Discard(ctx, func(w Waiting) bool { return strings.Contains(string(w.Body), "erased") }); err != nil || got != (Discarded{}) {
		t.Errorf("again: %+v, %v", got, err)
	}
}

func TestWhatIsErasedIsGoneFromTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, Options{Dir: dir})
	ctx := testContext(t)
	erased := appendEvents(t, b, "erased", "a", "the erased event")
	appendEvents(t, b, "kept", "b", "the kept event")
	appendPushes(t, b, "a/the erased push", "a/the kept push")
	onDisk := func(text string) (found bool) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				var held []byte
				held, err = os.ReadFile(path)
				found = found || bytes.Contains(held, []byte(text))
			}
			if errors.Is(err, fs.ErrNotExist) { // the server replaces files meanwhile
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, text := range []string{"the erased event", "the erased push"} {
		if !onDisk(text) {
			t.Fatalf("%s is not where it is looked for", text)
		}
	}
	if err := b.EraseEvents(ctx, erased...); err != nil {
		t.Fatal(err)
	}
	must[Discarded](t)(b.Discard(ctx, func(w Waiting) bool { return strings.Contains(string(w.Body), "erased") }))
	closeBus(t, b)
	for text, want := range map[string]bool{"the erased event": false, "the kept event": true, "the erased push": false, "the kept push": true} {
		if onDisk(text) != want {
			t.Errorf("%s: on the disk %v, want %v", text, !want, want)
		}
	}
}
