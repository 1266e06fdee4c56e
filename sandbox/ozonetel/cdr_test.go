package ozonetel_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

const (
	fetchDay  = "/ca_reports/fetchCDRDetails"
	fetchPage = "/ca_reports/fetchCdrByPagination"
	fetchByID = "/ca_reports/fetchCdrByUCID"
	today     = "2026-01-14"
	noRecords = `{"status":"success","message":"success","details":[]}`
	exceeded  = `{"status":"error","message":"Max limit exceeded"}`
)

func unlimited() ozonetel.Options { return ozonetel.Options{Limits: ozonetel.RateLimits{Off: true}} }

// cdr asks for the calls of today until now; changes replace members.
func (a *account) cdr(path string, changes map[string]string) string {
	a.t.Helper()
	body := map[string]string{"fromDate": today + " 00:00:00", "toDate": today + " 14:30:00"}
	maps.Copy(body, changes)
	return a.report("GET", path, body)
}

// records are the records of an answer; ids that are numbers stay exact.
func (a *account) records(body string) []map[string]any {
	a.t.Helper()
	var out struct{ Details []map[string]any }
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		a.t.Fatalf("%s: %v", body, err)
	}
	return out.Details
}

func TestTheRecordOfAnAnsweredCallIsComplete(t *testing.T) {
	t.Parallel()
	a := newAccount(t, unlimited())
	a.ready("agent1")
	ucid := a.ringIn("9812345678")
	a.Advance(3 * time.Second)
	a.must(a.Offer(ucid, "agent1"))
	a.Advance(5 * time.Second)
	a.must(a.Answer(ucid))
	a.control("HOLD", ucid, nil)
	a.Advance(6 * time.Second)
	a.control("UNHOLD", ucid, nil)
	a.Advance(42 * time.Second)
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	a.Advance(14 * time.Second)
	a.set(ucid, map[string]string{"autoRelease": "true", "comments": "lower back"})

	records := a.records(a.cdr(fetchDay, map[string]string{"toDate": today + " 14:31:10"}))
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	got := records[0]
	if len(got) != 47 {
		t.Errorf("%d members", len(got))
	}
	want := map[string]any{
		"CallID": json.Number(ucid), "UCID": ucid, "CallDate": today, "StartTime": "14:30:00", "PickupTime": "14:30:08", "EndTime": "14:30:56",
		"TimeToAnswer": "00:00:08", "Duration": "00:00:56", "TalkTime": "00:00:48", "HandlingTime": "00:01:10", "HoldDuration": "00:00:06",
		"WrapupDuration": "00:00:14", "WrapUpStartTime": "14:30:56", "WrapUpEndTime": "14:31:10", "QueueTime": "00:00:03",
		"CustomerRingTime": "00:00:00", "CallerID": "9812345678", "E164": "+919812345678", "DialedNumber": "521811", "DID": "918041763265",
		"Location": "", "AgentID": "agent1", "AgentName": "Asha", "Skill": "General", "CampaignName": "Inbound_918041763265",
		"CallFlow": "IVR+Agent+Dial", "Event": "AgentDial", "Status": "Answered", "DialStatus": "answered", "AgentDialStatus": "answered",
		"CustomerDialStatus": "answered", "Disposition": "General Enquiry", "Comments": "lower back", "HangupBy": "UserHangup", "DialCount": "1",
		"UUI": "General", "CallAudio": "http://recordings.sandbox.test/" + ucid + ".mp3", "CallerConfAudioFile": "",
		"ConferenceDuration": "00:00:00", "DialOutName": "", "DynamicDID": "", "TransferType": "", "TransferredTo": "",
	}
	for _, name := range []string{"Type", "Rating", "RatingComments", "VideoRecordingURL"} { // vary from call to call
		if value, present := got[name]; !present {
			t.Errorf("%s is missing", name)
		} else if text, ok := value.(string); value != nil && !ok {
			t.Errorf("%s is %v", name, text)
		}
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordsVaryAsTheVendorsDo(t *testing.T) {
	t.Parallel()
	a := newAccount(t, unlimited())
	for range 6 {
		a.must(a.Abandon(a.ringIn("9812345678")))
	}
	types, agents := map[any]bool{}, map[any]bool{}
	for _, r := range a.records(a.cdr(fetchDay, nil)) {
		types[r["Type"]], agents[r["AgentID"]] = true, true
		if r["Status"] != "Unanswered" || r["PickupTime"] != nil || r["Event"] != "Queue+Abandon" {
			t.Errorf("record %v", r)
		}
	}
	if diff := cmp.Diff(map[any]bool{"InBound": true, "Inbound": true, "inbound": true}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[any]bool{"": true, nil: true}, agents); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
}

func TestReportsRefuseEachFaultWithItsText(t *testing.T) {
	t.Parallel()
	fail := func(text string) string { return `{"status":"fail","message":"` + text + `"}` }
	const format = " format. Please pass the date in the format yyyy-MM-dd HH:mm:ss"
	tests := []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"no user", map[string]string{"userName": ""}, `{"status":"false","message":"Missing userName or apiKey"}`},
		{"wrong user", map[string]string{"userName": "x"}, `{"status":"false","message":"userName or apiKey is Invalid"}`},
		{"no start", map[string]string{"fromDate": ""}, fail("Missing fromDate and toDate")},
		{"no end", map[string]string{"toDate": ""}, fail("Missing fromDate and toDate")},
		{"start without a time", map[string]string{"fromDate": today}, fail("Invalid fromDate" + format)},
		{"end without a time", map[string]string{"toDate": today}, fail("Invalid toDate" + format)},
		{"a future end", map[string]string{"toDate": today + " 14:30:01"}, fail("fromDate and toDate should not be future dates")},
		{"wrong order", map[string]string{"toDate": "2026-01-13 00:00:00"}, fail("fromDate should not be greater than toDate")},
		{"two days", map[string]string{"fromDate": "2026-01-13 23:00:00"}, fail("fromDate and toDate should be of the same day")},
		{"unknown campaign", map[string]string{"campaignName": "x"}, fail("Invalid campaignName")},
		{"older than 15 days", map[string]string{"fromDate": "2025-12-01 00:00:00", "toDate": "2025-12-01 23:59:59"}, noRecords},
		{"nothing", nil, noRecords},
	}
	a := newAccount(t, unlimited())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.cdr(fetchDay, test.changes); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if got := a.cdr(fetchByID, nil); got != fail("Missing ucid") {
		t.Errorf("by UCID without one: %s", got)
	}
}

