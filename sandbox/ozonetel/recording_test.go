package ozonetel_test

import (
	"maps"
	"net/url"
	"testing"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// recording sends one Record.php request; changes replace parameters.
func (a *account) recording(action, ucid string, changes url.Values) string {
	a.t.Helper()
	query := url.Values{"userName": {"sandbox_hospital"}, "apiKey": {key}, "action": {action}, "ucid": {ucid}}
	maps.Copy(query, changes)
	_, out := a.do(call{method: "GET", path: "/CAServices/Call/Record.php?" + query.Encode()})
	return out
}

func TestARecordingIsPausedAndResumedUnderAStatusThatLies(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	ucid := a.talk()
	for _, step := range []struct {
		action, want string
		paused       bool
	}{
		{"pause", `{"status":"Error","message":"{\"status\":\"Success\",\"message\":\"paused monitoring of the channel\"}"}`, true},
		{"unPause", `{"status":"Error","message":"{\"status\":\"Success\",\"message\":\"Unpaused monitoring of the channel\"}"}`, false},
	} {
		if got := a.recording(step.action, ucid, nil); got != step.want {
			t.Errorf("%s: got  %s\nwant %s", step.action, got, step.want)
		}
		if c, _ := a.Call(ucid); c.RecordingPaused != step.paused {
			t.Errorf("after %s the recording is paused: %t", step.action, c.RecordingPaused)
		}
	}
}

func TestRecordingNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{Account: basicAccount()})
	ringing := a.ringIn("9812345678")
	tests := []struct {
		name    string
		changes url.Values
		want    string
	}{
		{"no user", url.Values{"userName": {""}}, "userName should not be empty"},
		{"no key", url.Values{"apiKey": {""}}, "apiKey should not be empty"},
		{"wrong user", url.Values{"userName": {"x"}}, "userName or apiKey is Invalid"},
		{"wrong key", url.Values{"apiKey": {"x"}}, "userName or apiKey is Invalid"},
		{"no action", url.Values{"action": {""}}, "action should not be empty"},
		{"wrong action", url.Values{"action": {"resume"}}, "action should be either pause or unPause"},
		{"no call", url.Values{"ucid": {""}}, "ucid should not be empty"},
		{"unknown call", url.Values{"ucid": {"1"}}, "ucid is Invalid"},
		{"call that is not up", nil, "ucid is Invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.recording("pause", ringing, test.changes); got != `{"status":"Error","message":"`+test.want+`"}` {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
