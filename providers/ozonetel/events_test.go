package ozonetel_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	helix "github.com/helix-engage/gateway"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	paused := helix.AgentReport{Agent: "ravi01", State: helix.AgentPaused, At: ist(10, 40, 0)}
	call := func(f func(*helix.CallReport)) helix.ProviderReports {
		r := calling
		f(&r)
		return helix.ProviderReports{Calls: []helix.CallReport{r}}
	}
	same := call(func(*helix.CallReport) {})
	agent := func(r helix.AgentReport) helix.ProviderReports {
		return helix.ProviderReports{Agents: []helix.AgentReport{r}}
	}
	for name, tc := range map[string]struct {
		contentType, body string
		want              helix.ProviderReports
	}{
		"a call is offered":        {jsonType, callingEvent, same},
		"it comes as a form":       {formType, form(callingEvent), same},
		"fields lie flat":          {jsonType, `{"eventType":"Call",` + inner(callingEvent) + `,"eventTime":"2026-01-14 10:20:08"}`, same},
		"it is answered":           {jsonType, change(callingEvent, "Calling", "Answered"), call(func(r *helix.CallReport) { r.Kind = helix.ReportAnswered })},
		"it ends":                  {jsonType, change(callingEvent, "Calling", "DISCONNECT"), call(func(r *helix.CallReport) { r.Kind = helix.ReportEnded })},
		"no event type":            {jsonType, change(callingEvent, `"eventType":"Call",`, ""), same},
		"ids as numbers":           {jsonType, change(callingEvent, `"21799900000000458"`, `21799900000000458`), same},
		"a dial of ours":           {jsonType, change(callingEvent, "InBound", "Manual"), call(func(r *helix.CallReport) { r.Direction = helix.Outbound })},
		"only the time of sending": {jsonType, change(callingEvent, `,"event_time":"2026-01-14 10:20:07"`, ""), call(func(r *helix.CallReport) { r.At = ist(10, 20, 8) })},
		"no time at all": {
			jsonType, change(callingEvent, `,"event_time":"2026-01-14 10:20:07"`, "", `"eventTime":"2026-01-14 10:20:08",`, ""),
			call(func(r *helix.CallReport) { r.At = morning }),
		},
		"a leg of a transferred call": {
			jsonType, change(callingEvent, `"ucid":"21799900000000458"`, `"ucid":"21799900000000999"`),
			call(func(r *helix.CallReport) { r.LegID = "21799900000000999" }),
		},
		"an action of a call that we do not know": {jsonType, change(callingEvent, "Calling", "Held"), helix.ProviderReports{}},
		"an agent pauses":                         {jsonType, auxEvent, agent(paused)},
		"other spelling of the agent":             {jsonType, change(auxEvent, `"agentId"`, `"agent_id"`), agent(paused)},
		"with a reason": {
			jsonType, change(auxEvent, `"skill":"General"`, `"pauseReason":"Lunch"`),
			agent(helix.AgentReport{Agent: "ravi01", State: helix.AgentPaused, Reason: "Lunch", At: ist(10, 40, 0)}),
		},
		"an agent event without a type": {jsonType, change(auxEvent, `"eventType":"Agent",`, ""), agent(paused)},
		"a word that we do not know": {
			jsonType, change(auxEvent, "AUX", "Meditating"),
			agent(helix.AgentReport{Agent: "ravi01", State: helix.AgentUnknown, Reason: "meditating", At: ist(10, 40, 0)}),
		},
		"a batch keeps its order": {
			jsonType, "[" + callingEvent + "," + auxEvent + `,{"ping":1}]`,
			helix.ProviderReports{Calls: same.Calls, Agents: []helix.AgentReport{paused}},
		},
		"several events in data": {
			jsonType, `{"eventType":"Call","data":[{` + inner(callingEvent) + `},{` + inner(callingEvent) + `}]}`,
			helix.ProviderReports{Calls: []helix.CallReport{calling, calling}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.DecodeEvents(tc.contentType, []byte(tc.body))
			if diff := cmp.Diff(tc.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// inner gives what stands between the braces of a sample's data.
func inner(sample string) string {
	_, data, _ := strings.Cut(sample, `"data":{`)
	return strings.TrimSuffix(data, "}}")
}

func TestAgentWords(t *testing.T) {
	t.Parallel()
	c := decoder(t)
	for word, want := range map[string]helix.AgentState{
		"login": helix.AgentIdle, "IDLE": helix.AgentIdle, "NOT READY": helix.AgentIdle,
		"release": helix.AgentReady, "READY": helix.AgentReady,
		"AUX": helix.AgentPaused, "pause": helix.AgentPaused, "PAUSED": helix.AgentPaused,
		"calling": helix.AgentRinging, "incall": helix.AgentBusy, "BUSY": helix.AgentBusy,
		"ACW": helix.AgentAfterCallWork, "logout": helix.AgentOffline,
	} {
		got, err := c.DecodeEvents(jsonType, []byte(change(auxEvent, "AUX", word)))
		if err != nil || len(got.Agents) != 1 || got.Agents[0].State != want {
			t.Errorf("%q is %+v, %v; want %s", word, got, err, want)
		}
	}
}

func FuzzDecodeEvents(f *testing.F) {
	for _, body := range []string{callingEvent, auxEvent, form(callingEvent), "[" + auxEvent + "]", `{"data":"[]"}`, quoted(auxEvent), "action=AUX&agentId=x"} {
		f.Add(jsonType, []byte(body))
	}
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{}\r\n--x--"))
	c := decoder(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		got, err := c.DecodeEvents(contentType, body)
		checkDecoded(t, got, err)
		for _, r := range got.Agents {
			if r.Agent == "" || r.State == "" || r.At.IsZero() {
				t.Fatalf("the report %+v is of nobody, nothing or never", r)
			}
		}
	})
}
