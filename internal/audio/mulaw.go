package audio

import "math/bits"

// G.711 mu-law as ITU-T defines it: a sign, three bits of exponent, four of mantissa, all inverted on the wire.
const (
	muLawBias = 33 << 2 // makes the exponent the place of the highest bit; in 16-bit samples
	muLawClip = 32635   // the loudest sample that still fits after the bias
)

// muLawSamples holds the sample of every mu-law byte.
var muLawSamples = func() (table [256]int16) {
	for i := range table {
		b := ^byte(i)
		magnitude := (int(b&0x0f)<<3+muLawBias)<<(b>>4&7) - muLawBias
		if b&0x80 != 0 {
			magnitude = -magnitude
		}
		table[i] = int16(magnitude)
	}
	return table
}()

// muLawByte gives the mu-law byte of a sample.
func muLawByte(sample int16) byte {
	var sign byte
	magnitude := int(sample)
	if magnitude < 0 {
		sign, magnitude = 0x80, -magnitude
	}
	magnitude = min(magnitude, muLawClip) + muLawBias
	exponent := bits.Len(uint(magnitude)) - 8
	return ^(sign | byte(exponent)<<4 | byte(magnitude>>(exponent+3))&0x0f)
}
