package desk_test

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/desk"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/phone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(start.UnixNano())
	return c
}
func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

// line is a telephony provider that does what it is told to.
type line struct {
	mu       sync.Mutex
	dialErr  error
	disposed []string // labels, in order
	err      error    // of every command but Dial
	dials    atomic.Int32

	abandoned  []helix.CallReport
	controlled []helix.ControlAction
	states     []helix.AgentState
	reports    []helix.AgentReport
	details    []helix.CallDetail
	days       []helix.AgentDay

	onLogin func() // before the login is answered
}

func (l *line) fail(err error) {
	l.mu.Lock()
	l.err = err
	l.mu.Unlock()
}

func (l *line) outcome() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *line) Login(context.Context, helix.AgentSeat) error {
	if l.onLogin != nil {
		l.onLogin()
	}
	return l.outcome()
}

func (l *line) Logout(context.Context, helix.AgentSeat) error { return l.outcome() }
func (l *line) SetState(_ context.Context, _ helix.AgentSeat, state helix.AgentState, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.states = append(l.states, state)
	}
	return l.err
}

func (l *line) AgentStates(context.Context) ([]helix.AgentReport, error) {
	return l.reports, l.outcome()
}

func (l *line) Dial(context.Context, helix.AgentSeat, helix.Phone, helix.CallID) (string, error) {
	l.dials.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	return "21799900000000459", l.dialErr
}

func (l *line) Control(_ context.Context, _ helix.AgentSeat, _ helix.Call, action helix.ControlAction, _ helix.Phone) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.controlled = append(l.controlled, action)
	return l.err
}

func (l *line) SetRecording(context.Context, string, bool) error { return l.outcome() }

func (l *line) Abandoned(context.Context) ([]helix.CallReport, error) {
	return l.abandoned, l.outcome()
}

func (l *line) CallDetails(context.Context, time.Time) ([]helix.CallDetail, error) {
	return l.details, l.outcome()
}

func (l *line) AgentDays(context.Context, time.Time) ([]helix.AgentDay, error) {
	return l.days, l.outcome()
}

func (l *line) Dispositions(context.Context, helix.AgentSeat) ([]string, error) {
	return []string{"Booked"}, l.outcome()
}

func (l *line) Dispose(_ context.Context, _ helix.AgentSeat, _ helix.Call, d helix.Disposition) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.disposed = append(l.disposed, d.Label)
	}
	return l.err
}

// crm is a FortyTwo that knows one patient and some work.
type crm struct {
	mu        sync.Mutex
	contact   helix.Contact
	followUps []helix.FollowUpRecord
	leads     []helix.LeadRecord
	asked     []helix.DueQuery
	lookUp    func(ctx context.Context, token string) (helix.Contact, error) // in place of contact, unless nil
	err       error
}

func (c *crm) ContactByPhone(ctx context.Context, access helix.Access, _ helix.Phone) (helix.Contact, error) {
	if c.lookUp != nil {
		token, _ := access.Token()
		return c.lookUp(ctx, token)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.contact, c.err
}

func (c *crm) FollowUpsDue(
	_ context.Context, _ helix.Access, _ helix.MemberID, q helix.DueQuery,
) ([]helix.FollowUpRecord, helix.DueCounts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, q)
	due, counts := stretch(c.followUps, q, func(f helix.FollowUpRecord) helix.DueKey { return helix.DueKey{Due: f.DueAt, ID: f.ID} })
	return due, counts, c.err
}

func (c *crm) LeadsWaiting(
	_ context.Context, _ helix.Access, _ helix.MemberID, q helix.DueQuery,
) ([]helix.LeadRecord, helix.DueCounts, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, q)
	waiting, counts := stretch(c.leads, q, func(l helix.LeadRecord) helix.DueKey { return helix.DueKey{Due: l.CreatedAt, ID: l.ID} })
	return waiting, counts, nil
}

// stretch answers a query from records that are in order.
func stretch[T any](all []T, q helix.DueQuery, key func(T) helix.DueKey) (part []T, counts helix.DueCounts) {
	for _, record := range all {
		k := key(record)
		if len(part) < q.Limit && (k.Due.After(q.After.Due) || k.Due.Equal(q.After.Due) && k.ID > q.After.ID) {
			part = append(part, record)
		}
		if q.Total {
			counts.Total++
		}
		if k.Due.Before(q.Before) {
			counts.Before++
		}
	}
	return part, counts
}

func (c *crm) CallerByPhone(_ context.Context, _ helix.Access, p helix.Phone) (helix.CallerProfile, error) {
	return helix.CallerProfile{Phone: p, Contact: c.contact}, c.err
}

func (c *crm) Search(context.Context, helix.Access, helix.SearchQuery) (helix.SearchResults, error) {
	return nil, c.err
}

// ledger keeps what was submitted to FortyTwo, merged by record.
type ledger struct {
	mu     sync.Mutex
	fields map[string]map[string]any
}

func (l *ledger) Submit(_ context.Context, writes ...helix.RecordWrite) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range writes {
		if l.fields[w.Record] == nil {
			l.fields[w.Record] = map[string]any{}
		}
		maps.Copy(l.fields[w.Record], w.Fields)
	}
	return nil
}

func (l *ledger) SubmitAndWait(ctx context.Context, _ time.Duration, writes ...helix.RecordWrite) (bool, error) {
	return true, l.Submit(ctx, writes...)
}

