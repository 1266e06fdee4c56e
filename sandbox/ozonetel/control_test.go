package ozonetel_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// control sends one CallControl_V4 request for agent1; changes replace members.
func (a *account) control(action, ucid string, changes map[string]string) string {
	a.t.Helper()
	body := map[string]string{"action": action, "ucid": ucid, "did": "918041763265", "agentPhoneName": "asha-desk"}
	maps.Copy(body, changes)
	return a.report("POST", "/ca_apis/CallControl_V4", body)
}

func TestCallControlAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	success := func(text string) string { return `{"status":"Success","message":"` + text + `"}` }
	failure := func(text string) string { return `{"status":"Error","message":"` + text + `"}` }
	const notFound, badNumber = "Call not Found", "Please pass valid Conference number"
	conference := func(number string) map[string]string { return map[string]string{"conferenceNumber": number} }
	tests := []struct {
		name, action string
		changes      map[string]string
		want         string
	}{
		{"hold", "HOLD", nil, success("User hold is successful")},
		{"unhold", "UNHOLD", conference("09812345678"), success("Call is Un-hold successfully")},
		{"mute", "MUTE", nil, success("call got mute successfully")},
		{"unmute", "UNMUTE", nil, success("unmute success")},
		{"conference in India", "CONFERENCE", conference("09898989898"), `{"status":"Success","message":"dialing","ucid":"UCID"}`},
		{"conference abroad", "CONFERENCE", conference("+15550100000"), `{"status":"Success","message":"dialing","ucid":"UCID"}`},
		{"conference with nobody", "CONFERENCE", nil, failure(badNumber)},
		{"conference with +91", "CONFERENCE", conference("+919898989898"), failure(badNumber)},
		{"conference with ten digits", "CONFERENCE", conference("9898989898"), failure(badNumber)},
		{"conference with 91 and ten digits", "CONFERENCE", conference("919898989898"), failure(badNumber)},
		{"conference with a SIP extension", "CONFERENCE", conference("521812"), failure(badNumber)},
		{"conference with letters", "CONFERENCE", conference("0989898989x"), failure(badNumber)},
		{"kick of the agent", "KICK_CALL", conference("521811"), success("call got disconnected")},
		{"kick of the patient", "KICK_CALL", conference("09812345678"), success("call got disconnected")},
		{"kick of a stranger", "KICK_CALL", conference("09898989898"), failure(badNumber)},
		{"kick of nobody", "KICK_CALL", nil, failure(badNumber)},
		{"another call", "HOLD", map[string]string{"ucid": "1"}, failure(notFound)},
		{"another did", "HOLD", map[string]string{"did": "1"}, failure(notFound)},
		{"another phone", "HOLD", map[string]string{"agentPhoneName": "ravi-desk"}, failure(notFound)},
		{"the phone's number for its name", "HOLD", map[string]string{"agentPhoneName": "521811"}, failure(notFound)},
		{"lower case", "hold", nil, failure("Invalid action")},
		{"wrong user", "HOLD", map[string]string{"userName": "x"}, `{"status":"false","message":"Invalid User Details","data":null}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			ucid := a.talk()
			if got := a.control(test.action, ucid, test.changes); got != strings.ReplaceAll(test.want, "UCID", ucid) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestOnlyATalkIsControlledAndADialCanBeKickedWhileItRings(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	const notFound = `{"status":"Error","message":"Call not Found"}`
	waiting := a.ringIn("9812345678")
	if got := a.control("HOLD", waiting, nil); got != notFound {
		t.Errorf("queued: %s", got)
	}
	a.ready("agent1")
	ucid := a.handDial()
	if got := a.control("HOLD", ucid, nil); got != notFound {
		t.Errorf("ringing: %s", got)
	}
	if got := a.control("KICK_CALL", ucid, map[string]string{"conferenceNumber": "521811"}); !strings.Contains(got, "Success") {
		t.Errorf("kick of a ringing dial: %s", got)
	}
	if got := a.callState(ucid); got != ozonetel.Ended {
		t.Errorf("the call is %s", got)
	}
	if got := a.control("HOLD", ucid, nil); got != notFound {
		t.Errorf("ended: %s", got)
	}
}

func TestTheCallShowsHoldMuteAndParties(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{Timing: ozonetel.Timing{Ring: time.Second}})
	ucid := a.talk()
	type look struct {
		Held, Muted bool
		Parties     []ozonetel.PartyView
	}
	steps := []struct {
		action, number string
		want           look
	}{
		{"HOLD", "", look{Held: true}},
		{"HOLD", "", look{Held: true}},
		{"MUTE", "", look{Held: true, Muted: true}},
		{"UNHOLD", "", look{Muted: true}},
		{"UNMUTE", "", look{}},
		{"CONFERENCE", "09898989898", look{Parties: []ozonetel.PartyView{{Number: "09898989898", State: ozonetel.PartyJoined}}}},
		{"KICK_CALL", "9898989898", look{Parties: []ozonetel.PartyView{{Number: "09898989898", State: ozonetel.PartyLeft}}}},
	}
	for _, step := range steps {
		if got := a.control(step.action, ucid, map[string]string{"conferenceNumber": step.number}); !strings.Contains(got, "Success") {
			t.Fatalf("%s: %s", step.action, got)
		}
		a.Advance(time.Second)
		c, err := a.Call(ucid)
		a.must(err)
		if diff := cmp.Diff(step.want, look{c.Held, c.Muted, c.Parties}); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", step.action, diff)
		}
	}
}

func TestATransferFreesTheAgentAndLastsUntilTheOthersHangUp(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	a := newAccount(t, ozonetel.Options{Push: ozonetel.PushTargets{CDR: r.url + "/cdr"}})
	ucid := a.talk()
	a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: ozonetel.HandDriven}))
	a.control("HOLD", ucid, nil)
	a.Advance(4 * time.Second)
	a.control("CONFERENCE", ucid, map[string]string{"conferenceNumber": "09898989898"})
	a.control("KICK_CALL", ucid, map[string]string{"conferenceNumber": "521811"})
	if got := a.state("agent1"); got != ozonetel.ACW {
		t.Fatalf("the agent is %s", got)
	}
	if got := a.control("HOLD", ucid, nil); !strings.Contains(got, "Call not Found") {
		t.Errorf("an agent who has left controls on: %s", got)
	}
	if got := a.set(ucid, map[string]string{"autoRelease": "true"}); !strings.Contains(got, "Disposition saved successfully") {
		t.Errorf("disposed after the transfer: %s", got)
	}
	if got := a.state("agent1"); got != ozonetel.Ready {
		t.Errorf("then he is %s", got)
	}
	a.must(a.JoinConference(ucid))
	if err := a.JoinConference(ucid); err == nil {
		t.Error("nobody rings, yet somebody joined")
	}
	a.Advance(30 * time.Second)
	if got := a.callState(ucid); got != ozonetel.Answered {
		t.Errorf("the call is %s", got)
	}
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	if got := a.state("agent1"); got != ozonetel.Ready {
		t.Errorf("the end made the agent %s", got)
	}
	record := r.next().cdr(t)
	got := map[string]string{}
	for _, key := range []string{"TransferType", "TransferredTo", "ConfDuration", "HoldDuration", "AgentID"} {
		got[key] = record[key]
	}
	want := map[string]string{
		"TransferType": "Blind", "TransferredTo": "09898989898", "ConfDuration": "00:00:30", "HoldDuration": "00:00:04", "AgentID": "agent1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
}

func TestATransferToSomebodyWhoDoesNotAnswerEndsTheCall(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{Timing: ozonetel.Timing{Ring: time.Second}})
	ucid := a.talk()
	a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: ozonetel.CustomerNoAnswer}))
	a.control("CONFERENCE", ucid, map[string]string{"conferenceNumber": "09898989898"})
	a.control("KICK_CALL", ucid, map[string]string{"conferenceNumber": "521811"})
	a.Advance(time.Second)
	if got := a.callState(ucid); got != ozonetel.Ended {
		t.Errorf("the call is %s", got)
	}
	if got := a.authenticate("agent1", "sandbox-agent1", "logout"); !strings.Contains(got, "success") {
		t.Errorf("logout: %s", got)
	}
}

func TestTheLegacyControlTakesItsParametersFromTheQuery(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes url.Values
		want    string
	}{
		{"SIP target", url.Values{"sip": {"true"}}, `"message":"dialing"`},
		{"SIP target without sip", nil, `"message":"Please pass valid Conference number"`},
		{"wrong key", url.Values{"api_key": {"x"}}, `{"status":"false","message":"Invalid User Details","data":null}`},
		{"no key", url.Values{"api_key": {""}}, `{"status":"false","message":"Api Key Should Not be Null or Empty.","data":null}`},
		{"no user", url.Values{"userName": {""}}, `{"status":"false","message":"Username Should Not be Null or Empty.","data":null}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			query := url.Values{
				"api_key": {key}, "userName": {"sandbox_hospital"}, "action": {"CONFERENCE"}, "ucid": {a.talk()}, "did": {"918041763265"},
				"agentPhoneName": {"asha-desk"}, "conferenceNumber": {"521812"}, "output": {"json"},
			}
			maps.Copy(query, test.changes)
			if _, got := a.do(call{method: http.MethodGet, path: "/callcontrol_v4.php?" + query.Encode()}); !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPhonesAreLookedUpByNumberOrLabel(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	for members, want := range map[string]string{
		`"action":"get","phoneNumber":"521811"`:                         `{"status":"success","message":"asha-desk"}`,
		`"action":"get","phoneName":"ravi-desk"`:                        `{"status":"success","message":"521812"}`,
		`"action":"get","phoneName":"x"`:                                `{"status":"error","message":"No Data Found"}`,
		`"action":"get"`:                                                `{"status":"error","message":"Either phoneName or phoneNumber is mandatory"}`,
		`"action":"set","phoneName":"ravi-desk","phoneNumber":"521812"`: `{"status":"error","message":"action is Invalid"}`,
	} {
		if got := a.api("GET", "/ca_apis/phoneManageV2", `{"userName":"sandbox_hospital",`+members+`}`); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", members, got, want)
		}
	}
}