func TestReportsWantTheirFiltersInTheBodyOfAGetAndTheAccountsCredentials(t *testing.T) {
	t.Parallel()
	body := `{"userName":"sandbox_hospital","fromDate":"2026-01-14 00:00:00","toDate":"2026-01-14 14:30:00"}`
	tests := []struct {
		name string
		call call
		code int
		want string
	}{
		{"key", call{method: "GET", path: fetchDay, body: body, header: http.Header{"apiKey": {key}}}, 200, noRecords},
		{
			"query",
			call{method: "GET", path: fetchDay + "?userName=sandbox_hospital", header: http.Header{"apiKey": {key}}},
			200,
			`{"status":"false","message":"Invalid Json Pass Valid Json"}`,
		},
		{"POST", call{method: "POST", path: fetchDay, body: body, header: http.Header{"apiKey": {key}}}, 405, "Method Not Allowed\n"},
		{
			"token of an account that wants keys",
			call{method: "GET", path: fetchDay, body: body, header: http.Header{"Authorization": {"Bearer x"}}},
			401,
			`{"status":"false","message":"Missing userName or apiKey"}`,
		},
		{"no key", call{method: "GET", path: fetchDay, body: body}, 200, `{"status":"false","message":"Missing userName or apiKey"}`},
		{
			"wrong key",
			call{method: "GET", path: fetchDay, body: body, header: http.Header{"apiKey": {"x"}}},
			200,
			`{"status":"false","message":"userName or apiKey is Invalid"}`,
		},
	}
	options := unlimited()
	options.Account = basicAccount()
	a := newAccount(t, options)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if code, got := a.do(test.call); code != test.code || got != test.want {
				t.Errorf("got %d %s\nwant %d %s", code, got, test.code, test.want)
			}
		})
	}
}

