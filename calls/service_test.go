package calls_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/calls"
	"github.com/helix-engage/gateway/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 1, 14, 10, 0, 0, 0, time.UTC)

const rahul helix.Phone = "+919812345678"

// around is everything that calls cause elsewhere, noted down.
type around struct {
	mu      sync.Mutex
	missed  []helix.CallID
	agents  []helix.AgentReport
	over    []string // agents who are told that a call is over
	records []helix.RecordWrite
	err     error // of the next effects
}

func (a *around) Record(_ context.Context, call helix.Call) (helix.MissedCall, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.missed = append(a.missed, call.ID)
	return helix.MissedCall{ID: call.ID, Count: 1}, a.err
}

func (a *around) Reached(context.Context, helix.Call) error { return nil }

func (a *around) Observe(_ context.Context, r helix.AgentReport) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.agents = append(a.agents, r)
	return a.err
}

func (a *around) Over(_ context.Context, agent helix.AgentID, call helix.Call) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = append(a.over, string(agent)+" "+string(call.State))
	return a.err
}

func (a *around) Name(agent helix.AgentID) string {
	if agent == "agent1" {
		return "Asha Rao"
	}
	return ""
}

func (a *around) Submit(_ context.Context, writes ...helix.RecordWrite) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records = append(a.records, writes...)
	return a.err
}

