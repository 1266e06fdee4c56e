package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFiftyWritersOfOneCallGiveAGapFreeOrder(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	const writers = 50
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			if err := appendAnyhow(ctx, b, fmt.Sprint("writer", w)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	events := must[[]StoredEvent](t)(b.CallEvents(ctx, "call"))
	if len(events) != writers {
		t.Fatalf("%d events were stored, want %d", len(events), writers)
	}
	seen := map[string]bool{}
	for i, e := range events {
		var number int
		var body string
		if _, err := fmt.Sscanf(string(e.Data), "%d %s", &number, &body); err != nil || number != i {
			t.Fatalf("event %d says that it is %d (%v)", i, number, err)
		}
		if seen[body] {
			t.Errorf("%s was stored twice", body)
		}
		seen[body] = true
	}
}

// appendAnyhow appends an event that says how many came before it, trying until nobody is faster.
func appendAnyhow(ctx context.Context, b *Bus, body string) error {
	for {
		events, err := b.CallEvents(ctx, "call")
		if err != nil {
			return err
		}
		var last uint64
		if len(events) > 0 {
			last = events[len(events)-1].Sequence
		}
		_, err = b.AppendEvent(ctx, "person", "call", last, fmt.Appendf(nil, "%d %s", len(events), body))
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// appendEvents appends events to a call that has none and gives their sequences.
func appendEvents(t testing.TB, b *Bus, person, call string, bodies ...string) (sequences []uint64) {
	t.Helper()
	var last uint64
	for _, body := range bodies {
		last = must[uint64](t)(b.AppendEvent(testContext(t), person, call, last, []byte(body)))
		sequences = append(sequences, last)
	}
	return sequences
}

func data(events []StoredEvent) []string {
	texts := make([]string, len(events))
	for i, e := range events {
		texts[i] = string(e.Data)
	}
	return texts
}

func TestAppendingToACall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		person, call string
		expected     func(last uint64) uint64
		want         error
	}{
		{"continues after its last event", "p1", "c1", func(last uint64) uint64 { return last }, nil},
		{"is refused after an older event", "p1", "c1", func(last uint64) uint64 { return last - 1 }, ErrConflict},
		{"is refused as a first event when there are events", "p1", "c1", func(uint64) uint64 { return 0 }, ErrConflict},
		{"begins another call", "p1", "c2", func(uint64) uint64 { return 0 }, nil},
		{"is refused after an event of another call", "p1", "c2", func(last uint64) uint64 { return last }, ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := embedded(t)
			sequences := appendEvents(t, b, "p1", "c1", "one", "two")
			_, err := b.AppendEvent(testContext(t), tt.person, tt.call, tt.expected(sequences[1]), []byte("three"))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTokensThatWouldChangeTheSubjectAreRefused(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	for _, token := range []string{"", "a.b", "*", ">", "a b", "a\r\nb"} {
		if _, err := b.AppendEvent(ctx, token, "call", 0, nil); err == nil {
			t.Errorf("person %q was taken", token)
		}
		if _, err := b.AppendEvent(ctx, "person", token, 0, nil); err == nil {
			t.Errorf("call %q was taken", token)
		}
		if _, err := b.CallEvents(ctx, token); err == nil {
			t.Errorf("the events of %q were read", token)
		}
		if _, err := b.PersonEvents(ctx, token, 0, 1); err == nil {
			t.Errorf("the events of person %q were read", token)
		}
	}
}

func TestTheHistoryOfACallIsReadWholeAndInOrder(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	var want []string
	for i := range 2*callPage + 3 {
		want = append(want, fmt.Sprint(i))
	}
	appendEvents(t, b, "p2", "other", "x", "y")
	appendEvents(t, b, "p1", "call", want...)
	events := must[[]StoredEvent](t)(b.CallEvents(testContext(t), "call"))
	if diff := cmp.Diff(want, data(events)); diff != "" {
		t.Error(diff)
	}
	if e := events[0]; e.Person != "p1" || e.Call != "call" || e.At.IsZero() {
		t.Errorf("the first event is %+v", e)
	}
	if none := must[[]StoredEvent](t)(b.CallEvents(testContext(t), "unknown")); len(none) != 0 {
		t.Errorf("an unknown call has events: %v", data(none))
	}
}

func TestReplayReadsTheLogInPages(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	a := appendEvents(t, b, "p1", "a", "a1", "a2")
	appendEvents(t, b, "p2", "b", "b1", "b2", "b3")
	for _, tt := range []struct {
		name  string
		after uint64
		limit int
		want  []string
	}{
		{"from the beginning", 0, 10, []string{"a1", "a2", "b1", "b2", "b3"}},
		{"a first page", 0, 2, []string{"a1", "a2"}},
		{"a next page", a[1], 2, []string{"b1", "b2"}},
		{"the last page", a[1] + 2, 2, []string{"b3"}},
		{"behind the end", a[1] + 3, 2, []string{}},
		{"far behind the end", 1 << 40, 2, []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, data(must[[]StoredEvent](t)(b.EventsAfter(ctx, tt.after, tt.limit)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheEpochStaysWithTheLogAndDiffersBetweenLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx := testContext(t)
	b := open(t, Options{Dir: dir})
	first, last, epoch, err := b.EventBounds(ctx)
	if err != nil || first != last+1 || epoch == "" {
		t.Fatalf("an empty log has bounds %d, %d, epoch %q, %v", first, last, epoch, err)
	}
	sequences := appendEvents(t, b, "p", "c", "one", "two")
	closeBus(t, b)
	b = open(t, Options{Dir: dir, Retention: minRetention})
	first, last, again, err := b.EventBounds(ctx)
	if err != nil || first != sequences[0] || last != sequences[1] || again != epoch {
		t.Errorf("reopened, it has bounds %d, %d, epoch %q, %v", first, last, again, err)
	}
	if _, _, other, _ := embedded(t).EventBounds(ctx); other == epoch {
		t.Error("two logs have the same epoch")
	}
}

func TestTheSharesOfAllStreamsFitIntoTheStore(t *testing.T) {
	t.Parallel()
	b := &Bus{maxStore: defaultMaxStore, retention: defaultRetention, replicas: 1}
	var sum int64
	for _, cfg := range b.streams() {
		sum += cfg.MaxBytes
	}
	for _, spec := range b.buckets() {
		sum += b.config(spec).MaxBytes
	}
	if sum > b.maxStore {
		t.Errorf("they are %d bytes of %d", sum, b.maxStore)
	}
}

func TestLimitsMayChangeBetweenRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, o := range []Options{{}, {MaxStore: minMaxStore}, {MaxStore: 1 << 30, Retention: minRetention}, {}} {
		o.Dir = dir
		b := open(t, o)
		events := must[[]StoredEvent](t)(b.CallEvents(testContext(t), "c"))
		var last uint64
		if len(events) > 0 {
			last = events[len(events)-1].Sequence
		}
		if next, err := b.AppendEvent(testContext(t), "p", "c", last, nil); err != nil || next != last+1 {
			t.Errorf("with %+v: event %d, %v", o, next, err)
		}
		closeBus(t, b)
	}
}

func TestTheTailGivesWhatIsThereAndGoesOnLive(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	sequences := appendEvents(t, b, "p", "old", "1", "2", "3")
	got := make(chan StoredEvent, 100)
	start(t, func(ctx context.Context) error {
		return b.TailEvents(ctx, sequences[0], func(e StoredEvent) error {
			got <- e
			return nil
		})
	})
	for _, want := range []string{"2", "3"} {
		if e := receive(t, got); string(e.Data) != want || e.Call != "old" || e.Person != "p" {
			t.Errorf("got %+v, want %s", e, want)
		}
	}
	appendEvents(t, b, "p", "new", "4")
	if e := receive(t, got); string(e.Data) != "4" {
		t.Errorf("got %s, want 4", e.Data)
	}
}

func TestAnErrorOfTheReceiverEndsTheTail(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	appendEvents(t, b, "p", "c", "1")
	broken := errors.New("broken")
	if err := b.TailEvents(testContext(t), 0, func(StoredEvent) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
