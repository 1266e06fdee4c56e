package sandbox_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// tally sums up what became of the calls.
type tally struct {
	answered, missed, neverOffered int
}

func count(calls []ozonetel.CallView) tally {
	var sum tally
	for _, c := range calls {
		switch {
		case c.State != ozonetel.Ended:
		case !c.AnsweredAt.IsZero():
			sum.answered++
		default:
			sum.missed++
			if c.AgentID == "" {
				sum.neverOffered++
			}
		}
	}
	return sum
}

func TestTrafficIsDecidedByTheSeed(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.Traffic{sandbox.TrafficCalm, sandbox.TrafficBusy} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			play := func(seed int64) []ozonetel.CallView {
				s := run(t, sandbox.Options{Empty: kind == sandbox.TrafficBusy, Traffic: kind, Seed: seed})
				s.Advance(3 * time.Minute)
				return s.Ozonetel().Calls()
			}
			first := play(1)
			if len(first) == 0 {
				t.Fatal("nobody called")
			}
			if diff := cmp.Diff(first, play(1)); diff != "" {
				t.Errorf("the same seed (-first +again):\n%s", diff)
			}
			if other := play(2); cmp.Equal(first, other) {
				t.Error("two seeds play the same traffic")
			}
		})
	}
}

func TestCalmTrafficIsMostlyAnsweredAndLeavesSomeMissedCalls(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficCalm, Seed: 1})
	s.Advance(10 * time.Minute)
	calls := s.Ozonetel().Calls()
	got := count(calls)
	if len(calls) < 75 || len(calls) > 200 {
		t.Errorf("%d calls in ten minutes", len(calls))
	}
	if got.answered <= 2*got.missed || got.missed < 5 || got.neverOffered == 0 || got.neverOffered == got.missed {
		t.Errorf("of %d calls: %+v", len(calls), got)
	}
	for _, a := range s.Ozonetel().Agents() {
		if a.Simulated == (a.State == ozonetel.Offline) {
			t.Errorf("%s (simulated %t) is %s", a.ID, a.Simulated, a.State)
		}
	}
}

// morning is what the account's own records say of ten busy minutes.
type morning struct {
	calls, answered, abandoned int // abandoned while waiting or while a phone rang
	redials                    int // calls of somebody who had given up before
	held, conferences          int // of the answered
	transferred                int // likewise
	waited                     time.Duration
	most, fewest               int // calls in a quarter of a minute
}

// record is what a morning looks at of a call's record (ozonetel.md 9).
type record struct {
	CallerID, Status, StartTime, TimeToAnswer, HoldDuration, ConferenceDuration, TransferType string
}

// records reads today's calls as a client of the account would.
func (r *running) records() []record {
	r.t.Helper()
	body := `{"userName":"` + r.OzonetelAccount().UserName + `","fromDate":"2026-01-14 00:00:00","toDate":"2026-01-14 14:39:59"}`
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.OzonetelURL()+"/ca_reports/fetchCDRDetails", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header["Authorization"] = []string{"Bearer " + r.token()}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var out struct {
		Message string   `json:"message"`
		Details []record `json:"details"`
	}
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil || len(out.Details) == 0 {
		r.t.Fatalf("%d records: %v, %s", len(out.Details), err, out.Message)
	}
	return out.Details
}

func clock(t *testing.T, text string) time.Duration {
	t.Helper()
	at, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.Sub(at.Truncate(24 * time.Hour))
}

// sumUp counts what a morning was like.
func sumUp(t *testing.T, records []record, interval time.Duration) morning {
	t.Helper()
	slices.SortFunc(records, func(a, b record) int { return strings.Compare(a.StartTime, b.StartTime) })
	first := clock(t, records[0].StartTime)
	var m morning
	gaveUp, arrivals := map[string]bool{}, map[int]int{}
	for _, r := range records {
		m.calls++
		if gaveUp[r.CallerID] {
			m.redials++
		}
		arrivals[int((clock(t, r.StartTime)-first)/interval)]++
		if r.Status != "Answered" {
			m.abandoned++
			gaveUp[r.CallerID] = true
			continue
		}
		m.answered++
		m.waited += clock(t, r.TimeToAnswer)
		if clock(t, r.HoldDuration) > 0 {
			m.held++
		}
		switch {
		case r.TransferType != "" && r.TransferType != "No Transfers":
			m.transferred++
		case clock(t, r.ConferenceDuration) > 0:
			m.conferences++
		}
	}
	m.fewest = m.calls
	for i := range len(arrivals) - 2 { // the last ones are cut, or not over yet
		m.most, m.fewest = max(m.most, arrivals[i]), min(m.fewest, arrivals[i])
	}
	return m
}

