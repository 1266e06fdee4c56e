package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// callPage is how many events of one call are read at once; few calls have more than a dozen.
const callPage = 256

// StoredEvent is an event of a call as it stands in the log.
type StoredEvent struct {
	Sequence uint64    // in the log: over all calls, growing, with holes
	Person   string    // the token that stands for the caller
	Call     string    // our id of the call
	Data     []byte    // as given to AppendEvent
	At       time.Time // when it was stored
}

// AppendEvent adds an event to a call and returns its sequence. person and call must be tokens: no dots, spaces or
// wildcards. expectedLast is the sequence of the call's previous event, 0 for its first; when it is not, somebody else
// appended meanwhile and the error is [ErrConflict]. After [ErrUnavailable] the event may have been stored; appending it
// again with the same expectedLast then conflicts. Events that are added at the same time share one sync of the disk.
//
// A call must keep its person: the two together are the subject, within which expectedLast is compared.
func (b *Bus) AppendEvent(ctx context.Context, person, call string, expectedLast uint64, data []byte) (uint64, error) {
	if !isToken(person) || !isToken(call) {
		return 0, fmt.Errorf("bus.append event: person and call must be subject tokens")
	}
	m := &nats.Msg{Subject: "events." + call + "." + person, Data: data}
	sequence, _, err := b.commits[streamEvents].commit(ctx, expecting(m, expectedLast))
	return sequence, translate("bus.append event", err)
}

// CallEvents reads the whole history of one call in order; nothing, and no error, when there is none.
func (b *Bus) CallEvents(ctx context.Context, call string) ([]StoredEvent, error) {
	if !isToken(call) {
		return nil, fmt.Errorf("bus.call events: call must be a subject token")
	}
	// A call has one subject, but its person is not known here. The server finds it by its prefix.
	lasts, err := b.lastOf(ctx, streamEvents, "events."+call+".*", callPage)
	if err != nil {
		return nil, translate("bus.call events", err)
	}
	var events []StoredEvent
	for _, last := range lasts {
		subject := last.Header.Get(jetstream.SubjectHeader)
		for from := uint64(1); ; {
			msgs, more, err := b.page(ctx, streamEvents, subject, from, callPage)
			if err != nil {
				return nil, translate("bus.call events", err)
			}
			for _, m := range msgs {
				e, err := storedEvent(m)
				if err != nil {
					return nil, fmt.Errorf("bus.call events: %w", err)
				}
				events = append(events, e)
				from = e.Sequence + 1
			}
			if !more || len(msgs) == 0 {
				break
			}
		}
	}
	slices.SortFunc(events, func(a, b StoredEvent) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return events, nil
}

// EventsAfter reads up to limit events that follow a sequence, fewer when the page would be larger than 4 MiB. It is
// empty only when the log has no later event.
func (b *Bus) EventsAfter(ctx context.Context, after uint64, limit int) ([]StoredEvent, error) {
	for attempt := 1; ; attempt++ {
		msgs, more, err := b.page(ctx, streamEvents, "events.>", after+1, limit)
		if err != nil {
			return nil, translate("bus.events after", err)
		}
		events := make([]StoredEvent, 0, len(msgs))
		reached := after
		for _, m := range msgs {
			e, err := storedEvent(m)
			if err != nil {
				return nil, fmt.Errorf("bus.events after: %w", err)
			}
			events = append(events, e)
			reached = e.Sequence
		}
		if len(events) == limit || more || b.replicas == 1 {
			return events, nil
		}
		// A replica that lags may have answered; only the leader knows that there is nothing more.
		lags, err := b.leaderHasAfter(ctx, streamEvents, ">", reached)
		if err != nil || !lags {
			return events, translate("bus.events after", err)
		}
		if err := b.pause(ctx, attempt); err != nil {
			return nil, translate("bus.events after", err)
		}
	}
}

// EventBounds gives the sequences of the first and the last event and the log's epoch, a random id that tells it from
// any other log. An empty log has first = last + 1.
func (b *Bus) EventBounds(ctx context.Context) (first, last uint64, epoch string, err error) {
	s, err := b.js.Stream(ctx, streamEvents)
	if err != nil {
		return 0, 0, "", translate("bus.event bounds", err)
	}
	info := s.CachedInfo()
	first, last = info.State.FirstSeq, info.State.LastSeq
	if info.State.Msgs == 0 {
		first = last + 1
	}
	return first, last, info.Config.Metadata[metaEpoch], nil
}

// TailEvents emits every event after a sequence, in order, each once, until ctx ends; then it returns nil. It outlives
// lost connections. An error of emit ends it and is returned. A process needs one tail, shared by its subscribers.
func (b *Bus) TailEvents(ctx context.Context, after uint64, emit func(StoredEvent) error) error {
	f := follower{bus: b, stream: streamEvents, after: after, emit: func(m message) error {
		person, call, ok := eventSubject(m.Subject())
		if !ok {
			return fmt.Errorf("bus.tail: message %d has a strange subject", m.sequence)
		}
		return emit(StoredEvent{Sequence: m.sequence, Person: person, Call: call, Data: m.Data(), At: m.at})
	}}
	return f.run(ctx)
}

func storedEvent(m *nats.Msg) (StoredEvent, error) {
	seq, at, err := place(m)
	if err != nil {
		return StoredEvent{}, err
	}
	person, call, ok := eventSubject(m.Header.Get(jetstream.SubjectHeader))
	if !ok {
		return StoredEvent{}, errors.New("a stored event has a strange subject")
	}
	return StoredEvent{Sequence: seq, Person: person, Call: call, Data: m.Data, At: at}, nil
}

func eventSubject(subject string) (person, call string, ok bool) {
	rest, ok := strings.CutPrefix(subject, "events.")
	if !ok {
		return "", "", false
	}
	call, person, ok = strings.Cut(rest, ".")
	return person, call, ok
}

// isToken reports whether s can be one token of a subject.
func isToken(s string) bool {
	return s != "" && len(s) <= maxKey && !strings.ContainsAny(s, ".*> \t\r\n")
}
