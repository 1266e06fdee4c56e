package streaming

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

// longestSilence is the longest time that the line had nothing to play between two moments.
func longestSilence(line *peer, from, to time.Time) time.Duration {
	longest, until := time.Duration(0), from
	for _, m := range line.all("play") {
		if gap := m.at.Sub(until); m.at.Before(to) && gap > longest {
			longest = gap
		}
		if m.at.After(until) {
			until = m.at
		}
		until = until.Add(audio.PCM16k.Duration(len(m.text) / 4 * 3))
	}
	return max(longest, to.Sub(until))
}

func TestAnAgentWhoIsLostIsReplacedWithWhatWasSaid(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		first := w.agent()
		first.send("agent Hello Rahul")
		first.speak(1, ramp(time.Second))
		time.Sleep(2 * time.Second)
		first.send("patient my knee hurts")
		first.send("agent Which one")
		w.refuseAgents(true)
		time.Sleep(100 * time.Millisecond)
		lost := time.Now()
		go talk(line, ramp(5*time.Second), 5*time.Second)
		_ = first.ws.Close() // without a close frame
		time.Sleep(3 * time.Second)
		w.refuseAgents(false)
		second := w.agent()
		back := time.Now()
		if back.Sub(lost) > 5*time.Second {
			t.Errorf("reconnected after %v", back.Sub(lost))
		}
		if want := "begin u1|Sorry|Agent: Hello Rahul\nPatient: my knee hurts\nAgent: Which one"; second.began != want {
			t.Errorf("the new conversation began with %q, want %q", second.began, want)
		}
		second.speak(1, ramp(time.Second))
		time.Sleep(3 * time.Second)
		known := second.all("know")
		if len(known) != 1 || !strings.Contains(known[0].text, `Agent: Hello Rahul\nPatient: my knee hurts\nAgent: Which one`) || len(first.all("know")) != 0 {
			t.Errorf("the agents were told %v and %v", first.all("know"), known)
		}
		if gap := longestSilence(line, lost, back); gap > 1500*time.Millisecond {
			t.Errorf("%v of silence", gap)
		}
		if heard := second.samples("hear"); len(heard) < audio.PCM16k.Bytes(4500*time.Millisecond) {
			t.Errorf("the new agent heard %v of the patient's words during the loss and after", audio.PCM16k.Duration(len(heard)))
		}
		line.hangUp(1000)
		if r := w.result(); r.Media.Reconnects != 1 || r.Conversation != "c2" || r.Reason != helix.ReasonPatientHungUp {
			t.Errorf("result %+v", r)
		}
	})
}

func TestWithoutAnAgentThePatientIsHandedOverOrToldGoodbye(t *testing.T) {
	goodbye := ramp(2 * time.Second)
	for name, c := range map[string]struct {
		to     helix.Phone
		reason helix.OutboundReason
	}{
		"to a person": {"+918035550009", helix.ReasonTransferred},
		"good-bye":    {"", helix.ReasonVoiceFailed},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world, o *Options, _ *LineSettings) {
				w.owner.plan.TransferTo = c.to
				o.Goodbye = audio.Clip{Format: audio.PCM16k, Channels: 1, Samples: goodbye}
			}, func(t *testing.T, w *world) {
				line := w.call("one")
				agent := w.agent()
				time.Sleep(time.Second)
				w.refuseAgents(true)
				lost := time.Now()
				_ = agent.ws.Close()
				if r := w.result(); r.Reason != c.reason {
					t.Errorf("ended with %v", r.Reason)
				}
				ended := time.Now()
				transfers := line.all("transfer")
				switch {
				case c.to != "":
					if len(transfers) != 1 || transfers[0].text != string(c.to) || len(line.all("hangup")) != 0 {
						t.Errorf("transfers %v", transfers)
					}
					ended = transfers[0].at
				case !bytes.HasSuffix(line.samples("play"), goodbye) || len(line.all("hangup")) != 1:
					t.Error("there was no good-bye")
				}
				if gap := longestSilence(line, lost, ended); gap > 1500*time.Millisecond {
					t.Errorf("%v of silence", gap)
				}
				if ended.Sub(lost) > 10*time.Second {
					t.Errorf("it took %v", ended.Sub(lost))
				}
			})
		})
	}
}

