package ozonetel_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

// decoder is a client that only reads pushes.
func decoder(t testing.TB) *ozonetel.Client {
	t.Helper()
	return newClient(t, nil, func(o *ozonetel.Options) { o.Now = func() time.Time { return morning } })
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"

	// The samples of 12.2 and 12.3, word for word but for the numbers, which are valid ones.
	callingEvent = `{"eventType":"Call","eventTime":"2026-01-14 10:20:08","username":"demo_account","data":{
 "action":"Calling","call_type":"InBound","ucid":"21799900000000458","monitor_ucid":"21799900000000458","agent_id":"ravi01",
 "skill":"General","caller_id":"9800000001","did":"918000000001","agent_number":"520011","event_time":"2026-01-14 10:20:07"}}`
	auxEvent = `{"eventType":"Agent","eventTime":"2026-01-14 10:40:00","username":"demo_account","data":{
 "action":"AUX","agentId":"ravi01","agentName":"Ravi","agentMode":"INBOUND","phoneNumber":"520011","skill":"General"}}`
	cdr = `{"monitorUCID":"21799900000000459","UUI":"General","Did":"918000000001","CampaignName":"Main_918000000001","Location":"Pune",
 "CallerID":"919800000001","PhoneName":"ravi-desk","Skill":"General","StartTime":"2026-01-14 16:10:20","EndTime":"2026-01-14 16:11:05",
 "TimeToAnswer":"00:00:09","CallDuration":"00:00:45","Duration":"00:00:36","FallBackRule":"AgentDial","DialedNumber":"9300000003",
 "Type":"inbound","AgentID":"ravi01","AgentPhoneNumber":"9300000003","AgentUniqueID":"70012","AgentName":"Ravi","Disposition":"Booked",
 "HangupBy":"UserHangup","Status":"Answered","AudioFile":"http://recordings.example/x.mp3","TransferType":"No Transfers","TransferredTo":"",
 "Comments":"","DialStatus":"answered","Apikey":"KKxxxx","AgentStatus":"answered","CustomerStatus":"answered","UserName":"demo_account",
 "CallerConfAudioFile":"","ConfDuration":"00:00:00","CampaignStatus":"ONLINE"}`
)

var (
	calling = helix.CallReport{
		Kind: helix.ReportOffered, Provider: helix.ProviderOzonetel, ProviderCallID: "21799900000000458", LegID: "21799900000000458",
		Direction: helix.Inbound, Phone: "+919800000001", DID: "918000000001", Agent: "ravi01", At: ist(10, 20, 7),
	}
	details = helix.CallReport{
		Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel, ProviderCallID: "21799900000000459", LegID: "21799900000000459",
		Direction: helix.Inbound, Phone: "+919800000001", DID: "918000000001", Campaign: "Main_918000000001", Agent: "ravi01", AgentName: "Ravi",
		At: ist(16, 10, 20), EndedAt: ist(16, 11, 5), Answered: true, Total: 45 * time.Second, Talk: 36 * time.Second,
		EndReason: helix.EndPatientHungUp, Disposition: "Booked", RecordingURL: "http://recordings.example/x.mp3",
	}
)

// ist is a time of 14 January 2026 in the account's zone.
func ist(hour, minute, second int) time.Time {
	return time.Date(2026, 1, 14, hour, minute, second, 0, time.FixedZone("IST", 19800)).UTC()
}

func form(data string) string { return url.Values{"data": {data}}.Encode() }

