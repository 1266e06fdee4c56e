package streaming

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

func TestPatientAndAgentHearEachOtherSampleForSample(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		said, answer := ramp(2*time.Second), ramp(3*time.Second)
		agent.speak(1, answer)
		talk(line, said, 2*time.Second)
		time.Sleep(4 * time.Second)
		if !bytes.Equal(agent.samples("hear"), said) {
			t.Error("the agent heard something else than the patient said")
		}
		if !bytes.Equal(line.samples("play"), answer) {
			t.Error("the patient heard something else than the agent said")
		}
		line.hangUp(1000)
		r := w.result()
		if r.Reason != helix.ReasonPatientHungUp || r.Conversation != "c1" || r.Media.FramesIn != 100 || r.Media.Dropped != 0 {
			t.Errorf("result %+v", r)
		}
		if agent.closeCode(t) != 1000 {
			t.Error("the agent's socket was not closed normally")
		}
		if diff := cmp.Diff([]string{"one 1 c1"}, w.owner.active); diff != "" {
			t.Error(diff)
		}
		if agent.began != "begin u1|Hello|" {
			t.Errorf("the conversation began with %q", agent.began)
		}
	})
}

func TestCallerAudioWaitsForTheAgentAndTheOldestGoesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		wait    time.Duration
		kept    time.Duration
		dropped int64
	}{
		"a second is kept whole":            {time.Second, time.Second, 0},
		"of five seconds the last are kept": {5 * time.Second, 3 * time.Second, 100},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.silentVoice = true }, func(t *testing.T, w *world) {
				line := w.call("one")
				agent := w.agent()
				said := ramp(c.wait)
				talk(line, said, c.wait)
				if heard := agent.samples("hear"); len(heard) > 0 {
					t.Fatalf("%d bytes were sent before the agent was ready", len(heard))
				}
				agent.send("ready c1 pcm_16000 pcm_16000")
				time.Sleep(200 * time.Millisecond)
				if !bytes.Equal(agent.samples("hear"), said[len(said)-audio.PCM16k.Bytes(c.kept):]) {
					t.Error("the agent did not get the last of what was said")
				}
				line.hangUp(1000)
				if r := w.result(); r.Media.Dropped != c.dropped {
					t.Errorf("%d messages count as dropped, want %d", r.Media.Dropped, c.dropped)
				}
			})
		})
	}
}

func TestPlayoutStaysAheadOfTheClockButNotFar(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		answer := ramp(10 * time.Second)
		for at := 0; at < len(answer); at += 32000 { // as fast as it will go
			agent.speak(1, answer[at:at+32000])
		}
		time.Sleep(12 * time.Second)
		played := line.all("play")
		begin, sent := played[0].at, time.Duration(0)
		for i, m := range played {
			clock := m.at.Sub(begin)
			if i > 0 && sent < clock {
				t.Errorf("message %d: the line ran dry for %v", i, clock-sent)
			}
			sent += audio.PCM16k.Duration(len(m.text) / 4 * 3)
			if lead := sent - clock; lead > 620*time.Millisecond {
				t.Errorf("message %d is %v ahead of the clock", i, lead)
			}
		}
		if !bytes.Equal(line.samples("play"), answer) {
			t.Error("something was lost or moved")
		}
	})
}

func TestAnAgentWhoSpeaksInRealTimeIsPlayedWithoutGaps(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		answer := ramp(4 * time.Second)
		for at := 0; at < len(answer); at += 640 {
			agent.speak(1, answer[at:at+640])
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Second)
		played := line.all("play")
		begin, sent := played[0].at, time.Duration(0)
		for i, m := range played {
			if clock := m.at.Sub(begin); i > 0 && sent < clock {
				t.Errorf("message %d: the line ran dry for %v", i, clock-sent)
			}
			sent += audio.PCM16k.Duration(len(m.text) / 4 * 3)
		}
		if !bytes.Equal(line.samples("play"), answer) {
			t.Error("something was lost or moved")
		}
	})
}

func TestARemainderIsSentWhenNothingFollows(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		begin := time.Now()
		agent.speak(1, ramp(50*time.Millisecond))
		time.Sleep(time.Second)
		played := line.all("play")
		if len(played) != 1 || played[0].at.Sub(begin) < 100*time.Millisecond || played[0].at.Sub(begin) > 120*time.Millisecond {
			t.Errorf("%d messages, the first after %v", len(played), played[0].at.Sub(begin))
		}
	})
}

func TestAnInterruptionSilencesTheLineAtOnce(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		agent.send("agent one two three four five six seven eight nine ten")
		agent.speak(1, ramp(5*time.Second))
		time.Sleep(2 * time.Second)
		cut := time.Now()
		agent.send("interrupt 1")
		synctest.Wait()
		agent.speak(1, ramp(time.Second)) // was on its way
		time.Sleep(time.Second)
		clears := line.all("clear")
		if len(clears) != 1 || clears[0].at.Sub(cut) > 100*time.Millisecond {
			t.Fatalf("%d clears, the first after %v", len(clears), clears[0].at.Sub(cut))
		}
		for _, m := range line.all("play") {
			if m.at.After(cut) {
				t.Error("void audio was played after the interruption")
			}
		}
		agent.send("patient stop")
		agent.speak(2, ramp(time.Second))
		time.Sleep(2 * time.Second)
		if got := line.all("play"); !got[len(got)-1].at.After(cut) {
			t.Error("the next turn was not played")
		}
		line.hangUp(1000)
		r := w.result()
		if r.Media.Interruptions != 1 {
			t.Errorf("%d interruptions", r.Media.Interruptions)
		}
		if diff := cmp.Diff([]string{"AGENT: one two three four …", "PATIENT: stop"}, w.owner.transcript()); diff != "" {
			t.Error(diff)
		}
		if !slices.ContainsFunc(w.owner.notes, func(n string) bool { return strings.Contains(n, "heard 2.0 s of 5.0 s") }) {
			t.Errorf("what was heard is not in the audit trail: %q", w.owner.notes)
		}
	})
}

