package operate

import (
	"context"
	"errors"
	"log/slog"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// Calls is the log of calls.
type Calls interface {
	// PersonCalls gives the calls with a number.
	PersonCalls(ctx context.Context, phone helix.Phone) ([]helix.Call, error)
	// ErasePerson removes the events of these calls and answers with their number; by is the erasure they belong to.
	ErasePerson(ctx context.Context, by helix.Erasure, phone helix.Phone) (events int, err error)
	// TraceErasure keeps the trace of an erasure, over an earlier one of the same id.
	TraceErasure(ctx context.Context, e helix.Erasure) error
}

// Agents tells what agents work on.
type Agents interface {
	// Agents lists all of them.
	Agents(ctx context.Context) ([]helix.DeskAgent, error)
}

// MissedCalls is the queue of missed calls.
type MissedCalls interface {
	// Forget removes the entry of a number and reports whether there was one.
	Forget(ctx context.Context, phone helix.Phone) (bool, error)
}

// Records is what is known of records in FortyTwo.
type Records interface {
	// Forget removes under which ids FortyTwo keeps these records of ours.
	Forget(ctx context.Context, records ...string) error
}

// Outbound is who keeps outbound AI calls.
type Outbound interface {
	// Erase removes the calls to a number with their recordings, and answers with their number; an open one is ended.
	Erase(ctx context.Context, phone helix.Phone) (calls int, err error)
}

// Options wires a [Service].
type Options struct {
	Bus      *bus.Bus
	Calls    Calls
	Agents   Agents
	Missed   MissedCalls
	Records  Records
	Outbound Outbound // nil in a gateway that makes no outbound AI calls
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service is what supervisors do to the gateway. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service.
func New(o Options) *Service { return &Service{o: o} }

// Kind says what a dead letter was meant to be.
type Kind = bus.DeadKind

// The kinds.
const (
	Push    = bus.DeadPush    // of a provider
	Command = bus.DeadCommand // for FortyTwo
)

// Letter is a dead letter as it may be shown: without its content, and without an error's text, which may quote it.
type Letter struct {
	ID        string
	Place     string // in the list
	Kind      Kind
	Source    string       // of a push: its webhook
	Call      helix.CallID // of a command: the call whose later commands wait
	Code      helix.Code   // of the last failure; "" when it had none
	Exhausted bool         // failed too often; otherwise refused for good
	Attempts  int
	At        time.Time
}

// Letters is a page of dead letters.
type Letters struct {
	Letters []Letter
	More    bool
	Total   int // of the kind that was asked for
}

// DeadLetters lists up to limit dead letters of a kind, "" for all, behind the place of an earlier one, "" for the first.
// BAD_USER_INPUT when that is no place.
func (s *Service) DeadLetters(ctx context.Context, kind Kind, after string, limit int) (Letters, error) {
	stored, err := s.o.Bus.DeadLetters(ctx, kind, after, limit+1)
	if errors.Is(err, bus.ErrNotFound) {
		return Letters{}, helix.BadInput("the cursor is not one of ours")
	}
	if err != nil {
		return Letters{}, err
	}
	depth, err := s.o.Bus.Depth(ctx)
	if err != nil {
		return Letters{}, err
	}
	page := Letters{More: len(stored) > limit}
	for _, l := range stored[:min(limit, len(stored))] {
		page.Letters = append(page.Letters, Letter{
			ID: l.ID, Place: l.Place, Kind: l.Kind, Source: l.Source, Call: helix.CallID(l.Lane), Code: l.Code, Exhausted: l.Exhausted,
			Attempts: l.Attempts, At: l.At,
		})
	}
	if kind != Command {
		page.Total += int(depth.DeadPushes)
	}
	if kind != Push {
		page.Total += int(depth.ParkedLanes)
	}
	return page, nil
}

// Replay has a dead letter handled again; NOT_FOUND when there is none of that id.
func (s *Service) Replay(ctx context.Context, by helix.MemberID, id string) error {
	return s.settled(ctx, "replayed", by, id, s.o.Bus.ReplayDeadLetter(ctx, id))
}

// Drop gives a dead letter up; NOT_FOUND when there is none of that id.
func (s *Service) Drop(ctx context.Context, by helix.MemberID, id string) error {
	return s.settled(ctx, "dropped", by, id, s.o.Bus.DropDeadLetter(ctx, id))
}

// settled notes who decided what, and gives what went wrong its code.
func (s *Service) settled(ctx context.Context, what string, by helix.MemberID, id string, err error) error {
	switch {
	case errors.Is(err, bus.ErrNotFound):
		return helix.NotFound("dead letter")
	case errors.Is(err, bus.ErrConflict):
		return helix.Conflict("the dead letter has just changed; look again")
	case errors.Is(err, bus.ErrFull):
		return &helix.Error{Code: helix.CodeUnavailable, Message: "the inbox is full; try again later", Retryable: true, Err: err}
	case err != nil:
		return helix.Internal("operate.dead letter", err)
	}
	s.o.Logger.InfoContext(ctx, "a dead letter was decided about", "decision", what, "letter", id, "member", string(by))
	return nil
}
