package speech

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Rate is samples a second of everything that is not encoded.
const Rate = 16_000

const wavHeader = 44

// Duration is how long n samples of Rate last.
func Duration(n int) time.Duration { return time.Duration(n) * time.Second / Rate }

// Count is how many samples of Rate last d.
func Count(d time.Duration) int { return int(d * Rate / time.Second) }

// Samples reads signed 16-bit little-endian samples; half a sample at the end is left out.
func Samples(pcm []byte) []int16 {
	samples := make([]int16, len(pcm)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
	}
	return samples
}

// PCM writes signed 16-bit little-endian samples.
func PCM(samples []int16) []byte {
	pcm := make([]byte, 0, 2*len(samples))
	for _, v := range samples {
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(v))
	}
	return pcm
}

// WAV is a whole file, mono, 16 bits.
func WAV(samples []int16, rate int) []byte {
	data := PCM(samples)
	file := make([]byte, 0, wavHeader+len(data))
	word, half := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint16
	file = word(append(file, "RIFF"...), uint32(wavHeader-8+len(data)))
	file = half(half(word(append(file, "WAVEfmt "...), 16), 1), 1) // PCM, one channel
	file = half(half(word(word(file, uint32(rate)), uint32(2*rate)), 2), 16)
	file = word(append(file, "data"...), uint32(len(data)))
	return append(file, data...)
}

// Resample converts whole pieces of sound between rates, with a filter good enough for speech. What follows a piece is not known to it,
// so cutting a stream into pieces clicks softly between them.
func Resample(samples []int16, from, to int) []int16 {
	if from == to || from <= 0 || to <= 0 {
		return append([]int16(nil), samples...)
	}
	divisor := gcd(from, to)
	phases := filters(from/divisor, to/divisor)
	out := make([]int16, len(samples)*to/from)
	for i := range out {
		at := i * (from / divisor)
		phase := phases[at%len(phases)]
		first := at/len(phases) - (len(phase)/2 - 1)
		var sum float64
		for k, weight := range phase {
			if j := first + k; j >= 0 && j < len(samples) {
				sum += weight * float64(samples[j])
			}
		}
		out[i] = int16(min(max(math.Round(sum), math.MinInt16), math.MaxInt16))
	}
	return out
}

// filters are the weights of the samples around each place that a new sample can have between two old ones, of which there are up.
func filters(down, up int) [][]float64 {
	const zeros = 12 // of the sinc on either side
	stretch := max(float64(down)/float64(up), 1)
	reach := int(math.Ceil(zeros * stretch))
	phases := make([][]float64, up)
	for p := range phases {
		weights, total := make([]float64, 2*reach), 0.0
		for k := range weights {
			x := (float64(k-reach+1) - float64(p)/float64(up)) / stretch
			if math.Abs(x) < zeros {
				weights[k] = windowedSinc(x, zeros)
			}
			total += weights[k]
		}
		for k := range weights {
			weights[k] /= total
		}
		phases[p] = weights
	}
	return phases
}

func windowedSinc(x, zeros float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x) * (0.5 + 0.5*math.Cos(math.Pi*x/zeros))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Encode writes sound in a voice provider's format: pcm_8000, pcm_16000, pcm_22050, pcm_24000, pcm_44100, pcm_48000 or ulaw_8000
// (elevenlabs.md 4.1). Errors: another format.
func Encode(format string, samples []int16) ([]byte, error) {
	rate, law, err := parseFormat(format)
	if err != nil {
		return nil, err
	}
	samples = Resample(samples, Rate, rate)
	if !law {
		return PCM(samples), nil
	}
	out := make([]byte, len(samples))
	for i, v := range samples {
		out[i] = muLaw(v)
	}
	return out, nil
}

// Decode reads what Encode writes.
func Decode(format string, data []byte) ([]int16, error) {
	rate, law, err := parseFormat(format)
	if err != nil {
		return nil, err
	}
	if !law {
		return Resample(Samples(data), rate, Rate), nil
	}
	samples := make([]int16, len(data))
	for i, v := range data {
		samples[i] = linear(v)
	}
	return Resample(samples, rate, Rate), nil
}

func parseFormat(format string) (rate int, law bool, err error) {
	switch format {
	case "ulaw_8000":
		return 8_000, true, nil
	case "pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100", "pcm_48000":
		_, err = fmt.Sscanf(format, "pcm_%d", &rate)
		return rate, false, err
	default:
		return 0, false, fmt.Errorf("unknown format %q", format)
	}
}

// G.711 mu-law by its definition: eight segments, each twice as coarse as the one below.
const (
	muBias = 0x84
	muClip = 32_635
)

func muLaw(sample int16) byte {
	v, sign := int(sample), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, muClip) + muBias
	segment := 7
	for mask := 0x4000; segment > 0 && v&mask == 0; mask >>= 1 {
		segment--
	}
	return ^(sign | byte(segment<<4) | byte(v>>(segment+3)&0x0F))
}

func linear(code byte) int16 {
	code = ^code
	segment := code >> 4 & 7
	v := (int(code&0x0F)<<3+muBias)<<segment - muBias
	if code&0x80 != 0 {
		return int16(-v)
	}
	return int16(v)
}