func TestTheProvidersCorrectionIsBelievedOverOurEstimate(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		agent.send("agent a long answer")
		agent.speak(1, ramp(5*time.Second))
		time.Sleep(2 * time.Second)
		agent.send("interrupt 1")
		agent.send("corrected a long")
		time.Sleep(time.Second)
		line.hangUp(1000)
		w.result()
		if diff := cmp.Diff([]string{"AGENT: a long"}, w.owner.transcript()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatWasSaidBeforeTheGreetingDoesNotCutIt(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.silentVoice = true }, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		talk(line, ramp(time.Second), time.Second) // loud
		agent.send("ready c1 pcm_16000 pcm_16000")
		greeting := ramp(3 * time.Second)
		agent.speak(1, greeting)
		talk(line, quiet(time.Second), 300*time.Millisecond)
		agent.send("interrupt 1") // by what was early
		talk(line, quiet(time.Second), 4*time.Second)
		if !bytes.HasSuffix(line.samples("play"), greeting) || len(line.all("clear")) != 0 {
			t.Error("the greeting was cut")
		}
		agent.speak(2, ramp(3*time.Second))
		talk(line, ramp(time.Second), 500*time.Millisecond)
		agent.send("interrupt 2")
		synctest.Wait()
		if len(line.all("clear")) != 1 {
			t.Error("a later interruption did not count")
		}
	})
}

func TestLatencyRunsFromThePatientsLastWordToTheAgentsFirst(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		for range 3 {
			talk(line, ramp(time.Second), time.Second)
			talk(line, quiet(time.Second), 700*time.Millisecond)
			agent.speak(1, ramp(time.Second))
			talk(line, quiet(time.Second), 2*time.Second)
		}
		line.hangUp(1000)
		if m := w.result().Media; m.LatencyP50 < 690*time.Millisecond || m.LatencyMax > 730*time.Millisecond {
			t.Errorf("latency %v to %v, want about 700ms", m.LatencyP50, m.LatencyMax)
		}
	})
}

func TestPingsAreAnsweredAndToolsRunBesideTheAudio(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) {
		w.owner.tool = func(name string, arguments []byte) (string, error) {
			time.Sleep(2 * time.Second)
			if name != "save" {
				return "", helix.BadInput("no such tool")
			}
			return "saved " + string(arguments), nil
		}
	}, func(t *testing.T, w *world) {
		w.call("one")
		agent := w.agent()
		agent.send(`tool save t1 {"age":52}`)
		agent.send(`tool other t2 {}`)
		agent.send("ping 7")
		synctest.Wait()
		if pongs := agent.all("pong"); len(pongs) != 1 || pongs[0].text != "7" {
			t.Errorf("pongs %v", pongs)
		}
		time.Sleep(3 * time.Second)
		var results []string
		for _, m := range agent.all("result") {
			results = append(results, m.text)
		}
		slices.Sort(results)
		if diff := cmp.Diff([]string{`t1 false saved {"age":52}`, "t2 true no such tool"}, results); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTooManyToolsAtOnceAreRefused(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) {
		w.owner.tool = func(string, []byte) (string, error) { time.Sleep(time.Second); return "", errors.New("slow") }
	}, func(t *testing.T, w *world) {
		w.call("one")
		agent := w.agent()
		for range maxTools + 1 {
			agent.send("tool save t {}")
		}
		synctest.Wait()
		if refused := agent.all("result"); len(refused) != 1 || !strings.Contains(refused[0].text, "too many") {
			t.Errorf("answers %v", refused)
		}
	})
}

func TestTheAgentsLastWordsArePlayedBeforeTheCallEnds(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		goodbye := ramp(3 * time.Second)
		agent.send("agent good bye")
		agent.speak(1, goodbye)
		agent.send("hangup")
		r := w.result()
		if r.Reason != helix.ReasonAgentHungUp {
			t.Errorf("result %+v", r)
		}
		if diff := cmp.Diff([]string{"AGENT: good bye"}, w.owner.transcript()); diff != "" {
			t.Error(diff)
		}
		if !bytes.Equal(line.samples("play"), goodbye) || len(line.all("hangup")) != 1 || line.closeCode(t) != 1000 {
			t.Error("the end was not said, or said twice")
		}
		if r.TalkedFor < 3*time.Second || r.TalkedFor > 5*time.Second {
			t.Errorf("talked for %v", r.TalkedFor)
		}
	})
}

func TestWordsThatFollowTheAgentsHangupAreHeardToo(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		agent.send("hangup")
		goodbye := ramp(3 * time.Second)
		for at := 0; at < len(goodbye); at += 16000 {
			time.Sleep(500 * time.Millisecond)
			agent.speak(1, goodbye[at:at+16000])
		}
		if r := w.result(); r.Reason != helix.ReasonAgentHungUp || !bytes.Equal(line.samples("play"), goodbye) {
			t.Errorf("ended with %v after %d bytes of %d", r.Reason, len(line.samples("play")), len(goodbye))
		}
	})
}

func TestACallIsEndedOnRequest(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		w.agent().speak(1, ramp(20*time.Second))
		time.Sleep(time.Second)
		w.server.End("one", helix.ReasonCancelled)
		if r := w.result(); r.Reason != helix.ReasonCancelled {
			t.Errorf("ended with %v", r.Reason)
		}
		if len(line.all("clear")) != 1 || len(line.all("hangup")) != 1 || line.closeCode(t) != 1000 {
			t.Error("the line was not ended")
		}
	})
}
