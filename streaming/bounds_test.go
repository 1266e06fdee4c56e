package streaming

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	helix "github.com/helix-engage/gateway"
	"github.com/helix-engage/gateway/internal/audio"
)

func TestWhatWasEarlyIsTheEndOfWhatCameInWholeSamples(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		e := &ear{in: audio.PCM16k, keep: 100 * time.Millisecond}
		var stream []byte
		for range random.IntN(30) {
			piece := make([]byte, random.IntN(5000))
			for i := range piece {
				piece[i] = byte(random.Uint32())
			}
			e.push(piece)
			stream = append(stream, piece...)
		}
		u := &uplink{dialect: testVoice{}, wake: func() {}, now: func() time.Duration { return 0 }}
		u.open(audio.PCM16k, audio.PCM16k, LineSettings{}.withDefaults())
		e.attach(u)
		got, most := u.queue.buf, audio.PCM16k.Bytes(e.keep)
		whole := stream[:len(stream)/2*2]
		if !bytes.HasSuffix(whole, got) || len(got)%2 != 0 || len(got) < min(len(whole), most-4) || len(got) > most {
			t.Fatalf("seed %d: %d bytes of %d are kept, and not the last", seed, len(got), len(stream))
		}
	}
}

func TestAnAgentWhoSaysTooMuchAtOnceLosesTheRest(t *testing.T) {
	inBubble(t, func(_ *world, _ *Options, s *LineSettings) { s.MaxQueued = 2 * time.Second }, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		for range 10 {
			agent.speak(1, ramp(time.Second))
		}
		time.Sleep(12 * time.Second)
		line.hangUp(1000)
		r := w.result()
		if played := audio.PCM16k.Duration(len(line.samples("play"))); r.Media.Dropped == 0 ||
			played+time.Duration(r.Media.Dropped)*time.Second != 10*time.Second {
			t.Errorf("%v were played and %d messages dropped", played, r.Media.Dropped)
		}
	})
}

func TestAnOwnerWhoIsFarBehindLosesReportsAndNoAudio(t *testing.T) {
	inBubble(t, func(w *world, _ *Options, _ *LineSettings) { w.owner.slow = time.Minute }, func(t *testing.T, w *world) {
		line := w.call("one")
		agent := w.agent()
		for range 2 * maxReports {
			agent.send("patient yes")
		}
		answer := ramp(time.Second)
		agent.speak(1, answer)
		talk(line, quiet(time.Second), 2*time.Second)
		if !bytes.Equal(line.samples("play"), answer) {
			t.Error("the audio waited for the owner of the calls")
		}
		begin := time.Now()
		line.hangUp(1000)
		if r := w.result(); r.Reason != helix.ReasonPatientHungUp || time.Since(begin) > time.Minute {
			t.Errorf("ended with %v after %v", r.Reason, time.Since(begin))
		}
		if n := len(w.owner.transcript()); n > maxReports {
			t.Errorf("%d reports were kept", n)
		}
	})
}

func TestAnAgentWhoDoesNotListenLosesTheOldest(t *testing.T) {
	t.Parallel()
	var woken int
	u := &uplink{dialect: testVoice{}, wake: func() { woken++ }, now: func() time.Duration { return 0 }}
	u.open(audio.PCM16k, audio.PCM16k, LineSettings{}.withDefaults())
	u.asleep = never
	said := ramp(10 * time.Second)
	for at := 0; at < len(said); at += 640 {
		u.push(said[at : at+640])
	}
	kept := u.queue.take(u.queue.len())
	if !bytes.HasSuffix(said, kept) || audio.PCM16k.Duration(len(kept)) > 6*time.Second || u.lost() == 0 || woken == 0 {
		t.Errorf("%v are kept, %d messages count as lost", audio.PCM16k.Duration(len(kept)), u.lost())
	}
}

func TestTheAgentsLineIsToldOnceItWasPlayed(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.call("one")
		agent := w.agent()
		agent.send("agent Hello")
		agent.speak(1, ramp(time.Second))
		agent.send("ping 1")
		time.Sleep(500 * time.Millisecond)
		if n := len(w.owner.transcript()); n != 0 {
			t.Error("the line was told before it was heard")
		}
		time.Sleep(time.Second)
		agent.send("ping 2")
		time.Sleep(time.Millisecond)
		if got := strings.Join(w.owner.transcript(), ""); got != "AGENT: Hello" {
			t.Errorf("told %q", got)
		}
	})
}

func TestWhatANewAgentIsToldIsBounded(t *testing.T) {
	t.Parallel()
	tell := newTurns(&call{})
	for range maxSaid {
		tell.said = append(tell.said, helix.TranscriptLine{Role: helix.RolePatient, Text: strings.Repeat("x", 100)})
	}
	tell.said[maxSaid-1].Text = "the newest"
	if told := tell.context(); len(told) > maxContext || !strings.HasSuffix(told, "Patient: the newest") {
		t.Errorf("%d bytes", len(told))
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	w := &world{}
	good := Options{Voices: w, Calls: newOwner(), Tokens: NewTokens(nil, time.Now), Logger: discardLogger()}
	if _, err := NewServer(Options{}); err == nil {
		t.Error("no options are enough")
	}
	stereo := good
	stereo.Goodbye = audio.Clip{Format: audio.PCM16k, Channels: 2, Samples: make([]byte, 4)}
	if _, err := NewServer(stereo); err == nil {
		t.Error("a good-bye of two channels is taken")
	}
	s, err := NewServer(good)
	if err != nil {
		t.Fatal(err)
	}
	dialect := func() Line { return testLine{} }
	for name, kind := range map[string]LineKind{
		"no dialect": {}, "an unknown rate": {Dialect: dialect, Settings: LineSettings{In: audio.Format{Encoding: audio.PCM16LE, Rate: 1}}},
		"a gain below zero": {Dialect: dialect, Settings: LineSettings{Gain: -1}},
	} {
		if _, err := s.Handler(kind); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
