package desk_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	helix "github.com/helix-engage/gateway"
)

const rahul helix.Phone = "+919812345678"

func TestAMissedCallThatPushAndPollReportIsTakenInOnce(t *testing.T) {
	t.Parallel()
	x := setup(t)
	first := x.missed(t, helix.ReportDetails, rahul, "2176", start)
	again := x.missed(t, helix.ReportAbandoned, rahul, "2176", start)
	if first.Count != 1 || again.Count != 1 || first.ID != again.ID || again.Status != helix.CallbackPending {
		t.Fatalf("first %+v, again %+v", first, again)
	}
	if got := x.ledger.field(first.ID, "callbackstatus"); got != "PENDING_CALLBACK" {
		t.Fatalf("FortyTwo shows %v", got)
	}
}

func TestACallerWhoTriesAgainIsCountedAndNotListedTwice(t *testing.T) {
	t.Parallel()
	x := setup(t)
	first := x.missed(t, helix.ReportDetails, rahul, "1", start)
	second := x.missed(t, helix.ReportDetails, rahul, "2", start.Add(5*time.Minute))
	if second.ID != first.ID || second.Count != 2 || !second.FirstMissedAt.Equal(start) || !second.LastMissedAt.Equal(start.Add(5*time.Minute)) {
		t.Fatalf("got %+v", second)
	}
	if !second.DueAt.Equal(start.Add(30 * time.Minute)) {
		t.Fatalf("trying again moved the due time to %s", second.DueAt)
	}
}

