package ozonetel_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// get sends a legacy request: parameters in the query, no header.
func (a *account) get(path string, query, changes url.Values) string {
	a.t.Helper()
	query = maps.Clone(query)
	maps.Copy(query, changes)
	_, out := a.do(call{method: "GET", path: path + "?" + query.Encode()})
	return out
}

func TestTheLegacyDialTakesParametersAndAnswersJSONOrXML(t *testing.T) {
	t.Parallel()
	good := url.Values{
		"api_key": {key}, "username": {"sandbox_hospital"}, "agentID": {"agent1"}, "campaignName": {"Inbound_918041763265"},
		"customerNumber": {"9812345678"}, "UCID": {"true"},
	}
	const denied = `^{"status":"fail","message":"please provide proper user credentials"}$`
	tests := []struct {
		name    string
		changes url.Values
		want    string
	}{
		{"JSON", nil, `^{"status":"queued successfully","ucid":"2\d{16}"}$`},
		{"XML", url.Values{"format": {"xml"}}, `<response><status>queued successfully</status><ucid>2\d{16}</ucid></response>$`},
		{"wrong key", url.Values{"api_key": {"x"}}, denied},
		{"no key", url.Values{"api_key": {""}}, denied},
		{"wrong user", url.Values{"username": {"x"}}, denied},
		{"wrong user as XML", url.Values{"username": {"x"}, "format": {"xml"}}, `<status>fail</status><message>please provide proper`},
		{"no number", url.Values{"customerNumber": {""}}, `All parameters are mandatory`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, ozonetel.Options{})
			a.ready("agent1")
			if got := a.get("/CAServices/AgentManualDial.php", good, test.changes); !regexp.MustCompile(test.want).MatchString(got) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	_, got := a.do(call{
		method: "POST", path: "/CAServices/AgentManualDial.php", body: good.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if !strings.Contains(got, "queued successfully") {
		t.Errorf("by POST: %s", got)
	}
}

func TestTheLegacyStateChangeAnswersLikeItsSuccessor(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	a.ready("agent1")
	good := url.Values{
		"userName": {"sandbox_hospital"}, "apiKey": {key}, "state": {"Pause"}, "agentId": {"agent1"}, "pauseReason": {"Lunch"},
	}
	for want, changes := range map[string]url.Values{
		"userName or apiKey is Invalid":   {"apiKey": {"x"}},
		"apiKey should not be empty":      {"apiKey": {""}},
		"user_name or api_Key is Invalid": {"userName": {"x"}},
		"Please provide UserName":         {"userName": {""}},
		"pauseReason is Invalid":          {"pauseReason": {"x"}},
		`\"agentStatus\":\"PAUSED\"`:      nil,
	} {
		if got := a.get("/CAServices/AgentState/StateChange.php", good, changes); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := a.state("agent1"); got != ozonetel.Paused {
		t.Errorf("the agent is %s", got)
	}
}

func TestTheLegacyListNamesTheLabelsOfTheCampaign(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	good := url.Values{"action": {"get"}, "apiKey": {key}, "campaignID": {"31"}, "customer": {"sandbox_hospital"}}
	for want, changes := range map[string]url.Values{
		`{"status":"Success","details":["General Enquiry","Appointment Booked"`:                             nil,
		`{"status":"Fail","message":"No disposition found for campaign ID: 12 and user: sandbox_hospital"}`: {"campaignID": {"12"}},
		`{"status":"Fail","details":"Invalid action->x"}`:                                                   {"action": {"x"}},
		`{"status":"Fail","details":"Authentication fails"}`:                                                {"customer": {"x"}},
	} {
		if got := a.get("/CAServices/Disposition/DispositionAPI.php", good, changes); !strings.HasPrefix(got, want) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestALabelIsReplacedAfterTheWrapUp(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	ucid := a.talk()
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	a.set(ucid, map[string]string{"autoRelease": "true"})
	good := url.Values{
		"action": {"set"}, "apiKey": {key}, "customer": {"sandbox_hospital"}, "did": {"918041763265"}, "agentID": {"agent1"}, "ucid": {ucid},
		"disposition": {"Call Back"}, "comments": {"after five"}, "callBackTime": {"01/14/2026 17:00:00"},
	}
	for want, changes := range map[string]url.Values{
		"Invalid callBackTime format": {"callBackTime": {"2026-01-14 17:00"}},
		"Please provide callBackTime": {"callBackTime": {""}},
		"Invalid action->get":         {"action": {"get"}},
		"Authentication fails":        {"apiKey": {"x"}},
		"Invalid ucid [1] or did":     {"ucid": {"1"}},
	} {
		if got := a.get("/CAServices/Disposition/DispositionAPIV3.php", good, changes); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := a.get("/CAServices/Disposition/DispositionAPIV3.php", good, nil); got != saved {
		t.Errorf("got %s", got)
	}
	if c, _ := a.Call(ucid); c.Disposition != "Call Back" || c.Comments != "after five" {
		t.Errorf("call %+v", c)
	}
}