func TestARefusalThatNothingWillChangeIsNotRepeated(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.silentVoice = true }, func(t *testing.T, w *world) {
		w.call("one")
		w.agent().hangUp(closePolicy)
		if r := w.result(); r.Reason != helix.ReasonVoiceFailed || w.calls != 1 {
			t.Errorf("ended with %v after %d conversations", r.Reason, w.calls)
		}
	})
}

func TestAnAgentWhoNeverGetsReadyIsGivenUp(t *testing.T) {
	for name, word := range map[string]string{"silent": "news", "without room": "wait", "in an unknown format": "ready c1 mp3 mp3"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.silentVoice = true }, func(t *testing.T, w *world) {
				line := w.call("one")
				begin := time.Now()
				go func() {
					for {
						select {
						case agent := <-w.conversations:
							agent.send(word)
						case <-line.closed:
							return
						}
					}
				}()
				if r := w.result(); r.Reason != helix.ReasonVoiceFailed || time.Since(begin) > 20*time.Second {
					t.Errorf("ended with %v after %v", r.Reason, time.Since(begin))
				}
				<-line.closed
			})
		})
	}
}

func TestAConversationThatCannotBeBegunEndsTheCallPolitely(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.owner.plan.Start.Language = "unknown" }, func(t *testing.T, w *world) {
		line := w.call("one")
		if r := w.result(); r.Reason != helix.ReasonVoiceFailed {
			t.Errorf("ended with %v", r.Reason)
		}
		if line.closeCode(t) != closeNormal {
			t.Error("the line was not closed normally")
		}
	})
}

func TestGarbageFromTheAgentIsBorneUpToABound(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		first := w.agent()
		for range maxGarbage {
			first.send("@@@")
		}
		first.send("news")
		first.send("ping 1")
		synctest.Wait()
		if len(first.all("pong")) != 1 {
			t.Fatal("garbage within the bound ended the conversation")
		}
		first.send("@@@")
		second := w.agent()
		time.Sleep(time.Second)
		if code := first.closeCode(t); code != closeProtocol {
			t.Errorf("closed with %d", code)
		}
		second.send("ping 2")
		synctest.Wait()
		if len(second.all("pong")) != 1 {
			t.Error("the new conversation does not run")
		}
		line.hangUp(1000)
		w.result()
	})
}

func TestThePreparedSocketSavesTheDial(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.server.Prepare("one", "")
		w.server.Prepare("one", "") // again is nothing new
		synctest.Wait()
		w.refuseAgents(true)
		line := w.call("one")
		agent := w.agent()
		agent.speak(1, ramp(time.Second))
		time.Sleep(2 * time.Second)
		if len(line.samples("play")) == 0 {
			t.Error("nothing was played")
		}
		line.hangUp(1000)
		w.result()
	})
}

func TestAPreparedSocketThatIsNotUsedIsClosed(t *testing.T) {
	for name, drop := range map[string]func(*world){
		"after a minute":        func(*world) { time.Sleep(preparedFor + 5*time.Second) },
		"when the call ends":    func(w *world) { w.server.End("one", helix.ReasonCancelled) },
		"when the gateway ends": func(w *world) { w.stop(); <-w.stopped },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, w *world) {
				w.server.Prepare("one", "")
				synctest.Wait()
				drop(w)
				w.server.prepared.mu.Lock()
				defer w.server.prepared.mu.Unlock()
				if n := len(w.server.prepared.legs); n != 0 {
					t.Errorf("%d sockets wait", n)
				}
			})
		})
	}
}

func TestAPreparedSocketForAnotherAgentIsNotUsed(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.owner.plan.VoiceAgent = "second" }, func(t *testing.T, w *world) {
		w.server.Prepare("one", "first")
		synctest.Wait()
		line := w.call("one")
		w.agent()
		synctest.Wait()
		line.hangUp(1000)
		if r := w.result(); r.Conversation != "c1" {
			t.Errorf("the conversation is %q", r.Conversation)
		}
	})
}

func TestWhatTheCallsOwnerIsToldKeepsItsOrder(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		var want []string
		for i := range 50 {
			text := strings.Repeat("x", i+1)
			agent.send("patient " + text)
			want = append(want, "PATIENT: "+text)
		}
		time.Sleep(time.Second)
		line.hangUp(1000)
		w.result()
		if !slices.Equal(w.owner.transcript(), want) {
			t.Error("lines were lost or moved")
		}
	})
}
