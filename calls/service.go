package calls

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/bus"
)

// MissedCalls is the queue that an inbound call which reached nobody goes into.
type MissedCalls interface {
	// Record takes a missed call in, once per provider call however often it is told, and answers with its entry.
	Record(ctx context.Context, call helix.Call) (helix.MissedCall, error)
	// Reached takes an answered call in: whoever waited for a call back under its number was reached.
	Reached(ctx context.Context, call helix.Call) error
}

// Agents is who wants to know what calls do to agents.
type Agents interface {
	// Observe takes what a provider or a call's event says of an agent; older reports than the last are ignored.
	Observe(ctx context.Context, report helix.AgentReport) error
	// Over takes in that a call which an agent had is over, which no report of the agent's has said yet.
	Over(ctx context.Context, agent helix.AgentID, call helix.Call) error
	// Name gives the name of the member who works as this agent, "" when nobody is known to.
	Name(agent helix.AgentID) string
}

// Records is where writes to FortyTwo go.
type Records interface {
	// Submit stores the writes durably; they reach FortyTwo later and at least once.
	Submit(ctx context.Context, writes ...helix.RecordWrite) error
}

// RecordChanges is who wants to know what changed in FortyTwo.
type RecordChanges interface {
	// Changed takes what a webhook of FortyTwo told; the same may be told twice.
	Changed(ctx context.Context, change helix.RecordChange) error
}

// OutboundCalls is who wants to know how outbound AI calls go. NOT_FOUND means that no call of ours can be meant.
type OutboundCalls interface {
	// Report takes what the telephony provider told; the same may be told twice, late and out of order.
	Report(ctx context.Context, report helix.DialReport) error
	// Conversation takes what the voice provider told.
	Conversation(ctx context.Context, conversation helix.Conversation) error
}

// Options wires a [Service].
type Options struct {
	Bus     *bus.Bus
	Person  func(helix.Phone) string // the token that stands for a phone in subjects
	Records Records
	Now     func() time.Time
	Tracer  trace.Tracer
	Secret  []byte // seals events: whoever does not have it cannot change the log unseen
}

// Service appends to the log of calls and reads it. It is safe for concurrent use.
type Service struct {
	bus      *bus.Bus
	dials    *bus.Bucket[helix.OpenDial]
	ids      *bus.Bucket[helix.CallID]
	names    *names                      // of ids, the latest
	links    *bus.Bucket[[]helix.CallID] // calls by the records that they are recorded under
	person   func(helix.Phone) string
	missed   MissedCalls
	agents   Agents
	changes  RecordChanges
	outbound OutboundCalls
	records  Records
	now      func() time.Time
	tracer   trace.Tracer

	tail     *tail
	seals    *sealer
	erasures *bus.Bucket[erasureTrace]
	erased   *bus.Bucket[time.Time] // when persons were erased, by their tokens
	checking sync.Mutex             // held by Verify

	mu     sync.Mutex
	cache  map[helix.CallID]*helix.Call // folds of recent calls; at most maxCached, any may be dropped
	newest helix.LogMark                // the latest sealed event that the tail has seen
}

// maxCached bounds the folds that are kept in memory. A dropped one is read again from the log.
const maxCached = 4096

// New opens the buckets that calls need. What calls cause is wired with [Service.Wire], since the queue of missed calls
// itself appends events.
func New(ctx context.Context, o Options) (*Service, error) {
	dials, err := bus.OpenBucket[helix.OpenDial](ctx, o.Bus, bus.BucketDials)
	if err != nil {
		return nil, err
	}
	ids, err := bus.OpenBucket[helix.CallID](ctx, o.Bus, bus.BucketCallIDs)
	if err != nil {
		return nil, err
	}
	links, err := bus.OpenBucket[[]helix.CallID](ctx, o.Bus, bus.BucketRecordCalls)
	if err != nil {
		return nil, err
	}
	erasures, err := bus.OpenBucket[erasureTrace](ctx, o.Bus, bus.BucketErasures)
	if err != nil {
		return nil, err
	}
	erased, err := bus.OpenBucket[time.Time](ctx, o.Bus, bus.BucketErased)
	if err != nil {
		return nil, err
	}
	s := &Service{
		bus: o.Bus, dials: dials, ids: ids, names: newNames(), person: o.Person, records: o.Records, now: o.Now, tracer: o.Tracer, cache: map[helix.CallID]*helix.Call{},
		links: links, seals: newSealer(o.Secret), erasures: erasures, erased: erased,
	}
	s.tail, err = newTail(ctx, o.Bus, s.refresh)
	return s, err
}

// Wire sets who is told of missed calls and agents' states. It must be called before [Service.Ingest].
func (s *Service) Wire(missed MissedCalls, agents Agents) { s.missed, s.agents = missed, agents }

// WireChanges sets who is told of changes in FortyTwo, which come through the same inbox. It must be called before
// [Service.Ingest] is given any.
func (s *Service) WireChanges(changes RecordChanges) { s.changes = changes }

// WireOutbound sets who is told of outbound AI calls, whose callbacks come through the same inbox. It must be called
// before [Service.Ingest] is given any.
func (s *Service) WireOutbound(outbound OutboundCalls) { s.outbound = outbound }

// Run follows the log, and what is erased from it, until ctx ends. Streams need it.
func (s *Service) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return s.tail.run(ctx) })
	work.Go(func() error { return s.followErasures(ctx) })
	return work.Wait()
}

