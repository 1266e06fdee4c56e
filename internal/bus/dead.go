package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	helix "github.com/helix-engage/gateway"
)

// DeadKind says what a dead letter was meant to be.
type DeadKind string

// The kinds of dead letter.
const (
	DeadPush    DeadKind = "push"    // of the inbox
	DeadCommand DeadKind = "command" // of the outbox
)

// DeadLetter is a message that could not be handled. It is kept for the retention at most.
type DeadLetter struct {
	ID        string // names it in Replay and Drop, e.g. "inbox.17"; a message that fails again gets another or the same
	Place     string // where it stands in the list; names no message
	Kind      DeadKind
	Source    string     // of a push: its webhook; of a command: its id
	Lane      string     // of a command: the lane that is parked behind it
	Code      helix.Code // of the last failure; "" when it had none
	Reason    string     // the error's text
	Exhausted bool       // given up after too many attempts; otherwise refused for good
	Attempts  int
	At        time.Time // when it was given up
	Data      []byte    // the body; may hold patient data, so it is never logged
}

// parkedLane is why a lane of the outbox is parked; the message itself stays at the lane's head.
type parkedLane struct {
	Sequence  uint64     `json:"sequence"`
	Code      helix.Code `json:"code,omitempty"`
	Reason    string     `json:"reason"`
	Exhausted bool       `json:"exhausted,omitempty"`
	Attempts  int        `json:"attempts"`
	At        time.Time  `json:"at"`
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
	h.Set(headerCode, string(codeOf(reason)))
	h.Set(headerExhausted, strconv.FormatBool(!IsPermanent(reason)))
	h.Set(headerAttempts, strconv.Itoa(t.attempt))
	h.Set(headerFailedAt, b.now().UTC().Format(time.RFC3339Nano))
	letter := &nats.Msg{Subject: "dead.inbox", Data: m.Body, Header: h}
	_, err := b.js.PublishMsg(ctx, letter, jetstream.WithMsgID(deadInbox+pushID(t.sequence).String()))
	if err != nil {
		return translate("bus.bury", err)
	}
	b.log.ErrorContext(ctx, "bus: a push became a dead letter",
		"source", m.Source, "push", pushID(t.sequence), "attempts", t.attempt, "reason", reason)
	return nil
}

