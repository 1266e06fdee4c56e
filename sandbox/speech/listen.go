package speech

import (
	"math"
	"time"
)

// Frame is the piece of sound that listening works on.
const Frame = 20 * time.Millisecond

const (
	frameSamples = Rate / 50
	loudness     = 300 // root mean square of a frame that holds speech; comfort noise and codecs stay well below
	maxTurn      = 30 * Rate
)

// Loud says whether a piece of sound holds speech.
func Loud(samples []int16) bool { return level(samples) > loudness }

func level(samples []int16) float64 {
	if len(samples) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(samples)))
}

// Turn is what a Detector has noticed.
type Turn int

// The notices.
const (
	Nothing Turn = iota
	Began        // somebody has begun to speak: three loud frames of five
	Ended        // he has been silent for Detector.Silence
)

// Detector finds where speech begins and ends in a stream of sound. The zero value waits 500 ms. Turns are cut at 30 s.
type Detector struct {
	Silence time.Duration // what ends a turn; 0 means 500 ms

	rest     []int16 // less than a frame
	recent   []int16 // the frames before the beginning
	loud     int     // score of recent loud frames
	speaking bool
	quiet    time.Duration
	turn     []int16
	ended    []int16
}

// Hear takes the next samples and answers the last thing noticed in them.
func (d *Detector) Hear(samples []int16) Turn {
	d.rest = append(d.rest, samples...)
	noticed := Nothing
	for len(d.rest) >= frameSamples {
		if turn := d.frame(d.rest[:frameSamples]); turn != Nothing {
			noticed = turn
		}
		d.rest = d.rest[frameSamples:]
	}
	d.rest = append([]int16(nil), d.rest...)
	return noticed
}

// Speaking says whether a turn is under way.
func (d *Detector) Speaking() bool { return d.speaking }

// Turn is the sound of the last turn that ended.
func (d *Detector) Turn() []int16 { return append([]int16(nil), d.ended...) }

func (d *Detector) frame(samples []int16) Turn {
	isLoud := Loud(samples)
	if !d.speaking {
		return d.listen(samples, isLoud)
	}
	if len(d.turn) < maxTurn {
		d.turn = append(d.turn, samples...)
	}
	d.quiet += Frame
	if isLoud {
		d.quiet = 0
	}
	silence := d.Silence
	if silence == 0 {
		silence = 500 * time.Millisecond
	}
	if d.quiet < silence && len(d.turn) < maxTurn {
		return Nothing
	}
	d.speaking, d.loud, d.quiet = false, 0, 0
	d.ended, d.turn, d.recent = d.turn, nil, nil
	return Ended
}

func (d *Detector) listen(samples []int16, isLoud bool) Turn {
	const kept = 5 * frameSamples
	d.recent = append(d.recent, samples...)
	if len(d.recent) > kept {
		d.recent = append([]int16(nil), d.recent[len(d.recent)-kept:]...)
	}
	d.loud = max(d.loud-1, 0)
	if isLoud {
		d.loud += 2
	}
	if d.loud < 3 {
		return Nothing
	}
	d.speaking, d.turn, d.recent = true, d.recent, nil
	return Began
}

// Recognise tells which of a speaker's sentences was spoken, by how loud it is over time. False: none of them is near.
func Recognise(lang, speaker string, samples []int16) (Prompt, bool) {
	const near = 0.8
	heard := envelope(samples)
	var best Prompt
	score := near
	for _, prompt := range Prompts() {
		if prompt.Lang != lang || prompt.Speaker != speaker {
			continue
		}
		if s := likeness(envelope(prompt.Samples()), heard); s > score {
			best, score = prompt, s
		}
	}
	return best, score > near
}

// envelope is the loudness of each frame, without the silence around the speech.
func envelope(samples []int16) []float64 {
	var levels []float64
	last := 0
	for ; len(samples) >= frameSamples; samples = samples[frameSamples:] {
		v := level(samples[:frameSamples])
		if v < loudness && len(levels) == 0 {
			continue
		}
		levels = append(levels, v)
		if v >= loudness {
			last = len(levels)
		}
	}
	return levels[:last]
}

// likeness is the highest correlation of two envelopes shifted by at most three frames, 1 for the same one. Sentences whose lengths differ
// by more than a fifth are not alike.
func likeness(one, other []float64) float64 {
	long, short := max(len(one), len(other)), min(len(one), len(other))
	if short == 0 || (long-short)*5 > long {
		return 0
	}
	best := 0.0
	for shift := -3; shift <= 3; shift++ {
		from, to := max(0, -shift), min(len(one), len(other)-shift)
		if from < to {
			best = max(best, correlation(one[from:to], other[from+shift:to+shift]))
		}
	}
	return best
}

func correlation(one, other []float64) float64 {
	a, b := mean(one), mean(other)
	var product, first, second float64
	for i := range one {
		product += (one[i] - a) * (other[i] - b)
		first += (one[i] - a) * (one[i] - a)
		second += (other[i] - b) * (other[i] - b)
	}
	if first == 0 || second == 0 {
		return 0
	}
	return product / math.Sqrt(first*second)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
