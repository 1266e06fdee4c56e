package ozonetel_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestManualDialAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	ready := func(a *account) { a.ready("agent1") }
	const unavailable = `^{"status":"Fail","message":"Agent is not available"}$`
	const mandatory = `^{"status":"Fail","message":"All parameters are mandatory"}$`
	tests := []struct {
		name    string
		before  func(*account)
		changes map[string]string
		want    string
	}{
		{"with UCID", ready, map[string]string{"UCID": "true"}, `^{"status":"queued successfully","ucid":"2\d{16}"}$`},
		{"without UCID", ready, nil, `^{"status":"queued successfully"}$`},
		{
			"by skill", ready,
			map[string]string{"agentID": "", "campaignName": "", "skill": "General", "did": "918041763265"},
			`^{"status":"queued successfully"}$`,
		},
		{"by skill without did", ready, map[string]string{"skill": "General"}, mandatory},
		{"unknown agent", ready, map[string]string{"agentID": "agent99"}, unavailable},
		{"agent logged out", nil, nil, unavailable},
		{"agent not ready", func(a *account) { a.authenticate("agent1", "sandbox-agent1", "login") }, nil, unavailable},
		{"agent in a mode without manual calls", func(a *account) {
			a.authenticate("agent1", "sandbox-agent1", "login", "state", "Ready", "mode", "inbound")
		}, nil, unavailable},
		{"agent on another dial", func(a *account) { a.ready("agent1"); a.dial() }, nil, unavailable},
		{"unknown campaign", ready, map[string]string{"campaignName": "x"}, `^{"status":"fails","message":"Campaign is invalid"}$`},
		{"no number", ready, map[string]string{"customerNumber": ""}, mandatory},
		{"no agent", ready, map[string]string{"agentID": ""}, mandatory},
		{"no campaign", ready, map[string]string{"campaignName": ""}, mandatory},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			if test.before != nil {
				test.before(a)
			}
			body := map[string]string{
				"userName": "sandbox_hospital", "agentID": "agent1", "campaignName": "Inbound_918041763265", "customerNumber": "9812345678",
			}
			maps.Copy(body, test.changes)
			text, err := json.Marshal(body)
			a.must(err)
			if got := a.api("POST", "/ca_apis/AgentManualDial", string(text)); !regexp.MustCompile(test.want).MatchString(got) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestADialRingsTheAgentFirstAndEndsByItsPlan(t *testing.T) {
	t.Parallel()
	type step struct {
		Call  ozonetel.CallState
		Agent ozonetel.AgentState
	}
	ringing := []step{{ozonetel.AgentRinging, ozonetel.Calling}, {ozonetel.CustomerRinging, ozonetel.Calling}}
	tests := []struct {
		outcome ozonetel.DialOutcome
		want    []step
	}{
		{ozonetel.CustomerAnswers, append(ringing[:2:2], step{ozonetel.Answered, ozonetel.InCall}, step{ozonetel.Ended, ozonetel.ACW})},
		{ozonetel.CustomerBusy, append(ringing[:2:2], step{ozonetel.Ended, ozonetel.ACW}, step{ozonetel.Ended, ozonetel.ACW})},
		{ozonetel.CustomerNoAnswer, append(ringing[:2:2], step{ozonetel.Ended, ozonetel.ACW}, step{ozonetel.Ended, ozonetel.ACW})},
		{
			ozonetel.AgentNoAnswer,
			append(ringing[:1:1], step{ozonetel.Ended, ozonetel.Ready}, step{ozonetel.Ended, ozonetel.Ready}, step{ozonetel.Ended, ozonetel.Ready}),
		},
		{ozonetel.HandDriven, append(ringing[:1:1], ringing[0], ringing[0], ringing[0])},
	}
	for _, test := range tests {
		t.Run(string(test.outcome), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			a.ready("agent1")
			a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: test.outcome, AgentRing: time.Second, Ring: time.Second, Talk: time.Second}))
			ucid := a.dial()
			got := []step{{a.callState(ucid), a.state("agent1")}}
			for range 3 {
				a.Advance(time.Second)
				got = append(got, step{a.callState(ucid), a.state("agent1")})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestADialToNoPhoneNumberFailsAtTheCustomerLeg(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	a.api("POST", "/ca_apis/AgentManualDial",
		`{"userName":"sandbox_hospital","agentID":"agent1","campaignName":"Inbound_918041763265","customerNumber":"12"}`)
	a.Advance(time.Second)
	if got := a.Calls()[0].State; got != ozonetel.Ended {
		t.Errorf("call is %s", got)
	}
}

func TestUnknownDialOutcomesAreRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	if err := a.PlanNextDial(ozonetel.DialPlan{Outcome: "explode"}); err == nil {
		t.Error("accepted")
	}
}
