package bus

import (
	"context"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// floorRate is how many pushes a second are handled under whatever pressure, so that handling never stops. A disk so
	// slow that storing alone is late allows no more syncs than that anyway.
	floorRate = 200
	// judgeEvery is how often the pressure is judged.
	judgeEvery = 5 * time.Millisecond
	// raise is what is added to the rate, in pushes a second, after each stretch without pressure.
	raise = 100
	// lower is what the rate is multiplied with after each stretch under pressure.
	lower = 0.9
	// handOutFor is for how long at most pushes are handed out at once: many at a time would be what others wait for.
	handOutFor = 2 * time.Millisecond
	// perCore is how many pushes a second one core is taken to store and to handle: under pressure what comes takes its place
	// from what is handled. Handling goes on in bursts, for which those who come more densely would wait.
	perCore = 2000
	// comingOver is over how long it is told how many come.
	comingOver = 100 * time.Millisecond
	// calmAfter is how long nothing must have waited to be stored for the limit to end.
	calmAfter = 20 * time.Millisecond

	// Each of these is pressure: pushes that wait to be stored, how long one of them waits, and how long a byte takes
	// through a pipe. The last tells of what cannot be seen otherwise: a runtime that is busy with handling looks at the
	// network only every 10 ms, so that pushes do not even arrive.
	manyWaiting = 12
	longWait    = 8 * time.Millisecond
	longEcho    = 3 * time.Millisecond
	// quietAfter is how many bytes must come through without a push for late ones to be no pressure: those who look at the
	// network so often would have seen one.
	quietAfter = 16
	// echoEvery is how often a byte is sent while pushes come.
	echoEvery = 2 * time.Millisecond
)

// governor lets storing go before handling: whoever pushed waits for an answer, and nobody waits for the handling. While
// pushes wait to be stored it limits how many are handed out to be handled, by additive increase and multiplicative
// decrease; when none does, there is no limit, so that a backlog drains as fast as it can. It is safe for concurrent use.
type governor struct {
	now  func() time.Time
	most float64 // pushes a second that are stored and handled at most while limited

	mu       sync.Mutex
	arrived  chan struct{} // holds a token when something has begun to wait
	waiting  int           // pushes to be stored
	came     int           // pushes since judged
	coming   float64       // pushes a second, lately
	calm     time.Time     // since when none is; counts while waiting is 0
	sent     time.Time     // when the byte was that is on its way; zero when none is
	echoes   int           // bytes that came since the last push
	pressed  bool          // since judged
	judged   time.Time     // when the rate was last set, or its stretch began
	handed   int           // pushes handed out since then
	limited  bool
	rate     float64 // pushes a second; counts while limited
	credit   float64 // pushes that may be handed out at once
	credited time.Time
}

func newGovernor(now func() time.Time, cores int) *governor {
	return &governor{now: now, most: float64(cores * perCore), arrived: make(chan struct{}, 1)}
}

// arrive notes that a push waits to be stored.
func (g *governor) arrive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.came++
	if g.waiting++; g.waiting == 1 {
		signal(g.arrived)
	}
	g.echoes = 0
	g.pressed = g.pressed || g.waiting > manyWaiting
}

// leave notes that pushes wait no longer, the first of which had since a moment.
func (g *governor) leave(pushes int, since time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.pressed = g.pressed || now.Sub(since) > longWait
	if g.waiting -= pushes; g.waiting == 0 {
		g.calm = now
	}
}

// send notes that a byte is on its way.
func (g *governor) send() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = g.now()
}

// receive notes that it came; false when there is no need to send another. A late one is no calm.
func (g *governor) receive() (again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.echoes++
	if now.Sub(g.sent) > longEcho && g.echoes < quietAfter {
		g.pressed, g.calm = true, now
	}
	g.sent = time.Time{}
	return g.waiting > 0 || now.Sub(g.calm) < calmAfter
}

// limits reports whether handling is held back.
func (g *governor) limits() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limited
}

// admit says how long to wait before asking again; 0: a push may be handed out, and has been counted.
func (g *governor) admit() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	lost := !g.sent.IsZero() && now.Sub(g.sent) > longEcho && g.echoes < quietAfter
	if g.waiting == 0 && !lost && now.Sub(g.calm) >= calmAfter {
		g.limited, g.pressed, g.judged, g.handed, g.came, g.coming = false, false, now, 0, 0, 0
		return 0
	}
	g.pressed = g.pressed || lost
	g.judge(now)
	if !g.limited {
		g.handed++
		return 0
	}
	rate := g.rate
	if lost || g.waiting > manyWaiting {
		rate = floorRate
	}
	g.credit = min(g.credit+rate*now.Sub(g.credited).Seconds(), max(1, rate*handOutFor.Seconds()))
	g.credited = now
	if g.credit < 1 {
		return max(time.Duration((1-g.credit)/rate*float64(time.Second)), time.Millisecond)
	}
	g.credit--
	g.handed++
	return 0
}

// judge sets the rate by what the last stretch was like.
func (g *governor) judge(now time.Time) {
	stretch := now.Sub(g.judged)
	if stretch < judgeEvery {
		return
	}
	g.coming += (float64(g.came)/stretch.Seconds() - g.coming) * min(1, stretch.Seconds()/comingOver.Seconds())
	switch {
	case g.pressed && !g.limited:
		g.limited, g.rate, g.credit, g.credited = true, float64(g.handed)/stretch.Seconds(), 0, now
		fallthrough
	case g.pressed:
		g.rate = max(floorRate, g.rate*lower)
	case g.limited:
		g.rate += raise
	}
	g.rate = min(g.rate, max(floorRate, g.most-g.coming))
	g.pressed, g.judged, g.handed, g.came = false, now, 0, 0
}

// pause waits until a push may be handed out; false when ctx ended first.
func (g *governor) pause(ctx context.Context) bool {
	for wait := g.admit(); wait > 0; wait = g.admit() {
		if !sleep(ctx, wait) {
			return false
		}
	}
	return ctx.Err() == nil
}

// run sends bytes through a pipe while pushes come, until ctx ends.
func (g *governor) run(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	came := make(chan struct{})
	go func() { // waits in the runtime's poller, as connections do
		defer close(came)
		var b [1]byte
		for {
			if _, err := r.Read(b[:]); err != nil {
				return
			}
			came <- struct{}{}
		}
	}()
	defer func() {
		_, _ = w.Close(), r.Close()
		for range came { // until it has ended
		}
	}()
	for {
		select {
		case <-g.arrived:
		case <-ctx.Done():
			return nil
		}
		for again := true; again; {
			if !sleep(ctx, echoEvery) {
				return nil
			}
			g.send()
			if _, err := w.Write([]byte{0}); err != nil {
				return err
			}
			if _, ok := <-came; !ok {
				return io.ErrUnexpectedEOF
			}
			again = g.receive()
		}
	}
}

// sleep waits in real time; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
