package ozonetel_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

const (
	controlPath   = "/ca_apis/CallControl_V4"
	phonePath     = "/ca_apis/phoneManageV2"
	recordingPath = "/CAServices/Call/Record.php"
	phoneAnswer   = `{"status":"success","message":[{"phoneName":"ravi-desk","phoneNumber":"520011"}]}`
)

var (
	controlSeat = helix.AgentSeat{Agent: "ravi01", SIPExtension: "520011", DID: "918000000009"}
	controlCall = helix.Call{ProviderCallID: "21799900000000458", DID: "918000000001", Phone: patient}
)

func TestControl(t *testing.T) {
	t.Parallel()
	base := map[string]string{"userName": "demo_account", "ucid": "21799900000000458", "did": "918000000001", "agentPhoneName": "ravi-desk"}
	for name, c := range map[string]struct {
		action helix.ControlAction
		number helix.Phone
		change func(*helix.Call)
		body   string
		want   map[string]string // besides base
	}{
		"a conference": {
			helix.ControlConference, "+919800000007", nil, `{"status":"Success","message":"dialing","ucid":21799900000000460}`,
			map[string]string{"conferenceNumber": "09800000007"},
		},
		"a conference abroad": {
			helix.ControlConference, "+442071838750", nil, `{"status":"Success","message":"dialing","ucid":"21799900000000460"}`,
			map[string]string{"conferenceNumber": "+442071838750"},
		},
		"hold":   {helix.ControlHold, "", nil, `{"status":"Success","message":"User hold is successful"}`, map[string]string{"conferenceNumber": "09812345678"}},
		"unhold": {helix.ControlUnhold, "", nil, `{"status":"Success","message":"Call is Un-hold successfully"}`, map[string]string{"conferenceNumber": "09812345678"}},
		"mute":   {helix.ControlMute, "+919800000007", nil, `{"status":"Success","message":"call got mute successfully"}`, map[string]string{"conferenceNumber": "09812345678"}},
		"unmute of a withheld caller": {
			helix.ControlUnmute, "", func(c *helix.Call) { c.Phone = "" }, `{"status":"Success","message":"unmute success"}`, nil,
		},
		"the agent leaves":  {helix.ControlKick, "", nil, `{"status":"Success","message":"call got disconnected"}`, map[string]string{"conferenceNumber": "520011"}},
		"a party is kicked": {helix.ControlKick, patient, nil, `{"status":"SUCCESS","message":"call got disconnected"}`, map[string]string{"conferenceNumber": "09812345678"}},
		"a call whose number is not known has the seat's": {
			helix.ControlHold, "", func(c *helix.Call) { c.DID = "" }, `{"status":"Success"}`,
			map[string]string{"conferenceNumber": "09812345678", "did": "918000000009"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{phonePath: phoneAnswer, controlPath: c.body})
			call := controlCall
			if c.change != nil {
				c.change(&call)
			}
			if err := s.client(t).Control(t.Context(), controlSeat, call, c.action, c.number); err != nil {
				t.Fatal(err)
			}
			want := request{Line: "POST " + controlPath, Fields: map[string]string{"action": string(c.action)}}
			maps.Copy(want.Fields, base)
			maps.Copy(want.Fields, c.want)
			if diff := cmp.Diff([]request{want}, s.seen(controlPath)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		action helix.ControlAction
		number helix.Phone
		call   helix.Call
		body   string
		code   helix.Code
	}{
		"an unknown action":                             {"TRANSFER", patient, controlCall, "", helix.CodeBadInput},
		"a conference with nobody":                      {helix.ControlConference, "", controlCall, "", helix.CodeBadInput},
		"a call without an id":                          {helix.ControlHold, "", helix.Call{}, "", helix.CodeNotFound},
		"a call that is not up":                         {helix.ControlHold, "", controlCall, `{"status":"Error","message":"Call not Found"}`, helix.CodeNotFound},
		"a number that rings nobody":                    {helix.ControlConference, patient, controlCall, `{"status":"Error","message":"Please pass valid Conference number"}`, helix.CodeBadInput},
		"wrong credentials":                             {helix.ControlHold, "", controlCall, `{"status":"false","message":"Invalid User Details","data":null}`, helix.CodeRejected},
		"a conference with an answer that says nothing": {helix.ControlConference, patient, controlCall, `{}`, helix.CodeUnknownOutcome},
		"a kick with an answer that says nothing":       {helix.ControlKick, "", controlCall, `<html>`, helix.CodeUnknownOutcome},
		"a hold with an answer that says nothing":       {helix.ControlHold, "", controlCall, `{}`, helix.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{phonePath: phoneAnswer, controlPath: c.body})
			err := s.client(t).Control(t.Context(), controlSeat, c.call, c.action, c.number)
			if !helix.IsCode(err, c.code) {
				t.Errorf("error is %v, want %s", err, c.code)
			}
			sent := map[helix.Code]int{helix.CodeUnknownOutcome: 1, helix.CodeUnavailable: 2}
			if n, want := len(s.seen(controlPath)), sent[c.code]; want > 0 && n != want {
				t.Errorf("%d requests were sent, want %d", n, want)
			}
		})
	}
}

func TestPhoneNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"in a row":                 {phoneAnswer, "ravi-desk"},
		"in an object":             {`{"status":"success","message":{"PhoneName":"ravi-desk"}}`, "ravi-desk"},
		"beside the status":        {`{"status":"success","phoneName":"ravi-desk"}`, "ravi-desk"},
		"as the text":              {`{"status":"success","message":"ravi-desk"}`, "ravi-desk"},
		"only words":               {`{"status":"success","message":"no name given"}`, "520011"},
		"only a status":            {`{"status":"success","message":"success"}`, "520011"},
		"an unknown number":        {`{"status":"error","message":"no record found"}`, "520011"},
		"a refusal":                {`{"status":"error","message":"phoneNumber is Invalid"}`, "520011"},
		"an endpoint that is gone": {"", "520011"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{phonePath: c.body, controlPath: `{"status":"Success"}`})
			if c.body == "" {
				delete(s.bodies, phonePath)
			}
			client := s.client(t)
			for range 2 {
				if err := client.Control(t.Context(), controlSeat, controlCall, helix.ControlHold, ""); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.seen(controlPath)[1].Fields["agentPhoneName"]; got != c.want {
				t.Errorf("the phone is called %q, want %q", got, c.want)
			}
			want := []request{{
				Line: "GET " + phonePath, Fields: map[string]string{"userName": "demo_account", "action": "get", "phoneNumber": "520011"},
			}}
			if diff := cmp.Diff(want, s.seen(phonePath)); diff != "" {
				t.Errorf("the name is asked for other than once:\n%s", diff)
			}
		})
	}
}

func TestAPhoneNameIsNotGuessedWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]string{phonePath: `{"status":"false","message":"Invalid User Details"}`, controlPath: `{"status":"Success"}`})
	err := s.client(t).Control(t.Context(), controlSeat, controlCall, helix.ControlHold, "")
	if !errors.Is(err, providers.ErrCredentials) || len(s.seen(controlPath)) != 0 {
		t.Errorf("error is %v after %d requests", err, len(s.seen(controlPath)))
	}
}

func TestSetRecording(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paused bool
		body   string
		code   helix.Code
	}{
		"pause, under the status Error":  {true, `{"status":"Error","message":"{\"status\":\"Success\",\"message\":\"paused monitoring of the channel\"}"}`, ""},
		"resume, under the status Error": {false, `{"status":"Error","message":"{\"status\":\"Success\",\"message\":\"Unpaused monitoring of the channel\"}"}`, ""},
		"pause, once the status is mended": {
			true, `{"status":"Success","message":"{\"status\":\"Success\",\"message\":\"paused monitoring of the channel\"}"}`, "",
		},
		"a failure inside a success": {true, `{"status":"Success","message":"{\"status\":\"Error\",\"message\":\"ucid is Invalid\"}"}`, helix.CodeNotFound},
		"an unknown call":            {true, `{"status":"Error","message":"ucid is Invalid"}`, helix.CodeNotFound},
		"a wrong key":                {true, `{"status":"Error","message":"userName or apiKey is Invalid"}`, helix.CodeRejected},
		"a page instead of JSON":     {true, `<html>apiKey=KKscripted0000000</html>`, helix.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{recordingPath: c.body})
			err := s.client(t).SetRecording(t.Context(), "21799900000000458", c.paused)
			if c.code == "" && err != nil || c.code != "" && !helix.IsCode(err, c.code) {
				t.Fatalf("error is %v, want %q", err, c.code)
			}
			if err != nil && strings.Contains(err.Error(), "KKscripted") {
				t.Errorf("the key is in %q", err)
			}
			action := map[bool]string{true: "pause", false: "unPause"}[c.paused]
			want := request{Line: "GET " + recordingPath, Fields: map[string]string{
				"userName": "demo_account", "apiKey": "KKscripted0000000", "action": action, "ucid": "21799900000000458",
			}}
			if diff := cmp.Diff(want, s.seen(recordingPath)[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := newScript(t, map[string]string{})
	if err := s.client(t).SetRecording(t.Context(), "", true); !helix.IsCode(err, helix.CodeNotFound) || len(s.requests) != 0 {
		t.Errorf("a call without an id: %v after %d requests", err, len(s.requests))
	}
}
