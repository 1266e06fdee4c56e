package audio

import (
	"encoding/binary"
	"math"
	"slices"
)

// block is how many samples are converted at a time.
const block = 256

// Converter turns a stream of samples of one format into another. It is not safe for concurrent use.
type Converter struct {
	from, to Format
	gain     float32
	resample *resampler // nil when the rates are equal

	half    byte // first byte of a sample whose second has not come yet
	hasHalf bool
	in      [block]float32
	out     []float32
}

// NewConverter makes a converter between two valid formats.
func NewConverter(from, to Format) *Converter {
	c := &Converter{from: from, to: to, gain: 1}
	if from.Rate != to.Rate {
		c.resample = newResampler(from.Rate, to.Rate)
		c.out = make([]float32, 0, c.resample.most(block))
	}
	return c
}

// SetGain multiplies all samples from now on; what gets too loud is clamped. 1 leaves them alone.
func (c *Converter) SetGain(gain float64) { c.gain = float32(gain) }

// Reset forgets what was converted so far, for a stream that starts anew.
func (c *Converter) Reset() {
	c.hasHalf = false
	if c.resample != nil {
		c.resample.reset()
	}
}

// Convert appends to dst what comes of src. Samples may be split between calls anywhere.
func (c *Converter) Convert(dst, src []byte) []byte {
	if c.from.Encoding == PCM16LE && c.hasHalf && len(src) > 0 {
		whole := [2]byte{c.half, src[0]}
		c.hasHalf = false
		dst = c.convert(dst, whole[:])
		src = src[1:]
	}
	if c.from.Encoding == PCM16LE && len(src)%2 == 1 {
		c.half, c.hasHalf = src[len(src)-1], true
		src = src[:len(src)-1]
	}
	return c.convert(dst, src)
}

// convert does whole samples.
func (c *Converter) convert(dst, src []byte) []byte {
	if c.from == c.to && c.gain == 1 {
		return append(dst, src...)
	}
	for size := c.from.FrameSize(); len(src) > 0; {
		n := min(len(src)/size, block)
		samples := c.in[:n]
		c.decode(samples, src)
		src = src[n*size:]
		if c.resample != nil {
			samples = c.resample.run(c.out[:0], samples)
		}
		dst = c.encode(dst, samples)
	}
	return dst
}

func (c *Converter) decode(samples []float32, src []byte) {
	if c.from.Encoding == MuLaw {
		for i := range samples {
			samples[i] = float32(muLawSamples[src[i]]) * c.gain
		}
		return
	}
	for i := range samples {
		samples[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) * c.gain
	}
}

func (c *Converter) encode(dst []byte, samples []float32) []byte {
	if c.to.Encoding == MuLaw {
		for _, s := range samples {
			dst = append(dst, muLawByte(clamp(s)))
		}
		return dst
	}
	at := len(dst)
	dst = slices.Grow(dst, 2*len(samples))[:at+2*len(samples)]
	for _, s := range samples {
		binary.LittleEndian.PutUint16(dst[at:], uint16(clamp(s)))
		at += 2
	}
	return dst
}

// clamp rounds to the nearest sample and keeps it in range.
func clamp(s float32) int16 {
	switch {
	case s >= math.MaxInt16:
		return math.MaxInt16
	case s <= math.MinInt16:
		return math.MinInt16
	case s < 0:
		return int16(s - 0.5)
	default:
		return int16(s + 0.5)
	}
}
