package audio

import "math"

const (
	tapsPerPhase = 32  // at the lower of the two rates
	kaiserBeta   = 7.3 // 75 dB of attenuation
)

// resampler changes the rate by up/down: as if up-1 zeros were put after each sample, the result filtered at the lower
// rate's Nyquist frequency, and every down-th sample kept. Only the products that are not zero and not thrown away are
// computed: each phase of the filter is a filter of its own.
type resampler struct {
	up, down int
	taps     int       // of each phase
	phases   []float32 // up filters after one another, each newest coefficient last

	past  []float32 // taps-1 samples of the past, then room for the block at work
	phase int       // of the next output
	next  int       // sample of the block that the next output ends at
}

func newResampler(from, to int) *resampler {
	divisor := from
	for rest := to; rest != 0; {
		divisor, rest = rest, divisor%rest
	}
	r := &resampler{up: to / divisor, down: from / divisor}
	r.taps = tapsPerPhase
	if from > to { // the filter is as long in time as at the lower rate
		r.taps = (tapsPerPhase*from + to - 1) / to
	}
	r.taps = (r.taps + 7) &^ 7 // dot takes eight at a time
	r.phases = polyphase(r.up, r.taps, 0.5*math.Min(1, float64(to)/float64(from)))
	r.past = make([]float32, r.taps-1+block)
	return r
}

// polyphase designs a low-pass filter with its -6 dB point at cutoff, a fraction of the rate that comes in, and takes it
// apart into its phases.
func polyphase(phases, taps int, cutoff float64) []float32 {
	length := phases * taps
	middle := float64(length-1) / 2
	coefficients := make([]float32, length)
	for i := range length {
		t := (float64(i) - middle) / float64(phases)
		window := bessel0(kaiserBeta*math.Sqrt(1-math.Pow((float64(i)-middle)/(middle+0.5), 2))) / bessel0(kaiserBeta)
		phase, tap := i%phases, i/phases
		coefficients[phase*taps+taps-1-tap] = float32(2 * cutoff * sinc(2*cutoff*t) * window)
	}
	for p := range phases { // so that a constant stays what it is
		filter := coefficients[p*taps : (p+1)*taps]
		var sum float64
		for _, c := range filter {
			sum += float64(c)
		}
		for i := range filter {
			filter[i] /= float32(sum)
		}
	}
	return coefficients
}

// most is how many samples may come of n.
func (r *resampler) most(n int) int { return n*r.up/r.down + 1 }

func (r *resampler) reset() {
	clear(r.past)
	r.phase, r.next = 0, 0
}

// run appends to out what comes of at most block samples.
func (r *resampler) run(out, samples []float32) []float32 {
	line := r.past[:r.taps-1+len(samples)]
	copy(line[r.taps-1:], samples)
	for r.next < len(samples) {
		filter := r.phases[r.phase*r.taps : (r.phase+1)*r.taps]
		out = append(out, dot(filter, line[r.next:r.next+r.taps]))
		r.phase += r.down
		r.next += r.phase / r.up
		r.phase %= r.up
	}
	r.next -= len(samples)
	copy(line, line[len(samples):])
	return out
}

// dot is the sum of products of as many as a has, a multiple of eight. Four sums at a time keep the processor's adders busy.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b) // without a check for each product
		s0 += x[0]*y[0] + x[4]*y[4]
		s1 += x[1]*y[1] + x[5]*y[5]
		s2 += x[2]*y[2] + x[6]*y[6]
		s3 += x[3]*y[3] + x[7]*y[7]
		a, b = a[8:], b[8:]
	}
	return s0 + s1 + s2 + s3
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function of the first kind and order zero, by its power series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}
