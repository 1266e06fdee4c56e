package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

// effects handles pushes as the gateway does: an event of the push's call if it is news, a command, and a value that
// follows from the call's events.
type effects struct {
	bus    *Bus
	counts *Bucket[int]
}

func newEffects(ctx context.Context, b *Bus) (*effects, error) {
	counts, err := OpenBucket[int](ctx, b, BucketMeta)
	return &effects{b, counts}, err
}

func (e *effects) handle(ctx context.Context, m InboxMessage) error {
	call, body := laneOfBody(&m), string(m.Body)
	events, err := e.bus.CallEvents(ctx, call)
	if err != nil {
		return err
	}
	if !slices.Contains(data(events), body) {
		var last uint64
		if len(events) > 0 {
			last = events[len(events)-1].Sequence
		}
		if _, err := e.bus.AppendEvent(ctx, "person", call, last, m.Body); err != nil {
			return err
		}
		events = append(events, StoredEvent{})
	}
	if _, err := e.bus.AppendOutbox(ctx, call, "command "+body, m.Body); err != nil {
		return err
	}
	_, err = e.counts.Put(ctx, call, len(events))
	return err
}

// check fails unless each acknowledged push had its effects once and in order. Bodies are <call>/<who pushed>-<n>, n
// growing for each who.
func (e *effects) check(t *testing.T, acknowledged []string) {
	t.Helper()
	ctx := testContext(t)
	byCall := map[string][]string{}
	seen, together := map[string]int{}, 0
	latest := map[string]int{}
	for after := uint64(0); ; {
		events := must[[]StoredEvent](t)(e.bus.EventsAfter(ctx, after, callPage))
		if len(events) == 0 {
			break
		}
		for _, ev := range events {
			after = ev.Sequence
			body := string(ev.Data)
			seen[body]++
			byCall[ev.Call] = append(byCall[ev.Call], body)
			who, number, _ := strings.Cut(body, "-")
			var n int
			if _, err := fmt.Sscan(number, &n); err != nil {
				t.Fatal(err)
			}
			if before, ok := latest[who]; ok && n <= before {
				t.Errorf("%s stands behind %s-%d", body, who, before)
			}
			latest[who] = n
		}
	}
	for _, body := range acknowledged {
		if seen[body] == 0 {
			t.Errorf("%s was acknowledged and has no event", body)
		}
	}
	for body, n := range seen {
		if n > 1 {
			t.Errorf("%s has %d events", body, n)
		}
	}
	commands := map[string][]string{}
	outbox := e.bus.byName[streamOutbox]
	for seq := uint64(1); ; seq++ {
		m, err := outbox.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seq = m.Sequence
		if m.Header.Get(headerBatch) != "" {
			together++
		}
		call, body := m.Header.Get(headerLane), string(m.Data)
		if !slices.Contains(commands[call], body) { // the server forgets after a while that it has one
			commands[call] = append(commands[call], body)
		}
	}
	if diff := cmp.Diff(byCall, commands); diff != "" {
		t.Errorf("commands are not in the order of events: %s", diff)
	}
	for call, bodies := range byCall {
		if n, _, err := e.counts.Get(ctx, call); err != nil || n != len(bodies) {
			t.Errorf("call %s counts %d events, %v; it has %d", call, n, err, len(bodies))
		}
	}
	t.Logf("%d events of %d acknowledged pushes, %d commands in batches", len(seen), len(acknowledged), together)
}

// stubborn keeps what is to be removed, as when the process is killed before.
type stubborn struct{ jetstream.Stream }

func (stubborn) Purge(context.Context, ...jetstream.StreamPurgeOpt) error {
	return errors.New("killed")
}

func (stubborn) DeleteMsg(context.Context, uint64) error { return errors.New("killed") }

// Processes are killed at any point of handling and before they remove anything, so that the next handles all of it again.
func TestPushesThatAreHandledAgainChangeNothing(t *testing.T) {
	t.Parallel()
	b := embedded(t)
	ctx := testContext(t)
	e := must[*effects](t)(newEffects(ctx, b))
	const pushers, calls = 20, 40
	var mu sync.Mutex
	var acknowledged []string
	for round := range 6 {
		var pushing sync.WaitGroup
		for who := range pushers {
			pushing.Go(func() {
				for i := range 1 + rand.IntN(8) {
					body := fmt.Sprintf("%d/%d-%d", rand.IntN(calls), who, 100*round+i)
					if err := b.AppendInbox(ctx, push(body)); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged = append(acknowledged, body)
					mu.Unlock()
				}
			})
		}
		living, kill := context.WithCancel(ctx)
		var handled sync.Mutex
		left := rand.IntN(pushers * (round + 1)) // never more than there are: each pushes at least once a round
		c := newInboxConsumer(b, laneOfBody, func(ctx context.Context, m InboxMessage) error {
			handled.Lock()
			if left--; left < 0 {
				kill()
			}
			handled.Unlock()
			return e.handle(ctx, m)
		})
		c.removal.stream = stubborn{b.byName[streamInbox]}
		if err := c.run(living, calls); err != nil {
			t.Fatal(err)
		}
		kill()
		pushing.Wait()
	}
	consume(t, b, calls, e.handle)
	waitEmpty(t, b, streamInbox)
	e.check(t, acknowledged)
}
