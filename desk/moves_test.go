package desk_test

import (
	"context"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

func TestAnAgentIsNotOfferedAtOnceWhatHeHasPassedOn(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]func(x *bench, m *helix.MissedCall) error{
		"given back": func(x *bench, m *helix.MissedCall) error {
			_, err := x.ReleaseMissedCall(t.Context(), worker("1"), m.ID)
			return err
		},
		"lapsed, and not tended yet": func(x *bench, _ *helix.MissedCall) error {
			x.clock.advance(10 * time.Minute)
			return nil
		},
		"lapsed and tended": func(x *bench, _ *helix.MissedCall) error {
			x.clock.advance(10 * time.Minute)
			return x.queue.Tend(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := setup(t)
			x.missed(t, helix.ReportDetails, rahul, "1", start)
			m, err := x.queue.Claim(t.Context(), worker("1"))
			if err != nil {
				t.Fatal(err)
			}
			if err := pass(x, m); err != nil {
				t.Fatal(err)
			}
			if again, err := x.queue.Claim(t.Context(), worker("1")); err != nil || again != nil {
				t.Fatalf("offered again at once: %+v, %v", again, err)
			}
			x.clock.advance(10 * time.Minute)
			if again, err := x.queue.Claim(t.Context(), worker("1")); err != nil || again == nil {
				t.Fatalf("not offered later: %+v, %v", again, err)
			}
		})
	}
}

func TestSkippingGivesTheNextCaller(t *testing.T) {
	t.Parallel()
	x := setup(t)
	first := x.missed(t, helix.ReportDetails, rahul, "1", start)
	second := x.missed(t, helix.ReportDetails, "+919812345679", "2", start.Add(time.Minute))
	if m, err := x.ClaimNext(t.Context(), worker("1"), false); err != nil || m.ID != first.ID {
		t.Fatalf("got %+v, %v", m, err)
	}
	if m, err := x.ClaimNext(t.Context(), worker("1"), true); err != nil || m.ID != second.ID {
		t.Fatalf("got %+v, %v", m, err)
	}
}

func TestWhereAMissedCallCanBePut(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	for _, step := range []struct {
		status helix.CallbackStatus
		agent  helix.AgentID
	}{
		{helix.CallbackAttempted, "agent1"}, {helix.CallbackWrong, "agent1"}, {helix.CallbackPending, ""}, {helix.CallbackInvalid, "agent1"},
	} {
		got, err := x.UpdateMissedCall(t.Context(), worker("1"), m.ID, step.status)
		if err != nil || got.Status != step.status || got.Agent != step.agent {
			t.Fatalf("%s: %+v, %v", step.status, got, err)
		}
		if shown := x.ledger.field(m.ID, "callbackstatus"); shown != string(step.status) {
			t.Fatalf("FortyTwo shows %v", shown)
		}
	}
	if _, err := x.ReleaseMissedCall(t.Context(), worker("1"), m.ID); !helix.IsCode(err, helix.CodeConflict) {
		t.Fatalf("a settled one was released: %v", err)
	}
}

func TestASupervisorMayTouchWhatAnAgentHoldsAndAnotherAgentMayNot(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := x.UpdateMissedCall(t.Context(), worker("2"), m.ID, helix.CallbackInvalid); !helix.IsCode(err, helix.CodeConflict) {
		t.Fatalf("another agent: %v", err)
	}
	if seen, err := x.MissedCalls(t.Context(), worker("2")); err != nil || len(seen) != 0 {
		t.Fatalf("another agent sees %+v, %v", seen, err)
	}
	meera := desk.Worker{Member: "member-m", Name: "Meera", Supervisor: true}
	if got, err := x.ReleaseMissedCall(t.Context(), meera, m.ID); err != nil || got.Agent != "" {
		t.Fatalf("a supervisor: %+v, %v", got, err)
	}
	if seen, err := x.MissedCalls(t.Context(), meera); err != nil || len(seen) != 1 {
		t.Fatalf("a supervisor sees %+v, %v", seen, err)
	}
}