func (l *ledger) field(record helix.CallID, name string) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fields[string(record)][name]
}

// forget lets a test see what is submitted from now on.
func (l *ledger) forget(record helix.CallID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.fields, string(record))
}

// bench is a desk over a real log, with a provider and a CRM that do as they are told.
type bench struct {
	*desk.Desk
	queue  *desk.Queue
	agents *desk.Agents
	calls  *calls.Service
	line   *line
	crm    *crm
	ledger *ledger
	clock  *clock
	bus    *bus.Bus
	log    *slog.Logger
}

// forgetDesk makes a minute pass for the bus, whose time is real.
func (x *bench) forgetDesk(t *testing.T, agent helix.AgentID) {
	t.Helper()
	desks, err := bus.OpenBucket[time.Time](t.Context(), x.bus, bus.BucketDesks)
	if err != nil {
		t.Fatal(err)
	}
	if err := desks.Delete(t.Context(), bus.Key(string(agent)), 0); err != nil {
		t.Fatal(err)
	}
}

func openBus(t *testing.T) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func setup(t *testing.T) *bench { return setupOn(t, openBus(t), newClock()) }

// setupOn makes one replica.
func setupOn(t *testing.T, b *bus.Bus, clk *clock) *bench {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	x := &bench{line: &line{}, crm: &crm{}, ledger: &ledger{fields: map[string]map[string]any{}}, clock: clk, bus: b}
	log := slog.New(slog.DiscardHandler)
	x.log = log
	person := func(p helix.Phone) string { return phone.Token([]byte("secret"), p) }
	tracer := noop.NewTracerProvider().Tracer("")
	var err error
	fatal := func() {
		if err != nil {
			t.Fatal(err)
		}
	}
	x.calls, err = calls.New(ctx, calls.Options{Bus: b, Person: person, Records: x.ledger, Now: clk.now, Tracer: tracer})
	fatal()
	x.agents, err = desk.NewAgents(ctx, b, clk.now)
	fatal()
	x.queue, err = desk.NewQueue(ctx, desk.QueueOptions{
		Bus: b, Person: person, Calls: x.calls, Records: x.ledger, CRM: x.crm, ClaimTTL: 10 * time.Minute, SLA: 30 * time.Minute,
		Now: clk.now, Logger: log,
	})
	fatal()
	x.calls.Wire(x.queue, x.agents)
	x.Desk = desk.New(desk.Options{
		Telephony: x.line, Calls: x.calls, Records: x.ledger, CRM: x.crm, Agents: x.agents, Queue: x.queue,
		Seats: []helix.AgentSeat{worker("1").Seat, worker("2").Seat},
		Now:   clk.now, Logger: log, Tracer: tracer, PauseReason: "Break", WrapUpLimit: 5 * time.Minute,
	})
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{x.queue.Run, x.agents.Run, x.calls.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return x
}

func worker(n string) desk.Worker {
	return desk.Worker{
		Member: helix.MemberID("member-" + n), Name: "Agent " + n, Token: "token-" + n,
		Seat: helix.AgentSeat{Agent: helix.AgentID("agent" + n), SIPExtension: "52181" + n, Campaign: "Main", DID: "918041763265"},
	}
}

// tell reports a patient who hung up, as push and poll do.
func (x *bench) tell(t *testing.T, kind helix.ReportKind, p helix.Phone, providerCall string, at time.Time) {
	t.Helper()
	err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{{
		Kind: kind, Provider: helix.ProviderOzonetel, ProviderCallID: providerCall, LegID: providerCall, Direction: helix.Inbound,
		Phone: p, DID: "918041763265", At: at, EndedAt: at.Add(20 * time.Second), Total: 20 * time.Second,
	}}})
	if err != nil {
		t.Fatal(err)
	}
}

// missed reports a patient who hung up and answers with his entry.
func (x *bench) missed(t *testing.T, kind helix.ReportKind, p helix.Phone, providerCall string, at time.Time) helix.MissedCall {
	t.Helper()
	x.tell(t, kind, p, providerCall, at)
	call, err := x.calls.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", providerCall)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := x.queue.Get(t.Context(), call.MissedCall)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// talk plays an answered call of the worker's to its end.
func (x *bench) talk(t *testing.T, w desk.Worker, p helix.Phone, providerCall string, direction helix.Direction) helix.Call {
	t.Helper()
	r := helix.CallReport{
		Provider: helix.ProviderOzonetel, ProviderCallID: providerCall, LegID: providerCall, Direction: direction, Phone: p, Agent: w.Seat.Agent,
	}
	var reports helix.ProviderReports
	for i, kind := range []helix.ReportKind{helix.ReportOffered, helix.ReportAnswered, helix.ReportEnded} {
		r.Kind, r.At = kind, x.clock.now().Add(time.Duration(i)*time.Second)
		reports.Calls = append(reports.Calls, r)
	}
	if err := x.calls.Ingest(t.Context(), reports); err != nil {
		t.Fatal(err)
	}
	id := helix.CallID(helix.NewID("OZONETEL", providerCall))
	if dial, err := x.calls.DialOf(t.Context(), w.Seat.Agent); err == nil && dial.Phone == p && direction == helix.Outbound {
		id = dial.Call
	}
	call, err := x.calls.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return call
}
