package ozonetel

import "testing"

func FuzzAgentDays(f *testing.F) {
	for _, body := range []string{
		`{"status":"success","message":{"AgentIncrID":"70012","AgentUniqueID":"ravi01","CallDate":"2026-01-14","TotalLoginDuration":"07:58:10"}}`,
		`{"status":"success","message":[{"AgentID":7,"TotalIdleTime":"99:00:00"},{"AgentID":"7","TotalIdleTime":5}]}`,
		`{"status":"error","message":"No Data Found"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := normalise(body)
		if err != nil {
			return
		}
		var rows []summaryRow
		if a.rows(&rows) != nil {
			return
		}
		days := sumAgentDays(rows, sampleDay)
		for i, d := range days {
			if d.Agent == "" || min(d.Login, d.Idle, d.Busy, d.Pause, d.WrapUp, d.Dials) < 0 {
				t.Fatalf("%+v is nobody's, or less than nothing", d)
			}
			if i > 0 && days[i-1].Agent >= d.Agent {
				t.Fatalf("%s follows %s", d.Agent, days[i-1].Agent)
			}
		}
	})
}
