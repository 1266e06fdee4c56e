package ozonetel_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/providers/ozonetel"
)

const (
	summaryPath     = "/ca_reports/summaryReport"
	ahtPath         = "/ca_apis/AHT"
	campaignPath    = "/ca_apis/campaignStatus"
	setCampaignPath = "/ca_apis/setCampaignStatus"

	inboundRow = `{"AgentIncrID":"70012","AgentUniqueID":"ravi01","AgentName":"Ravi","CallDate":"2026-01-14",
 "ModeType":"Inbound","TotalLoginDuration":"07:58:10","TotalIdleTime":"03:10:00","TotalBusyTime":"03:40:00",
 "TotalPauseTime":"00:40:00","TotalWrapupTime":"00:20:10","TotalDialTime":"00:08:00"}`
)

var ravisInbound = ozonetel.AgentDay{
	Agent: "ravi01", Name: "Ravi",
	Login: clock(7, 58, 10), Idle: clock(3, 10, 0), Busy: clock(3, 40, 0), Pause: clock(0, 40, 0), WrapUp: clock(0, 20, 10), Dials: clock(0, 8, 0),
}

func clock(hours, minutes, seconds int) time.Duration {
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}

func TestAgentDays(t *testing.T) {
	t.Parallel()
	both := ravisInbound
	both.Login, both.Idle = clock(31, 58, 10), clock(3, 10, 0)
	for name, c := range map[string]struct {
		body string
		want []ozonetel.AgentDay
	}{
		"one row as an object": {`{"status":"success","message":` + inboundRow + `}`, []ozonetel.AgentDay{ravisInbound}},
		"one row in a list":    {`{"status":"success","message":[` + inboundRow + `]}`, []ozonetel.AgentDay{ravisInbound}},
		"modes are added up, beyond a day too": {
			`{"status":"success","message":[` + inboundRow + `,{"AgentUniqueID":"ravi01","ModeType":"Progressive","TotalLoginDuration":"24:00:00"}]}`,
			[]ozonetel.AgentDay{both},
		},
		"agents are in order, other days left out": {
			`{"status":"success","message":[` + inboundRow + `,{"AgentUniqueID":"asha02","CallDate":"2026-01-14","TotalIdleTime":"00:00:05"},
			  {"AgentUniqueID":"asha02","CallDate":"2026-01-13","TotalIdleTime":"09:00:00"},{"AgentName":"Nobody"}]}`,
			[]ozonetel.AgentDay{{Agent: "asha02", Idle: 5 * time.Second}, ravisInbound},
		},
		"a login name goes before a number": {
			`{"status":"success","message":{"AgentUniqueID":"70012","AgentIncrID":"ravi01"}}`, []ozonetel.AgentDay{{Agent: "ravi01"}},
		},
		"numbers are names where there is nothing else": {
			`{"status":"success","message":{"AgentUniqueID":70012,"AgentIncrID":12}}`, []ozonetel.AgentDay{{Agent: "70012"}},
		},
		"nobody worked": {`{"status":"error","message":"No Data Found"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{summaryPath: c.body})
			client := s.client(t, func(o *ozonetel.Options) { o.Now = func() time.Time { return noon } })
			for range 2 {
				got, asOf, err := client.AgentDays(t.Context(), date(14))
				if diff := cmp.Diff(c.want, got); err != nil || diff != "" || !asOf.Equal(noon) {
					t.Fatalf("%v as of %v\n%s", err, asOf, diff)
				}
			}
			want := []request{{Line: "POST " + summaryPath, Fields: map[string]string{
				"userName": "demo_account", "fromDate": "2026-01-14 00:00:00", "toDate": "2026-01-14 11:59:30",
			}}}
			if diff := cmp.Diff(want, s.seen(summaryPath)); diff != "" {
				t.Errorf("the account is asked other than once:\n%s", diff)
			}
		})
	}
}

func TestAgentDaysAreRefused(t *testing.T) {
	t.Parallel()
	s := newScript(t, map[string]string{summaryPath: `{"status":"error","message":"Difference Between From and To Date should not be Greater than 30 Days"}`})
	client := s.client(t, func(o *ozonetel.Options) { o.Now = func() time.Time { return noon } })
	if _, _, err := client.AgentDays(t.Context(), date(15)); !helix.IsCode(err, helix.CodeBadInput) || len(s.requests) != 0 {
		t.Errorf("tomorrow: %v after %d requests", err, len(s.requests))
	}
	if _, _, err := client.AgentDays(t.Context(), date(14)); !helix.IsCode(err, helix.CodeRejected) {
		t.Errorf("a refusal: %v", err)
	}
}

func TestAverageHandling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want time.Duration
		code helix.Code
	}{
		"as documented":         {`{"status":"success","message":{"AgentID":"12","AgentName":"Ravi","AHT":"00:03:12"}}`, 192 * time.Second, ""},
		"no calls":              {`{"status":"success","message":{"AgentID":"12","AgentName":"Ravi","AHT":null}}`, 0, ""},
		"no calls, in words":    {`{"status":"error","message":"No Data Found"}`, 0, ""},
		"no average":            {`{"status":"success","message":{"AgentID":"12"}}`, 0, helix.CodeUnavailable},
		"an unknown agent":      {`{"status":"error","message":"agentId is Invalid"}`, 0, helix.CodeNotFound},
		"an unknown campaign":   {`{"status":"error","message":"campaignName is Invalid"}`, 0, helix.CodeRejected},
		"the limit of requests": {`{"status":"error","message":"max limit exceeded"}`, 0, helix.CodeTooManyRequests},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{ahtPath: c.body})
			got, err := s.client(t).AgentAHT(t.Context(), "ravi01")
			if got != c.want || c.code == "" && err != nil || c.code != "" && !helix.IsCode(err, c.code) {
				t.Errorf("%v, %v; want %v, %q", got, err, c.want, c.code)
			}
			want := request{Line: "GET " + ahtPath, Fields: map[string]string{"userName": "demo_account", "agentId": "ravi01"}}
			if diff := cmp.Diff(want, s.seen(ahtPath)[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := newScript(t, map[string]string{ahtPath: `{"status":"success","message":{"CampaignID":"31","CampaignName":"Main","AHT":"00:01:45"}}`})
	if got, err := s.client(t).CampaignAHT(t.Context(), "Main"); err != nil || got != 105*time.Second {
		t.Errorf("a campaign's is %v, %v", got, err)
	}
	if got := s.seen(ahtPath)[0].Fields["campaignName"]; got != "Main" {
		t.Errorf("asked for campaign %q", got)
	}
}

func TestCampaigns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want ozonetel.Campaign
		code helix.Code
	}{
		"as documented": {
			`{"status":"success","message":[{"CampaignID":"31","CampaignName":"Main","UserName":"demo_account","Position":"READY"}]}`,
			ozonetel.Campaign{ID: "31", Name: "Main", Position: "READY"},
			"",
		},
		"among others": {
			`{"status":"success","message":[{"CampaignID":30,"CampaignName":"Other"},{"CampaignID":31,"CampaignName":"main","Position":"Running"}]}`,
			ozonetel.Campaign{ID: "31", Name: "main", Position: "RUNNING"},
			"",
		},
		"unknown":         {`{"status":"failure","message":"no record found"}`, ozonetel.Campaign{}, helix.CodeNotFound},
		"only others":     {`{"status":"success","message":[{"CampaignName":"Other"}]}`, ozonetel.Campaign{}, helix.CodeNotFound},
		"a missing field": {`{"status":"failure","message":"All parameters are mandatory"}`, ozonetel.Campaign{}, helix.CodeRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, map[string]string{campaignPath: c.body})
			got, err := s.client(t).CampaignStatus(t.Context(), "Main")
			if got != c.want || c.code == "" && err != nil || c.code != "" && !helix.IsCode(err, c.code) {
				t.Errorf("%+v, %v; want %+v, %q", got, err, c.want, c.code)
			}
			want := []request{{Line: "GET " + campaignPath, Fields: map[string]string{"userName": "demo_account", "campaignName": "Main"}}}
			if diff := cmp.Diff(want, s.seen(campaignPath)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSetCampaign(t *testing.T) {
	t.Parallel()
	for run, action := range map[bool]string{true: "Start", false: "Stop"} {
		s := newScript(t, map[string]string{setCampaignPath: `{"status":"success","message":"SUCCESSFULLY UPDATED, Progressive was started"}`})
		if err := s.client(t).SetCampaign(t.Context(), "Main", run); err != nil {
			t.Fatal(err)
		}
		want := []request{{Line: "PUT " + setCampaignPath, Fields: map[string]string{
			"userName": "demo_account", "campaignName": "Main", "action": action, "process": "true",
		}}}
		if diff := cmp.Diff(want, s.seen(setCampaignPath)); diff != "" {
			t.Error(diff)
		}
	}
	s := newScript(t, map[string]string{setCampaignPath: `{"status":"failure","message":"no record found"}`})
	if err := s.client(t).SetCampaign(t.Context(), "Main", true); !helix.IsCode(err, helix.CodeNotFound) {
		t.Errorf("an unknown campaign: %v", err)
	}
}
