package audio

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// tone makes d of a sine of frequency Hz, half of full loudness.
func tone(f Format, frequency float64, d time.Duration) []byte {
	var out []byte
	for i := range f.Bytes(d) / f.FrameSize() {
		s := int16(math.Round(16000 * math.Sin(2*math.Pi*frequency*float64(i)/float64(f.Rate))))
		if f.Encoding == MuLaw {
			out = append(out, muLawByte(s))
		} else {
			out = append(out, byte(s), byte(s>>8))
		}
	}
	return out
}

// numbers gives samples as numbers.
func numbers(f Format, samples []byte) []float64 {
	var out []float64
	for i := 0; i < len(samples); i += f.FrameSize() {
		if f.Encoding == MuLaw {
			out = append(out, float64(muLawSamples[samples[i]]))
		} else {
			out = append(out, float64(int16(samples[i])|int16(samples[i+1])<<8))
		}
	}
	return out
}

// purity is the power of a sine of frequency Hz over the power of everything else, in dB. Sine and cosine are fitted by
// least squares, so that neither delay nor loudness counts as noise.
func purity(samples []float64, frequency float64, rate int) float64 {
	var ss, sc, cc, xs, xc float64
	for i, x := range samples {
		s, c := math.Sincos(2 * math.Pi * frequency * float64(i) / float64(rate))
		ss, sc, cc = ss+s*s, sc+s*c, cc+c*c
		xs, xc = xs+x*s, xc+x*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	var signal, noise float64
	for i, x := range samples {
		s, c := math.Sincos(2 * math.Pi * frequency * float64(i) / float64(rate))
		y := a*s + b*c
		signal, noise = signal+y*y, noise+(x-y)*(x-y)
	}
	return 10 * math.Log10(signal/noise)
}

func TestTonesStayPureThroughEveryPairOfRates(t *testing.T) {
	t.Parallel()
	for _, from := range rates {
		for _, to := range rates {
			t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) {
				t.Parallel()
				for _, frequency := range []float64{300, 1000, 2000, 3000, 3400} {
					source, target := Format{PCM16LE, from}, Format{PCM16LE, to}
					const length = 300 * time.Millisecond
					out := NewConverter(source, target).Convert(nil, tone(source, frequency, length))
					if want := target.Bytes(length); len(out) < want-4 || len(out) > want+4 {
						t.Errorf("%v came out as %d bytes, want %d", length, len(out), want)
					}
					settled := numbers(target, out[target.Bytes(50*time.Millisecond):])
					if db := purity(settled, frequency, to); db < 70 {
						t.Errorf("%v Hz: %.1f dB, want at least 70", frequency, db)
					}
					var power float64
					for _, x := range settled {
						power += x * x
					}
					if loudness := math.Sqrt(2 * power / float64(len(settled))); math.Abs(loudness-16000) > 160 {
						t.Errorf("%v Hz: loudness %.0f, want 16000", frequency, loudness)
					}
				}
			})
		}
	}
}

func TestWhatTheLowerRateCannotCarryIsFilteredOut(t *testing.T) {
	t.Parallel()
	for _, frequency := range []float64{4700, 5500, 7000} {
		out := NewConverter(PCM16k, PCM8k).Convert(nil, tone(PCM16k, frequency, time.Second))
		if level := PCM8k.Level(out[PCM8k.Bytes(50*time.Millisecond):]); level > 3 {
			t.Errorf("%v Hz leaves a level of %d", frequency, level)
		}
	}
}

func TestMuLawIsConvertedWithTheQualityThatItHas(t *testing.T) {
	t.Parallel()
	coded := NewConverter(PCM16k, MuLaw8k).Convert(nil, tone(PCM16k, 1000, time.Second))
	back := NewConverter(MuLaw8k, PCM16k).Convert(nil, coded)
	if db := purity(numbers(PCM16k, back[PCM16k.Bytes(50*time.Millisecond):]), 1000, 16000); db < 35 {
		t.Errorf("%.1f dB, want at least 35", db)
	}
}

func TestPiecesOfAnyLengthGiveWhatTheWholeGives(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]Format{
		{PCM16k, PCM16k}, {PCM16k, PCM8k}, {PCM8k, PCM16k}, {PCM16k, MuLaw8k}, {MuLaw8k, PCM16k}, {PCM8k, {PCM16LE, 44100}}, {{PCM16LE, 44100}, PCM8k},
	} {
		src := tone(pair[0], 700, 500*time.Millisecond)
		want := NewConverter(pair[0], pair[1]).Convert(nil, src)
		random := rand.New(rand.NewPCG(1, 2))
		c := NewConverter(pair[0], pair[1])
		var got []byte
		for rest := src; len(rest) > 0; {
			n := min(len(rest), random.IntN(700))
			got = c.Convert(got, rest[:n])
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%v to %v: pieces give something else", pair[0], pair[1])
		}
		c.Reset()
		if again := c.Convert(nil, src); !bytes.Equal(again, want) {
			t.Errorf("%v to %v: a reset leaves something behind", pair[0], pair[1])
		}
	}
}

func TestGainClampsWhatGetsTooLoud(t *testing.T) {
	t.Parallel()
	c := NewConverter(PCM8k, PCM8k)
	c.SetGain(2.5)
	got := c.Convert(nil, []byte{0xe8, 0x03, 0x18, 0xfc, 0x20, 0x4e, 0xe0, 0xb1}) // 1000, -1000, 20000, -20000
	want := []byte{0xc4, 0x09, 0x3c, 0xf6, 0xff, 0x7f, 0x00, 0x80}                // 2500, -2500, 32767, -32768
	if !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestSteadyConversionAllocatesNothing(t *testing.T) {
	for _, pair := range [][2]Format{{PCM16k, PCM16k}, {PCM8k, PCM16k}, {PCM16k, MuLaw8k}, {MuLaw8k, {PCM16LE, 24000}}} {
		c, src := NewConverter(pair[0], pair[1]), tone(pair[0], 700, 20*time.Millisecond)
		dst := make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(100, func() { dst = c.Convert(dst[:0], src) }); n != 0 {
			t.Errorf("%v to %v: %v allocations a frame", pair[0], pair[1], n)
		}
	}
}

// One operation is a frame of 20 ms.
func BenchmarkConvert(b *testing.B) {
	for _, pair := range [][2]Format{{PCM16k, PCM16k}, {PCM8k, PCM16k}, {PCM16k, PCM8k}, {PCM16k, MuLaw8k}, {MuLaw8k, PCM16k}, {{PCM16LE, 44100}, PCM16k}} {
		b.Run(pair[0].String()+" to "+pair[1].String(), func(b *testing.B) {
			c, src := NewConverter(pair[0], pair[1]), tone(pair[0], 700, 20*time.Millisecond)
			dst := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				dst = c.Convert(dst[:0], src)
			}
		})
	}
}
