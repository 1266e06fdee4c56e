package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

const (
	// maxBatch is how many commands are drained at once; FortyTwo takes 200 records in a request and allows 100
	// requests a minute (fortytwo.md 12).
	maxBatch = 100
	// gather is how long the drain waits for company before it sends what it has.
	gather = 50 * time.Millisecond
)

// Result is the fate of one write.
type Result struct {
	ID  string // the id that FortyTwo keeps the record under
	Err error  // nil when written
}

// Writer writes records. Implementations answer one result per write, in order, and an error only when nothing at all
// could be tried.
type Writer interface {
	UpsertRecords(ctx context.Context, access helix.Access, writes []helix.RecordWrite) ([]Result, error)
}

// Service stores writes and drains them. It is safe for concurrent use.
type Service struct {
	bus    *bus.Bus
	kept   *bus.Bucket[string] // our record id -> the id that FortyTwo keeps the record under, where they differ
	writer Writer
	lease  *bus.Lease
	log    *slog.Logger
	tracer trace.Tracer
}

// Options wires a [Service].
type Options struct {
	Bus    *bus.Bus
	Writer Writer
	Lease  *bus.Lease // says which replica drains
	Logger *slog.Logger
	Tracer trace.Tracer
}

// New makes a service.
func New(ctx context.Context, o Options) (*Service, error) {
	kept, err := bus.OpenBucket[string](ctx, o.Bus, bus.BucketRecordIDs)
	return &Service{bus: o.Bus, kept: kept, writer: o.Writer, lease: o.Lease, log: o.Logger, tracer: o.Tracer}, err
}

// Submit stores the writes durably. When it returns nil they will reach FortyTwo.
func (s *Service) Submit(ctx context.Context, writes ...helix.RecordWrite) error {
	for _, w := range writes {
		w, data, err := seal(w)
		if err != nil {
			return err
		}
		if _, err := s.bus.AppendOutbox(ctx, w.Lane, w.ID, data); err != nil {
			return fmt.Errorf("records.submit: %w", err)
		}
	}
	return nil
}

// SubmitAndWait stores the writes and waits for FortyTwo to have them, at most patience long. written is false when
// they are stored but not confirmed yet.
func (s *Service) SubmitAndWait(ctx context.Context, patience time.Duration, writes ...helix.RecordWrite) (written bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var waits []<-chan struct{}
	for i := range writes {
		w, _, err := seal(writes[i])
		if err != nil {
			return false, err
		}
		done, err := s.bus.AwaitOutbox(ctx, w.ID)
		if err != nil {
			return false, fmt.Errorf("records.await: %w", err)
		}
		waits = append(waits, done)
	}
	// Storing must not be cut short by the patience of the wait.
	if err := s.Submit(context.WithoutCancel(ctx), writes...); err != nil {
		return false, err
	}
	for _, done := range waits {
		select {
		case <-done:
		case <-ctx.Done():
			return false, nil
		}
	}
	return true, nil
}

// seal completes the command's id with a hash of its content: the same command twice is stored once, another content
// under the same name never gets lost as a repeat.
func seal(w helix.RecordWrite) (helix.RecordWrite, []byte, error) {
	content, err := json.Marshal([]any{w.Lane, w.Object, w.Record, w.Fields})
	if err != nil {
		return w, nil, helix.Internal("records.seal", err)
	}
	h := fnv.New64a()
	_, _ = h.Write(content)
	w.ID = fmt.Sprintf("%s.%016x", w.ID, h.Sum64())
	data, err := json.Marshal(w)
	if err != nil {
		return w, nil, helix.Internal("records.seal", err)
	}
	return w, data, nil
}

// Run drains the outbox whenever this replica holds the lease, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		held, err := s.lease.Context(ctx)
		if err != nil {
			break
		}
		err = s.bus.DrainOutbox(held, maxBatch, gather, s.write)
		if err != nil && held.Err() == nil {
			return fmt.Errorf("records.drain: %w", err)
		}
	}
	return ctx.Err()
}

// verdict makes an error permanent unless trying again may help. A fault of our own is tried again as well: the next
// release may not have it, and the bus gives up after its own number of attempts.
func verdict(err error) error {
	var coded *helix.Error
	if err == nil || !errors.As(err, &coded) || coded.Retryable {
		return err
	}
	switch coded.Code {
	case helix.CodeNotConfigured, helix.CodeUnauthenticated, helix.CodeForbidden, helix.CodeInternal, helix.CodeUnavailable:
		return err // the operator can mend these
	default:
		return bus.Permanent(err)
	}
}