func TestReportsFilterAndPage(t *testing.T) {
	t.Parallel()
	a := newAccount(t, unlimited())
	talked := a.talk()
	a.must(a.Hangup(talked, ozonetel.AgentHangup))
	a.set(talked, map[string]string{"autoRelease": "true"})
	missed := a.ringIn("9812345679")
	a.must(a.Abandon(missed))
	dialled := a.handDialAndHangUp()
	a.ringIn("9812345670") // still waits: in no report
	tests := []struct {
		name, path string
		changes    map[string]string
		want       []string
	}{
		{"all", fetchDay, nil, []string{talked, missed, dialled}},
		{"answered", fetchDay, map[string]string{"status": "Answered"}, []string{talked}},
		{"not answered", fetchDay, map[string]string{"status": "NotAnswered"}, []string{missed, dialled}},
		{"the records' own spelling is no filter", fetchDay, map[string]string{"status": "Unanswered"}, nil},
		{"manual", fetchDay, map[string]string{"callType": "Manual"}, []string{dialled}},
		{"one", fetchByID, map[string]string{"ucid": missed}, []string{missed}},
		{"one by its monitorUCID", fetchDay, map[string]string{"monitorUCID": missed}, []string{missed}},
		{"before they began", fetchDay, map[string]string{"toDate": today + " 14:29:59"}, nil},
		{"first page", fetchPage + "?pageNo=1&pageSize=2", nil, []string{talked, missed}},
		{"second page", fetchPage + "?pageNo=2&pageSize=2", nil, []string{dialled}},
		{"a page beyond the last", fetchPage + "?pageNo=9&pageSize=2", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := a.cdr(test.path, test.changes)
			var got []string
			for _, r := range a.records(body) {
				got = append(got, r["UCID"].(string))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if paged := strings.HasPrefix(test.path, fetchPage); strings.Contains(body, `"totalCount":3`) != paged {
				t.Errorf("totalCount: %s", body)
			}
		})
	}
	for _, page := range []string{"?pageNo=0", "?pageSize=501", "?pageNo=x"} {
		if got := a.cdr(fetchPage+page, nil); got != `{"status":"fail","message":"Invalid pageNo or pageSize"}` {
			t.Errorf("%s: %s", page, got)
		}
	}
}

// handDialAndHangUp dials from agent1 and gives up before an answer.
func (a *account) handDialAndHangUp() string {
	a.t.Helper()
	ucid := a.dial()
	a.must(a.Hangup(ucid, ozonetel.AgentHangup))
	return ucid
}

func TestTheThreeReportsShareTwoRequestsAMinute(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	if got := a.cdr(fetchDay, nil); got != noRecords {
		t.Errorf("first: %s", got)
	}
	a.Advance(time.Second)
	if got := a.cdr(fetchPage, nil); !strings.Contains(got, `"totalCount":0`) {
		t.Errorf("second: %s", got)
	}
	if got := a.cdr(fetchByID, map[string]string{"ucid": "1"}); got != exceeded {
		t.Errorf("third: %s", got)
	}
	a.must(a.SetRateLimits(ozonetel.RateLimits{Status: http.StatusTooManyRequests}))
	header := http.Header{"Authorization": {"Bearer " + a.token}}
	if code, got := a.do(call{method: "GET", path: fetchDay, body: `{"userName":"sandbox_hospital"}`, header: header}); code != 429 || got != exceeded {
		t.Errorf("as HTTP 429: %d %s", code, got)
	}
	a.Advance(time.Minute - time.Second)
	if got := a.cdr(fetchDay, nil); got != noRecords {
		t.Errorf("a minute after the first: %s", got)
	}
	a.must(a.SetRateLimits(ozonetel.RateLimits{Off: true}))
	for range 5 {
		if got := a.cdr(fetchDay, nil); got != noRecords {
			t.Errorf("without limits: %s", got)
		}
	}
	if err := a.SetRateLimits(ozonetel.RateLimits{Status: 99}); err == nil {
		t.Error("status 99 was taken")
	}
}

