package audio

import (
	"math"
	"time"
)

// Silence appends d of it.
func (f Format) Silence(dst []byte, d time.Duration) []byte {
	quiet := byte(0)
	if f.Encoding == MuLaw {
		quiet = muLawByte(0)
	}
	for range f.Bytes(d) {
		dst = append(dst, quiet)
	}
	return dst
}

// levelStep is how many samples [Format.Level] steps over: an eighth of them tells as much as all.
const levelStep = 8

// Level is how loud samples are: their mean distance from zero, 0 to 32767. Telephone speech lies between about 300 and
// 6000. A half sample at the end is left out.
func (f Format) Level(samples []byte) int {
	sum, n := 0, 0
	if f.Encoding == MuLaw {
		for i := 0; i < len(samples); i += levelStep {
			sum += abs(muLawSamples[samples[i]])
			n++
		}
	} else {
		for i := 0; i+1 < len(samples); i += 2 * levelStep {
			sum += abs(int16(samples[i]) | int16(samples[i+1])<<8)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

func abs(s int16) int {
	if s < 0 {
		return -int(s)
	}
	return int(s)
}

// Comfort makes the sound that tells somebody on the telephone that the line is alive while nobody speaks: soft noise and
// a short soft tone once a second. It is the same each time.
type Comfort struct {
	format Format
	seed   uint32
	noise  float64
	at     int // sample within the second
}

// Loudness and shape of the filler, in sample values, Hz and parts of a second.
const (
	comfortNoise = 320
	comfortTone  = 1000
	comfortPitch = 425.0
	comfortPart  = 4 // the tone takes a quarter of each second
)

// NewComfort makes a filler in a valid format.
func NewComfort(f Format) *Comfort { return &Comfort{format: f, seed: 1} }

// Append appends d of the filler, following on what it gave before.
func (c *Comfort) Append(dst []byte, d time.Duration) []byte {
	for range c.format.Bytes(d) / c.format.FrameSize() {
		c.seed = c.seed*1664525 + 1013904223 // a linear congruential generator
		c.noise += 0.3 * (float64(int32(c.seed))/math.MaxInt32*comfortNoise*2 - c.noise)
		v := c.noise
		if length := c.format.Rate / comfortPart; c.at < length {
			envelope := math.Sin(math.Pi * float64(c.at) / float64(length)) // without a click at either end
			v += comfortTone * envelope * math.Sin(2*math.Pi*comfortPitch*float64(c.at)/float64(c.format.Rate))
		}
		c.at = (c.at + 1) % c.format.Rate
		s := clamp(float32(v))
		if c.format.Encoding == MuLaw {
			dst = append(dst, muLawByte(s))
		} else {
			dst = append(dst, byte(s), byte(s>>8))
		}
	}
	return dst
}
