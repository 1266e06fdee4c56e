package ozonetel_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestEachStateOfACallAllowsItsOwnMovesOnly(t *testing.T) {
	t.Parallel()
	// Each state is reached on a fresh account where agent1 has the call and agent2 is READY.
	states := map[string]func(a *account) string{
		"queued": func(a *account) string { return a.ringIn("9812345678") },
		"agent rings": func(a *account) string {
			ucid := a.ringIn("9812345678")
			a.must(a.Offer(ucid, "agent1"))
			return ucid
		},
		"talk": func(a *account) string {
			ucid := a.ringIn("9812345678")
			a.must(a.Offer(ucid, "agent1"))
			a.must(a.Answer(ucid))
			return ucid
		},
		"ended": func(a *account) string {
			ucid := a.ringIn("9812345678")
			a.must(a.Abandon(ucid))
			return ucid
		},
		"agent leg rings": func(a *account) string { return a.handDial() },
		"customer rings": func(a *account) string {
			ucid := a.handDial()
			a.must(a.Answer(ucid))
			return ucid
		},
	}
	moves := map[string]func(a *account, ucid string) error{
		"offer":   func(a *account, ucid string) error { return a.Offer(ucid, "agent2") },
		"answer":  func(a *account, ucid string) error { return a.Answer(ucid) },
		"hangup":  func(a *account, ucid string) error { return a.Hangup(ucid, ozonetel.UserHangup) },
		"abandon": func(a *account, ucid string) error { return a.Abandon(ucid) },
	}
	legal := map[string][]string{
		"queued":          {"offer", "hangup", "abandon"},
		"agent rings":     {"answer", "hangup", "abandon"},
		"talk":            {"hangup"},
		"ended":           {},
		"agent leg rings": {"answer", "hangup"},
		"customer rings":  {"answer", "hangup"},
	}
	for state, reach := range states {
		for name, move := range moves {
			t.Run(name+" when "+state, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, ozonetel.Options{})
				a.ready("agent1")
				a.ready("agent2")
				ucid := reach(a)
				before := a.callState(ucid)
				err := move(a, ucid)
				allowed := slices.Contains(legal[state], name)
				switch {
				case allowed && err != nil:
					t.Errorf("refused: %v", err)
				case !allowed && !errors.Is(err, ozonetel.ErrIllegalMove):
					t.Errorf("answered %v, want an illegal move", err)
				case !allowed && a.callState(ucid) != before:
					t.Errorf("a refused move changed the call from %s to %s", before, a.callState(ucid))
				}
			})
		}
	}
}

// handDial dials from agent1 with every step left to the test.
func (a *account) handDial() string {
	a.t.Helper()
	a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: ozonetel.HandDriven}))
	return a.dial()
}

func TestACallGoesOnlyToAgentsWhoAreReadyForInbound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*account)
		agent  string
		want   error
	}{
		{"offline", nil, "agent1", ozonetel.ErrIllegalMove},
		{"idle", func(a *account) { a.authenticate("agent1", "sandbox-agent1", "login") }, "agent1", ozonetel.ErrIllegalMove},
		{"manual mode", func(a *account) {
			a.authenticate("agent1", "sandbox-agent1", "login", "state", "Ready", "mode", "manual")
		}, "agent1", ozonetel.ErrIllegalMove},
		{"busy", func(a *account) { a.ready("agent1"); a.handDial() }, "agent1", ozonetel.ErrIllegalMove},
		{"nobody ready", nil, "", ozonetel.ErrIllegalMove},
		{"unknown", nil, "agent99", ozonetel.ErrUnknownAgent},
		{"ready", func(a *account) { a.ready("agent1") }, "agent1", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			if test.before != nil {
				test.before(a)
			}
			if err := a.Offer(a.ringIn("9812345678"), test.agent); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWaitingCallsGoToTheAgentWhoHasBeenReadyLongest(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{AutoDistribute: true})
	a.ready("agent2")
	a.Advance(time.Second)
	a.ready("agent1")
	a.Advance(time.Second)
	again := `{"userName":"sandbox_hospital","agentId":"agent2","state":"Ready"}`
	a.api("POST", "/ca_apis/changeAgentState", again) // keeps his place
	first, second, third := a.ringIn("9812345671"), a.ringIn("9812345672"), a.ringIn("9812345673")
	a.Advance(time.Second)
	type seat struct {
		Agent string
		State ozonetel.CallState
	}
	var got []seat
	for _, ucid := range []string{first, second, third} {
		c, err := a.Call(ucid)
		a.must(err)
		got = append(got, seat{c.AgentID, c.State})
	}
	want := []seat{{"agent2", ozonetel.AgentRinging}, {"agent1", ozonetel.AgentRinging}, {"", ozonetel.Queued}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.must(a.Abandon(second)) // agent1 is READY again and gets the third
	a.Advance(0)
	if c, _ := a.Call(third); c.AgentID != "agent1" {
		t.Errorf("the third call went to %q", c.AgentID)
	}
}

func TestAnOfferedCallThatIsNotPickedUpGoesToTheNextAgent(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{AutoDistribute: true, Timing: ozonetel.Timing{OfferLimit: 10 * time.Second}})
	a.ready("agent1")
	a.Advance(time.Second)
	a.ready("agent2")
	ucid := a.ringIn("9812345678")
	a.Advance(time.Second)
	if c, _ := a.Call(ucid); c.AgentID != "agent1" {
		t.Fatalf("offered to %q first", c.AgentID)
	}
	a.Advance(10 * time.Second)
	if c, _ := a.Call(ucid); c.AgentID != "agent2" || c.State != ozonetel.AgentRinging {
		t.Errorf("then %s with %q", c.State, c.AgentID)
	}
}

func TestACallerFollowsHisPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		plan     ozonetel.CallerPlan
		answered time.Duration // after the start, 0: never
		ended    time.Duration
	}{
		{"hangs up during the announcement", ozonetel.CallerPlan{IVR: 5 * time.Second, Patience: 3 * time.Second}, 0, 3 * time.Second},
		{
			"hangs up while the agent's phone rings",
			ozonetel.CallerPlan{IVR: time.Second, Patience: 3 * time.Second, Pickup: 5 * time.Second},
			0, 3 * time.Second,
		},
		{
			"talks",
			ozonetel.CallerPlan{IVR: time.Second, Patience: 9 * time.Second, Pickup: 2 * time.Second, Talk: 30 * time.Second},
			3 * time.Second, 33 * time.Second,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{AutoDistribute: true})
			a.ready("agent1")
			ucid, err := a.RingIn("9812345678", test.plan)
			a.must(err)
			a.Advance(time.Minute)
			c, err := a.Call(ucid)
			a.must(err)
			var answered time.Duration
			if !c.AnsweredAt.IsZero() {
				answered = c.AnsweredAt.Sub(start)
			}
			if answered != test.answered || c.EndedAt.Sub(start) != test.ended {
				t.Errorf("answered after %s, ended after %s", answered, c.EndedAt.Sub(start))
			}
		})
	}
}

