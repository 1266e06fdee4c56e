package desk_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

// observe reports states of agent1 in the order of their delivery, each of a second after start.
func (x *bench) observe(t *testing.T, second int, states ...helix.AgentState) {
	t.Helper()
	for _, state := range states {
		r := helix.AgentReport{Agent: "agent1", State: state, At: start.Add(time.Duration(second) * time.Second)}
		if err := x.agents.Observe(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// until collects the states that are told until one comes up.
func tellUntil(t *testing.T, states *desk.AgentStates, last helix.AgentState) (told []helix.AgentState) {
	t.Helper()
	for {
		change, err := states.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, change.Agent.State)
		if change.Agent.State == last {
			return told
		}
	}
}

func TestEchoesOfOurOwnCommandsAreNotToldOf(t *testing.T) {
	t.Parallel()
	login := func(x *bench) error { _, err := x.Login(t.Context(), worker("1"), ""); return err }
	logout := func(x *bench) error { _, err := x.Logout(t.Context(), worker("1"), false); return err }
	force := func(x *bench) error { _, err := x.ForceReady(t.Context(), worker("1"), ""); return err }
	pause := func(x *bench) error {
		_, _, err := x.SetState(t.Context(), worker("1"), helix.AgentPaused, "Lunch")
		return err
	}
	tests := map[string]struct {
		before  helix.AgentState
		command func(*bench) error
		outcome helix.AgentState
		second  int // of the provider's clock
		late    []helix.AgentState
		then    helix.AgentState // what is told next, when it is not BUSY, which a call makes of him
	}{
		"a new session leads through OFFLINE and IDLE": {
			helix.AgentAfterCallWork, force, helix.AgentReady, 10, []helix.AgentState{helix.AgentOffline, helix.AgentIdle, helix.AgentReady}, "",
		},
		"what was before a new session is told late": {
			helix.AgentAfterCallWork, force, helix.AgentReady, 9, []helix.AgentState{helix.AgentAfterCallWork, helix.AgentOffline}, "",
		},
		"the provider's clock is a little ahead": {
			helix.AgentAfterCallWork, force, helix.AgentReady, 12, []helix.AgentState{helix.AgentOffline, helix.AgentIdle, helix.AgentReady}, "",
		},
		"a pause follows a READY that is told late": {
			helix.AgentIdle, pause, helix.AgentPaused, 10, []helix.AgentState{helix.AgentReady, helix.AgentPaused}, "",
		},
		"who logs out was something before": {
			helix.AgentReady, logout, helix.AgentOffline, 10, []helix.AgentState{helix.AgentReady, helix.AgentOffline}, "",
		},
		"what a session begins with is news": {
			helix.AgentOffline, login, helix.AgentIdle, 10, []helix.AgentState{helix.AgentOffline, helix.AgentPaused}, helix.AgentPaused,
		},
		"a change of later is news at once": {
			helix.AgentAfterCallWork, force, helix.AgentReady, 13, []helix.AgentState{helix.AgentPaused}, helix.AgentPaused,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := setup(t)
			x.observe(t, 0, tt.before)
			x.clock.advance(10 * time.Second)
			if err := tt.command(x); err != nil {
				t.Fatal(err)
			}
			states := x.AgentStates("agent1")
			tellUntil(t, states, tt.outcome)
			x.observe(t, tt.second, tt.late...)
			last := helix.AgentBusy
			if tt.then != "" {
				last = tt.then
			} else {
				x.observe(t, tt.second, helix.AgentBusy)
			}
			if diff := cmp.Diff([]helix.AgentState{last}, tellUntil(t, states, last)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEchoesThatComeBeforeACommandIsDoneAreNotToldOf(t *testing.T) {
	t.Parallel()
	x := setup(t)
	x.observe(t, 0, helix.AgentAfterCallWork)
	states := x.AgentStates("agent1")
	tellUntil(t, states, helix.AgentAfterCallWork)
	x.line.onLogin = func() { x.observe(t, 0, helix.AgentOffline, helix.AgentIdle) }
	if _, err := x.ForceReady(t.Context(), worker("1"), ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]helix.AgentState{helix.AgentReady}, tellUntil(t, states, helix.AgentReady)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatContradictsACommandCountsWhenItPersists(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	if _, err := x.ForceReady(t.Context(), w, ""); err != nil {
		t.Fatal(err)
	}
	states := x.AgentStates("agent1")
	tellUntil(t, states, helix.AgentReady)
	x.observe(t, 0, helix.AgentOffline, helix.AgentIdle)
	if now, err := x.Agent(t.Context(), w); err != nil || now.State != helix.AgentReady {
		t.Fatalf("got %+v, %v", now, err)
	}
	x.clock.advance(5 * time.Second)
	if diff := cmp.Diff([]helix.AgentState{helix.AgentIdle}, tellUntil(t, states, helix.AgentIdle)); diff != "" {
		t.Fatal(diff)
	}
}

func TestAnAgentIsNotBusyWithACallThatIsOverWhoeverSaidSo(t *testing.T) {
	t.Parallel()
	report := func(kind helix.ReportKind, second int) helix.CallReport {
		r := helix.CallReport{
			Kind: kind, Provider: helix.ProviderOzonetel, ProviderCallID: "42", LegID: "42", Direction: helix.Inbound,
			Phone: rahul, Agent: "agent1", At: start.Add(time.Duration(second) * time.Second),
		}
		if kind == helix.ReportDetails {
			r.At, r.EndedAt, r.Total = start, start.Add(60*time.Second), 60*time.Second
		}
		return r
	}
	answered := func(r helix.CallReport) helix.CallReport {
		r.Answered, r.Talk = true, 50*time.Second
		return r
	}
	offer, answer, end := report(helix.ReportOffered, 0), report(helix.ReportAnswered, 10), report(helix.ReportEnded, 60)
	record, missed := answered(report(helix.ReportDetails, 0)), report(helix.ReportDetails, 0)
	atOnce := report(helix.ReportAnswered, 60)
	tests := map[string]struct {
		reports []helix.CallReport
		busy    int // the second in which the provider says without a call that he is busy, afterwards
		want    helix.AgentState
	}{
		"the record comes before the end":                      {[]helix.CallReport{offer, answer, record}, 0, helix.AgentAfterCallWork},
		"the record comes before the answer and the end":       {[]helix.CallReport{offer, record, answer}, 0, helix.AgentAfterCallWork},
		"the answer of the same second comes after the record": {[]helix.CallReport{offer, record, atOnce}, 0, helix.AgentAfterCallWork},
		"the record comes before all":                          {[]helix.CallReport{record, offer, answer, end}, 0, helix.AgentAfterCallWork},
		"the agent's own event comes after the record":         {[]helix.CallReport{offer, answer, record}, 60, helix.AgentAfterCallWork},
		"the agent's own event comes after the end":            {[]helix.CallReport{offer, answer, end}, 60, helix.AgentAfterCallWork},
		"nobody answered the call that was offered":            {[]helix.CallReport{offer, missed}, 0, helix.AgentReady},
		"he is busy with the next":                             {[]helix.CallReport{offer, answer, record}, 61, helix.AgentBusy},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := setup(t)
			for _, r := range tt.reports {
				if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
					t.Fatal(err)
				}
			}
			if tt.busy > 0 {
				x.observe(t, tt.busy, helix.AgentBusy)
			}
			now, err := x.Agent(t.Context(), worker("1"))
			if err != nil || now.State != tt.want {
				t.Fatalf("got %+v, %v", now, err)
			}
			x.clock.advance(2 * time.Minute)
			if _, err := x.ForceReady(t.Context(), worker("1"), ""); (err == nil) != (tt.want != helix.AgentBusy) {
				t.Errorf("freed: %v", err)
			}
		})
	}
}

func TestAnAgentWhoDisposedACallWhileItWasUpIsFreeWhenItEnds(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	r := helix.CallReport{
		Provider: helix.ProviderOzonetel, ProviderCallID: "42", LegID: "42", Direction: helix.Inbound, Phone: rahul, Agent: "agent1", At: start,
	}
	for _, kind := range []helix.ReportKind{helix.ReportOffered, helix.ReportAnswered} {
		r.Kind = kind
		if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
			t.Fatal(err)
		}
	}
	order := desk.DisposeOrder{Call: helix.CallID(helix.NewID("OZONETEL", "42")), Disposition: helix.Disposition{Label: "Booked"}}
	if _, err := x.Dispose(t.Context(), w, order); err != nil {
		t.Fatal(err)
	}
	r.Kind, r.At = helix.ReportEnded, start.Add(time.Minute)
	if err := x.calls.Ingest(t.Context(), helix.ProviderReports{Calls: []helix.CallReport{r}}); err != nil {
		t.Fatal(err)
	}
	if now, err := x.Agent(t.Context(), w); err != nil || now.State != helix.AgentReady || now.CurrentCall != "" {
		t.Fatalf("got %+v, %v", now, err)
	}
}
