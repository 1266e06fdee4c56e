package streaming

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/helix-engage/gateway/internal/audio"
)

// formats are all that a line or an agent may have, with the agent's word for them.
var formats = map[string]audio.Format{
	"pcm_8000":  audio.PCM8k,
	"pcm_16000": audio.PCM16k,
	"pcm_24000": {Encoding: audio.PCM16LE, Rate: 24000},
	"ulaw_8000": audio.MuLaw8k,
}

// Whatever the formats of both sides, either hears the other at the right pitch and for as long as he spoke.
func TestFormatsOfLineAndAgentMayDiffer(t *testing.T) {
	const patient, agent, length = 700.0, 1100.0, time.Second // Hz of their voices
	for line, onLine := range formats {
		for hears, toAgent := range formats {
			t.Run(line+" with an agent of "+hears, func(t *testing.T) {
				inBubble(t, func(w *world, _ *Options, s *LineSettings) {
					w.format = hears + " " + hears
					s.In, s.Out = onLine, onLine
				}, func(t *testing.T, w *world) {
					socket := w.connect("/s/" + w.tokens.Token("one", 1, time.Minute))
					socket.send(fmt.Sprintf("start %d", onLine.Rate))
					a := w.agent()
					a.speak(1, tone(toAgent, agent, length))
					for said, size := tone(onLine, patient, length), onLine.Bytes(20*time.Millisecond); len(said) > 0; said = said[size:] {
						socket.sendBinary(said[:size])
						time.Sleep(20 * time.Millisecond)
					}
					time.Sleep(time.Second)
					expectTone(t, "the agent", toAgent, a.samples("hear"), patient, length)
					expectTone(t, "the patient", onLine, socket.samples("play"), agent, length)
					socket.hangUp(closeNormal)
					w.result()
				})
			})
		}
	}
}

// tone is a sine in a format, half as loud as can be.
func tone(f audio.Format, hertz float64, d time.Duration) []byte {
	linear := audio.Format{Encoding: audio.PCM16LE, Rate: f.Rate}
	var samples []byte
	for i := range linear.Bytes(d) / 2 {
		s := int16(16000 * math.Sin(2*math.Pi*hertz*float64(i)/float64(f.Rate)))
		samples = append(samples, byte(s), byte(s>>8))
	}
	return audio.NewConverter(linear, f).Convert(nil, samples)
}

// expectTone checks that somebody heard a tone and little else, for as long as it sounded.
func expectTone(t *testing.T, who string, f audio.Format, heard []byte, hertz float64, d time.Duration) {
	t.Helper()
	const tolerated = 20 * time.Millisecond // what resamplers hold back
	if got := f.Duration(len(heard)); got < d-tolerated || got > d {
		t.Errorf("%s heard %v, want %v", who, got, d)
		return
	}
	linear := audio.Format{Encoding: audio.PCM16LE, Rate: f.Rate}
	samples := audio.NewConverter(f, linear).Convert(nil, heard)
	samples = samples[linear.Bytes(100*time.Millisecond):linear.Bytes(900*time.Millisecond)] // a whole number of periods
	var power, sine, cosine float64
	for i := 0; i < len(samples); i += 2 {
		x := float64(int16(samples[i]) | int16(samples[i+1])<<8)
		s, c := math.Sincos(2 * math.Pi * hertz * float64(i/2) / float64(f.Rate))
		power, sine, cosine = power+x*x, sine+x*s, cosine+x*c
	}
	// Of a pure tone of that pitch the two projections hold all of the power; of mu-law, all but a thousandth.
	if share := (sine*sine + cosine*cosine) * 2 / float64(len(samples)/2) / power; !(share > 0.995) { // silence has no share at all
		t.Errorf("%s heard %.1f %% of his power at %v Hz", who, 100*share, hertz)
	}
}
