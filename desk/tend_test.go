package desk_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/desk"
)

var busy = &helix.Error{Code: helix.CodeAgentBusy, Message: "after-call work"}

func TestAWishDuringAfterCallWorkIsCarriedOutWithTheDisposition(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	x.missed(t, helix.ReportDetails, "+919812345679", "7", start)
	call := x.talk(t, w, rahul, "42", helix.Inbound)
	x.line.fail(busy)
	agent, _, err := x.SetState(t.Context(), w, helix.AgentPaused, "Lunch")
	if err != nil || agent.State != helix.AgentAfterCallWork || agent.Wanted != helix.AgentPaused {
		t.Fatalf("got %+v, %v", agent, err)
	}
	x.line.fail(nil)
	done, err := x.Dispose(t.Context(), w, desk.DisposeOrder{Call: call.ID, Disposition: helix.Disposition{Label: "Booked"}})
	if err != nil || done.Claimed != nil {
		t.Fatalf("one who goes for lunch claimed %+v, %v", done.Claimed, err)
	}
	agent, err = x.Agent(t.Context(), w)
	if err != nil || agent.State != helix.AgentPaused || agent.StateReason != "Lunch" {
		t.Fatalf("got %+v, %v", agent, err)
	}
	if diff := cmp.Diff([]helix.AgentState{helix.AgentPaused}, x.line.states); diff != "" {
		t.Fatal(diff)
	}
}

func TestAWishThatStillCannotBeCarriedOutWaitsForTheNextTending(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	x.talk(t, w, rahul, "42", helix.Inbound)
	x.line.fail(busy)
	if _, _, err := x.SetState(t.Context(), w, helix.AgentPaused, "Lunch"); err != nil {
		t.Fatal(err)
	}
	// The wrap-up timer of the provider ends the after-call work.
	if err := x.agents.Observe(t.Context(), helix.AgentReport{Agent: "agent1", State: helix.AgentReady, At: start.Add(2 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	if err := x.Tend(t.Context()); !helix.IsCode(err, helix.CodeAgentBusy) {
		t.Fatalf("got %v", err)
	}
	x.line.fail(nil)
	for range 2 {
		if err := x.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]helix.AgentState{helix.AgentPaused}, x.line.states); diff != "" {
		t.Fatal("carried out once: " + diff)
	}
}

func TestAWishEndsWithTheSession(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	x.talk(t, w, rahul, "42", helix.Inbound)
	x.line.fail(busy)
	if _, _, err := x.SetState(t.Context(), w, helix.AgentPaused, "Lunch"); err != nil {
		t.Fatal(err)
	}
	x.line.fail(nil)
	if _, err := x.Logout(t.Context(), w, false); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Login(t.Context(), w, ""); err != nil {
		t.Fatal(err)
	}
	if err := x.Tend(t.Context()); err != nil || len(x.line.states) > 0 {
		t.Fatalf("carried out in another session: %v, %v", x.line.states, err)
	}
}

func TestAForgottenCallIsDisposedWithALabelThatSaysSoAndClaimsNothing(t *testing.T) {
	t.Parallel()
	x := setup(t)
	w := worker("1")
	x.missed(t, helix.ReportDetails, "+919812345679", "7", start)
	if _, err := x.Login(t.Context(), w, ""); err != nil {
		t.Fatal(err)
	}
	call := x.talk(t, w, rahul, "42", helix.Inbound)
	if err := x.Tend(t.Context()); err != nil || len(x.line.disposed) > 0 {
		t.Fatalf("disposed at once: %v, %v", x.line.disposed, err)
	}
	x.clock.advance(6 * time.Minute)
	if err := x.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, err := x.calls.Get(t.Context(), call.ID)
	if err != nil || now.Disposition == nil || now.Disposition.Label != "Not disposed by the agent" || now.Claimed != "" {
		t.Fatalf("got %+v, %v", now, err)
	}
	if agent, err := x.Agent(t.Context(), w); err != nil || agent.State != helix.AgentReady {
		t.Fatalf("got %+v, %v", agent, err)
	}
}

func TestRepairCorrectsWhatNoPushTold(t *testing.T) {
	t.Parallel()
	x := setup(t)
	one, two := worker("1"), worker("2")
	for _, w := range []desk.Worker{one, two} {
		if _, err := x.Login(t.Context(), w, ""); err != nil {
			t.Fatal(err)
		}
	}
	x.clock.advance(time.Minute)
	x.line.reports = []helix.AgentReport{{Agent: "agent1", State: helix.AgentPaused, Reason: "Break"}}
	if err := x.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	for w, want := range map[*desk.Worker]helix.AgentState{&one: helix.AgentPaused, &two: helix.AgentOffline} {
		if agent, err := x.Agent(t.Context(), *w); err != nil || agent.State != want {
			t.Errorf("%s is %+v, %v", w.Seat.Agent, agent, err)
		}
	}
	// A push of earlier than the repair says nothing new.
	if err := x.agents.Observe(t.Context(), helix.AgentReport{Agent: "agent1", State: helix.AgentReady, At: start.Add(30 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	if agent, err := x.Agent(t.Context(), one); err != nil || agent.State != helix.AgentPaused {
		t.Errorf("got %+v, %v", agent, err)
	}
}

func TestADeskThatIsGoneLosesItsOffersAndOneThatIsThereKeepsThem(t *testing.T) {
	t.Parallel()
	x := setup(t)
	m := x.missed(t, helix.ReportDetails, rahul, "1", start)
	if _, err := x.queue.Claim(t.Context(), worker("1")); err != nil {
		t.Fatal(err)
	}
	holder := func() helix.AgentID {
		t.Helper()
		if err := x.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		now, err := x.queue.Get(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.Agent
	}
	if err := x.There(t.Context(), "agent1"); err != nil {
		t.Fatal(err)
	}
	if got := holder(); got != "agent1" {
		t.Fatalf("a desk that is there lost its offer to %q", got)
	}
	x.forgetDesk(t, "agent1") // a minute later
	if got := holder(); got != "" {
		t.Fatalf("a desk that is gone keeps its offer: %q", got)
	}
}
