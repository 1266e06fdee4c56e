package ozonetel

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers"
)

// sampleRow is the record that ozonetel.md 9 prints.
const sampleRow = `{"CallID":21799900000000457,"UCID":"21799900000000457","CallDate":"2026-01-14",
 "StartTime":"12:19:44","PickupTime":"12:19:52","EndTime":"12:20:40","TimeToAnswer":"00:00:08",
 "Duration":"00:00:56","TalkTime":"00:00:48","HandlingTime":"00:01:10","HoldDuration":"00:00:00",
 "WrapupDuration":"00:00:14","WrapUpStartTime":"12:20:40","WrapUpEndTime":"12:20:54","QueueTime":"00:00:03",
 "CustomerRingTime":"00:00:00","CallerID":"9800000001","E164":"+919800000001","DialedNumber":"520011","DID":"918000000001",
 "Location":"","AgentID":"ravi01","AgentName":"Ravi","Skill":"General","CampaignName":"Main_918000000001","CallFlow":"AgentDial",
 "Event":"AgentDial","Type":"InBound","Status":"Answered","DialStatus":"answered","AgentDialStatus":"answered",
 "CustomerDialStatus":"answered","Disposition":"Booked","Comments":"","HangupBy":"UserHangup","DialCount":"1","UUI":"",
 "CallAudio":"https://recordings.example/abc.mp3","CallerConfAudioFile":"","ConferenceDuration":"00:00:00","DialOutName":"",
 "DynamicDID":"","Rating":"","RatingComments":"","TransferType":"","TransferredTo":"","VideoRecordingURL":""}`

var (
	sampleDay = time.Date(2026, 1, 14, 0, 0, 0, 0, india)

	sampleRecord = CallRecord{
		ID: "21799900000000457", Outcome: OutcomeAnswered, Agents: []helix.AgentID{"ravi01"}, AnsweredAt: local(12, 19, 52),
		Queue: 3 * time.Second, Ring: 8 * time.Second, WrapUp: 14 * time.Second, Handling: 70 * time.Second, Skill: "General",
		Report: helix.CallReport{
			Kind: helix.ReportDetails, Provider: helix.ProviderOzonetel, ProviderCallID: "21799900000000457", LegID: "21799900000000457",
			Direction: helix.Inbound, Phone: "+919800000001", DID: "918000000001", Campaign: "Main_918000000001",
			Agent: "ravi01", AgentName: "Ravi", At: local(12, 19, 44), EndedAt: local(12, 20, 40), Answered: true,
			Total: 56 * time.Second, Talk: 48 * time.Second, EndReason: helix.EndPatientHungUp, Disposition: "Booked",
			RecordingURL: "https://recordings.example/abc.mp3",
		},
	}
)

// local is a time of the sample's day.
func local(hour, minute, second int) time.Time {
	return time.Date(2026, 1, 14, hour, minute, second, 0, india).UTC()
}

// readRow reads a row, changed by pairs of old and new.
func readRow(t testing.TB, changes ...string) (CallRecord, bool) {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(sampleRow, changes[i]) {
			t.Fatalf("the sample has no %s", changes[i])
		}
	}
	var row recordRow
	if err := json.Unmarshal([]byte(strings.NewReplacer(changes...).Replace(sampleRow)), &row); err != nil {
		t.Fatal(err)
	}
	return (&Client{location: india}).callRecord(row, sampleDay)
}

