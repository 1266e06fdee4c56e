package speech_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/helix-engage/gateway/sandbox/speech"
)

func TestEverySentenceHasItsSoundAndAllAreSmall(t *testing.T) {
	t.Parallel()
	prompts := speech.Prompts()
	if len(prompts) < 20 {
		t.Fatalf("%d sentences", len(prompts))
	}
	total := 0
	for _, p := range prompts {
		samples := p.Samples()
		total += 2 * len(samples)
		if d := speech.Duration(len(samples)); d < 200*time.Millisecond || d > 4*time.Second || !speech.Loud(samples) || p.Text == "" {
			t.Errorf("%s lasts %v, loud %v", p.File(), d, speech.Loud(samples))
		}
	}
	if total > 1<<20 {
		t.Errorf("%d bytes of sound", total)
	}
	if speech.Say("en", "age") == nil || speech.Say("fr", "age") != nil {
		t.Error("Say finds what it should not, or does not find what it should")
	}
}

func TestATableThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := speech.ParsePrompts("en\tagent\tx\t\tHello\nen\tagent"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestASpokenSentenceIsOneTurnAndIsRecognisedInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"pcm_8000", "pcm_16000", "pcm_24000", "ulaw_8000"} {
		for _, p := range speech.Prompts() {
			sound := append(make([]int16, 7_777), p.Samples()...)
			sound = append(sound, make([]int16, speech.Rate)...)
			data, err := speech.Encode(format, sound)
			if err != nil {
				t.Fatal(err)
			}
			heard, err := speech.Decode(format, data)
			if err != nil {
				t.Fatal(err)
			}
			turns, turn := listen(heard)
			if diff := cmp.Diff([]speech.Turn{speech.Began, speech.Ended}, turns); diff != "" {
				t.Errorf("%s in %s (-want +got):\n%s", p.File(), format, diff)
			}
			if got, ok := speech.Recognise(p.Lang, p.Speaker, turn); !ok || got.Name != p.Name {
				t.Errorf("%s in %s is taken for %q", p.File(), format, got.Name)
			}
		}
	}
}

// listen feeds sound in pieces of odd sizes.
func listen(sound []int16) (turns []speech.Turn, last []int16) {
	var d speech.Detector
	for i, size := 0, 1; i < len(sound); i, size = i+size, size%701+37 {
		if turn := d.Hear(sound[i:min(i+size, len(sound))]); turn != speech.Nothing {
			turns = append(turns, turn)
		}
	}
	return turns, d.Turn()
}

func TestSilenceNoiseAndOtherSoundAreNoSentence(t *testing.T) {
	t.Parallel()
	noise := make([]int16, 2*speech.Rate)
	for i := range noise {
		noise[i] = int16(i * 7919 % 200)
	}
	if turns, _ := listen(noise); turns != nil {
		t.Errorf("noise is speech: %v", turns)
	}
	tone := sine(1_000, speech.Rate, 2*speech.Rate)
	if p, ok := speech.Recognise("en", speech.Patient, tone); ok {
		t.Errorf("a tone is %q", p.Name)
	}
	if _, ok := speech.Recognise("en", speech.Patient, nil); ok {
		t.Error("nothing is a sentence")
	}
}

func TestATurnEndsAfterThirtySecondsAtTheLatest(t *testing.T) {
	t.Parallel()
	turns, turn := listen(sine(300, speech.Rate, 31*speech.Rate))
	if len(turns) < 2 || turns[1] != speech.Ended || speech.Duration(len(turn)) != 30*time.Second {
		t.Errorf("%v, %v", turns, speech.Duration(len(turn)))
	}
}

func TestResamplingKeepsSpeechAndRemovesWhatTheLowerRateCannotHold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		hertz    float64
		from, to int
		kept     bool
	}{
		{"speech down", 1_000, 16_000, 8_000, true},
		{"speech up", 1_000, 16_000, 48_000, true},
		{"an odd rate", 1_000, 16_000, 22_050, true},
		{"too high for the lower rate", 6_000, 16_000, 8_000, false},
	}
	for _, test := range tests {
		got := speech.Resample(sine(test.hertz, test.from, test.from), test.from, test.to)
		want := sine(test.hertz, test.to, test.to)
		var noise, signal float64
		for i := test.to / 10; i < test.to*9/10; i++ {
			expected := float64(want[i])
			if !test.kept {
				expected = 0
			}
			noise += math.Pow(float64(got[i])-expected, 2)
			signal += math.Pow(float64(want[i]), 2)
		}
		if snr := 10 * math.Log10(signal/noise); snr < 35 {
			t.Errorf("%s: %.1f dB", test.name, snr)
		}
	}
}

func TestAWAVFileSaysWhatItHolds(t *testing.T) {
	t.Parallel()
	want := "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xff\xff"
	if diff := cmp.Diff(want, string(speech.WAV([]int16{1, -1}, 8_000))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("pcm_16000", []byte{1, 2, 3})
	f.Add("ulaw_8000", []byte{0xff, 0x00})
	f.Add("mp3", []byte{})
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		samples, err := speech.Decode(format, data[:min(len(data), 1_000)])
		if err != nil {
			return
		}
		if _, err := speech.Encode(format, samples); err != nil {
			t.Errorf("decoded but not encoded: %v", err)
		}
	})
}

func sine(hertz float64, rate, n int) []int16 {
	samples := make([]int16, n)
	for i := range samples {
		samples[i] = int16(8_000 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return samples
}
