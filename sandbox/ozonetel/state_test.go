package ozonetel_test

import (
	"fmt"
	"testing"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestChangeAgentStateAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	ready := func(a *account) { a.ready("agent1") }
	talking := func(a *account) {
		a.ready("agent1")
		ucid := a.ringIn("9812345678")
		a.must(a.Offer(ucid, "agent1"))
		a.must(a.Answer(ucid))
	}
	ringing := func(a *account) {
		a.ready("agent1")
		a.must(a.Offer(a.ringIn("9812345678"), "agent1"))
	}
	wrapping := func(a *account) {
		talking(a)
		a.must(a.Hangup(a.Calls()[0].UCID, ozonetel.UserHangup))
	}
	success := func(table, state string) string {
		return `{"status":"success","message":"{\"type\":\"response\",\"utid\":\"7\",\"resp\":\"Success:` + table +
			`~INBOUND\",\"agentStatus\":\"` + state + `\",\"agentId\":\"agent1\",\"user\":\"sandbox_hospital\"}"}`
	}
	tests := []struct {
		name          string
		before        func(*account)
		state, reason string
		want          string
		after         ozonetel.AgentState
	}{
		{"pause with a reason", ready, "Pause", "Lunch", success("tbAgentPause", "PAUSED"), ozonetel.Paused},
		{
			"ready", func(a *account) { a.authenticate("agent1", "sandbox-agent1", "login") }, "Ready", "",
			success("tbAgentReady", "READY"), ozonetel.Ready,
		},
		{"ready when already ready", ready, "Ready", "", success("tbAgentReady", "READY"), ozonetel.Ready},
		{
			"unknown state", ready, "ready", "",
			`{"status":"error","message":"The state should be either 'Ready' or 'Pause' state'"}`, ozonetel.Ready,
		},
		{"unknown reason", ready, "Pause", "Yoga", `{"status":"error","message":"pauseReason is Invalid"}`, ozonetel.Ready},
		{"pause without a reason", ready, "Pause", "", `{"status":"error","message":"pauseReason is Invalid"}`, ozonetel.Ready},
		{"not logged in", nil, "Ready", "", `{"status":"error","message":"Agent is not Logged In"}`, ozonetel.Offline},
		{
			"pause in wrap-up", wrapping, "Pause", "Lunch",
			`{"status":"error","Message":"Agent agent1 is in ACW state. You cant change to Pause state"}`, ozonetel.ACW,
		},
		{
			"ready in wrap-up", wrapping, "Ready", "",
			`{"status":"error","Message":"Agent agent1 is in ACW state. You cant change to Ready state"}`, ozonetel.ACW,
		},
		{
			"pause on a call", talking, "Pause", "Lunch",
			`{"status":"error","Message":"Agent agent1 is in BUSY state. You cant change to Pause state"}`, ozonetel.InCall,
		},
		{
			"pause while his phone rings", ringing, "Pause", "Lunch",
			`{"status":"error","Message":"Agent agent1 is in BUSY state. You cant change to Pause state"}`, ozonetel.Calling,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			if test.before != nil {
				test.before(a)
			}
			body := fmt.Sprintf(`{"userName":"sandbox_hospital","agentId":"agent1","state":%q,"pauseReason":%q}`, test.state, test.reason)
			if got := a.api("POST", "/ca_apis/changeAgentState", body); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := a.state("agent1"); got != test.after {
				t.Errorf("agent is %s, want %s", got, test.after)
			}
		})
	}
}

func TestTheFieldNameOfTheAgentIsCaseSensitive(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	got := a.api("POST", "/ca_apis/changeAgentState", `{"userName":"sandbox_hospital","agentID":"agent1","state":"Ready"}`)
	if want := `{"status":"error","message":"Agent is not Logged In"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
