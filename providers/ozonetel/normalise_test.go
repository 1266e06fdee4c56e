package ozonetel

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

// documented are the bodies that ozonetel.md prints, by what they are, with what they come to.
var documented = map[string]struct {
	body    string
	verdict verdict
	text    string
	payload string
}{
	"1: a token":                      {`{"token":"eyJhbGciOi.xxx.yyy","message":""}`, unclear, "", ""},
	"1: no user name":                 {`{"status":"false","message":"UserName is null","data":null}`, bad, "UserName is null", ""},
	"1: wrong credentials":            {`{"status":"false","message":"Invalid userName or apiKey","data":null}`, bad, "Invalid userName or apiKey", ""},
	"0: token layer":                  {`{"status":"false","message":"Token Expired","data":null}`, bad, "Token Expired", ""},
	"0: rate limit":                   {`{"status":"error","message":"Max limit exceeded"}`, bad, "Max limit exceeded", ""},
	"2: login":                        {`{"status":"success","message":"Agent ravi01 logged in successfully"}`, good, "Agent ravi01 logged in successfully", ""},
	"3: an agent in wrap-up":          {`{"status":"error","Message":"Agent X is in ACW state. You cant change to Pause state"}`, bad, "Agent X is in ACW state. You cant change to Pause state", ""},
	"4: queued":                       {`{"status":"Success","message":"Disposition Queued Successfully"}`, good, "Disposition Queued Successfully", ""},
	"4: saved":                        {`{"status":"Success","details":"Disposition saved successfully"}`, good, "Disposition saved successfully", ""},
	"4: already disposed":             {`{"status":"Fail","details":"This call is already Disposed."}`, bad, "This call is already Disposed.", ""},
	"4: labels":                       {`{"status":"Success","details":["Booked","Call back","Wrong number"]}`, good, "", `["Booked","Call back","Wrong number"]`},
	"4: no labels":                    {`{"status":"Fail","message":"No disposition found for campaign ID: 12 and user: demo_account"}`, bad, "No disposition found for campaign ID: 12 and user: demo_account", ""},
	"5.1: dial":                       {`{"ucid":"21799900000456","status":"queued successfully"}`, good, "", ""},
	"5.1: agent not available":        {`{"status":"Fail","message":"Agent is not available"}`, bad, "Agent is not available", ""},
	"5.2: the id in the message":      {`{"status":"queued","message":"2179"}`, good, "2179", ""},
	"6: release":                      {`{"status":"success","FwpNumbers":["1"]}`, good, "", ""},
	"8: an abandoned call":            {`{"status":"success","message":[{"monitorUCID":21764900000000123,"type":"Manual"}]}`, good, "", `[{"monitorUCID":21764900000000123,"type":"Manual"}]`},
	"8: wrong user":                   {`{"status":"false","message":"Invalid User Details","data":null}`, bad, "Invalid User Details", ""},
	"9: records":                      {`{"status":"success","message":"success","totalCount":1,"details":[{"CallID":21799900000000457}]}`, good, "success", `[{"CallID":21799900000000457}]`},
	"9: no dates":                     {`{"status":"fail","message":"Missing fromDate and toDate"}`, bad, "Missing fromDate and toDate", ""},
	"10.1: one row as an object":      {`{"status":"success","message":{"AgentIncrID":"70012"}}`, good, "", `{"AgentIncrID":"70012"}`},
	"15: an old success":              {`{"status":"SUCCESS","message":"Number Already Exist"}`, good, "Number Already Exist", ""},
	"an integer that says yes":        {`{"status":1,"message":"ok"}`, good, "ok", ""},
	"an integer that says no":         {`{"status":0,"message":"no"}`, bad, "no", ""},
	"a boolean that says no":          {`{"status":false,"message":"no"}`, bad, "no", ""},
	"an unknown status":               {`{"status":"perhaps","message":"x"}`, unclear, "x", ""},
	"a byte order mark":               {"\xef\xbb\xbf{\"status\":\"success\"}", good, "", ""},
	"a status in capitals, text null": {`{"STATUS":"ERROR","message":null,"details":"why"}`, bad, "why", ""},
	"3: a document in the text": {
		`{"status":"success","message":"{\"type\":\"response\",\"utid\":\"7\",\"resp\":\"Success:tbAgentPause~INBOUND\",\"agentStatus\":\"PAUSED\"}"}`,
		good, "", `{"type":"response","utid":"7","resp":"Success:tbAgentPause~INBOUND","agentStatus":"PAUSED"}`,
	},
	"7: success under the status Error": {
		`{"status":"Error","message":"{\"status\":\"Success\",\"message\":\"paused monitoring of the channel\"}"}`,
		good, "paused monitoring of the channel", `{"status":"Success","message":"paused monitoring of the channel"}`,
	},
	"7: failure under the status Success": {
		`{"status":"Success","message":"{\"status\":\"Error\",\"message\":\"ucid is Invalid\"}"}`,
		bad, "ucid is Invalid", `{"status":"Error","message":"ucid is Invalid"}`,
	},
	"a text that only begins like a document": {`{"status":"error","message":"{broken"}`, bad, "{broken", ""},
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for name, c := range documented {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := normalise([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if a.verdict != c.verdict || a.text != c.text || string(a.payload) != c.payload {
				t.Errorf("got %d, %q, %s; want %d, %q, %s", a.verdict, a.text, a.payload, c.verdict, c.text, c.payload)
			}
		})
	}
}

func TestNormaliseRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", "7", `"success"`, "<br />\n<b>Warning</b>: {\"status\":", `{"status":"success"`, `{"a":1}{"b":2}`} {
		if a, err := normalise([]byte(body)); err == nil {
			t.Errorf("%q became %+v", body, a)
		}
	}
}

func TestLongIdsKeepEveryDigit(t *testing.T) {
	t.Parallel()
	a, err := normalise([]byte(`{"status":"success","ucid":90071992547409931,"message":[{"monitorUCID":90071992547409931}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var rows []abandonedRow
	if err := a.rows(&rows); err != nil {
		t.Fatal(err)
	}
	if got := []string{a.members.text("ucid"), rows[0].MonitorUCID.Value()}; got[0] != "90071992547409931" || got[1] != got[0] {
		t.Errorf("ids became %v", got)
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want int
		fail bool
	}{
		"a list":            {`{"status":"success","message":[{"Type":"a"},{"Type":"b"}]}`, 2, false},
		"one bare object":   {`{"status":"success","message":{"Type":"a"}}`, 1, false},
		"an empty list":     {`{"status":"success","message":[]}`, 0, false},
		"no data, in words": {`{"status":"success","message":"No Data Found"}`, 0, false},
		"null":              {`{"status":"success","message":"success","totalCount":0,"details":null}`, 0, false},
		"other words":       {`{"status":"success","message":"done"}`, 0, true},
		"a list of numbers": {`{"status":"success","message":[1,2]}`, 0, true},
	} {
		a, err := normalise([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		var rows []abandonedRow
		if err := a.rows(&rows); (err != nil) != c.fail || (!c.fail && len(rows) != c.want) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

func TestFlexString(t *testing.T) {
	t.Parallel()
	var got struct{ A, B, C, D, E, F, G, H FlexString }
	body := `{"A":"text","B":21764900000000123,"C":null,"D":true,"E":{"x":1},"F":[1],"G":"None","H":" 1 "}`
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	values := []string{}
	for _, s := range []FlexString{got.A, got.B, got.C, got.D, got.E, got.F, got.G, got.H} {
		values = append(values, s.Value())
	}
	if diff := cmp.Diff([]string{"text", "21764900000000123", "", "true", "", "", "", "1"}, values); diff != "" {
		t.Error(diff)
	}
}

func TestClockDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"00:00:45":  45 * time.Second,
		"27:03:09":  27*time.Hour + 3*time.Minute + 9*time.Second,
		"120:00:00": 120 * time.Hour,
		"45":        45 * time.Second,
		"":          0, "None": 0, "00:61:00": 0, "-1:00:00": 0, "1:2": 0, "a:b:c": 0, "99999:00:00": 0,
		"2147483647:59:59": 0,
	} {
		if got := clockDuration(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// TestDocumentedRefusals holds the code of every text of failure that ozonetel.md prints for what we call.
func TestDocumentedRefusals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]helix.Code{
		"Token Expired":                                                      helix.CodeUnavailable,
		"Invalid Token":                                                      helix.CodeUnavailable,
		"Token Should Not be Null or Empty.":                                 helix.CodeRejected,
		"Api Key Should Not be Null or Empty.":                               helix.CodeRejected,
		"Username Should Not be Null or Empty.":                              helix.CodeRejected,
		"Invalid User Details":                                               helix.CodeRejected,
		"UserName is null":                                                   helix.CodeRejected,
		"Invalid userName or apiKey":                                         helix.CodeRejected,
		"userName or apiKey is Invalid":                                      helix.CodeRejected,
		"user_name or api_Key is Invalid":                                    helix.CodeRejected,
		"Missing userName or apiKey":                                         helix.CodeRejected,
		"apiKey should not be empty":                                         helix.CodeRejected,
		"userName should not be empty":                                       helix.CodeRejected,
		"Please provide UserName":                                            helix.CodeRejected,
		"please provide proper user credentials":                             helix.CodeRejected,
		"Authentication fails":                                               helix.CodeRejected,
		"Invalid Authentication":                                             helix.CodeRejected,
		"Unauthorized":                                                       helix.CodeRejected,
		"Max limit exceeded":                                                 helix.CodeTooManyRequests,
		"max limit exceeded":                                                 helix.CodeTooManyRequests,
		"only 1 hit will be allowed within a time frame of 5mins":            helix.CodeTooManyRequests,
		"ravi01 logged in with the number (+919812345678)":                   helix.CodeAgentTaken,
		"Agent is not Logged In":                                             helix.CodeNotLoggedIn,
		"Agent X is in ACW state. You cant change to Pause state":            helix.CodeAgentBusy,
		"Agent X is in BUSY state. You cant change to Ready state":           helix.CodeAgentBusy,
		"Agent is not available":                                             helix.CodeAgentBusy,
		"pauseReason is Invalid":                                             helix.CodeBadInput,
		"Provide pause reason.":                                              helix.CodeBadInput,
		"Empty disposition code":                                             helix.CodeBadInput,
		"Invalid ucid [21799900000000458] or did [918000000001]":             helix.CodeNotFound,
		"Call not Found":                                                     helix.CodeNotFound,
		"ucid is Invalid":                                                    helix.CodeNotFound,
		"Please pass valid Conference number":                                helix.CodeBadInput,
		"action should be either pause or unPause":                           helix.CodeRejected,
		"agentId is Invalid":                                                 helix.CodeNotFound,
		"Invalid agent":                                                      helix.CodeRejected,
		"Invalid action->X":                                                  helix.CodeRejected,
		"Campaign is invalid":                                                helix.CodeRejected,
		"All parameters are mandatory":                                       helix.CodeRejected,
		"The state should be either 'Ready' or 'Pause' state'":               helix.CodeRejected,
		"Something that nobody has documented for +91 98123 45678 and 98765": helix.CodeRejected,
	} {
		err := refusalOf(text)
		e := helix.AsError(err)
		if e.Code != want {
			t.Errorf("%q is %s, want %s", text, e.Code, want)
		}
		if strings.Contains(err.Error(), "12345678") || strings.Contains(err.Error(), "00000458") || strings.Contains(e.Message, text) {
			t.Errorf("%q is repeated in %q", text, err)
		}
	}
}

func TestFaultsOfTheVendorAreLeftToTheOperation(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Unable to Dispose . Please retry after some time.", "Internal error", "java.lang.NullPointerException"} {
		var coded *helix.Error
		if err := refusalOf(text); errors.As(err, &coded) {
			t.Errorf("%q has the code %v, want none", text, coded)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, c := range documented {
		f.Add([]byte(c.body))
	}
	f.Add([]byte(`{"status":"success","message":"[[[[[[\"{}\"]]]]]]"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := normalise(body)
		if err != nil {
			return
		}
		if len(a.payload) > 0 && !json.Valid(a.payload) {
			t.Fatalf("the payload %q is no JSON", a.payload)
		}
		var rows []abandonedRow
		_ = a.rows(&rows)
		if name := readPhoneName(a); name == "" && a.members.text("phoneName") != "" {
			t.Fatal("the phone's name is overlooked")
		}
		if text := refusalOf(a.text).Error(); len(text) > 1000 || digits.MatchString(text) {
			t.Fatalf("%q is no text for a log", text)
		}
	})
}