func TestCallRecordRows(t *testing.T) {
	t.Parallel()
	lost := func(r *CallRecord) {
		r.Outcome, r.AnsweredAt, r.Ring = OutcomeMissed, time.Time{}, 0
		r.Report.Answered, r.Report.Talk = false, 0
	}
	dialled := func(r *CallRecord) { r.Report.Direction = helix.Outbound }
	for name, c := range map[string]struct {
		changes []string
		want    func(*CallRecord)
	}{
		"as documented":                      {nil, func(*CallRecord) {}},
		"all ids as numbers":                 {[]string{`"UCID":"21799900000000457"`, `"UCID":21799900000000457`}, func(*CallRecord) {}},
		"no id but the leg's":                {[]string{`"CallID":21799900000000457,`, ``}, func(*CallRecord) {}},
		"no id but the record's":             {[]string{`"UCID":"21799900000000457",`, ``}, func(*CallRecord) {}},
		"names in another casing":            {[]string{`"CallerID"`, `"callerId"`, `"AgentID"`, `"agentid"`, `"CallDate"`, `"Calldate"`}, func(*CallRecord) {}},
		"a number only as ten digits":        {[]string{`"E164":"+919800000001"`, `"E164":null`}, func(*CallRecord) {}},
		"the date missing":                   {[]string{`"CallDate":"2026-01-14"`, `"CallDate":null`}, func(*CallRecord) {}},
		"the date in the times":              {[]string{`"StartTime":"12:19:44"`, `"StartTime":"2026-01-14 12:19:44"`}, func(*CallRecord) {}},
		"the end missing":                    {[]string{`"EndTime":"12:20:40"`, `"EndTime":"None"`}, func(*CallRecord) {}},
		"the beginning missing":              {[]string{`"StartTime":"12:19:44"`, `"StartTime":""`}, func(*CallRecord) {}},
		"the total missing":                  {[]string{`"Duration":"00:00:56"`, `"Duration":""`}, func(*CallRecord) {}},
		"an end before the beginning":        {[]string{`"EndTime":"12:20:40"`, `"EndTime":"12:19:43"`}, func(*CallRecord) {}},
		"the pick-up missing":                {[]string{`"PickupTime":"12:19:52"`, `"PickupTime":null`}, func(*CallRecord) {}},
		"a pick-up after the end":            {[]string{`"PickupTime":"12:19:52"`, `"PickupTime":"00:00:00"`}, func(*CallRecord) {}},
		"the handling missing":               {[]string{`"HandlingTime":"00:01:10"`, `"HandlingTime":""`}, func(r *CallRecord) { r.Handling = 62 * time.Second }},
		"a status in capitals, a type lower": {[]string{`"Status":"Answered"`, `"Status":"ANSWERED"`, `"Type":"InBound"`, `"Type":"inbound"`}, func(*CallRecord) {}},
		"only the dial's status":             {[]string{`"Status":"Answered"`, `"Status":null`}, func(*CallRecord) {}},
		"unanswered, as records say":         {[]string{`"Status":"Answered"`, `"Status":"Unanswered"`}, lost},
		"unanswered, as pushes say":          {[]string{`"Status":"Answered"`, `"Status":"NotAnswered"`}, lost},
		"unanswered, with a plus sign":       {[]string{`"Status":"Answered"`, `"Status":"Not+Answered"`}, lost},
		"a dial of ours": {[]string{`"Type":"InBound"`, `"Type":"Manual"`, `"UUI":""`, `"UUI":"6f1d5c1e-7c0e-4a53-9d0a-0123456789ab"`}, func(r *CallRecord) {
			dialled(r)
			r.Report.OurCall = "6f1d5c1e-7c0e-4a53-9d0a-0123456789ab"
		}},
		"a campaign's dial": {[]string{`"Type":"InBound"`, `"Type":"Progressive"`}, dialled},
		"a preview":         {[]string{`"Type":"InBound"`, `"Type":"PREVIEW"`}, dialled},
		"a predictive dial": {[]string{`"Type":"InBound"`, `"Type":"Predictive"`}, dialled},
		"a type that nobody knows": {[]string{`"Type":"InBound"`, `"Type":"Telepathy"`}, func(r *CallRecord) {
			r.Report.Direction = ""
		}},
		"a dial that nobody answered": {[]string{`"Type":"InBound"`, `"Type":"Manual"`, `"Status":"Answered"`, `"Status":"Unanswered"`}, func(r *CallRecord) {
			lost(r)
			dialled(r)
			r.Outcome, r.Report.EndReason = OutcomeNotAnswered, helix.EndNotAnswered
		}},
		"a transfer": {[]string{`"AgentID":"ravi01","AgentName":"Ravi"`, `"AgentID":"asha02 -> ravi01","AgentName":"Asha->Ravi"`}, func(r *CallRecord) {
			r.Agents = []helix.AgentID{"asha02", "ravi01"}
		}},
		"no agent": {[]string{`"AgentID":"ravi01","AgentName":"Ravi"`, `"AgentID":null`}, func(r *CallRecord) {
			r.Agents, r.Report.Agent, r.Report.AgentName = nil, "", ""
		}},
		"a call over midnight": {[]string{`"12:19:44"`, `"23:59:50"`, `"12:19:52"`, `"23:59:58"`, `"EndTime":"12:20:40"`, `"EndTime":"00:00:46"`}, func(r *CallRecord) {
			r.Report.At, r.AnsweredAt, r.Report.EndedAt = local(23, 59, 50), local(23, 59, 58), local(24, 0, 46)
		}},
		"a call answered after midnight": {[]string{`"12:19:44"`, `"23:59:58"`, `"12:19:52"`, `"00:00:06"`, `"EndTime":"12:20:40"`, `"EndTime":"00:00:54"`}, func(r *CallRecord) {
			r.Report.At, r.AnsweredAt, r.Report.EndedAt = local(23, 59, 58), local(24, 0, 6), local(24, 0, 54)
		}},
		"a transferred call that keeps its id": {[]string{`"UCID":`, `"monitorUCID":21799900000000400,"UCID":`}, func(r *CallRecord) {
			r.Report.ProviderCallID = "21799900000000400"
		}},
		"talk beyond the call": {[]string{`"TalkTime":"00:00:48"`, `"TalkTime":"00:09:00"`}, func(r *CallRecord) { r.Report.Talk = 56 * time.Second }},
		"held":                 {[]string{`"HoldDuration":"00:00:00"`, `"HoldDuration":"00:00:21"`}, func(r *CallRecord) { r.Hold = 21 * time.Second }},
		"a note":               {[]string{`"Comments":""`, `"Comments":"call after six"`}, func(r *CallRecord) { r.Notes = "call after six" }},
		"a recording that is no web address": {
			[]string{"https://recordings.example/abc.mp3", "ftp://x"}, func(r *CallRecord) { r.Report.RecordingURL = "" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := sampleRecord
			c.want(&want)
			got, ok := readRow(t, c.changes...)
			if diff := cmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("%t\n%s", ok, diff)
			}
		})
	}
	if got, ok := readRow(t, `"CallID":21799900000000457,"UCID":"21799900000000457",`, ``); ok {
		t.Errorf("a row without an id became %+v", got)
	}
}

