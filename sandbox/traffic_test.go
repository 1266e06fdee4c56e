package sandbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox"
	"github.com/helix-engage/gateway/sandbox/ozonetel"
)

// tally sums up what became of the calls.
type tally struct {
	answered, missed, neverOffered, redials int
}

func count(calls []ozonetel.CallView) tally {
	var sum tally
	missed := map[string]bool{}
	for _, c := range calls {
		if missed[c.Phone] {
			sum.redials++
		}
		switch {
		case c.State != ozonetel.Ended:
		case !c.AnsweredAt.IsZero():
			sum.answered++
		default:
			sum.missed++
			missed[c.Phone] = true
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

func TestBusyTrafficBringsAboutThreeCallsASecondWithRedials(t *testing.T) {
	t.Parallel()
	s := run(t, sandbox.Options{Empty: true, Traffic: sandbox.TrafficBusy, Seed: 1})
	s.Advance(10 * time.Minute)
	calls := s.Ozonetel().Calls()
	got := count(calls)
	if len(calls) < 1_600 || len(calls) > 2_800 {
		t.Errorf("%d calls in ten minutes", len(calls))
	}
	if got.answered <= got.missed || got.redials < 100 {
		t.Errorf("of %d calls: %+v", len(calls), got)
	}
	busiest, quietest := spread(calls, 15*time.Second)
	if busiest < 2*quietest {
		t.Errorf("no peaks: %d calls in the busiest quarter minute, %d in the quietest", busiest, quietest)
	}
}

// spread is the most and the fewest calls in an interval, the last one, which may be cut, aside.
func spread(calls []ozonetel.CallView, interval time.Duration) (most, fewest int) {
	buckets := make([]int, int(10*time.Minute/interval)+1)
	for _, c := range calls {
		buckets[int(c.StartedAt.Sub(start)/interval)]++
	}
	fewest = len(calls)
	for _, n := range buckets[:len(buckets)-1] {
		most, fewest = max(most, n), min(fewest, n)
	}
	return most, fewest
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
