package desk_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

// screen is what FortyTwo shows of calls, and what is on its way there: the desk's own writes arrive when it is told so.
type screen struct {
	mu      sync.Mutex
	ledger  *ledger
	shows   map[string]helix.CallbackStatus
	waiting map[string]bool
	deleted map[string]bool
	asked   int
	err     error
	between func() // runs once while FortyTwo is asked
}

func (s *screen) CallbackStates(_ context.Context, _ helix.Access, records []string) (map[string]helix.CallbackStatus, error) {
	s.mu.Lock()
	between := s.between
	s.between = nil
	s.asked++
	states := map[string]helix.CallbackStatus{}
	for _, r := range records {
		if status, ok := s.shows[r]; ok && !s.deleted[r] {
			states[r] = status
		}
	}
	err := s.err
	s.mu.Unlock()
	if between != nil {
		between()
	}
	return states, err
}

func (s *screen) Waiting(_ context.Context, lane string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting[lane], nil
}

func (s *screen) KeptAs(_ context.Context, record string) (string, error) { return record, nil }

// deliver lets everything that was submitted for a call arrive.
func (s *screen) deliver(id helix.CallID) {
	status, _ := s.ledger.field(id, "callbackstatus").(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shows[string(id)], s.waiting[string(id)] = helix.CallbackStatus(status), false
	delete(s.deleted, string(id))
}

// edit lets a person set a status in FortyTwo, and says what the webhook would.
func (s *screen) edit(id helix.CallID, status helix.CallbackStatus, at time.Time) helix.RecordChange {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shows[string(id)] = status
	return helix.RecordChange{
		Object: helix.ObjectCall, Record: string(id), Event: helix.RecordUpdated, At: at, Member: "member-9",
		Fields: []string{"callbackstatus"}, Callback: status,
	}
}

// edited is a desk that hears of edits.
type edited struct {
	*bench
	*desk.Edits
	screen *screen
}

func setupEdits(t *testing.T) *edited { return editsOn(t, setup(t)) }

func editsOn(t *testing.T, x *bench) *edited {
	t.Helper()
	s := &screen{ledger: x.ledger, shows: map[string]helix.CallbackStatus{}, waiting: map[string]bool{}, deleted: map[string]bool{}}
	edits, err := desk.NewEdits(t.Context(), desk.EditsOptions{
		Bus: x.bus, Queue: x.queue, CRM: s, Outbox: s, Now: x.clock.now, Logger: x.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- edits.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &edited{bench: x, Edits: edits, screen: s}
}

// offered makes an entry that the agent holds and that FortyTwo shows.
func (x *edited) offered(t *testing.T) helix.MissedCall {
	t.Helper()
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	x.screen.deliver(m.ID)
	return m
}

func (x *edited) entry(t *testing.T, id helix.CallID) helix.MissedCall {
	t.Helper()
	m, err := x.queue.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnEditInFortyTwoMovesTheEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status helix.CallbackStatus
		want   helix.MissedCall // status and agent
	}{
		{"completed", helix.CallbackCompleted, helix.MissedCall{Status: helix.CallbackCompleted, Agent: "agent1"}},
		{"invalid", helix.CallbackInvalid, helix.MissedCall{Status: helix.CallbackInvalid, Agent: "agent1"}},
		{"a wrong number", helix.CallbackWrong, helix.MissedCall{Status: helix.CallbackWrong, Agent: "agent1"}},
		{"attempted", helix.CallbackAttempted, helix.MissedCall{Status: helix.CallbackAttempted, Agent: "agent1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := setupEdits(t)
			m := x.offered(t)
			x.clock.advance(time.Minute)
			change := x.screen.edit(m.ID, c.status, x.clock.now())
			for range 2 { // the inbox may tell it again
				if err := x.Changed(t.Context(), change); err != nil {
					t.Fatal(err)
				}
			}
			got := x.entry(t, m.ID)
			if diff := cmp.Diff(c.want, helix.MissedCall{Status: got.Status, Agent: got.Agent}); diff != "" {
				t.Error(diff)
			}
			if shown := x.ledger.field(m.ID, "callbackstatus"); shown != "PENDING_CALLBACK" {
				t.Errorf("what the person wrote was written back as %v", shown)
			}
		})
	}
}

func TestAnEditBackToPendingFreesTheEntry(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	if _, err := x.queue.Settle(t.Context(), m.ID, worker("1"), helix.CallbackInvalid); err != nil {
		t.Fatal(err)
	}
	x.screen.deliver(m.ID)
	x.clock.advance(time.Minute)
	if err := x.Changed(t.Context(), x.screen.edit(m.ID, helix.CallbackPending, x.clock.now())); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackPending || got.Agent != "" || x.ledger.field(m.ID, "agentId") != nil {
		t.Fatalf("got %+v", got)
	}
	if got, err := x.queue.Claim(t.Context(), worker("2")); err != nil || got == nil || got.ID != m.ID {
		t.Fatalf("claimed %+v, %v", got, err)
	}
}

// The loop guard: FortyTwo shows an earlier word of ours while a later one is on its way.
func TestOurOwnDelayedWordIsNotTakenForAnEdit(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	if _, err := x.queue.Settle(t.Context(), m.ID, worker("1"), helix.CallbackCompleted); err != nil {
		t.Fatal(err)
	}
	x.screen.waiting[string(m.ID)] = true
	late := helix.RecordChange{ // the echo of the entry's first view
		Object: helix.ObjectCall, Record: string(m.ID), Event: helix.RecordUpdated, At: x.clock.now(),
		Fields: []string{"callbackstatus"}, Callback: helix.CallbackPending,
	}
	old := late // and an edit of before the settling, heard late
	old.At, old.Member = start.Add(-time.Minute), "member-9"
	for _, change := range []helix.RecordChange{late, old} {
		if err := x.Changed(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackCompleted {
		t.Fatalf("got %+v", got)
	}
	x.screen.deliver(m.ID)
	if err := x.Changed(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackCompleted {
		t.Fatalf("after everything arrived: %+v", got)
	}
}

func TestOurOwnEchoCostsNoRequest(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	for _, change := range []helix.RecordChange{
		{Event: helix.RecordUpdated, Fields: []string{"callbackstatus"}, Callback: helix.CallbackPending},
		{Event: helix.RecordUpdated, Fields: []string{}, Callback: helix.CallbackInvalid},
		{Event: helix.RecordCreated, Callback: helix.CallbackPending},
	} {
		change.Object, change.Record = helix.ObjectCall, string(m.ID)
		if err := x.Changed(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Changed(t.Context(), helix.RecordChange{Object: helix.ObjectCall, Record: "somebody-else", Event: helix.RecordUpdated}); err != nil {
		t.Fatal(err)
	}
	if x.screen.asked != 0 {
		t.Fatalf("FortyTwo was asked %d times", x.screen.asked)
	}
}

func TestAnEditWhileOurWordIsOnItsWayStands(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	if _, err := x.queue.Attempt(t.Context(), m.ID, worker("1"), start); err != nil {
		t.Fatal(err)
	}
	x.screen.waiting[string(m.ID)] = true
	x.clock.advance(time.Second)
	if err := x.Changed(t.Context(), x.screen.edit(m.ID, helix.CallbackWrong, x.clock.now())); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackWrong {
		t.Fatalf("got %+v", got)
	}
	if shown := x.ledger.field(m.ID, "callbackstatus"); shown != "WRONG_NUMBER" {
		t.Fatalf("what was on its way would leave FortyTwo showing %v", shown)
	}
}

func TestAMoveWhileFortyTwoIsAskedWins(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	change := x.screen.edit(m.ID, helix.CallbackInvalid, x.clock.now())
	x.screen.between = func() {
		if _, err := x.queue.Settle(t.Context(), m.ID, worker("1"), helix.CallbackCompleted); err != nil {
			t.Error(err)
		}
	}
	if err := x.Changed(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackCompleted {
		t.Fatalf("got %+v", got)
	}
}

func TestAClaimDoesNotUndoAnEdit(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	x.ledger.forget(m.ID)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	if shown := x.ledger.field(m.ID, "callbackstatus"); shown != nil || x.ledger.field(m.ID, "agentName") != "Agent 1" {
		t.Fatalf("the claim wrote the status %v", shown)
	}
}

func TestASweepAdoptsEditsAndShowsAgainWhatIsGone(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	edited, deleted := x.offered(t), x.missed(t, helix.ReportDetails, "+919812345679", "2", start)
	emptied := x.missed(t, helix.ReportDetails, "+919812345670", "3", start)
	for _, m := range []helix.MissedCall{edited, deleted, emptied} {
		x.screen.deliver(m.ID)
		x.ledger.forget(m.ID)
	}
	x.screen.edit(edited.ID, helix.CallbackWrong, start)
	x.screen.edit(emptied.ID, "", start)
	x.screen.deleted[string(deleted.ID)] = true
	gone := helix.RecordChange{Object: helix.ObjectCall, Record: string(deleted.ID), Event: helix.RecordDestroyed}
	if err := x.Changed(t.Context(), gone); err != nil || x.ledger.field(deleted.ID, "callbackstatus") != nil {
		t.Fatalf("the webhook alone wrote it again, %v", err)
	}
	if err := x.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := x.entry(t, edited.ID); got.Status != helix.CallbackWrong {
		t.Errorf("edited: %+v", got)
	}
	for _, m := range []helix.MissedCall{deleted, emptied} {
		if x.ledger.field(m.ID, "callbackstatus") != "PENDING_CALLBACK" || x.ledger.field(m.ID, "missedcallcount") != 1 {
			t.Errorf("%s is not shown again", m.ID)
		}
	}
}

func TestASweepOfALongQueueGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	var all []helix.MissedCall
	for i := range 130 {
		m := x.missed(t, helix.ReportDetails, helix.Phone(fmt.Sprintf("+9198120%05d", i)), strconv.Itoa(i), start)
		x.screen.deliver(m.ID)
		x.screen.edit(m.ID, helix.CallbackInvalid, start)
		all = append(all, m)
	}
	for range 6 { // 25 edits each
		if err := x.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range all {
		if got := x.entry(t, m.ID); got.Status != helix.CallbackInvalid {
			t.Fatalf("%s was left at %s", m.ID, got.Status)
		}
	}
}

func TestTheQueueGoesOnWithoutFortyTwo(t *testing.T) {
	t.Parallel()
	x := setupEdits(t)
	m := x.offered(t)
	change := x.screen.edit(m.ID, helix.CallbackInvalid, start.Add(time.Minute))
	x.screen.err = &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}
	for _, err := range []error{x.Changed(t.Context(), change), x.Sweep(t.Context())} {
		if !helix.IsCode(err, helix.CodeUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	x.screen.err = helix.NotConfigured(helix.ProviderFortyTwo, "FORTYTWO_FIELD_MAP")
	for _, err := range []error{x.Changed(t.Context(), change), x.Sweep(t.Context())} {
		if err != nil {
			t.Fatalf("a workspace that cannot show every status: %v", err)
		}
	}
	if got := x.entry(t, m.ID); got.Status != helix.CallbackPending {
		t.Fatalf("got %+v", got)
	}
	if _, err := x.queue.Settle(t.Context(), m.ID, worker("1"), helix.CallbackCompleted); err != nil {
		t.Fatal(err)
	}
}

func TestAnEditOfAFollowUpIsToldOnEveryReplicaOnce(t *testing.T) {
	t.Parallel()
	b, clk := openBus(t), newClock()
	first, second := editsOn(t, setupOn(t, b, clk)), editsOn(t, setupOn(t, b, clk))
	change := func(n int) helix.RecordChange {
		return helix.RecordChange{
			Object: helix.ObjectFollowUp, Record: "follow-up-" + strconv.Itoa(n), Event: helix.RecordUpdated, At: start.Add(time.Duration(n)),
			Fields: []string{"remark"}, Assignee: "member-1", Waits: true,
		}
	}
	// A replica hears of what is told after it began to follow: tell until both have heard.
	places := []uint64{first.WorkChanges(), second.WorkChanges()}
	heard := make(chan int, 2)
	for i, x := range []*edited{first, second} {
		go func() {
			c, err := x.NextWorkChange(t.Context(), places[i], worker("1"))
			if err == nil {
				places[i] = c.Place
			}
			heard <- i
		}()
	}
	n := 0
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for left := 2; left > 0; {
		select {
		case <-heard:
			left--
		case <-tick.C:
			n++
			if err := first.Changed(t.Context(), change(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 3 {
		if err := second.Changed(t.Context(), change(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Changed(t.Context(), change(n+2)); err != nil {
		t.Fatal(err)
	}
	for i, x := range []*edited{first, second} {
		times := 0
		for {
			c, err := x.NextWorkChange(t.Context(), places[i], worker("1"))
			if err != nil || c.Kind != desk.WorkFollowUp || c.Reason != desk.WorkChanged {
				t.Fatalf("told %+v, %v", c, err)
			}
			places[i] = c.Place
			if c.Item == change(n+1).Record {
				times++
			}
			if c.Item == change(n+2).Record {
				break
			}
		}
		if times != 1 {
			t.Errorf("replica %d told it %d times", i, times)
		}
	}
}
