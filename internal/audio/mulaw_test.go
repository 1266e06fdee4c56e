package audio

import "testing"

// Every one of the 65,536 samples must come back as the nearest of the 256 values that mu-law knows.
func TestEverySampleIsCodedAsTheNearestMuLawValue(t *testing.T) {
	t.Parallel()
	// Half the distance between neighbours grows with the exponent: 4, 8, 16 … 512.
	for s := -32768; s <= 32767; s++ {
		got := int(muLawSamples[muLawByte(int16(s))])
		magnitude := s
		if s < 0 {
			magnitude = -s
		}
		half := 4
		for edge := 256 - muLawBias; edge <= magnitude && half < 512; edge = 2*(edge+muLawBias) - muLawBias {
			half *= 2
		}
		if distance := abs(int16(max(-32767, min(32767, s-got)))); distance > half && magnitude <= 32124 {
			t.Fatalf("%d comes back as %d, more than %d away", s, got, half)
		}
		if s > 0 && got < 0 || s < 0 && got > 0 {
			t.Fatalf("%d comes back as %d", s, got)
		}
	}
}

func TestEveryMuLawByteSurvivesTheRoundTrip(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		got := muLawByte(muLawSamples[b])
		if b == 0x7f { // the negative zero
			b = 0xff
		}
		if int(got) != b {
			t.Errorf("%#02x comes back as %#02x", b, got)
		}
	}
}

// Values of ITU-T G.711, table 2a, in 16-bit samples.
func TestMuLawValuesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	for b, want := range map[byte]int16{0x00: -32124, 0x80: 32124, 0xff: 0, 0x7f: 0, 0xef: 132, 0xfe: 8, 0x8f: 16764, 0x0f: -16764} {
		if got := muLawSamples[b]; got != want {
			t.Errorf("%#02x is %d, want %d", b, got, want)
		}
	}
}