func openBus(t *testing.T, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func setup(t *testing.T) (*calls.Service, *around, *bus.Bus) {
	t.Helper()
	b := openBus(t, t.TempDir())
	s, a := replica(t, b)
	return s, a, b
}

func replica(t *testing.T, b *bus.Bus) (*calls.Service, *around) {
	t.Helper()
	a := &around{}
	s, err := calls.New(t.Context(), calls.Options{
		Bus: b, Records: a, Now: func() time.Time { return start }, Tracer: noop.NewTracerProvider().Tracer(""),
		Person: func(p helix.Phone) string { return "person" + p.Last10() },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Wire(a, a)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, a
}

func report(kind helix.ReportKind, providerCall string, second int) helix.CallReport {
	return helix.CallReport{
		Kind: kind, Provider: helix.ProviderOzonetel, ProviderCallID: providerCall, LegID: providerCall, Direction: helix.Inbound,
		Phone: rahul, Agent: "agent1", AgentName: "Asha", At: start.Add(time.Duration(second) * time.Second),
	}
}

func ingest(t *testing.T, s *calls.Service, reports ...helix.CallReport) {
	t.Helper()
	if err := s.Ingest(t.Context(), helix.ProviderReports{Calls: reports}); err != nil {
		t.Fatal(err)
	}
}

func TestACallLeavesAGapFreeStoryAndItsEffects(t *testing.T) {
	t.Parallel()
	s, a, _ := setup(t)
	ingest(t, s, report(helix.ReportOffered, "1", 0), report(helix.ReportAnswered, "1", 5), report(helix.ReportEnded, "1", 65))
	call, err := s.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", "1")))
	if err != nil || call.Sequence != 3 || call.State != helix.CallEnded || call.AgentName != "Asha Rao" {
		t.Fatalf("got %+v, %v", call, err)
	}
	states := ""
	for _, r := range a.agents {
		states += string(r.State) + " "
	}
	if states != "RINGING BUSY AFTER_CALL_WORK " || a.agents[0].Call != call.ID {
		t.Errorf("the agent was %s", states)
	}
	if len(a.records) != 1 || a.records[0].Fields["callStatus"] != "COMPLETED" || a.records[0].Fields["agentName"] != "Asha Rao" {
		t.Errorf("FortyTwo got %+v", a.records)
	}
}

func TestTheEndOfACallIsToldToAgentsOnceWhoeverReportsIt(t *testing.T) {
	t.Parallel()
	record := report(helix.ReportDetails, "1", 0)
	record.Answered, record.Total, record.Talk, record.EndedAt = true, time.Minute, 50*time.Second, start.Add(time.Minute)
	handedOver := record
	handedOver.Agent = "agent2"
	offer, answer, end := report(helix.ReportOffered, "1", 0), report(helix.ReportAnswered, "1", 10), report(helix.ReportEnded, "1", 60)
	for name, tt := range map[string]struct {
		reports []helix.CallReport
		over    []string
		last    helix.AgentState // that an event told
	}{
		"an event says what the agent does next":      {[]helix.CallReport{offer, answer, end, record}, nil, helix.AgentAfterCallWork},
		"a record may overtake the event":             {[]helix.CallReport{offer, answer, record, record}, []string{"agent1 ENDED"}, helix.AgentBusy},
		"an answer that comes later occupies nobody":  {[]helix.CallReport{offer, record, answer}, []string{"agent1 ENDED"}, helix.AgentRinging},
		"a call that was handed over had two of them": {[]helix.CallReport{offer, answer, handedOver}, []string{"agent2 ENDED", "agent1 ENDED"}, helix.AgentBusy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a, _ := setup(t)
			ingest(t, s, tt.reports...)
			a.mu.Lock()
			defer a.mu.Unlock()
			if diff := cmp.Diff(tt.over, a.over); diff != "" {
				t.Error(diff)
			}
			if last := a.agents[len(a.agents)-1].State; last != tt.last {
				t.Errorf("last told: %s", last)
			}
		})
	}
}

func TestAnEffectThatFailsLeavesNoEventAndIsDoneAgain(t *testing.T) {
	t.Parallel()
	s, a, _ := setup(t)
	a.err = errors.New("the queue is full")
	r := report(helix.ReportAbandoned, "1", 0)
	if err := s.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err == nil {
		t.Fatal("no error, so nobody would deliver it again")
	}
	if _, err := s.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", "1"))); !helix.IsCode(err, helix.CodeNotFound) {
		t.Fatalf("got %v", err)
	}
	a.err = nil
	ingest(t, s, r)
	if len(a.missed) != 2 {
		t.Fatalf("recorded %d times", len(a.missed))
	}
}

func TestReplicasThatHandleOneCallAtOnceAgreeOnOneStory(t *testing.T) {
	t.Parallel()
	b := openBus(t, t.TempDir())
	first, _ := replica(t, b)
	second, _ := replica(t, b)
	all := []helix.CallReport{report(helix.ReportOffered, "1", 0), report(helix.ReportAnswered, "1", 5), report(helix.ReportEnded, "1", 65)}
	var wg sync.WaitGroup
	for _, s := range []*calls.Service{first, second, first, second} {
		for _, r := range all {
			wg.Go(func() {
				if err := s.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	stored, err := b.CallEvents(t.Context(), helix.NewID("OZONETEL", "1"))
	if err != nil || len(stored) > 3 {
		t.Fatalf("%d events, %v", len(stored), err)
	}
	for _, s := range []*calls.Service{first, second} {
		call, err := s.Append(t.Context(), helix.CallID(helix.NewID("OZONETEL", "1")), func(*helix.Call) ([]helix.CallEvent, error) { return nil, nil })
		if err != nil || call.State != helix.CallEnded || !call.Answered() {
			t.Errorf("got %+v, %v", call, err)
		}
	}
}

func TestAPushThatOvertakesTheAnswerToADialFindsItsCall(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	dial := helix.OpenDial{Call: "8d7b9f2e-6f6e-5d5c-9b6a-111111111111", Phone: rahul, At: start}
	if err := s.BeginDial(t.Context(), "agent1", dial); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), dial.Call, func(*helix.Call) ([]helix.CallEvent, error) {
		return []helix.CallEvent{{Kind: helix.EventDialing, At: start, Phone: rahul, Direction: helix.Outbound, Agent: "agent1"}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	r := report(helix.ReportOffered, "2179", 1)
	r.Direction = helix.Outbound
	ingest(t, s, r)
	if err := s.NameDial(t.Context(), "agent1", helix.ProviderOzonetel, dial.Call, "2179"); err != nil {
		t.Fatal(err)
	}
	r.Kind, r.At = helix.ReportEnded, start.Add(time.Minute)
	ingest(t, s, r)
	call, err := s.Get(t.Context(), dial.Call)
	if err != nil || call.State != helix.CallEnded || call.Sequence != 3 || call.ProviderCallID != "2179" {
		t.Fatalf("got %+v, %v", call, err)
	}
}

func TestTheEchoOfOurOwnIdFindsTheCallWhateverTheProviderCallsIt(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	id := helix.CallID("8d7b9f2e-6f6e-5d5c-9b6a-222222222222")
	if _, err := s.Append(t.Context(), id, func(*helix.Call) ([]helix.CallEvent, error) {
		return []helix.CallEvent{{Kind: helix.EventDialing, At: start, Phone: rahul, Direction: helix.Outbound}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	r := report(helix.ReportDetails, "2180", 0)
	r.Direction, r.OurCall, r.LegID, r.EndedAt = helix.Outbound, id, "2181", start.Add(time.Minute)
	ingest(t, s, r)
	leg := report(helix.ReportOffered, "", 0)
	leg.LegID, leg.Direction = "2181", helix.Outbound
	ingest(t, s, leg)
	if call, err := s.Get(t.Context(), id); err != nil || call.Sequence != 3 || call.State != helix.CallEnded {
		t.Fatalf("got %+v, %v", call, err)
	}
}

// abandonedCalls is a provider's list.
type abandonedCalls struct{ rows []helix.CallReport }

func (l *abandonedCalls) Abandoned(context.Context) ([]helix.CallReport, error) { return l.rows, nil }

func TestASweepLooksADayBackAtFirstAndThenFromWhereItWas(t *testing.T) {
	t.Parallel()
	s, a, b := setup(t)
	now := start
	list := &abandonedCalls{}
	sweeper, err := calls.NewSweeper(t.Context(), b, s, list, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	at := func(id string, ago time.Duration) {
		r := report(helix.ReportAbandoned, id, 0)
		r.At = now.Add(-ago)
		list.rows = append(list.rows, r)
	}
	at("too old", 25*time.Hour)
	at("of yesterday", 23*time.Hour)
	sweep := func(want int) {
		t.Helper()
		if err := sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(a.missed) != want {
			t.Fatalf("%d missed calls, not %d", len(a.missed), want)
		}
	}
	sweep(1)
	now = now.Add(30 * time.Second)
	at("late, within the overlap", 4*time.Minute)
	at("older than the overlap", 10*time.Minute)
	sweep(2)
	now = now.Add(2 * time.Hour) // an outage
	at("during the outage", time.Hour)
	sweep(3)
}

func TestAStreamReplaysAndGoesOnLiveWithoutAGapOrARepeat(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	const n = 400
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	live, err := s.Stream(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range n {
			if err := s.Ingest(ctx, helix.ProviderReports{Calls: []helix.CallReport{report(helix.ReportOffered, fmt.Sprint(i), i)}}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var places []helix.Cursor
	for len(places) < n {
		e, err := live.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, e.Cursor)
		if len(places)%50 != 1 {
			continue
		}
		// A second subscriber resumes from somewhere behind and must see the very same events.
		from := places[len(places)/2]
		resumed, err := s.Stream(ctx, &from)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range places[len(places)/2+1:] {
			e, err := resumed.Next(ctx)
			if err != nil || e.Cursor != want {
				t.Fatalf("resumed at %v: got %+v, %v", want, e, err)
			}
		}
	}
	writer.Wait()
	for i := 1; i < len(places); i++ {
		if places[i].Sequence <= places[i-1].Sequence {
			t.Fatalf("%v after %v", places[i], places[i-1])
		}
	}
}

func TestACursorOfAnotherLogOrFromBeyondIsToldSo(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	ingest(t, s, report(helix.ReportOffered, "1", 0))
	_, last, epoch, err := b.EventBounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []helix.Cursor{{Epoch: "another", Sequence: 1}, {Epoch: epoch, Sequence: last + 1}} {
		st, err := s.Stream(t.Context(), &c)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := st.Next(t.Context()); err != nil || e.Kind != helix.EventCursorExpired {
			t.Fatalf("%v: got %+v, %v", c, e, err)
		}
	}
}

func TestWaitingForTheNextEventEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s, _, _ := setup(t)
	st, err := s.Stream(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestPushesInTheInboxAreHandledAndWhatCannotBeReadIsSetAside(t *testing.T) {
	t.Parallel()
	s, _, b := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	decode := func(_ string, body []byte) (helix.ProviderReports, error) {
		if string(body) == "garbage" {
			return helix.ProviderReports{}, helix.BadInput("not a push")
		}
		return helix.ProviderReports{Calls: []helix.CallReport{report(helix.ReportOffered, string(body), 0)}}, nil
	}
	st, err := s.Stream(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- s.ConsumeInbox(ctx, map[string]calls.Decoder{"ozonetel.events": decode}) }()
	for _, m := range []bus.InboxMessage{
		{Source: "ozonetel.events", Body: []byte("garbage")}, {Source: "nobody", Body: []byte("1")}, {Source: "ozonetel.events", Body: []byte("1")},
	} {
		if err := b.AppendInbox(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := st.Next(ctx); err != nil || e.Kind != helix.EventIncoming {
		t.Fatalf("got %+v, %v", e, err)
	}
	for letters := 0; letters < 2; {
		dead, err := b.DeadLetters(ctx, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		letters = len(dead)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestASubscriberResumesFromBeforeTheProcessBegan(t *testing.T) {
	t.Parallel()
	b := openBus(t, t.TempDir())
	before, _ := replica(t, b)
	const n = 600 // more than a page of replay
	for i := range n {
		ingest(t, before, report(helix.ReportOffered, fmt.Sprint(i), i))
	}
	first, last, epoch, err := b.EventBounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after, _ := replica(t, b)
	st, err := after.Stream(t.Context(), &helix.Cursor{Epoch: epoch, Sequence: first})
	if err != nil {
		t.Fatal(err)
	}
	ingest(t, after, report(helix.ReportOffered, "live", 0))
	for want := first + 1; want <= last+1; want++ {
		if e, err := st.Next(t.Context()); err != nil || e.Cursor.Sequence != want {
			t.Fatalf("want %d: got %+v, %v", want, e, err)
		}
	}
}

// dayRecords is a provider's record of days.
type dayRecords map[string][]helix.CallDetail

func (d dayRecords) CallDetails(_ context.Context, day time.Time) ([]helix.CallDetail, error) {
	return d[day.Format(time.DateOnly)], nil
}

func TestReconcilingFindsCallsThatNoPushToldOfOnce(t *testing.T) {
	t.Parallel()
	s, a, _ := setup(t)
	detail := func(id string) helix.CallDetail {
		r := report(helix.ReportDetails, id, 0)
		r.EndedAt, r.Total = r.At.Add(20*time.Second), 20*time.Second
		return helix.CallDetail{ID: id, Report: r}
	}
	zone := time.FixedZone("IST", 5*3600+1800)
	source := dayRecords{"2026-01-14": {detail("today")}, "2026-01-13": {detail("yesterday")}, "2026-01-12": {detail("too old")}}
	reconciler := calls.NewReconciler(s, source, zone, func() time.Time { return start })
	for range 2 {
		if err := reconciler.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.missed) != 2 {
		t.Fatalf("%d missed calls", len(a.missed))
	}
	call, err := s.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", "today")))
	if err != nil || !call.Missed || call.Sequence != 3 {
		t.Fatalf("got %+v, %v", call, err)
	}
}
