package streaming

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

func TestOnlyAGoodTokenOpensAStream(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		expired := w.tokens.Token("one", 1, time.Second)
		time.Sleep(2 * time.Second)
		good := w.tokens.Token("two", 1, time.Minute)
		for name, path := range map[string]string{
			"unknown": "/s/nonsense", "expired": "/s/" + expired, "changed": "/s/B" + good[1:],
			"of another secret": "/s/" + NewTokens([]byte("other"), time.Now).Token("two", 1, time.Minute), "wrong number secret": "/n/wrong",
		} {
			if code := w.connect(path).closeCode(t); code != closePolicy {
				t.Errorf("%s: closed with %d", name, code)
			}
		}
		line := w.connect("/s/" + good)
		line.send("start 16000")
		w.agent()
		line.hangUp(1000)
		w.result()
		again := w.connect("/s/" + good)
		again.send("start 16000")
		if code := again.closeCode(t); code != closePolicy {
			t.Errorf("used: closed with %d", code)
		}
		synctest.Wait()
		if w.server.Active() != 0 {
			t.Errorf("%d streams are open", w.server.Active())
		}
	})
}

func TestASecondStreamOfALiveCallIsRefused(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		first := w.call("one")
		agent := w.agent()
		second := w.call("one")
		if code := second.closeCode(t); code != closePolicy {
			t.Errorf("closed with %d", code)
		}
		agent.send("ping 1")
		synctest.Wait()
		if len(agent.all("pong")) != 1 {
			t.Error("the first stream was harmed")
		}
		first.hangUp(1000)
		w.result()
	})
}

func TestANumbersSocketIsMatchedByItsFirstMessage(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.connect("/n/hush")
		talk(line, quiet(time.Second), 500*time.Millisecond) // audio first
		line.send("start 8000")
		w.agent()
		want := []Claim{{Start: helix.LineStart{ProviderCallID: "p1", Rate: 8000}}}
		if diff := cmp.Diff(want, w.owner.claims); diff != "" {
			t.Error(diff)
		}
		line.hangUp(1000)
		w.result()

		silent := w.connect("/n/hush")
		if code := silent.closeCode(t); code != closePolicy {
			t.Errorf("without a first message: closed with %d", code)
		}
	})
}

func TestATokensSocketDoesWithoutAFirstMessage(t *testing.T) {
	for name, c := range map[string]struct {
		sounds bool
		within time.Duration
	}{"audio comes": {true, 500 * time.Millisecond}, "nothing comes": {false, 2100 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, w *world) {
				begin := time.Now()
				line := w.connect("/s/" + w.tokens.Token("one", 1, time.Minute))
				if c.sounds {
					go talk(line, quiet(time.Second), time.Second)
				}
				agent := w.agent()
				if waited := time.Since(begin); waited > c.within {
					t.Errorf("the agent was called after %v", waited)
				}
				line.send("start 8000") // late: what was agreed on stays
				time.Sleep(2 * time.Second)
				if heard := len(agent.samples("hear")); c.sounds && heard != audio.PCM16k.Bytes(time.Second) {
					t.Errorf("the agent heard %d bytes", heard)
				}
				line.hangUp(1000)
				w.result()
			})
		})
	}
}

func TestAFullGatewayRefusesAndGoesOn(t *testing.T) {
	inBubble(t, func(_ *world, o *Options, _ *LineSettings) { o.Capacity = 2 }, func(t *testing.T, w *world) {
		first := w.call("one")
		second := w.call("two")
		agents := []*conversation{w.agent(), w.agent()}
		for range 3 {
			if code := w.connect("/s/" + w.tokens.Token("three", 1, time.Minute)).closeCode(t); code != closeTryLater {
				t.Errorf("closed with %d", code)
			}
		}
		for _, agent := range agents {
			agent.send("ping 1")
		}
		synctest.Wait()
		if len(agents[0].all("pong")) != 1 || len(agents[1].all("pong")) != 1 {
			t.Error("calls in progress were harmed")
		}
		first.hangUp(1000)
		w.result()
		third := w.call("three")
		w.agent()
		second.hangUp(1000)
		third.hangUp(1000)
		w.result()
		w.result()
	})
}

func TestNoCallOutlivesItsMaximumByAMinute(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.owner.plan.MaxDuration = time.Minute }, func(t *testing.T, w *world) {
		begin := time.Now()
		line := w.call("one")
		agent := w.agent()
		go func() {
			for {
				select {
				case <-agent.closed:
					return
				case <-time.After(time.Second):
					agent.speak(1, ramp(2*time.Second)) // never stops
				}
			}
		}()
		talk(line, quiet(time.Second), 61*time.Second)
		if r := w.result(); r.Reason != helix.ReasonMaxDuration {
			t.Errorf("ended with %v", r.Reason)
		}
		if lasted := time.Since(begin); lasted > 70*time.Second || len(line.all("hangup")) != 1 {
			t.Errorf("it lasted %v", lasted)
		}
	})
}

func TestALineWithoutAudioIsEnded(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		begin := time.Now()
		line := w.call("one")
		w.agent()
		talk(line, quiet(time.Second), 20*time.Second) // longer than the watch
		if r := w.result(); r.Reason != helix.ReasonNoAudio {
			t.Errorf("ended with %v", r.Reason)
		}
		if lasted := time.Since(begin); lasted < 35*time.Second || lasted > 38*time.Second {
			t.Errorf("it lasted %v", lasted)
		}
		if line.closeCode(t) != closeNormal || len(line.all("hangup")) != 1 {
			t.Error("the line was not ended cleanly")
		}
	})
}

