package ozonetel

import (
	"slices"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
)

// FuzzAnswers holds every reader of an answer that has no fuzz target of its own to what callers rely on.
func FuzzAnswers(f *testing.F) {
	for _, c := range documented {
		f.Add([]byte(c.body))
	}
	for _, body := range []string{
		`{"status":"success","message":[{"AgentId":"ravi01","AgentName":"Ravi","PhoneNumber":"520011","AgentState":"READY","SkillName":"General"}]}`,
		`{"status":"success","message":[{"AgentId":7,"State":"ACW","Since":"00:04:10","Skill":"General","PhoneNumber":null,"Mode":"Inbound"}]}`,
		`{"status":"success","message":[{"CampaignID":"31","CampaignName":"main","UserName":"demo_account","Position":"ready"}]}`,
		`{"status":"success","message":{"AgentID":"12","AgentName":"Ravi","AHT":"00:03:12"}}`,
		`{"status":"success","message":[{"monitorUCID":21764900000000123,"type":"InBound","callerID":"9800000001","callTime":"2026-01-14 09:12:05"}]}`,
		`{"agentEventsURL":"https://a.example/x","callEventsURL":null}`,
		`Subscription doesnt exists for User: X`, `Unauthorized`,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2026, 1, 14, 12, 0, 0, 0, time.UTC)
	c := &Client{location: india, now: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := readSubscription(string(body)); err != nil && s != (Subscription{}) {
			t.Fatalf("a refusal is the subscription %+v", s)
		}
		a, err := normalise(body)
		if err != nil {
			return
		}
		logins, _ := readLogins(a, now)
		details, err := readDetails(a, "ravi01", now)
		if err == nil {
			logins = append(logins, details)
		}
		for _, r := range logins {
			if r.Agent == "" || r.State == "" || r.At.After(now) {
				t.Fatalf("the report %+v is of nobody, nothing or the future", r)
			}
		}
		if campaign, _ := readCampaign(a, "Main"); campaign.Name != "" && !strings.EqualFold(campaign.Name, "Main") {
			t.Fatalf("%+v is another campaign", campaign)
		}
		if average, _ := readAverage(a); average < 0 {
			t.Fatalf("the average is %v", average)
		}
		labels, _ := readLabels(a)
		if slices.Contains(append(labels, readLines(a)...), "") {
			t.Fatal("a label or a line is empty")
		}
		calls, _ := c.readAbandoned(a)
		for _, r := range calls {
			if r.ProviderCallID == "" || r.At.IsZero() || r.Direction != helix.Inbound || r.Answered {
				t.Fatalf("the report %+v is of no abandoned call", r)
			}
		}
	})
}