func TestAWithheldNumberMakesNoEntry(t *testing.T) {
	t.Parallel()
	x := setup(t)
	err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{{
		Kind: helix.ReportAbandoned, Provider: helix.ProviderOzonetel, ProviderCallID: "9", Direction: helix.Inbound, At: start,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	call, err := x.calls.Get(t.Context(), helix.CallID(helix.NewID("OZONETEL", "9")))
	if err != nil || !call.Missed || call.MissedCall != "" {
		t.Fatalf("got %+v, %v", call, err)
	}
}

func TestACallThatWasMissedBeforeThePatientWasReachedOpensNothing(t *testing.T) {
	t.Parallel()
	x := setup(t)
	entry := x.missed(t, helix.ReportDetails, rahul, "1", start)
	x.clock.advance(10 * time.Minute)
	if _, err := x.queue.Settle(t.Context(), entry.ID, worker("1"), helix.CallbackCompleted); err != nil {
		t.Fatal(err)
	}
	late := x.missed(t, helix.ReportAbandoned, rahul, "2", start.Add(time.Minute))
	if late.ID != entry.ID || late.Status != helix.CallbackCompleted {
		t.Fatalf("got %+v", late)
	}
	later := x.missed(t, helix.ReportDetails, rahul, "3", start.Add(20*time.Minute))
	if later.ID == entry.ID || later.Status != helix.CallbackPending || later.Count != 1 {
		t.Fatalf("a call after that opened %+v", later)
	}
	x.tell(t, helix.ReportAbandoned, rahul, "1", start) // what the first episode counted stays counted
	if again, err := x.queue.Get(t.Context(), later.ID); err != nil || again.Count != 1 {
		t.Fatalf("got %+v, %v", again, err)
	}
}

func TestTheOldestWaitingCallerIsClaimedFirstAndOnlyOnce(t *testing.T) {
	t.Parallel()
	x := setup(t)
	second := x.missed(t, helix.ReportDetails, "+919812345679", "2", start.Add(time.Minute))
	first := x.missed(t, helix.ReportDetails, rahul, "1", start)
	got, err := x.queue.Claim(t.Context(), worker("1"))
	if err != nil || got.ID != first.ID || got.Agent != "agent1" || !got.ClaimedUntil.Equal(start.Add(10*time.Minute)) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if again, err := x.queue.Claim(t.Context(), worker("1")); err != nil || again.ID != first.ID {
		t.Fatalf("asking again gave %+v, %v", again, err)
	}
	if other, err := x.queue.Claim(t.Context(), worker("2")); err != nil || other.ID != second.ID {
		t.Fatalf("the other got %+v, %v", other, err)
	}
	if none, err := x.queue.Claim(t.Context(), worker("3")); err != nil || none != nil {
		t.Fatalf("the third got %+v, %v", none, err)
	}
}

func TestAnOfferThatLapsesGoesToTheNext(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	x.clock.advance(10 * time.Minute)
	if err := x.queue.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := x.ledger.field(m.ID, "agentId"); got != nil {
		t.Fatalf("FortyTwo still shows %v", got)
	}
	if got, err := x.queue.Claim(t.Context(), worker("2")); err != nil || got == nil || got.ID != m.ID {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestLoggingOutGivesOffersBackButNotWhatWasActedOn(t *testing.T) {
	t.Parallel()
	x := setup(t)
	acted := x.missed(t, helix.ReportDetails, rahul, "1", start)
	offered := x.missed(t, helix.ReportDetails, "+919812345679", "2", start.Add(time.Minute))
	for range 2 {
		if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
			t.Fatal(err)
		}
		if _, err := x.queue.Attempt(t.Context(), acted.ID, worker("1"), start.Add(2*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Logout(t.Context(), worker("1"), false); err != nil {
		t.Fatal(err)
	}
	a, errA := x.queue.Get(t.Context(), acted.ID)
	o, errO := x.queue.Get(t.Context(), offered.ID)
	if errA != nil || errO != nil || a.Agent != "agent1" || o.Agent != "" {
		t.Fatalf("acted on %+v (%v), offered %+v (%v)", a, errA, o, errO)
	}
}

func TestSomebodyElsesMissedCallIsLeftAlone(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := x.queue.Attempt(t.Context(), m.ID, worker("2"), start); !helix.IsCode(err, helix.CodeConflict) {
		t.Fatalf("attempt: %v", err)
	}
	if _, err := x.queue.Settle(t.Context(), m.ID, worker("2"), helix.CallbackCompleted); !helix.IsCode(err, helix.CodeConflict) {
		t.Fatalf("settle: %v", err)
	}
	if _, err := x.queue.Settle(t.Context(), "no-such", worker("2"), helix.CallbackCompleted); !helix.IsCode(err, helix.CodeNotFound) {
		t.Fatalf("unknown: %v", err)
	}
}

func TestACallerIsLookedUpLaterWhenFortyTwoWasDown(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.crm.err = &helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true}
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if m.Lead != "" {
		t.Fatalf("got %+v", m)
	}
	x.crm.mu.Lock()
	x.crm.err, x.crm.contact = nil, helix.Contact{Lead: "lead-1", Patient: "patient-1"}
	x.crm.mu.Unlock()
	if err := x.queue.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := x.queue.Get(t.Context(), m.ID); err != nil || got.Lead != "lead-1" || x.ledger.field(m.ID, "patientId") != "patient-1" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

// Whatever agents on two replicas do at the same moment, no caller is ever held by two of them.
func TestNoCallerIsEverHeldByTwo(t *testing.T) {
	t.Parallel()
	b, clk := openBus(t), newClock()
	replicas := []*bench{setupOn(t, b, clk), setupOn(t, b, clk)}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		callers := rapid.IntRange(1, 6).Draw(rt, "callers")
		agents := rapid.IntRange(2, 6).Draw(rt, "agents")
		for i := range callers {
			p := helix.Phone(fmt.Sprintf("+9198%08d", round*100+i))
			replicas[i%2].missed(t, helix.ReportDetails, p, fmt.Sprintf("%d-%d", round, i), clk.now())
		}
		held := make([]*helix.MissedCall, agents)
		var wg sync.WaitGroup
		for i := range agents {
			replica := replicas[rapid.IntRange(0, 1).Draw(rt, "replica")]
			wg.Go(func() {
				m, err := replica.queue.Claim(t.Context(), worker(fmt.Sprintf("%d-%d", round, i)))
				if err != nil && !helix.IsCode(err, helix.CodeUnavailable) { // a disk that stands still is not what is tested
					t.Error(err)
				}
				held[i] = m
			})
		}
		wg.Wait()
		holders := map[helix.CallID]int{}
		for _, m := range held {
			if m != nil {
				holders[m.ID]++
			}
		}
		for id, n := range holders {
			if n > 1 {
				rt.Fatalf("%s is held by %d", id, n)
			}
		}
		for i, m := range held { // leave nothing for the next round
			if m != nil {
				if _, err := replicas[0].queue.Settle(t.Context(), m.ID, worker(fmt.Sprintf("%d-%d", round, i)), helix.CallbackInvalid); err != nil && !helix.IsCode(err, helix.CodeUnavailable) {
					rt.Fatal(err)
				}
			}
		}
	})
}