// Ingest turns a provider's reports into events. An error means that the same reports must be given again.
func (s *Service) Ingest(ctx context.Context, reports helix.ProviderReports) error {
	for _, r := range reports.Calls {
		if err := s.ingestCall(ctx, r); err != nil {
			return err
		}
	}
	for _, r := range reports.Agents {
		if err := s.agents.Observe(ctx, r); err != nil {
			return err
		}
	}
	for _, c := range reports.Changes {
		if err := s.changes.Changed(ctx, c); err != nil {
			return err
		}
	}
	return s.ingestOutbound(ctx, reports)
}

// ingestOutbound hands on what concerns outbound AI calls. A call that is not ours is nobody's business here: accounts
// have other uses.
func (s *Service) ingestOutbound(ctx context.Context, reports helix.ProviderReports) error {
	for _, r := range reports.Dials {
		if err := s.outbound.Report(ctx, r); err != nil && !helix.IsCode(err, helix.CodeNotFound) {
			return err
		}
	}
	for _, c := range reports.Conversations {
		if err := s.outbound.Conversation(ctx, c); err != nil && !helix.IsCode(err, helix.CodeNotFound) {
			return err
		}
	}
	return nil
}

func (s *Service) ingestCall(ctx context.Context, r helix.CallReport) (err error) {
	ctx, span := s.tracer.Start(ctx, "calls.ingest", trace.WithAttributes(attribute.String("report.kind", string(r.Kind))))
	defer func() {
		if err != nil {
			span.SetStatus(codes.Error, string(helix.AsError(err).Code))
		}
		span.End()
	}()
	if name := s.agents.Name(r.Agent); name != "" {
		r.AgentName = name // records carry the member's full name, not the provider's spelling
	}
	id, err := s.identify(ctx, r)
	if err != nil {
		return err
	}
	_, err = s.Append(ctx, id, func(call *helix.Call) ([]helix.CallEvent, error) {
		if call == nil {
			if forgotten, err := s.forgotten(ctx, r); forgotten || err != nil {
				return nil, err
			}
		}
		events := decide(call, r)
		for i := range events {
			if events[i].Kind == helix.EventMissed && r.Phone != "" {
				if err := s.recordMissed(ctx, id, call, events[:i], &events[i]); err != nil {
					return nil, err
				}
			}
		}
		if err := s.affect(ctx, id, call, r, events); err != nil {
			return nil, err
		}
		return events, nil
	})
	return err
}

func (s *Service) recordMissed(ctx context.Context, id helix.CallID, call *helix.Call, before []helix.CallEvent, missed *helix.CallEvent) error {
	entry, err := s.missed.Record(ctx, preview(id, call, append(slices.Clip(before), *missed)))
	if err != nil {
		return err
	}
	missed.MissedCall, missed.MissedCount = entry.ID, entry.Count
	return nil
}

// affect does what the report causes outside the log. It runs before the events are appended, see doc.go.
func (s *Service) affect(ctx context.Context, id helix.CallID, call *helix.Call, r helix.CallReport, events []helix.CallEvent) error {
	after := preview(id, call, events)
	if err := s.tellAgents(ctx, call, r, after); err != nil {
		return err
	}
	if after.Answered() && (call == nil || !call.Answered()) {
		if err := s.missed.Reached(ctx, after); err != nil {
			return err
		}
	}
	if len(events) == 0 || after.State != helix.CallEnded {
		return nil
	}
	return s.records.Submit(ctx, after.Record())
}

// tellAgents says what a report means for the agents of its call: a new state, or that a call which occupied them is over.
func (s *Service) tellAgents(ctx context.Context, before *helix.Call, r helix.CallReport, after helix.Call) error {
	if state, at := agentState(r, &after); state != "" && r.Agent != "" && after.Disposition == nil {
		return s.agents.Observe(ctx, helix.AgentReport{Agent: r.Agent, State: state, Call: after.ID, At: at})
	}
	if after.Open() || (before != nil && !before.Open()) {
		return nil
	}
	had := []helix.AgentID{after.Agent}
	if before != nil && before.Agent != after.Agent {
		had = append(had, before.Agent) // the record names who had it last
	}
	for _, agent := range had {
		if agent == "" {
			continue
		}
		if err := s.agents.Over(ctx, agent, after); err != nil {
			return err
		}
	}
	return nil
}

// agentState is what a call event says of its agent. The final record gives none, since it may come minutes later: see
// [Agents]. Nor does an offer without a time, or whatever comes after the call is over.
func agentState(r helix.CallReport, after *helix.Call) (helix.AgentState, time.Time) {
	switch r.Kind {
	case helix.ReportOffered:
		if !r.Undated && after.Open() {
			return helix.AgentRinging, r.At
		}
	case helix.ReportAnswered:
		if after.Open() {
			return helix.AgentBusy, r.At
		}
	case helix.ReportEnded:
		return helix.AgentAfterCallWork, r.At
	case helix.ReportDetails, helix.ReportAbandoned:
	}
	return "", time.Time{}
}

// preview folds events that are about to be appended.
func preview(id helix.CallID, call *helix.Call, events []helix.CallEvent) helix.Call {
	var base helix.Call
	if call != nil {
		base = *call
	}
	base.ID = id
	return number(base, events)
}

// number gives events their place within the call and folds them.
func number(base helix.Call, events []helix.CallEvent) helix.Call {
	for i := range events {
		events[i].Call = base.ID
		events[i].Sequence = base.Sequence + 1
		base = fold(base, events[i])
	}
	return base
}