func TestOnlyTheReportsKnowACallThatIsNeverPushed(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	options := unlimited()
	options.Push = r.targets()
	a := newAccount(t, options)
	a.ready("agent1")
	ucid, err := a.RingIn("9812345678", ozonetel.CallerPlan{Unpushed: true})
	a.must(err)
	a.must(a.Offer(ucid, "agent1"))
	a.must(a.Answer(ucid))
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	a.set(ucid, map[string]string{"autoRelease": "true"})
	a.must(a.PlanNextDial(ozonetel.DialPlan{Outcome: ozonetel.HandDriven, Unpushed: true}))
	a.handDialAndHangUp()
	a.Advance(6 * time.Minute)
	r.nothing(a)
	if got := a.records(a.cdr(fetchDay, nil)); len(got) != 2 {
		t.Errorf("%d records", len(got))
	}
}

func TestASeededDayOfHistoryIsKnownToTheReportsAlone(t *testing.T) {
	t.Parallel()
	options := unlimited()
	options.History = ozonetel.History{Calls: 400, Phones: []string{"9812345678"}}
	a := newAccount(t, options)
	yesterday := map[string]string{"fromDate": "2026-01-13 00:00:00", "toDate": "2026-01-13 23:59:59"}
	records := a.records(a.cdr(fetchDay, yesterday))
	kinds, ids := map[string]int{}, map[any]bool{}
	for _, r := range records {
		kinds[strings.ToLower(r["Type"].(string))+" "+r["Status"].(string)]++
		ids[r["UCID"]] = true
		if r["CallerID"] != "9812345678" {
			t.Errorf("called: %v", r["CallerID"])
		}
	}
	if len(records) != 400 || len(ids) != 400 {
		t.Errorf("%d records with %d ids", len(records), len(ids))
	}
	for _, kind := range []string{"inbound Answered", "inbound Unanswered", "manual Answered", "manual Unanswered"} {
		if kinds[kind] == 0 {
			t.Errorf("none is %s: %v", kind, kinds)
		}
	}
	if got := a.Calls(); len(got) != 0 {
		t.Errorf("%d calls are seen elsewhere", len(got))
	}
	a.Advance(16 * 24 * time.Hour)
	if got := a.records(a.cdr(fetchDay, yesterday)); len(got) != 0 {
		t.Errorf("%d are known after 16 days", len(got))
	}
	if _, err := ozonetel.New(ozonetel.Options{History: ozonetel.History{Calls: 20_001}}); err == nil {
		t.Error("too much history was made up")
	}
}

func TestARecordNamesBothAgentsOfATransfer(t *testing.T) {
	t.Parallel()
	options := unlimited()
	options.Agents = append(ozonetel.DefaultAgents(), ozonetel.AgentProfile{ID: "agent3", Name: "Kavya", Number: "9300000003"})
	a := newAccount(t, options)
	ucid := a.talk()
	a.control("CONFERENCE", ucid, map[string]string{"conferenceNumber": "09300000003"})
	a.control("KICK_CALL", ucid, map[string]string{"conferenceNumber": "521811"})
	a.must(a.Hangup(ucid, ozonetel.UserHangup))
	got := a.records(a.cdr(fetchByID, map[string]string{"ucid": ucid}))[0]
	if got["AgentID"] != "agent1->agent3" || got["AgentName"] != "Asha->Kavya" || got["TransferredTo"] != "09300000003" {
		t.Errorf("record %v", got)
	}
}
