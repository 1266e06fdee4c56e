package outbound

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/internal/bus"
	"github.com/helix-engage/gateway/internal/phone"
)

func TestMain(m *testing.M) {
	// A life is many synced writes. Run the property with -rapid.checks=N for N lives and -rapid.seed=S to repeat a run.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("12"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const (
	rahul    helix.Phone = "+919812345678"
	patience             = time.Minute // the machine may be slow and is shared
	asker                = "key:crm"
)

// world is everything outside: a telephony provider, a voice provider, FortyTwo and the streams, played in-process. What
// it answers is set by the test; what it was asked is kept.
type world struct {
	mu        sync.Mutex
	time      time.Time
	answer    func(helix.DialRequest) (string, error)
	dials     []helix.DialRequest
	log       []helix.DialReport
	talks     map[string]helix.Conversation
	asked     int // conversations
	ended     []helix.OutboundReason
	records   []helix.RecordWrite
	wishes    []CallBackWish
	forgotten []helix.CallID
	refuse    map[string]error // by port: the next use fails
}

func newWorld() *world {
	return &world{time: time.Now().UTC().Truncate(time.Millisecond), talks: map[string]helix.Conversation{}, refuse: map[string]error{}}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

// fails takes the error that the next use of a port is to have.
func (w *world) fails(port string) error {
	err := w.refuse[port]
	delete(w.refuse, port)
	return err
}

func (w *world) Dial(_ context.Context, r helix.DialRequest) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, r)
	if w.answer != nil {
		return w.answer(r)
	}
	return fmt.Sprintf("p-%s-%d", r.Call, r.Attempt), nil
}

func (w *world) CallLog(context.Context, time.Time, time.Time, helix.Phone) ([]helix.DialReport, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log, w.fails("call log")
}

func (w *world) Conversation(_ context.Context, id string) (helix.Conversation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	c, ok := w.talks[id]
	if !ok {
		return c, helix.NotFound("conversation")
	}
	return c, nil
}

func (w *world) URL(call helix.CallID, attempt int) string {
	return fmt.Sprintf("wss://gateway/streams/%s.%d", call, attempt)
}
func (w *world) Prepare(helix.CallID, string) {}

func (w *world) Forget(_ context.Context, call helix.CallID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forgotten = append(w.forgotten, call)
	return nil
}

func (w *world) End(_ helix.CallID, reason helix.OutboundReason) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, reason)
}

func (w *world) Submit(_ context.Context, writes ...helix.RecordWrite) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fails("records"); err != nil {
		return err
	}
	w.records = append(w.records, writes...)
	return nil
}

func (w *world) Request(_ context.Context, wish CallBackWish) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fails("call backs"); err != nil {
		return err
	}
	w.wishes = append(w.wishes, wish)
	return nil
}

func (w *world) attempts(id helix.CallID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, d := range w.dials {
		if d.Call == id {
			n++
		}
	}
	return n
}

func (w *world) record(t testing.TB) helix.RecordWrite {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.records) == 0 {
		t.Fatal("nothing was submitted to FortyTwo")
	}
	return w.records[len(w.records)-1]
}

// failingLog is the log of calls, which may refuse.
type failingLog struct {
	Log
	w *world
}

func (l failingLog) Append(ctx context.Context, id helix.CallID, decide func(*helix.Call) ([]helix.CallEvent, error)) (helix.Call, error) {
	l.w.mu.Lock()
	err := l.w.fails("log")
	l.w.mu.Unlock()
	if err != nil {
		return helix.Call{}, err
	}
	return l.Log.Append(ctx, id, decide)
}

// place is a bus with the log of calls on it, on which services are started and stopped.
type place struct {
	*world
	t     testing.TB
	ctx   context.Context //nolint:containedctx // of the test
	bus   *bus.Bus
	calls *calls.Service
}

func newPlace(t testing.TB) *place {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	t.Cleanup(cancel)
	b, err := bus.Open(ctx, bus.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	p := &place{world: newWorld(), t: t, ctx: ctx, bus: b}
	p.calls, err = calls.New(ctx, calls.Options{
		Bus: b, Person: func(n helix.Phone) string { return phone.Token([]byte("secret"), n) }, Records: p.world, Now: p.now,
		Tracer: noop.NewTracerProvider().Tracer(""),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.run(p.calls.Run)
	return p
}

func (p *place) options() Options {
	return Options{
		Bus: p.bus, Dialler: p.world, CallLog: p.world, Conversations: p.world, Streams: p.world, Log: failingLog{p.calls, p.world}, Records: p.world, CallBacks: p.world,
		Tail:       func(ctx context.Context, after *helix.Cursor) (Feed, error) { return p.calls.Stream(ctx, after) },
		VoiceAgent: "agent_1", Now: p.now, Logger: slog.New(slog.DiscardHandler),
	}
}

// run runs a function until the test ends or stop is called.
func (p *place) run(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(p.ctx)
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			p.t.Errorf("a run ended with %v", err)
		}
	})
	p.t.Cleanup(stop)
	return stop
}

