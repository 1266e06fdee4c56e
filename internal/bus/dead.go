package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// DeadLetter is a message that could not be handled. It is kept for the retention at most.
type DeadLetter struct {
	ID       string // names it in Replay and Drop, e.g. "inbox.17"
	Source   string // of an inbox message: its webhook; of an outbox message: its command's id
	Lane     string // of an outbox message: the lane that is parked behind it
	Reason   string // the error's text
	Attempts int
	At       time.Time // when it was given up
	Data     []byte    // the body; may hold patient data, so it is never logged
}

// parkedLane is why a lane of the outbox is parked; the message itself stays at the lane's head.
type parkedLane struct {
	Sequence uint64    `json:"sequence"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`
}

// maxReason bounds the reason that is kept.
const maxReason = 1 << 10

const (
	deadInbox  = "inbox."
	deadOutbox = "outbox."
)

// bury makes a push a dead letter. Doing so twice keeps one.
func (b *Bus) bury(ctx context.Context, m InboxMessage, t ticket, reason error) error {
	h := inboxHeader(m)
	h.Set(headerReason, headerText(reason))
	h.Set(headerAttempts, strconv.Itoa(t.attempt))
	h.Set(headerFailedAt, b.now().UTC().Format(time.RFC3339Nano))
	letter := &nats.Msg{Subject: "dead.inbox", Data: m.Body, Header: h}
	_, err := b.js.PublishMsg(ctx, letter, jetstream.WithMsgID(deadInbox+strconv.FormatUint(t.sequence, 10)))
	if err != nil {
		return translate("bus.bury", err)
	}
	b.log.ErrorContext(ctx, "bus: a push became a dead letter",
		"source", m.Source, "sequence", t.sequence, "attempts", t.attempt, "reason", reason)
	return nil
}

// DeadLetters lists dead letters: those of the outbox, since they keep a lane parked, then those of the inbox, oldest
// first, up to limit in all.
func (b *Bus) DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error) {
	var letters []DeadLetter
	parked, err := b.parked.All(ctx)
	if err != nil {
		return nil, err
	}
	byAge := slices.SortedFunc(maps.Keys(parked), func(a, b string) int { return parked[a].At.Compare(parked[b].At) })
	for _, lane := range byAge[:min(limit, len(byAge))] {
		p := parked[lane]
		letter := DeadLetter{ID: deadOutbox + lane, Reason: p.Reason, Attempts: p.Attempts, At: p.At}
		stored, err := b.byName[streamOutbox].GetMsg(ctx, p.Sequence)
		switch {
		case err == nil:
			letter.Source, letter.Lane, letter.Data = stored.Header.Get(headerCommand), stored.Header.Get(headerLane), stored.Data
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return nil, translate("bus.dead letters", err)
		}
		letters = append(letters, letter)
	}
	for from := uint64(1); len(letters) < limit; {
		msgs, more, err := b.page(ctx, streamDead, ">", from, min(limit-len(letters), callPage))
		if err != nil {
			return nil, translate("bus.dead letters", err)
		}
		for _, m := range msgs {
			seq, at, err := place(m)
			if err != nil {
				return nil, fmt.Errorf("bus.dead letters: %w", err)
			}
			letters = append(letters, deadPush(m.Header, m.Data, seq, at))
			from = seq + 1
		}
		if !more || len(msgs) == 0 {
			break
		}
	}
	return letters, nil
}

// ReplayDeadLetter has a dead letter handled again: a push goes to the end of the inbox, a parked lane of the outbox
// goes on with the message that parked it. [ErrNotFound] when there is none of that id.
func (b *Bus) ReplayDeadLetter(ctx context.Context, id string) error {
	return b.settleDead(ctx, id, func(m InboxMessage, seq uint64) error {
		return b.storeInbox(ctx, m, "replay."+strconv.FormatUint(seq, 10))
	}, nil)
}

// DropDeadLetter forgets a dead letter; the lane that it parked goes on with the message behind it. [ErrNotFound] when
// there is none of that id.
func (b *Bus) DropDeadLetter(ctx context.Context, id string) error {
	return b.settleDead(ctx, id, nil, func(p parkedLane) error {
		return remove(ctx, b.byName[streamOutbox], p.Sequence)
	})
}

// settleDead ends a dead letter after doing what is asked with its message.
func (b *Bus) settleDead(ctx context.Context, id string, push func(InboxMessage, uint64) error, command func(parkedLane) error) error {
	if lane, ok := strings.CutPrefix(id, deadOutbox); ok {
		p, rev, err := b.parked.Get(ctx, lane)
		if err == nil && command != nil {
			err = command(p)
		}
		if err != nil {
			return translate("bus.settle dead letter", err)
		}
		return b.parked.Delete(ctx, lane, rev)
	}
	number, ok := strings.CutPrefix(id, deadInbox)
	seq, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil {
		return fmt.Errorf("bus.settle dead letter: %w", ErrNotFound)
	}
	stored, err := b.byName[streamDead].GetMsg(ctx, seq)
	if err == nil && push != nil {
		err = push(inboxMessage(stored.Header, stored.Data, stored.Time), seq)
	}
	if err == nil {
		err = remove(ctx, b.byName[streamDead], seq)
	}
	return translate("bus.settle dead letter", err)
}

func deadPush(h nats.Header, body []byte, seq uint64, at time.Time) DeadLetter {
	attempts, _ := strconv.Atoi(h.Get(headerAttempts))
	if failed, err := time.Parse(time.RFC3339Nano, h.Get(headerFailedAt)); err == nil {
		at = failed
	}
	return DeadLetter{
		ID: deadInbox + strconv.FormatUint(seq, 10), Source: h.Get(headerSource), Reason: h.Get(headerReason),
		Attempts: attempts, At: at, Data: body,
	}
}

// headerText makes an error's text fit a header: one line, bounded.
func headerText(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	return text
}