func TestASimulatedColleagueDisposesByHimself(t *testing.T) {
	t.Parallel()
	agents := []ozonetel.AgentProfile{{ID: "agent3", Name: "Kavya", Number: "521813", Simulated: true}}
	a := newAccount(t, ozonetel.Options{AutoDistribute: true, Agents: agents})
	a.must(a.LogIn("agent3"))
	plan := ozonetel.CallerPlan{Pickup: time.Second, Talk: time.Second, WrapUp: 3 * time.Second, Label: "Not Interested"}
	ucid, err := a.RingIn("9812345678", plan)
	a.must(err)
	a.Advance(4 * time.Second)
	if got := a.state("agent3"); got != ozonetel.ACW {
		t.Errorf("wrapping up: %s", got)
	}
	a.Advance(time.Second)
	c, err := a.Call(ucid)
	a.must(err)
	if got := a.state("agent3"); got != ozonetel.Ready || c.Disposition != "Not Interested" {
		t.Errorf("then %s, label %q", got, c.Disposition)
	}
}

func TestUCIDsAreSeventeenDigitsRisingAndDecidedBySeedAndStart(t *testing.T) {
	t.Parallel()
	ids := func(seed int64) []string {
		a := newAccount(t, ozonetel.Options{Seed: seed})
		return []string{a.ringIn("9812345678"), a.ringIn("9812345678"), a.ringIn("9812345678")}
	}
	first, again, other := ids(1), ids(1), ids(2)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same seed (-first +again):\n%s", diff)
	}
	if first[0] == other[0] {
		t.Errorf("two seeds share %s", first[0])
	}
	if len(first[0]) != 17 || first[0] >= first[1] || first[1] >= first[2] {
		t.Errorf("ids %v", first)
	}
}

func TestOpenCallsAreBoundedAndEndedOnesForgotten(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for range 1_000 {
		a.ringIn("9812345678")
	}
	if _, err := a.RingIn("9812345678", ozonetel.CallerPlan{}); !errors.Is(err, ozonetel.ErrFull) {
		t.Errorf("the 1001st open call: %v", err)
	}
	for _, c := range a.Calls() {
		a.must(a.Abandon(c.UCID))
	}
	for range 4_500 {
		a.must(a.Abandon(a.ringIn("9812345678")))
	}
	if got := len(a.Calls()); got != 5_000 {
		t.Errorf("%d calls are remembered", got)
	}
}

func TestNumbersAreTakenInTheWaysIndiansWriteThem(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for phone, want := range map[string]string{
		"9812345678": "9812345678", "09812345678": "9812345678", "919812345678": "9812345678", "+91 98123-45678": "9812345678",
		"(080) 41763265": "8041763265",
	} {
		if c, err := a.Call(a.ringIn(phone)); err != nil || c.Phone != want {
			t.Errorf("%s became %s (%v)", phone, c.Phone, err)
		}
	}
	for _, phone := range []string{"", "12", "98123456789", "+1 555 010 0000", "98123x5678", "९८१२३४५६७८"} {
		if _, err := a.RingIn(phone, ozonetel.CallerPlan{}); !errors.Is(err, ozonetel.ErrBadNumber) {
			t.Errorf("%q: %v", phone, err)
		}
	}
}