func TestBusyTrafficLooksLikeAHospitalsMorning(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficBusy, Seed: 1})
	s.Advance(10 * time.Minute)
	m := sumUp(t, s.records(), 15*time.Second)
	t.Logf("%+v", m)
	share := func(part, whole int) float64 { return float64(part) / float64(whole) }
	for what, figure := range map[string]struct{ got, low, high float64 }{
		"calls a second": {float64(m.calls) / 600, 2.5, 4.5},
		"busiest to quietest quarter of a minute":     {share(m.most, m.fewest), 2, 20},
		"share of callers who give up":                {share(m.abandoned, m.calls), 0.15, 0.45},
		"share of calls that are redials of such":     {share(m.redials, m.calls), 0.05, 0.35},
		"share of answered calls put on hold":         {share(m.held, m.answered), 0.08, 0.18},
		"share of answered calls with a third person": {share(m.conferences, m.answered), 0.005, 0.06},
		"share of answered calls transferred":         {share(m.transferred, m.answered), 0.005, 0.04},
		"seconds until an answer, on average":         {m.waited.Seconds() / float64(m.answered), 2, 30},
	} {
		if figure.got < figure.low || figure.got > figure.high {
			t.Errorf("%s: %.3f, not between %g and %g", what, figure.got, figure.low, figure.high)
		}
	}
}

func TestAnAgentWhoIsReadyGetsCallsOfTheTrafficAndIsInWrapUpAfterwards(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficCalm, Seed: 1})
	if err := s.Ozonetel().LogIn("agent1"); err != nil {
		t.Fatal(err)
	}
	seen := map[ozonetel.AgentState]bool{}
	for range 180 {
		s.Advance(time.Second)
		seen[s.Ozonetel().Agents()[0].State] = true
	}
	for _, state := range []ozonetel.AgentState{ozonetel.Ready, ozonetel.Calling, ozonetel.InCall, ozonetel.ACW} {
		if !seen[state] {
			t.Errorf("the agent was never %s", state)
		}
	}
}

func TestColleaguesOfBusyTrafficDoMoreThanTalk(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficBusy, Seed: 1})
	seen := map[string]int{}
	for range 120 {
		s.Advance(time.Second)
		for _, c := range s.Ozonetel().Calls() {
			for name, is := range map[string]bool{
				"held": c.Held, "recording paused": c.RecordingPaused,
				"conference":  len(c.Parties) > 0 && c.Parties[0].State == ozonetel.PartyJoined && !c.AgentGone,
				"transferred": c.AgentGone && c.State == ozonetel.Answered, "transferred and over": c.AgentGone && c.State == ozonetel.Ended,
			} {
				if is {
					seen[name]++
				}
			}
		}
	}
	for _, name := range []string{"held", "recording paused", "conference", "transferred", "transferred and over"} {
		if seen[name] == 0 {
			t.Errorf("no call was %s: %v", name, seen)
		}
	}
}

func TestTrafficOffIsSilent(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficOff})
	s.Advance(time.Hour)
	if calls := s.Ozonetel().Calls(); len(calls) != 0 {
		t.Errorf("%d calls", len(calls))
	}
	for _, a := range s.Ozonetel().Agents() {
		if a.State != ozonetel.Offline {
			t.Errorf("%s is %s", a.ID, a.State)
		}
	}
}

func TestTrafficIsReadFromItsSetting(t *testing.T) {
	t.Parallel()
	settings := map[string]sandbox.Traffic{
		"": sandbox.TrafficCalm, "off": sandbox.TrafficOff, "calm": sandbox.TrafficCalm, "busy": sandbox.TrafficBusy,
	}
	for text, want := range settings {
		if got, err := sandbox.ParseTraffic(text); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := sandbox.ParseTraffic("mad"); err == nil {
		t.Error("mad was taken")
	}
}
