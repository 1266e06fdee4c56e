package ozonetel_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

func (a *account) summary(members map[string]string) string {
	a.t.Helper()
	body := map[string]string{"fromDate": "2026-01-14 00:00:00", "toDate": "2026-01-15 00:00:00"}
	maps.Copy(body, members)
	return a.report("POST", "/ca_reports/summaryReport", body)
}

func row(agent, name, date, mode string, times ...any) string {
	id := map[string]string{"agent1": "70001", "agent2": "70002"}[agent]
	return fmt.Sprintf(`{"AgentIncrID":"`+id+`","AgentUniqueID":"`+agent+`","AgentName":"`+name+`","CallDate":"`+date+`","ModeType":"`+mode+
		`","TotalLoginDuration":"%s","TotalIdleTime":"%s","TotalBusyTime":"%s","TotalPauseTime":"%s","TotalWrapupTime":"%s","TotalDialTime":"%s"}`,
		times...)
}

func TestTheSummaryAddsUpHowAnAgentSpentTheDay(t *testing.T) {
	t.Parallel()
	a := newAccount(t, unlimited())
	const none = `{"status":"error","message":"No Data Found"}`
	if got := a.summary(nil); got != none {
		t.Errorf("before anybody logged in: %s", got)
	}
	a.ready("agent1")
	a.Advance(time.Minute) // idle
	a.must(a.PlanNextDial(ozonetel.DialPlan{AgentRing: 2 * time.Second, Ring: 3 * time.Second, Talk: 40 * time.Second}))
	ucid := a.dial()
	a.Advance(45 * time.Second)
	a.Advance(20 * time.Second) // after-call work
	a.set(ucid, map[string]string{"pauseAfterDispose": "true", "pauseReason": "Lunch"})
	a.Advance(10 * time.Minute)
	want := `{"status":"success","message":` +
		row("agent1", "Asha", "2026-01-14", "Blended", "00:12:05", "00:01:00", "00:00:40", "00:10:00", "00:00:20", "00:00:05") + `}`
	if diff := cmp.Diff(want, a.summary(nil)); diff != "" {
		t.Errorf("one row is an object (-want +got):\n%s", diff)
	}
	a.authenticate("agent2", "sandbox-agent2", "login", "mode", "inbound")
	a.Advance(time.Second)
	got := a.report("GET", "/ca_reports/summaryReport", map[string]string{
		"fromDate": "2026-01-14 00:00:00", "toDate": "2026-01-14 23:59:59", "agentId": "0", "modeType": "0",
	})
	want = `{"status":"success","message":[` +
		row("agent1", "Asha", "2026-01-14", "Blended", "00:12:06", "00:01:00", "00:00:40", "00:10:01", "00:00:20", "00:00:05") + `,` +
		row("agent2", "Ravi", "2026-01-14", "Inbound", "00:00:01", "00:00:01", "00:00:00", "00:00:00", "00:00:00", "00:00:00") + `]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("several are an array (-want +got):\n%s", diff)
	}
	for _, filter := range []map[string]string{{"agentId": "agent2"}, {"modeType": "inbound,progressive"}} {
		if got := a.summary(filter); strings.Contains(got, "agent1") || !strings.Contains(got, "agent2") {
			t.Errorf("%v: %s", filter, got)
		}
	}
}

func TestAStayOverMidnightBelongsToBothDays(t *testing.T) {
	t.Parallel()
	a := newAccount(t, unlimited())
	a.ready("agent1") // at 14:30
	a.Advance(10 * time.Hour)
	got := a.summary(nil)
	want := `{"status":"success","message":[` +
		row("agent1", "Asha", "2026-01-14", "Blended", "09:30:00", "09:30:00", "00:00:00", "00:00:00", "00:00:00", "00:00:00") + `,` +
		row("agent1", "Asha", "2026-01-15", "Blended", "00:30:00", "00:30:00", "00:00:00", "00:00:00", "00:00:00", "00:00:00") + `]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheSummaryOfAMadeUpDayAgreesWithItsRecords(t *testing.T) {
	t.Parallel()
	options := unlimited()
	options.History = ozonetel.History{Calls: 50}
	a := newAccount(t, options)
	talk := map[string]time.Duration{}
	for _, r := range a.records(a.cdr(fetchDay, map[string]string{"fromDate": "2026-01-13 00:00:00", "toDate": "2026-01-13 23:59:59"})) {
		if id, ok := r["AgentID"].(string); ok {
			talk[id] += clockTime(t, r["TalkTime"])
		}
	}
	var out struct {
		Message []struct{ AgentUniqueID, TotalBusyTime string }
	}
	a.must(json.Unmarshal([]byte(a.summary(map[string]string{"fromDate": "2026-01-13 00:00:00"})), &out))
	if len(out.Message) != 2 {
		t.Fatalf("rows: %+v", out.Message)
	}
	for _, r := range out.Message {
		if got := clockTime(t, r.TotalBusyTime); got == 0 || got != talk[r.AgentUniqueID] {
			t.Errorf("%s was busy for %s and talked for %s", r.AgentUniqueID, got, talk[r.AgentUniqueID])
		}
	}
}

// clockTime reads HH:MM:SS.
func clockTime(t *testing.T, text any) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.Replace(strings.Replace(text.(string), ":", "h", 1), ":", "m", 1) + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheSummaryRefusesEachFaultWithItsText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		members map[string]string
		want    string
	}{
		{"no user", map[string]string{"userName": ""}, "userName should not be empty"},
		{"wrong user", map[string]string{"userName": "x"}, "userName or apiKey is Invalid"},
		{"no dates", map[string]string{"fromDate": "", "toDate": ""}, "From and To Date should be in yyyy-mm-dd HH:mm:ss Format"},
		{"date alone", map[string]string{"toDate": "2026-01-14"}, "From and To Date should be in yyyy-mm-dd HH:mm:ss Format"},
		{"wrong order", map[string]string{"toDate": "2026-01-13 00:00:00"}, "From Date Should not be Greater than To Date"},
		{
			"too long",
			map[string]string{"fromDate": "2025-12-01 00:00:00"},
			"Difference Between From and To Date should not be Greater than 30 Days",
		},
		{"unknown mode", map[string]string{"modeType": "inbound,x"}, "Mode Type is Invalid"},
		{"unknown agent", map[string]string{"agentId": "agent1,x"}, "agentId is Invalid"},
	}
	a := newAccount(t, unlimited())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := a.summary(test.members); got != `{"status":"error","message":"`+test.want+`"}` {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestEveryReportHasItsLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		limit        int
		want         string
	}{
		{"POST", "/ca_reports/summaryReport", 5, exceeded},
		{"POST", "/ca_apis/getAgentLogins", 5, exceeded},
		{"POST", "/ca_apis/AgentDetails", 10, exceeded},
		{"GET", "/ca_apis/AHT", 50, `{"status":"error","message":"max limit exceeded"}`},
	}
	a := newAccount(t, ozonetel.Options{})
	for _, test := range tests {
		for range test.limit {
			if got := a.report(test.method, test.path, nil); strings.Contains(got, "imit exceeded") {
				t.Errorf("%s: %s", test.path, got)
			}
		}
		if got := a.report(test.method, test.path, nil); got != test.want {
			t.Errorf("%s beyond %d: %s", test.path, test.limit, got)
		}
	}
}