func TestAPatientWhoIsAnsweredMeanwhileWaitsNoLonger(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	x.clock.advance(time.Minute)
	x.talk(t, worker("1"), rahul, "42", helix.Inbound)
	got, err := x.queue.Get(t.Context(), m.ID)
	if err != nil || got.Status != helix.CallbackCompleted || x.ledger.field(m.ID, "callbackstatus") != "CALLBACK_COMPLETED" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestAStuckAgentIsFreed(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	x.talk(t, w, rahul, "42", helix.Inbound)
	if now, err := x.Agent(t.Context(), w); err != nil || now.State != helix.AgentAfterCallWork {
		t.Fatalf("got %+v, %v", now, err)
	}
	if now, err := x.ForceReady(t.Context(), w, ""); err != nil || now.State != helix.AgentReady || now.CurrentCall != "" {
		t.Fatalf("got %+v, %v", now, err)
	}
	x.line.fail(&helix.Error{Code: helix.CodeUnavailable, Message: "down", Retryable: true})
	if _, err := x.ForceReady(t.Context(), w, ""); !helix.IsRetryable(err) {
		t.Fatalf("got %v", err)
	}
}

func TestStatesOfAgentsAreToldFromTheirPresentOnAndConflated(t *testing.T) {
	t.Parallel()
	x := setup(t)
	one, two := worker("1"), worker("2")
	for _, w := range []desk.Worker{one, two} {
		if _, err := x.Login(t.Context(), w, ""); err != nil {
			t.Fatal(err)
		}
	}
	states := x.AgentStates("")
	seen := map[helix.AgentID]helix.AgentState{}
	for len(seen) < 2 {
		change, err := states.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[change.Agent.ID] = change.Agent.State
	}
	if seen["agent1"] != helix.AgentIdle || seen["agent2"] != helix.AgentIdle {
		t.Fatalf("got %v", seen)
	}
	own := x.AgentStates("agent1")
	for _, state := range []helix.AgentState{helix.AgentReady, helix.AgentPaused} {
		if _, _, err := x.SetState(t.Context(), one, state, "Lunch"); err != nil {
			t.Fatal(err)
		}
	}
	var place uint64
	for last := helix.AgentState(""); last != helix.AgentPaused; {
		change, err := own.Next(t.Context())
		if err != nil || change.Agent.ID != "agent1" || change.Revision <= place {
			t.Fatalf("got %+v, %v", change, err)
		}
		place, last = change.Revision, change.Agent.State
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if change, err := own.Next(ctx); err == nil {
		t.Fatalf("told of another: %+v", change)
	}
}

func TestAnAgentWhoHasNeverLoggedInIsToldOfAsOffline(t *testing.T) {
	t.Parallel()
	x := setup(t)
	one := worker("1")
	states := x.AgentStates("")
	seen := map[helix.AgentID]helix.AgentState{}
	for range 2 {
		change, err := states.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[change.Agent.ID] = change.Agent.State
	}
	all, err := x.Agents(t.Context())
	if err != nil || len(all) != len(seen) {
		t.Fatalf("got %v of %+v, %v", seen, all, err)
	}
	for _, a := range all {
		if a.State != helix.AgentOffline || seen[a.ID] != a.State {
			t.Errorf("%s is %s, and told of as %q", a.ID, a.State, seen[a.ID])
		}
	}
	if _, err := x.Login(t.Context(), one, ""); err != nil {
		t.Fatal(err)
	}
	if change, err := states.Next(t.Context()); err != nil || change.Agent.ID != "agent1" || change.Agent.State != helix.AgentIdle {
		t.Fatalf("got %+v, %v", change, err)
	}
}

func TestLiveCallsAreThoseThatAreNotOver(t *testing.T) {
	t.Parallel()
	x := setup(t)
	if _, err := x.Dial(t.Context(), worker("1"), order("r1")); err != nil {
		t.Fatal(err)
	}
	x.talk(t, worker("2"), "+919812345679", "42", helix.Inbound)
	live, err := x.LiveCalls(t.Context(), "")
	if err != nil || len(live) != 1 || live[0].State != helix.CallDialing {
		t.Fatalf("got %+v, %v", live, err)
	}
	if others, err := x.LiveCalls(t.Context(), "agent2"); err != nil || len(others) != 0 {
		t.Fatalf("got %+v, %v", others, err)
	}
}

func TestAbandonedCallsAreListedLatestFirstWithinTheirTimes(t *testing.T) {
	t.Parallel()
	x := setup(t)
	for i := range 4 {
		x.line.abandoned = append(x.line.abandoned, helix.CallReport{ProviderCallID: string(rune('a' + i)), At: start.Add(time.Duration(i) * time.Hour)})
	}
	got, err := x.Abandoned(t.Context(), start.Add(time.Hour), start.Add(2*time.Hour))
	if err != nil || len(got) != 2 || got[0].ProviderCallID != "c" || got[1].ProviderCallID != "b" {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestADaysCallsAreOnesOwnUnlessOneSupervises(t *testing.T) {
	t.Parallel()
	x := setup(t)
	for i, agent := range []helix.AgentID{"agent1", "agent2", "agent1"} {
		x.line.details = append(x.line.details, helix.CallDetail{
			ID: string(rune('a' + i)), Report: helix.CallReport{Agent: agent, Direction: []helix.Direction{helix.Inbound, helix.Outbound}[i%2]},
		})
	}
	meera := desk.Worker{Supervisor: true}
	for _, c := range []struct {
		name  string
		by    desk.Worker
		query desk.HistoryQuery
		want  string
		code  helix.Code
	}{
		{"an agent's own, the latest first", worker("1"), desk.HistoryQuery{}, "ca", ""},
		{"somebody else's", worker("1"), desk.HistoryQuery{Agent: "agent2"}, "", helix.CodeForbidden},
		{"all of a supervisor", meera, desk.HistoryQuery{}, "cba", ""},
		{"one agent's of a supervisor", meera, desk.HistoryQuery{Agent: "agent2"}, "b", ""},
		{"one direction", meera, desk.HistoryQuery{Direction: helix.Inbound}, "ca", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			calls, err := x.History(t.Context(), c.by, c.query)
			if (err == nil) != (c.code == "") || err != nil && !helix.IsCode(err, c.code) {
				t.Fatal(err)
			}
			got := ""
			for _, call := range calls {
				got += call.ID
			}
			if got != c.want {
				t.Fatalf("got %q", got)
			}
		})
	}
}

func TestAnAgentsDayInFiguresAgreesWithItsCalls(t *testing.T) {
	t.Parallel()
	x := setup(t)
	detail := func(agent helix.AgentID, direction helix.Direction, outcome helix.CallOutcome, p helix.Phone, talk int) helix.CallDetail {
		return helix.CallDetail{
			Report: helix.CallReport{Agent: agent, Direction: direction, Phone: p, Talk: time.Duration(talk) * time.Second}, Outcome: outcome,
			Hold: time.Duration(talk/10) * time.Second, WrapUp: time.Duration(talk/5) * time.Second,
		}
	}
	x.line.details = []helix.CallDetail{
		detail("", helix.Inbound, helix.OutcomeMissed, "+911", 0),
		detail("agent1", helix.Inbound, helix.OutcomeMissed, "+912", 0),
		detail("agent1", helix.Inbound, helix.OutcomeAnswered, "+913", 100),
		detail("agent1", helix.Outbound, helix.OutcomeNotAnswered, "+911", 0),
		detail("agent1", helix.Outbound, helix.OutcomeAnswered, "+912", 200),
		detail("agent1", helix.Outbound, helix.OutcomeNotAnswered, "+914", 0), // was never missed
		detail("agent2", helix.Outbound, helix.OutcomeAnswered, "+911", 500),
	}
	x.line.days = []helix.AgentDay{{Agent: "agent1", Login: 1000 * time.Second, Paused: 220 * time.Second, Idle: 390 * time.Second}}
	p, err := x.Performance(t.Context(), worker("1"), start, "")
	if err != nil {
		t.Fatal(err)
	}
	if p.Inbound != 2 || p.Outbound != 3 || p.Answered != 2 || p.Missed != 1 || p.Talk != 300*time.Second {
		t.Errorf("got %+v", p)
	}
	if *p.AverageHandle != 195*time.Second || *p.Occupancy != 0.5 || *p.Recovery != 0.5 {
		t.Errorf("average %s, occupancy %g, recovery %g", *p.AverageHandle, *p.Occupancy, *p.Recovery)
	}
	if p, err := x.Performance(t.Context(), worker("2"), start, ""); err != nil || p.Occupancy != nil || p.Recovery == nil {
		t.Errorf("one without a login: %+v, %v", p, err)
	}
	if _, err := x.Performance(t.Context(), worker("1"), start, "agent2"); !helix.IsCode(err, helix.CodeForbidden) {
		t.Errorf("somebody else's: %v", err)
	}
}

func TestAWorkListSaysWhatCameChangedAndWent(t *testing.T) {
	t.Parallel()
	x := setup(t)
	place := x.WorkChanges()
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	next := func(want desk.WorkReason) {
		t.Helper()
		c, err := x.NextWorkChange(t.Context(), place, worker("1"))
		if err != nil || c.Reason != want || c.Item != string(m.ID) || c.Kind != desk.WorkMissedCall {
			t.Fatalf("want %s, got %+v, %v", want, c, err)
		}
		place = c.Place
	}
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	next(desk.WorkAdded)
	if _, err := x.queue.Attempt(t.Context(), m.ID, worker("1"), start); err != nil {
		t.Fatal(err)
	}
	next(desk.WorkChanged)
	if _, err := x.queue.Settle(t.Context(), m.ID, worker("1"), helix.CallbackCompleted); err != nil {
		t.Fatal(err)
	}
	next(desk.WorkRemoved)
}