// still starts a service that follows the calls and does nothing on its own.
func (p *place) still(change ...func(*Options)) *Service {
	p.t.Helper()
	s, _ := p.stoppable(change...)
	return s
}

func (p *place) stoppable(change ...func(*Options)) (s *Service, stop func()) {
	p.t.Helper()
	o := p.options()
	for _, c := range change {
		c(&o)
	}
	s, err := New(p.ctx, o)
	if err != nil {
		p.t.Fatal(err)
	}
	stop = p.run(s.follow)
	if err := s.ready(p.ctx); err != nil {
		p.t.Fatal(err)
	}
	return s, stop
}

// work sees to what the queue has of the calls that the service knows.
func (p *place) work(s *Service) {
	p.t.Helper()
	for p.queued(s) {
		d, err := s.dialers.Take(p.ctx, 30*time.Millisecond)
		if errors.Is(err, bus.ErrNotFound) {
			continue // it is on its way, or what was done is not noted yet
		}
		p.do(err)
		s.serve(p.ctx, d, func() {})
	}
}

// queued reports whether a call that the service knows is in the queue.
func (p *place) queued(s *Service) bool {
	p.t.Helper()
	s.index.mu.Lock()
	known := slices.Clone(s.index.order)
	s.index.mu.Unlock()
	return slices.ContainsFunc(known, func(e *entry) bool {
		queued, err := p.bus.DialQueued(p.ctx, string(e.id))
		p.do(err)
		return queued
	})
}

// lose makes the queue forget a call, whenever it is due.
func (p *place) lose(s *Service, id helix.CallID) {
	p.t.Helper()
	p.do(p.bus.DropDial(p.ctx, string(id)))
	p.until("the queue has forgotten it", func() bool {
		queued, err := p.bus.DialQueued(p.ctx, string(id))
		p.do(err)
		if !queued {
			return true
		}
		if d, err := s.dialers.Take(p.ctx, 30*time.Millisecond); err == nil {
			p.do(d.Done())
		}
		return false
	})
}

// dialled starts a call and dials it.
func (p *place) dialled(s *Service, key string) helix.OutboundCall {
	p.t.Helper()
	call, _, err := s.Start(p.ctx, asker, request(key))
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(s.dial(p.ctx, call.ID, func() {}))
	return p.get(s, call.ID)
}

// talking starts a call and brings patient and voice agent together.
func (p *place) talking(s *Service, key string) helix.OutboundCall {
	p.t.Helper()
	call := p.dialled(s, key)
	if _, err := s.Attach(p.ctx, Claim{Call: call.ID, Attempt: 1}); err != nil {
		p.t.Fatal(err)
	}
	p.do(s.Active(p.ctx, call.ID, 1, "conv-"+key))
	return p.get(s, call.ID)
}

func (p *place) get(s *Service, id helix.CallID) helix.OutboundCall {
	p.t.Helper()
	call, err := s.Get(p.ctx, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return call
}

func (p *place) do(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// is fails unless the call stands so.
func (p *place) is(s *Service, id helix.CallID, state helix.OutboundState, reason helix.OutboundReason) helix.OutboundCall {
	p.t.Helper()
	call := p.get(s, id)
	if call.State != state || call.EndReason != reason {
		p.t.Fatalf("the call is %s %s, want %s %s\n%s", call.State, call.EndReason, state, reason, story(&call))
	}
	return call
}

// until waits for a condition, which the machine brings about in its own time.
func (p *place) until(what string, holds func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			p.t.Fatalf("never came: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func request(key string) helix.OutboundRequest {
	return helix.OutboundRequest{
		Key: key, Language: "hi", Purpose: "follow-up",
		Patient: helix.OutboundPatient{
			ID: "patient_123", Name: "राहुल शर्मा", Phone: rahul, TreatmentType: "heart surgery consultation",
			CRMData: json.RawMessage(`{"doctor":"Dr. Smith","last":{"visit":"2024-01-15","paid":true}}`),
		},
	}
}

func story(c *helix.OutboundCall) string {
	data, err := json.MarshalIndent(c.Timeline, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func (p *place) report(s *Service, id helix.CallID, status helix.DialStatus, finished bool) {
	p.t.Helper()
	call := p.get(s, id)
	p.do(s.Report(p.ctx, helix.DialReport{
		Provider: helix.ProviderKnowlarity, ProviderCallID: call.Attempt().ProviderCallID, Status: status, Finished: finished, At: p.now(),
	}))
}
