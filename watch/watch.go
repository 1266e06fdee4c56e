package watch

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// CRM reads records and knows of their changes.
type CRM interface {
	// Follow watches a record with a user's token by an event stream; the error is [ErrNoStream] where there is none,
	// UNAUTHENTICATED, or LIMIT_EXCEEDED. It does not wait for the stream.
	Follow(access helix.Access, expires time.Time, object, record string) (Stream, error)
	// Reader prepares to read a record with a user's token.
	Reader(access helix.Access, object, record string) Reader
}

// Stream is a subscriber's part of an event stream.
type Stream interface {
	// Signals says by an item that the record may have changed, or that State has. At most one item waits.
	Signals() <-chan struct{}
	// State tells whether changes are being told at present. An error is final: [ErrNoStream], or UNAUTHENTICATED.
	State() (live bool, err error)
	// Destroyed reports whether an event said so since this was last asked.
	Destroyed() bool
	Close()
}

// Reader reads one record.
type Reader interface {
	// Read gives the record as the user may read it. NOT_FOUND says that there is no such object, FORBIDDEN that he may not
	// read its records.
	Read(ctx context.Context) (helix.RecordView, error)
}

// ErrNoStream says that changes are told by webhooks alone.
var ErrNoStream = errors.New("watch: no event stream")

// Defaults of [Options].
const (
	DefaultSpacing  = 250 * time.Millisecond
	DefaultPatience = 3 * time.Second
	DefaultRecheck  = 5 * time.Minute
	DefaultMax      = 10_000
)

// Options wires a [Service].
type Options struct {
	Bus      *bus.Bus
	CRM      CRM
	Webhooks bool          // FortyTwo's webhooks are taken here
	Spacing  time.Duration // between two reads for one subscriber, at least; DefaultSpacing when zero
	Patience time.Duration // how long a subscription waits for its stream before it begins; DefaultPatience when zero
	Recheck  time.Duration // after which a record is read without a signal, in the mean; DefaultRecheck when zero
	Max      int           // subscriptions of this process; DefaultMax when zero
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service follows records. It is safe for concurrent use.
type Service struct {
	o   Options
	hub hub
}

// New makes a service; Run must run for webhooks to be heard.
func New(o Options) *Service {
	if o.Spacing == 0 {
		o.Spacing = DefaultSpacing
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.Recheck == 0 {
		o.Recheck = DefaultRecheck
	}
	if o.Max == 0 {
		o.Max = DefaultMax
	}
	return &Service{o: o}
}

// Watch tells the changes of one record from now on, until ctx ends or an error ends them. object is FortyTwo's singular name.
// "Now" is when the record is first read, which is before this returns: NOT_FOUND when there is no such object or record or
// the reader may not see the record, FORBIDDEN when he may read none of its object. What is returned must be ranged over,
// once.
//
// DESTROYED is the last that is told of a record. Of a softly deleted one nothing is told until it is restored or destroyed.
// The error is UNAUTHENTICATED at the end of the token, FORBIDDEN or NOT_FOUND when the record can no longer be read.
func (s *Service) Watch(
	ctx context.Context, reader *helix.Caller, object, record string,
) (_ iter.Seq2[helix.RecordUpdate, error], err error) {
	if reader == nil || reader.User == nil {
		return nil, helix.Forbidden("records are followed for members alone")
	}
	w := &watcher{service: s, object: object, record: record, expires: reader.ExpiresAt}
	if w.heard, err = s.hub.join(w.key(), s.o.Max); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	access := helix.AsUser(reader.Token)
	w.reader = s.o.CRM.Reader(access, object, record)
	if w.last, err = w.reader.Read(ctx); err != nil {
		return nil, err
	}
	if !w.last.Found {
		return nil, helix.NotFound("record")
	}
	w.stream, err = s.o.CRM.Follow(access, reader.ExpiresAt, object, record)
	if err != nil {
		w.stream = nil // an interface may hold a nil pointer
		if !errors.Is(err, ErrNoStream) {
			return nil, err
		}
	}
	if w.unread, err = w.settle(ctx); err != nil {
		return nil, err
	}
	return func(yield func(helix.RecordUpdate, error) bool) {
		defer w.close()
		w.run(ctx, yield)
	}, nil
}
