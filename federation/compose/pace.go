package compose

import "time"

// Pace lets long work give way to what is urgent: it works for about as long as it is told, then rests. A nil Pace never
// rests; the functions of its methods' names go without. It is not safe for concurrent use.
//
// Reading and composing a large schema keeps a core busy for tens of milliseconds. Go takes the core away from a goroutine
// only after 10 ms, and finds out what has come in from the network only when nothing else can run, so on one core requests
// would wait for all of it. runtime.Gosched does not help: whoever yields is found again before the network is looked at.
// A rest that lasts, however short, leaves the core idle, and then the network is looked at.
type Pace struct {
	o     PaceOptions
	began time.Time // the portion of work under way
	steps int
}

// PaceOptions say how work goes. All are needed.
type PaceOptions struct {
	Work, Rest time.Duration // how long a portion of work is, and the rest after it
	Now        func() time.Time
	Sleep      func(time.Duration)
}

// NewPace begins to work.
func NewPace(o PaceOptions) *Pace { return &Pace{o: o, began: o.Now()} }

// stepsPerLook is after how many steps the clock is looked at: a step is about a microsecond, and the clock costs a
// twentieth of that.
const stepsPerLook = 8

// step is called after each little piece of work; it rests when a portion is done.
func (p *Pace) step() {
	if p == nil {
		return
	}
	if p.steps++; p.steps%stepsPerLook == 0 {
		p.Look()
	}
}

// Look is called after a piece of work of some length. It rests when a portion is done.
func (p *Pace) Look() {
	if p == nil || p.o.Now().Sub(p.began) < p.o.Work {
		return
	}
	p.o.Sleep(p.o.Rest)
	p.began = p.o.Now()
}