func TestRecordsOfADayAreOrderedAndUnique(t *testing.T) {
	t.Parallel()
	row := func(id, start, disposition string) recordRow {
		return recordRow{CallID: FlexString(id), StartTime: FlexString(start), Disposition: FlexString(disposition)}
	}
	got := (&Client{location: india}).readRecords([]recordRow{
		row("3", "12:00:00", ""), row("1", "09:00:00", "old"), row("", "08:00:00", ""), row("2", "09:00:00", ""), row("1", "09:00:00", "new"),
	}, sampleDay)
	var order []string
	for _, r := range got {
		order = append(order, r.ID+r.Report.Disposition)
	}
	if diff := cmp.Diff([]string{"1new", "2", "3"}, order); diff != "" {
		t.Error(diff)
	}
}

func TestALargeDayIsReadByPages(t *testing.T) {
	t.Parallel()
	day := func(ids ...int) string {
		rows := make([]string, len(ids))
		for i, id := range ids {
			rows[i] = fmt.Sprintf(`{"CallID":%d}`, id)
		}
		return `{"status":"success","message":"success","totalCount":501,"details":[` + strings.Join(rows, ",") + `]}`
	}
	first := make([]int, pageSize)
	for i := range first {
		first[i] = 10_000 + i
	}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		switch r.URL.Query().Get("pageNo") {
		case "":
			_, _ = io.WriteString(w, day()+strings.Repeat(" ", maxDayAnswer))
		case "1":
			_, _ = io.WriteString(w, day(first...))
		default:
			_, _ = io.WriteString(w, day(10_499, 10_500)) // one row moved while we read
		}
	}))
	t.Cleanup(server.Close)
	kit, err := providers.NewHTTP(providers.Options{Provider: helix.ProviderOzonetel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kit.Close)
	c, err := New(Options{
		BaseURL: server.URL, UserName: "demo_account", APIKey: "KKpaged0000000", AuthMode: AuthAPIKey, HTTP: kit,
		Now: func() time.Time { return sampleDay.Add(12 * time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.http = kit // without the limits, which would make the second page wait for a minute
	got, err := c.CallRecords(t.Context(), sampleDay)
	if err != nil || len(got.Records) != 501 {
		t.Fatalf("%d records, %v; want 501", len(got.Records), err)
	}
	want := []string{
		"/ca_reports/fetchCDRDetails",
		"/ca_reports/fetchCdrByPagination?pageNo=1&pageSize=500", "/ca_reports/fetchCdrByPagination?pageNo=2&pageSize=500",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func FuzzCallRecords(f *testing.F) {
	f.Add([]byte(`{"status":"success","message":"success","totalCount":1,"details":[` + sampleRow + `]}`))
	f.Add([]byte(`{"status":"success","message":"success","details":[]}`))
	f.Add([]byte(`{"status":"success","details":{"CallID":1,"StartTime":"23:59:59","EndTime":"00:00:01","Status":"answered","Duration":"-1"}}`))
	f.Add([]byte(`{"status":"success","details":[{"UCID":"1","CallDate":"0000-01-01","PickupTime":"2026-01-14 10:00","Status":"Answered","TalkTime":"99:00:00"}]}`))
	c := &Client{location: india}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := normalise(body)
		if err != nil {
			return
		}
		var rows []recordRow
		if a.rows(&rows) != nil {
			return
		}
		records := c.readRecords(rows, sampleDay)
		for i, r := range records {
			report := r.Report
			switch {
			case r.ID == "" || report.ProviderCallID == "" || report.LegID == "" || r.Outcome == "":
				t.Fatalf("%+v lacks what every record has", r)
			case report.EndedAt.Before(report.At) || report.At.Location() != time.UTC || report.EndedAt.Location() != time.UTC:
				t.Fatalf("%+v ends before it begins", r)
			case report.Answered != !r.AnsweredAt.IsZero() || report.Answered && (r.AnsweredAt.Before(report.At) || r.AnsweredAt.After(report.EndedAt)):
				t.Fatalf("%+v is answered outside the call", r)
			case report.Talk > report.Total || report.Talk < 0 || !report.Answered && report.Talk > 0:
				t.Fatalf("%+v has a talk that cannot be", r)
			case i > 0 && report.At.Before(records[i-1].Report.At):
				t.Fatal("records are out of order")
			}
		}
	})
}
