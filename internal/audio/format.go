package audio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Encoding is how one sample is written down.
type Encoding uint8

// The encodings.
const (
	PCM16LE Encoding = iota + 1 // signed 16 bit, little-endian: two bytes
	MuLaw                       // G.711 mu-law: one byte
)

// Format is a stream of samples of one channel.
type Format struct {
	Encoding Encoding
	Rate     int // samples a second
}

// The formats that telephone lines speak.
var (
	PCM8k   = Format{PCM16LE, 8000}
	PCM16k  = Format{PCM16LE, 16000}
	MuLaw8k = Format{MuLaw, 8000}
)

// rates are those that providers name in their formats (elevenlabs.md 4.1).
var rates = []int{8000, 16000, 22050, 24000, 44100, 48000}

// ParseFormat reads a format as voice providers write it, e.g. "pcm_16000" or "ulaw_8000" (elevenlabs.md 4.1).
func ParseFormat(name string) (Format, error) {
	coding, digits, _ := strings.Cut(name, "_")
	var f Format
	switch coding {
	case "pcm":
		f.Encoding = PCM16LE
	case "ulaw":
		f.Encoding = MuLaw
	}
	f.Rate, _ = strconv.Atoi(digits)
	if !f.Valid() || f.String() != name {
		return Format{}, fmt.Errorf("audio: %.32q is no known format", name)
	}
	return f, nil
}

// Valid reports whether the format is one that this package converts: PCM at 8, 16, 22.05, 24, 44.1 or 48 kHz, or mu-law
// at 8 kHz.
func (f Format) Valid() bool {
	return (f.Encoding == PCM16LE && slices.Contains(rates, f.Rate)) || f == MuLaw8k
}

// String gives the name that [ParseFormat] reads.
func (f Format) String() string {
	switch f.Encoding {
	case PCM16LE:
		return "pcm_" + strconv.Itoa(f.Rate)
	case MuLaw:
		return "ulaw_" + strconv.Itoa(f.Rate)
	default:
		return "unknown"
	}
}

// FrameSize is how many bytes one sample takes.
func (f Format) FrameSize() int {
	if f.Encoding == PCM16LE {
		return 2
	}
	return 1
}

// Bytes is how many bytes d takes, whole samples rounded down.
func (f Format) Bytes(d time.Duration) int {
	return int(int64(d)*int64(f.Rate)/int64(time.Second)) * f.FrameSize()
}

// Duration is how long n bytes sound.
func (f Format) Duration(n int) time.Duration {
	return time.Duration(int64(n/f.FrameSize()) * int64(time.Second) / int64(f.Rate))
}