func multi(t *testing.T, data string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("data", data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// change replaces pieces of a sample.
func change(sample string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(sample)
}

func TestPushesAreReadInEveryWrapping(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	multiType, multiBody := multi(t, cdr)
	fields := url.Values{}
	for name, value := range map[string]string{
		"monitorUCID": "21799900000000459", "Did": "918000000001", "CampaignName": "Main_918000000001", "CallerID": "09800000001",
		"StartTime": "2026-01-14 16:10:20", "EndTime": "2026-01-14 16:11:05", "CallDuration": "00:00:45", "Duration": "00:00:36", "Type": "Inbound",
		"AgentID": "ravi01", "AgentName": "Ravi", "Disposition": "Booked", "HangupBy": "UserHangup", "Status": "Answered",
		"AudioFile": "http://recordings.example/x.mp3",
	} {
		fields.Set(name, value)
	}
	for name, push := range map[string][2]string{
		"a form with data":                    {formType, form(cdr)},
		"a multipart form":                    {multiType, multiBody},
		"bare JSON":                           {jsonType, cdr},
		"JSON that calls itself a form":       {formType, cdr},
		"a form that calls itself JSON":       {jsonType, form(cdr)},
		"no content type":                     {"", form(cdr)},
		"an array in data":                    {formType, form("[" + cdr + "]")},
		"an array with strangers in it":       {jsonType, "[null,5," + cdr + `,{"ping":1}]`},
		"an array":                            {jsonType, "[" + cdr + "]"},
		"JSON with nested data":               {jsonType, `{"data":` + cdr + `}`},
		"nested data as text":                 {jsonType, `{"data":` + quoted(cdr) + `}`},
		"text in text":                        {formType, form(quoted(cdr))},
		"single fields, as from a query":      {formType, fields.Encode()},
		"other casing":                        {jsonType, change(cdr, `"Did"`, `"dId"`, `"monitorUCID"`, `"MONITORUCID"`, `"CallerID"`, `"callerId"`)},
		"separators in names":                 {jsonType, change(cdr, `"AgentID"`, `"Agent ID"`, `"monitorUCID"`, `"monitor_ucid"`, `"StartTime"`, `"Start Time"`)},
		"the id as a number":                  {jsonType, change(cdr, `"21799900000000459"`, `21799900000000459`)},
		"agents of several legs":              {jsonType, change(cdr, `"AgentID":"ravi01"`, `"AgentID":"asha02 -> ravi01"`, `"AgentName":"Ravi"`, `"AgentName":"Asha->Ravi"`)},
		"a byte order mark and a line break":  {formType, "\xef\xbb\xbf" + cdr + "\r\n"},
		"empty values as None":                {jsonType, change(cdr, `"UUI":"General"`, `"UUI":"None"`, `"Comments":""`, `"Comments":"None"`)},
		"the same name twice, once empty":     {jsonType, change(cdr, `"Comments":""`, `"did":""`)},
		"a form with fields beside the data":  {formType, form(cdr) + "&source=cloudagent"},
		"talk and total in the wrong casings": {jsonType, change(cdr, `"CallDuration"`, `"callduration"`, `"Duration":`, `"DURATION":`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.DecodeCDR(push[0], []byte(push[1]))
			if diff := cmp.Diff(helix.ProviderReports{Calls: []helix.CallReport{details}}, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func TestPushesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	for name, push := range map[string][2]string{
		"nothing":                 {jsonType, ""},
		"a broken document":       {jsonType, `{"monitorUCID":"9812345678"`},
		"a broken form":           {formType, "data=%zz9812345678"},
		"broken data":             {formType, form(`{"monitorUCID":"9812345678"`)},
		"a number":                {jsonType, "[9812345678]"},
		"text":                    {"text/plain", "9812345678"},
		"a multipart without end": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n9812345678"},
		"a multipart without any": {"multipart/form-data", "9812345678"},
		"neither call nor agent":  {jsonType, `{"eventType":"Call","note":"9812345678","data":{"action":"Calling"}}`},
		"text nested without end": {jsonType, `[` + quoted(`[`+quoted(`[`+quoted(`[`+quoted(`[`+quoted(cdr)+`]`)+`]`)+`]`)+`]`) + `]`},
		"too many documents":      {jsonType, "[" + strings.Repeat(`{"monitorUCID":"1"},`, 500) + `{"monitorUCID":"1"}]`},
	} {
		for kind, decode := range map[string]func(string, []byte) (helix.ProviderReports, error){
			"events": c.DecodeEvents, "cdr": c.DecodeCDR, "screen pop": c.DecodeScreenPop,
		} {
			got, err := decode(push[0], []byte(push[1]))
			if !helix.IsCode(err, helix.CodeBadInput) || len(got.Calls)+len(got.Agents) > 0 {
				t.Errorf("%s as %s: %+v, %v; want BAD_USER_INPUT", name, kind, got, err)
			} else if strings.Contains(err.Error(), "9812345678") {
				t.Errorf("%s as %s is quoted in %v", name, kind, err)
			}
		}
	}
}

// checkDecoded holds what both decoders promise.
func checkDecoded(t *testing.T, got helix.ProviderReports, err error) {
	t.Helper()
	if err != nil && (!helix.IsCode(err, helix.CodeBadInput) || len(got.Calls)+len(got.Agents) > 0) {
		t.Fatalf("a refusal gave %+v, %v", got, err)
	}
	for _, r := range got.Calls {
		if r.ProviderCallID == "" || r.Kind == "" || r.Provider != helix.ProviderOzonetel || r.At.IsZero() || r.At.Location() != time.UTC {
			t.Fatalf("the report %+v lacks what every report has", r)
		}
	}
}