func TestTheAverageHandlingTimeIsOfAnsweredDialsOfTwoHours(t *testing.T) {
	t.Parallel()
	a := newAccount(t, ozonetel.Options{})
	aht := func(members map[string]string) string { return a.report("GET", "/ca_apis/AHT", members) }
	failure := func(text string) string { return `{"status":"error","message":"` + text + `"}` }
	one, campaign := map[string]string{"agentId": "agent1"}, map[string]string{"campaignName": "Inbound_918041763265"}
	for text, members := range map[string]map[string]string{
		"Either agentId or campaignName should be given": {"agentId": "agent1", "campaignName": "x"},
		"agentId and campaignName should not be empty":   nil,
		"agentId is Invalid":                             {"agentId": "x"},
		"campaignName is Invalid":                        {"campaignName": "x"},
		"No Data Found":                                  one,
		"userName should not be empty":                   {"userName": ""},
	} {
		if got := aht(members); got != failure(text) {
			t.Errorf("%v: got %s, want %s", members, got, text)
		}
	}
	a.ready("agent1")
	for _, talk := range []time.Duration{20 * time.Second, 40 * time.Second} {
		a.must(a.PlanNextDial(ozonetel.DialPlan{AgentRing: time.Second, Ring: time.Second, Talk: talk}))
		ucid := a.dial()
		a.Advance(2*time.Second + talk)
		a.Advance(10 * time.Second) // after-call work
		a.set(ucid, map[string]string{"autoRelease": "true"})
	}
	if got := aht(one); got != `{"status":"success","message":{"AgentID":"70001","AgentName":"Asha","AHT":"00:00:40"}}` {
		t.Errorf("of the agent: %s", got)
	}
	if got := aht(campaign); !strings.Contains(got, `{"CampaignID":"31","CampaignName":"Inbound_918041763265","AHT":"00:00:40"}`) {
		t.Errorf("of the campaign: %s", got)
	}
	a.Advance(3 * time.Hour)
	a.token = a.newToken()
	if got := aht(one); got != failure("No Data Found") {
		t.Errorf("three hours later: %s", got)
	}
}
