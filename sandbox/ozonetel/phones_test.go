package ozonetel_test

import (
	"errors"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func TestAPhoneDialsWithoutItsAgent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: r.targets(), Timing: ozonetel.Timing{AgentRing: time.Second, Ring: time.Second}})
	good := map[string]string{"custNumber": "9812345678", "phoneName": "asha-desk", "did": "918041763265"}
	with := func(changes map[string]string) string {
		body := maps.Clone(good)
		maps.Copy(body, changes)
		return a.report("POST", "/ca_apis/PhoneManualDial", body)
	}
	for want, changes := range map[string]map[string]string{
		`{"status":"Fail","message":"All parameters are mandatory"}`: {"custNumber": ""},
		`{"status":"fails","message":"Campaign is invalid"}`:         {"campaignName": "x"},
		`{"status":"Fail","message":"phoneName is Invalid"}`:         {"phoneName": "521811"},
		`{"status":"Fail","message":"callLimit is Invalid"}`:         {"callLimit": "0"},
	} {
		if got := with(changes); got != want {
			t.Errorf("%v: %s", changes, got)
		}
	}
	answer := regexp.MustCompile(`^{"status":"queued","message":"(2\d{16})"}$`).FindStringSubmatch(with(map[string]string{"callLimit": "30"}))
	if answer == nil {
		t.Fatal("no UCID is in the message")
	}
	if got := with(map[string]string{"checkStatus": "true"}); got != `{"status":"Fail","message":"Phone is busy"}` {
		t.Errorf("a busy phone: %s", got)
	}
	a.Advance(2 * time.Second)
	if got := a.control("HOLD", answer[1], nil); !strings.Contains(got, "User hold is successful") {
		t.Errorf("hold: %s", got)
	}
	a.Advance(30 * time.Second) // the limit
	record := r.next().cdr(t)   // and no event before it
	if record["Status"] != "Answered" || record["AgentID"] != "" || record["PhoneName"] != "asha-desk" || record["Duration"] != "00:00:30" {
		t.Errorf("record %v", record)
	}
	if got := a.state("agent1"); got != ozonetel.Offline {
		t.Errorf("the agent is %s", got)
	}
}

func TestAStuckLineTakesNoCallUntilItIsReleased(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{AutoDistribute: true})
	a.ready("agent1")
	a.must(a.StickLine("agent1"))
	if err := a.StickLine("x"); !errors.Is(err, ozonetel.ErrUnknownAgent) {
		t.Errorf("an unknown agent: %v", err)
	}
	ucid := a.ringIn("9812345678")
	a.Advance(time.Second)
	if got := a.callState(ucid); got != ozonetel.Queued {
		t.Errorf("the call is %s", got)
	}
	dial := map[string]string{"agentID": "agent1", "campaignName": "Inbound_918041763265", "customerNumber": "9812345678"}
	if got := a.report("POST", "/ca_apis/AgentManualDial", dial); !strings.Contains(got, "Agent is not available") {
		t.Errorf("dial: %s", got)
	}
	for want, members := range map[string]map[string]string{
		`{"status":"error","message":"userName cannot be empty"}`:     {"userName": ""},
		`{"status":"error","message":"userName or apiKey not valid"}`: {"userName": "x"},
	} {
		if got := a.report("POST", "/ca_apis/releaseFwpNumber", members); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, want := range []string{`{"status":"success","FwpNumbers":["521811"]}`, `{"status":"success","FwpNumbers":[]}`} {
		if got := a.report("POST", "/ca_apis/releaseFwpNumber", nil); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	a.Advance(0)
	if got := a.callState(ucid); got != ozonetel.AgentRinging {
		t.Errorf("then the call is %s", got)
	}
}

func TestAStoppedCampaignTakesNoDials(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	const name = "Inbound_918041763265"
	status := func() string {
		return a.report("GET", "/ca_apis/campaignStatus", map[string]string{"campaignName": name})
	}
	set := func(changes map[string]string) string {
		body := map[string]string{"campaignName": name, "action": "Stop", "process": "true"}
		maps.Copy(body, changes)
		return a.report("PUT", "/ca_apis/setCampaignStatus", body)
	}
	for want, changes := range map[string]map[string]string{
		`{"status":"failure","message":"All parameters are mandatory"}`: {"userName": ""},
		`{"status":"failure","message":"no record found"}`:              {"campaignName": "x"},
		`{"status":"failure","message":"Invalid action"}`:               {"process": "false"},
	} {
		if got := set(changes); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := a.report("GET", "/ca_apis/campaignStatus", nil); got != `{"status":"failure","message":"All parameters are mandatory"}` {
		t.Errorf("status of nothing: %s", got)
	}
	dial := map[string]string{"agentID": "agent1", "campaignName": name, "customerNumber": "9812345678"}
	for _, step := range []struct{ action, text, position, dial string }{
		{"Stop", "SUCCESSFULLY UPDATED, Progressive was stopped", "READY", "Campaign is invalid"},
		{"Start", "SUCCESSFULLY UPDATED, Progressive was started", "RUNNING", "queued successfully"},
	} {
		if got := set(map[string]string{"action": step.action}); got != `{"status":"success","message":"`+step.text+`"}` {
			t.Errorf("%s: %s", step.action, got)
		}
		want := `{"status":"success","message":[{"CampaignID":"31","CampaignName":"` + name + `","UserName":"sandbox_hospital","Position":"` +
			step.position + `"}]}`
		if got := status(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := a.report("POST", "/ca_apis/AgentManualDial", dial); !strings.Contains(got, step.dial) {
			t.Errorf("dial after %s: %s", step.action, got)
		}
	}
}