// DeadLetters lists dead letters: those of the outbox, since they keep a lane parked, then those of the inbox, oldest
// first, up to limit in all. kind, when not empty, asks for one kind alone; after, when not empty, for those behind the
// Place of an earlier answer, whether or not that letter is still there. [ErrNotFound] when after is no place.
func (b *Bus) DeadLetters(ctx context.Context, kind DeadKind, after string, limit int) ([]DeadLetter, error) {
	behind, err := parsePlace(after)
	if err != nil {
		return nil, err
	}
	var letters []DeadLetter
	if kind != DeadPush && behind.sequence == 0 {
		if letters, err = b.deadCommands(ctx, behind, limit); err != nil {
			return nil, err
		}
	}
	if kind == DeadCommand {
		return letters, nil
	}
	for from := behind.sequence + 1; len(letters) < limit; {
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

// deadCommands lists the messages that park lanes; there are few lanes, so all are read.
func (b *Bus) deadCommands(ctx context.Context, behind deadPlace, limit int) ([]DeadLetter, error) {
	parked, err := b.parked.All(ctx)
	if err != nil {
		return nil, err
	}
	places := make([]deadPlace, 0, len(parked))
	for lane, p := range parked {
		if at := (deadPlace{at: p.At, lane: lane}); at.compare(behind) > 0 {
			places = append(places, at)
		}
	}
	slices.SortFunc(places, deadPlace.compare)
	var letters []DeadLetter
	for _, at := range places[:min(limit, len(places))] {
		p := parked[at.lane]
		letter := DeadLetter{
			ID: deadOutbox + at.lane + "." + strconv.FormatUint(p.Sequence, 10), Place: at.String(), Kind: DeadCommand,
			Code: p.Code, Reason: p.Reason, Exhausted: p.Exhausted, Attempts: p.Attempts, At: p.At,
		}
		stored, err := b.byName[streamOutbox].GetMsg(ctx, p.Sequence)
		switch {
		case err == nil:
			letter.Source, letter.Lane, letter.Data = stored.Header.Get(headerCommand), stored.Header.Get(headerLane), stored.Data
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return nil, translate("bus.dead letters", err)
		}
		letters = append(letters, letter)
	}
	return letters, nil
}

// deadPlace is a place in the list of dead letters: a command's by age and lane, a push's by sequence.
type deadPlace struct {
	at       time.Time
	lane     string
	sequence uint64
}

func (p deadPlace) compare(o deadPlace) int {
	return cmp.Or(p.at.Compare(o.at), strings.Compare(p.lane, o.lane))
}

func (p deadPlace) String() string {
	return deadOutbox + strconv.FormatInt(p.at.UnixNano(), 10) + "." + p.lane
}

func parsePlace(s string) (deadPlace, error) {
	if s == "" {
		return deadPlace{}, nil
	}
	if number, ok := strings.CutPrefix(s, deadInbox); ok {
		sequence, err := strconv.ParseUint(number, 10, 64)
		if err == nil && sequence > 0 {
			return deadPlace{sequence: sequence}, nil
		}
	}
	if rest, ok := strings.CutPrefix(s, deadOutbox); ok {
		at, lane, _ := strings.Cut(rest, ".")
		nanos, err := strconv.ParseInt(at, 10, 64)
		if err == nil && lane != "" {
			return deadPlace{at: time.Unix(0, nanos), lane: lane}, nil
		}
	}
	return deadPlace{}, fmt.Errorf("bus.dead letters: a place that is none: %w", ErrNotFound)
}

// ReplayDeadLetter has a dead letter handled again: a push goes to the end of the inbox, a parked lane of the outbox
// goes on with the message that parked it. [ErrNotFound] when there is none of that id, which includes one that was
// replayed or dropped before.
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
	if parked, ok := strings.CutPrefix(id, deadOutbox); ok {
		lane, number, _ := strings.Cut(parked, ".")
		return b.unpark(ctx, lane, number, command)
	}
	number, ok := strings.CutPrefix(id, deadInbox)
	seq, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || seq == 0 {
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

// unpark lets a lane go on, unless it is parked behind another message than the one of that number by now.
func (b *Bus) unpark(ctx context.Context, lane, number string, command func(parkedLane) error) error {
	if !isToken(lane) {
		return fmt.Errorf("bus.settle dead letter: %w", ErrNotFound)
	}
	p, rev, err := b.parked.Get(ctx, lane)
	if err == nil && number != strconv.FormatUint(p.Sequence, 10) {
		err = ErrNotFound
	}
	if err == nil && command != nil {
		err = command(p)
	}
	if err != nil {
		return translate("bus.settle dead letter", err)
	}
	return b.parked.Delete(ctx, lane, rev)
}

func deadPush(h nats.Header, body []byte, seq uint64, at time.Time) DeadLetter {
	attempts, _ := strconv.Atoi(h.Get(headerAttempts))
	if failed, err := time.Parse(time.RFC3339Nano, h.Get(headerFailedAt)); err == nil {
		at = failed
	}
	id := deadInbox + strconv.FormatUint(seq, 10)
	return DeadLetter{
		ID: id, Place: id, Kind: DeadPush, Source: h.Get(headerSource), Code: helix.Code(h.Get(headerCode)),
		Reason: h.Get(headerReason), Exhausted: h.Get(headerExhausted) == "true", Attempts: attempts, At: at, Data: body,
	}
}

// codeOf is the code of an error that has one.
func codeOf(err error) helix.Code {
	var coded *helix.Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return ""
}

// headerText makes an error's text fit a header: one line, bounded.
func headerText(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	return text
}
