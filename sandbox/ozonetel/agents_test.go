package ozonetel_test

import (
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestGetAgentLoginsShowsWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	list := func() string { return a.api("POST", "/ca_apis/getAgentLogins", `{"userName":"sandbox_hospital"}`) }
	expect := func(step, want string) {
		t.Helper()
		if got := list(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", step, got, want)
		}
	}
	row := func(state string) string {
		return `{"status":"success","message":[{"AgentId":"agent1","AgentName":"Asha","PhoneNumber":"521811",` +
			`"AgentState":"` + state + `","SkillName":"General"}]}`
	}
	expect("nobody", `{"status":"error","message":"No Data Found"}`)
	a.authenticate("agent1", "sandbox-agent1", "login")
	expect("logged in", row("IDLE"))
	a.api("POST", "/ca_apis/changeAgentState", `{"userName":"sandbox_hospital","agentId":"agent1","state":"Pause","pauseReason":"Break"}`)
	expect("paused", row("PAUSED"))
	a.api("POST", "/ca_apis/changeAgentState", `{"userName":"sandbox_hospital","agentId":"agent1","state":"Ready"}`)
	ucid := a.dial()
	expect("dialling", row("BUSY"))
	a.must(a.Answer(ucid))
	a.must(a.Hangup(ucid, ozonetel.AgentHangup))
	expect("wrapping up", row("ACW"))
	expect("sixth time within a minute", `{"status":"error","message":"Max limit exceeded"}`)
	a.Advance(time.Minute)
	expect("a minute later", row("ACW"))
}

func TestAgentDetailsShowsOneAgent(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	details := func(id string) string {
		return a.api("POST", "/ca_apis/AgentDetails", `{"userName":"sandbox_hospital","agentId":"`+id+`"}`)
	}
	const offline = `{"status":"success","message":[{"AgentId":"agent1","AgentName":"Asha","State":"LOGOUT",` +
		`"Since":"00:00:00","Skill":"General","PhoneNumber":null,"Mode":""}]}`
	if got := details("agent1"); got != offline {
		t.Errorf("offline: %s", got)
	}
	a.ready("agent1")
	a.Advance(4*time.Minute + 10*time.Second)
	const online = `{"status":"success","message":[{"AgentId":"agent1","AgentName":"Asha","State":"READY",` +
		`"Since":"00:04:10","Skill":"General","PhoneNumber":"521811","Mode":"Blended"}]}`
	if got := details("agent1"); got != online {
		t.Errorf("online: %s", got)
	}
	if got := details("agent99"); got != `{"status":"error","message":"agentId is Invalid"}` {
		t.Errorf("unknown: %s", got)
	}
	for range 8 {
		details("agent1")
	}
	if got := details("agent1"); got != `{"status":"error","message":"Max limit exceeded"}` {
		t.Errorf("eleventh time within a minute: %s", got)
	}
}
