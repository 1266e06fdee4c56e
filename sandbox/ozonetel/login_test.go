package ozonetel_test

import (
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestAgentLoginAndLogoutAnswerAsDocumented(t *testing.T) {
	t.Parallel()
	in := func(a *account) { a.authenticate("agent1", "sandbox-agent1", "login") }
	tests := []struct {
		name   string
		before func(*account)
		send   func(*account) string
		want   string
		state  ozonetel.AgentState
	}{
		{
			"login", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login") },
			`{"status":"success","message":"Agent agent1 logged in successfully"}`, ozonetel.Idle,
		},
		{
			"login, action in capitals, ready at once", nil,
			func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "LOGIN", "state", "Ready") },
			`{"status":"success","message":"Agent agent1 logged in successfully"}`, ozonetel.Ready,
		},
		{
			"logout", in, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "logout") },
			`{"status":"success","message":"Agent agent1 logged out successfully"}`, ozonetel.Offline,
		},
		{
			"wrong account", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login", "userName", "x") },
			`{"status":"error","message":"Invalid userName or apiKey"}`, ozonetel.Offline,
		},
		{
			"wrong key", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login", "apiKey", "x") },
			`{"status":"error","message":"Invalid userName or apiKey"}`, ozonetel.Offline,
		},
		{
			"wrong password", nil, func(a *account) string { return a.authenticate("agent1", "x", "login") },
			`{"status":"error","message":"Invalid Authentication"}`, ozonetel.Offline,
		},
		{
			"unknown agent", nil, func(a *account) string { return a.authenticate("agent99", "x", "login") },
			`{"status":"error","message":"Invalid Authentication"}`, ozonetel.Offline,
		},
		{
			"already logged in", in, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login") },
			`{"status":"error","message":"Agent has already logged in"}`, ozonetel.Idle,
		},
		{
			"logout while not logged in", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "logout") },
			`{"status":"error","message":"Agent agent1 is not logged in"}`, ozonetel.Offline,
		},
		{
			"number taken by a colleague",
			func(a *account) { a.authenticate("agent2", "sandbox-agent2", "login", "phoneNumber", "521811") },
			func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login") },
			`{"status":"error","message":"agent2 logged in with the number (+91521811)"}`, ozonetel.Offline,
		},
		{
			"no number", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "login", "phoneNumber", "") },
			`{"status":"error","message":"phoneNumber should not be empty"}`, ozonetel.Offline,
		},
		{
			"unknown action", nil, func(a *account) string { return a.authenticate("agent1", "sandbox-agent1", "dance") },
			`{"status":"error","message":"Invalid action"}`, ozonetel.Offline,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			if test.before != nil {
				test.before(a)
			}
			if got := test.send(a); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := a.state("agent1"); got != test.state {
				t.Errorf("agent is %s, want %s", got, test.state)
			}
		})
	}
}

func TestANumberIsFreeAgainAfterLogout(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.authenticate("agent2", "sandbox-agent2", "login", "phoneNumber", "521811")
	a.authenticate("agent2", "sandbox-agent2", "logout")
	a.ready("agent1")
}

func TestLogoutAndLoginFreeAnAgentFromAfterCallWork(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.must(a.Offer(ucid, "agent1"))
	a.must(a.Answer(ucid))
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	if got := a.state("agent1"); got != ozonetel.ACW {
		t.Fatalf("after the call the agent is %s", got)
	}
	a.authenticate("agent1", "sandbox-agent1", "logout")
	a.ready("agent1")
	a.Advance(time.Hour) // the wrap-up timer of the call before must not come back
	if got := a.state("agent1"); got != ozonetel.Ready {
		t.Errorf("agent is %s", got)
	}
}

func TestLogoutDropsTheCallOrQueuesItAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer bool
		want   ozonetel.CallState
	}{
		{"while the agent's phone rings", false, ozonetel.Queued},
		{"during the talk", true, ozonetel.Ended},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			a.ready("agent1")
			ucid := a.ringIn("9812345678")
			a.must(a.Offer(ucid, ""))
			if test.answer {
				a.must(a.Answer(ucid))
			}
			a.authenticate("agent1", "sandbox-agent1", "logout")
			if got := a.callState(ucid); got != test.want {
				t.Errorf("call is %s, want %s", got, test.want)
			}
			if got := a.state("agent1"); got != ozonetel.Offline {
				t.Errorf("agent is %s", got)
			}
		})
	}
}
