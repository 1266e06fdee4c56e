package calls

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"sync"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// ringSize is how many of the latest events a process keeps in memory for its subscribers. A subscriber that is
// further behind reads from the log.
const ringSize = 4096

// tail is the one reader of the log that all subscribers of a process share.
type tail struct {
	bus   *bus.Bus
	epoch string
	seen  func(e *helix.CallEvent, revision uint64)

	mu   sync.Mutex
	ring []*helix.CallEvent // in log order; together all events after base, at most ringSize
	base uint64
	last uint64
	news chan struct{} // closed and replaced when the ring grows
}

func newTail(ctx context.Context, b *bus.Bus, seen func(*helix.CallEvent, uint64)) (*tail, error) {
	_, last, epoch, err := b.EventBounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("calls.tail: %w", err)
	}
	return &tail{bus: b, epoch: epoch, seen: seen, base: last, last: last, news: make(chan struct{})}, nil
}

func (t *tail) run(ctx context.Context) error {
	return t.bus.TailEvents(ctx, t.last, t.push)
}

func (t *tail) push(stored bus.StoredEvent) error {
	e, err := t.decode(stored)
	if err != nil {
		return err
	}
	if t.seen != nil {
		t.seen(e, stored.Sequence)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ring) >= 2*ringSize {
		cut := len(t.ring) - ringSize
		t.base = t.ring[cut-1].Cursor.Sequence
		t.ring = append(make([]*helix.CallEvent, 0, 2*ringSize), t.ring[cut:]...)
	}
	t.ring = append(t.ring, e)
	t.last = stored.Sequence
	close(t.news)
	t.news = make(chan struct{})
	return nil
}

func (t *tail) decode(stored bus.StoredEvent) (*helix.CallEvent, error) {
	var e helix.CallEvent
	if err := json.Unmarshal(stored.Data, &e); err != nil {
		return nil, helix.Internal("calls.decode", err)
	}
	e.Cursor = helix.Cursor{Epoch: t.epoch, Sequence: stored.Sequence}
	return &e, nil
}

// after gives the events of the ring that follow a place. covered is false when the ring begins later than that; news
// is closed when there is more to read.
func (t *tail) after(seq uint64) (events []*helix.CallEvent, covered bool, news <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq < t.base {
		return nil, false, nil
	}
	i := sort.Search(len(t.ring), func(i int) bool { return t.ring[i].Cursor.Sequence > seq })
	return t.ring[i:len(t.ring):len(t.ring)], true, t.news
}

func (t *tail) head() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// replayPage is how many events a subscriber that is behind the ring reads from the log at once.
const replayPage = 256

// Stream is one subscriber's place in the log. It is not safe for concurrent use.
type Stream struct {
	tail    *tail
	now     func() time.Time
	place   uint64
	pending []*helix.CallEvent
	expired bool
}

// Stream begins after a cursor, or with the next event when it is nil. A cursor of another log, or one that the log no
// longer reaches, makes the first event [helix.EventCursorExpired]; the stream then goes on live.
func (s *Service) Stream(ctx context.Context, after *helix.Cursor) (*Stream, error) {
	st := &Stream{tail: s.tail, now: s.now, place: s.tail.head()}
	if after == nil {
		return st, nil
	}
	first, last, epoch, err := s.bus.EventBounds(ctx)
	if err != nil {
		return nil, fmt.Errorf("calls.stream: %w", err)
	}
	if after.Epoch != epoch || after.Sequence+1 < first || after.Sequence > last {
		st.expired = true
		return st, nil
	}
	st.place = after.Sequence
	return st, nil
}

// Next waits for the next event. It returns ctx's error when ctx ends first.
func (st *Stream) Next(ctx context.Context) (*helix.CallEvent, error) {
	if st.expired {
		st.expired = false
		return &helix.CallEvent{Kind: helix.EventCursorExpired, At: st.now().UTC(), Cursor: st.cursor()}, nil
	}
	for len(st.pending) == 0 {
		events, covered, news := st.tail.after(st.place)
		switch {
		case !covered:
			if err := st.replay(ctx); err != nil {
				return nil, err
			}
		case len(events) > 0:
			st.pending = events
		default:
			select {
			case <-news:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	e := st.pending[0]
	st.pending = st.pending[1:]
	st.place = e.Cursor.Sequence
	return e, nil
}

// Place is where the stream is: the sequence in the log of the last event that Next gave, or that it begins after.
func (st *Stream) Place() uint64 { return st.place }

// Checkpoint is a place to resume from when nothing that passed was for this subscriber.
func (st *Stream) Checkpoint() *helix.CallEvent {
	return &helix.CallEvent{Kind: helix.EventCheckpoint, At: st.now().UTC(), Cursor: st.cursor()}
}

func (st *Stream) cursor() helix.Cursor {
	return helix.Cursor{Epoch: st.tail.epoch, Sequence: st.place}
}

// replay reads a page from the log itself. When the log has nothing between the place and the ring, erased events were
// all there was.
func (st *Stream) replay(ctx context.Context) error {
	stored, err := st.tail.bus.EventsAfter(ctx, st.place, replayPage)
	if err != nil {
		return fmt.Errorf("calls.replay: %w", err)
	}
	if len(stored) == 0 {
		st.place = st.tail.head()
		return nil
	}
	for _, s := range stored {
		e, err := st.tail.decode(s)
		if err != nil {
			return err
		}
		st.pending = append(st.pending, e)
	}
	return nil
}
