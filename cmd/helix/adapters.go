package main

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/propagation"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/internal/auth"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/webhooks"
	"github.com/helix-engage/gateway/providers/fortytwo"
	"github.com/helix-engage/gateway/providers/ozonetel"
	"github.com/helix-engage/gateway/records"
	"github.com/helix-engage/gateway/resolvers"
	"github.com/helix-engage/gateway/watch"
)

// What services ask for and what drivers offer, side by side; where they differ in a word, it is translated here.
var (
	_ desk.Telephony      = telephony{}
	_ desk.CRM            = (*fortytwo.Client)(nil)
	_ records.Writer      = recordWriter{}
	_ auth.Identities     = (*fortytwo.Client)(nil)
	_ webhooks.Inbox      = inbox{}
	_ ozonetel.TokenStore = (*tokenStore)(nil)
	_ desk.Callbacks      = (*fortytwo.Client)(nil)
	_ desk.Outbox         = (*records.Service)(nil)
	_ calls.RecordChanges = changes{}
	_ watch.CRM           = followed{}
	_ resolvers.Changes   = (*watch.Service)(nil)
)

// telephony lets a desk dispose with the words of the desk.
type telephony struct{ *ozonetel.Client }

func (t telephony) CallDetails(ctx context.Context, day time.Time) ([]helix.CallDetail, error) {
	told, err := t.CallRecords(ctx, day)
	details := make([]helix.CallDetail, len(told.Records))
	for i, r := range told.Records {
		details[i] = helix.CallDetail{
			ID: r.ID, Report: r.Report, Outcome: helix.CallOutcome(r.Outcome), AnsweredAt: r.AnsweredAt, Hold: r.Hold, WrapUp: r.WrapUp,
		}
	}
	return details, err
}

func (t telephony) AgentDays(ctx context.Context, day time.Time) ([]helix.AgentDay, error) {
	told, _, err := t.Client.AgentDays(ctx, day)
	days := make([]helix.AgentDay, len(told))
	for i, d := range told {
		days[i] = helix.AgentDay{Agent: d.Agent, Login: d.Login, Idle: d.Idle, Paused: d.Pause}
	}
	return days, err
}

func (t telephony) Dispose(ctx context.Context, seat helix.AgentSeat, call helix.Call, d helix.Disposition) error {
	_, err := t.Client.Dispose(ctx, seat, ozonetel.Disposal{
		ProviderCallID: call.ProviderCallID, DID: call.DID, Label: d.Label, Notes: d.Notes, CallbackAt: d.CallbackAt,
	})
	return err
}

type recordWriter struct{ *fortytwo.Client }

func (w recordWriter) UpsertRecords(ctx context.Context, access helix.Access, writes []helix.RecordWrite) ([]records.Result, error) {
	written, err := w.Client.UpsertRecords(ctx, access, writes)
	results := make([]records.Result, len(written))
	for i, r := range written {
		results[i] = records.Result(r)
	}
	return results, err
}

// linkedRecords lets package calls know under whom calls are recorded.
type linkedRecords struct {
	*records.Service
	calls *calls.Service
}

// Submit links the calls, then stores the writes.
func (r linkedRecords) Submit(ctx context.Context, writes ...helix.RecordWrite) error {
	if err := r.calls.Link(ctx, writes...); err != nil {
		return err
	}
	return r.Service.Submit(ctx, writes...)
}

// SubmitAndWait links the calls, then stores the writes and waits for FortyTwo to have them.
func (r linkedRecords) SubmitAndWait(ctx context.Context, patience time.Duration, writes ...helix.RecordWrite) (written bool, err error) {
	if err := r.calls.Link(ctx, writes...); err != nil {
		return false, err
	}
	return r.Service.SubmitAndWait(ctx, patience, writes...)
}

// inbox stores pushes with the trace that they came in.
type inbox struct {
	bus *bus.Bus
	now func() time.Time
}

func (i inbox) Append(ctx context.Context, source, contentType string, body []byte) error {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return i.bus.AppendInbox(ctx, bus.InboxMessage{
		Source: source, ContentType: contentType, Body: body, ReceivedAt: i.now().UTC(), Traceparent: carrier.Get("traceparent"),
	})
}

// followed lets records be followed with the words of package watch.
type followed struct{ *fortytwo.Client }

func (f followed) Follow(access helix.Access, expires time.Time, object, record string) (watch.Stream, error) {
	w, err := f.WatchRecord(access, expires, object, record)
	if err != nil {
		return nil, noStream(err)
	}
	return recordStream{w}, nil
}

func (f followed) Reader(access helix.Access, object, record string) watch.Reader {
	return f.RecordReader(access, object, record)
}

type recordStream struct{ *fortytwo.Watching }

func (s recordStream) State() (live bool, err error) {
	live, err = s.Watching.State()
	return live, noStream(err)
}

func noStream(err error) error {
	if errors.Is(err, fortytwo.ErrNoStream) {
		return watch.ErrNoStream
	}
	return err
}

// changes tells those whom it concerns what changed in FortyTwo.
type changes struct {
	edits    *desk.Edits
	watch    *watch.Service
	fortyTwo *fortytwo.Client
	schema   func()
}

func (c changes) Changed(ctx context.Context, change helix.RecordChange) error {
	if change.Model {
		c.fortyTwo.ModelChanged() // the other replicas look within a minute of their own accord
		c.schema()
		return nil
	}
	if err := c.watch.Changed(change); err != nil {
		return err
	}
	if change.Object == "" { // nothing that a desk shows
		return nil
	}
	return c.edits.Changed(ctx, change)
}

// tokenStore shares one Ozonetel token among replicas.
type tokenStore struct {
	bucket *bus.Bucket[ozonetel.Token]
	key    string
}

func newTokenStore(ctx context.Context, b *bus.Bus, account string) (*tokenStore, error) {
	bucket, err := bus.OpenBucket[ozonetel.Token](ctx, b, bus.BucketProviderTokens)
	return &tokenStore{bucket: bucket, key: bus.Key("ozonetel." + account)}, err
}

// Load gives the token and its revision.
func (s *tokenStore) Load(ctx context.Context) (ozonetel.Token, uint64, error) {
	token, rev, err := s.bucket.Get(ctx, s.key)
	if errors.Is(err, bus.ErrNotFound) {
		return ozonetel.Token{}, 0, nil
	}
	return token, rev, err
}

// Save replaces the token of a revision.
func (s *tokenStore) Save(ctx context.Context, token ozonetel.Token, rev uint64) (uint64, error) {
	var err error
	if rev == 0 {
		rev, err = s.bucket.Create(ctx, s.key, token)
	} else {
		rev, err = s.bucket.Update(ctx, s.key, token, rev)
	}
	if errors.Is(err, bus.ErrConflict) {
		return 0, ozonetel.ErrTokenConflict
	}
	return rev, err
}
