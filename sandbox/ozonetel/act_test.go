package ozonetel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestASimulatedColleagueActsDuringTheTalk(t *testing.T) {
	t.Parallel()
	agents := []ozonetel.AgentProfile{{ID: "agent3", Name: "Kavya", Number: "521813", Simulated: true}}
	a := newAccount(t, ozonetel.Options{Agents: agents, AutoDistribute: true, Timing: ozonetel.Timing{Ring: time.Second}})
	a.must(a.LogIn("agent3"))
	ucid, err := a.RingIn("9812345678", ozonetel.CallerPlan{Pickup: time.Second, Talk: time.Minute, WrapUp: time.Second, Acts: []ozonetel.Act{
		{After: 1 * time.Second, Action: ozonetel.Hold},
		{After: 2 * time.Second, Action: ozonetel.PauseRecording},
		{After: 3 * time.Second, Action: ozonetel.Unhold},
		{After: 4 * time.Second, Action: ozonetel.Conference, Number: "09898989898"},
		{After: 5 * time.Second, Action: ozonetel.ResumeRecording},
		{After: 6 * time.Second, Action: ozonetel.KickCall},
		{After: 7 * time.Second, Action: ozonetel.Hold}, // he has left
	}})
	a.must(err)
	a.Advance(time.Second)
	type look struct {
		Held, Paused, Gone bool
		Party              ozonetel.PartyState
		Agent              ozonetel.AgentState
	}
	var got []look
	for range 7 {
		a.Advance(time.Second)
		c, err := a.Call(ucid)
		a.must(err)
		seen := look{Held: c.Held, Paused: c.RecordingPaused, Gone: c.AgentGone, Agent: a.state("agent3")}
		if len(c.Parties) > 0 {
			seen.Party = c.Parties[0].State
		}
		got = append(got, seen)
	}
	want := []look{
		{Held: true, Agent: ozonetel.InCall},
		{Held: true, Paused: true, Agent: ozonetel.InCall},
		{Paused: true, Agent: ozonetel.InCall},
		{Paused: true, Party: ozonetel.PartyDialing, Agent: ozonetel.InCall},
		{Party: ozonetel.PartyJoined, Agent: ozonetel.InCall},
		{Party: ozonetel.PartyJoined, Gone: true, Agent: ozonetel.ACW},
		{Party: ozonetel.PartyJoined, Gone: true, Agent: ozonetel.Ready},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a.Advance(time.Minute)
	if got := a.callState(ucid); got != ozonetel.Ended {
		t.Errorf("the call is %s", got)
	}
}

func TestAnAgentWhomSomebodyPlaysDoesNotActByHimself(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{AutoDistribute: true})
	a.ready("agent1")
	plan := ozonetel.CallerPlan{Pickup: time.Second, Acts: []ozonetel.Act{{After: time.Second, Action: ozonetel.Hold}}}
	ucid, err := a.RingIn("9812345678", plan)
	a.must(err)
	a.Advance(time.Minute)
	if c, _ := a.Call(ucid); c.State != ozonetel.Answered || c.Held {
		t.Errorf("call %+v", c)
	}
}