func TestALineThatAnswersNoPingsIsGivenUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		begin := time.Now()
		line := w.call("one")
		line.ws.SetPingHandler(func(string) error { return nil })
		w.agent()
		var talking sync.WaitGroup
		talking.Go(func() { talk(line, quiet(time.Second), 65*time.Second) })
		r := w.result()
		if lasted := time.Since(begin); r.Reason != helix.ReasonPatientHungUp || lasted < 59*time.Second || lasted > 62*time.Second {
			t.Errorf("ended with %v after %v", r.Reason, lasted)
		}
		talking.Wait()
	})
}

func TestALineThatNeverReadsIsGivenUp(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		dialer := websocket.Dialer{NetDialContext: w.net.dial}
		ws, answer, err := dialer.Dial("ws://"+w.address+"/s/"+w.tokens.Token("one", 1, time.Minute), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		defer func() { _ = ws.Close() }()
		line := newPeer(ws)
		line.send("start 16000")
		w.agent().speak(1, ramp(5*time.Second))
		begin := time.Now()
		if r := w.result(); r.Reason != helix.ReasonNoAudio || time.Since(begin) > 10*time.Second {
			t.Errorf("ended with %v after %v", r.Reason, time.Since(begin))
		}
	})
}

func TestGarbageFromTheLineIsBorneUpToABound(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		for range maxGarbage {
			line.send("@@@")
		}
		line.send("news")
		line.sendBinary(nil)
		line.sendBinary(make([]byte, 1281)) // two frames glued together, and half a sample
		line.sendBinary(make([]byte, 639))
		time.Sleep(time.Second)
		if heard := agent.samples("hear"); len(heard) != 1920 {
			t.Fatalf("the agent heard %d bytes, want 1920", len(heard))
		}
		line.send("@@@")
		if r := w.result(); r.Reason != helix.ReasonNoAudio {
			t.Errorf("ended with %v", r.Reason)
		}
		if line.closeCode(t) != closeNormal || len(line.all("hangup")) != 1 {
			t.Error("the line was not ended cleanly")
		}
	})
}

func TestABreachOfTheProtocolClosesTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		code  int
	}{
		"not masked":           {[]byte{0x82, 0x01, 0x00}, closeProtocol},
		"too large":            {[]byte{0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4}, closeTooBig},
		"unknown opcode":       {[]byte{0x83, 0x80, 1, 2, 3, 4}, closeProtocol},
		"an extension":         {[]byte{0xc2, 0x80, 1, 2, 3, 4}, closeProtocol},
		"a long ping":          {[]byte{0x89, 0xfe, 0, 126, 1, 2, 3, 4}, closeProtocol},
		"a stray continuation": {[]byte{0x80, 0x80, 1, 2, 3, 4}, closeProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, w *world) {
				line := w.call("one")
				w.agent()
				_, _ = line.ws.NetConn().Write(c.bytes)
				if code := line.closeCode(t); code != c.code {
					t.Errorf("closed with %d, want %d", code, c.code)
				}
				if r := w.result(); r.Reason != helix.ReasonNoAudio {
					t.Errorf("ended with %v", r.Reason)
				}
			})
		})
	}
}

func TestTheLinesWordForTheEndIsEnough(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		line := w.call("one")
		w.agent()
		line.send("end")
		if r := w.result(); r.Reason != helix.ReasonPatientHungUp || len(line.all("hangup")) != 0 {
			t.Errorf("ended with %v", r.Reason)
		}
		if code := line.closeCode(t); code != closeNormal {
			t.Errorf("closed with %d", code)
		}
	})
}

func TestAShutdownWaitsForCallsAndThenEndsThemPolitely(t *testing.T) {
	inBubble(t, func(_ *world, o *Options, _ *LineSettings) { o.Drain = 30 * time.Second }, func(t *testing.T, w *world) {
		short, long := w.call("short"), w.call("long")
		w.agent()
		w.agent()
		begin := time.Now()
		w.stop()
		var talking sync.WaitGroup
		talking.Go(func() { talk(short, quiet(time.Second), 10*time.Second); short.hangUp(1000) })
		talking.Go(func() { talk(long, quiet(time.Second), 40*time.Second) })
		time.Sleep(time.Second)
		if code := w.connect("/s/" + w.tokens.Token("new", 1, time.Minute)).closeCode(t); code != closeTryLater {
			t.Errorf("a new stream was closed with %d", code)
		}
		if r := w.result(); r.Reason != helix.ReasonPatientHungUp {
			t.Errorf("the short call ended with %v", r.Reason)
		}
		if r := w.result(); r.Reason != helix.ReasonVoiceFailed {
			t.Errorf("the long call ended with %v", r.Reason)
		}
		<-w.stopped
		if lasted := time.Since(begin); lasted < 30*time.Second || lasted > 36*time.Second {
			t.Errorf("the shutdown took %v", lasted)
		}
		talking.Wait()
	})
}

func TestASlowOwnerOfTheCallsDelaysNoAudio(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.owner.attach = func(Claim) error { time.Sleep(time.Second); return nil }
		line := w.call("one")
		said := ramp(2 * time.Second)
		talk(line, said, 2*time.Second)
		time.Sleep(time.Second)
		if heard := w.agent().samples("hear"); len(heard) != len(said) {
			t.Errorf("the agent heard %d bytes of %d", len(heard), len(said))
		}
		line.hangUp(1000)
		w.result()
	})
}

func TestAnOwnerWhoRefusesClosesTheSocket(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.owner.attach = func(Claim) error { return errors.New("not dialling") }
		if code := w.call("one").closeCode(t); code != closePolicy {
			t.Errorf("closed with %d", code)
		}
		synctest.Wait()
		if w.owner.results != 0 || w.server.Active() != 0 {
			t.Error("a stream that was refused has a result, or stays open")
		}
	})
}
