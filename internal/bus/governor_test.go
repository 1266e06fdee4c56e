package bus

import (
	"context"
	"testing"
	"time"
)

// governed is a governor with a clock of its own.
type governed struct {
	*governor
	at time.Time
}

func newGoverned() *governed {
	g := &governed{at: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)}
	g.governor = newGovernor(func() time.Time { return g.at }, 1)
	return g
}

// handOut counts the pushes that may be handed out within a stretch, of as many as there are. More than 20,000 a second
// are as good as no limit.
func (g *governed) handOut(stretch time.Duration) (pushes int) {
	for end := g.at.Add(stretch); g.at.Before(end); {
		wait := g.admit()
		if wait == 0 {
			pushes++
			wait = 50 * time.Microsecond
		}
		g.at = g.at.Add(wait)
	}
	return pushes
}

func TestWithoutPressureNothingIsLimited(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*governed){
		"nothing comes": func(*governed) {},
		"few wait, each for a short time": func(g *governed) {
			for range manyWaiting {
				g.arrive()
			}
		},
		"pushes were stored in time": func(g *governed) {
			g.arrive()
			began := g.at
			g.at = g.at.Add(longWait)
			g.leave(1, began)
		},
		"a byte came in time": func(g *governed) {
			g.arrive()
			g.send()
			g.at = g.at.Add(longEcho)
			g.receive()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGoverned()
			prepare(g)
			if n := g.handOut(100 * time.Millisecond); n != 2000 {
				t.Errorf("%d pushes were handed out in 100 ms", n)
			}
		})
	}
}

func TestHandlingSlowsDownUnderPressureAndNeverStops(t *testing.T) {
	t.Parallel()
	for name, press := range map[string]func(*governed){
		"many pushes wait to be stored": func(g *governed) {
			for range manyWaiting + 1 {
				g.arrive()
			}
		},
		"a byte is late": func(g *governed) {
			g.arrive()
			g.send()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGoverned()
			press(g)
			g.handOut(50 * time.Millisecond)
			if n := g.handOut(time.Second); n < floorRate*9/10 || n > floorRate*11/10 {
				t.Errorf("%d pushes were handed out in a second, want about %d", n, floorRate)
			}
		})
	}
}

func TestAPushThatWaitedForLongSlowsHandlingDownAndTheRateRecovers(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	g.arrive() // one always waits
	for range 40 {
		g.arrive()
		g.leave(1, g.at.Add(-longWait-1))
		g.handOut(judgeEvery)
	}
	slow := g.handOut(judgeEvery)
	if slow > 5 {
		t.Errorf("%d pushes were handed out in %s under lasting pressure", slow, judgeEvery)
	}
	g.handOut(time.Second)
	if fast := g.handOut(judgeEvery); fast < 4*max(slow, 1) {
		t.Errorf("%d pushes were handed out in %s a second after the pressure, %d before", fast, judgeEvery, slow)
	}
}

func TestWhatComesTakesItsPlaceFromWhatIsHandled(t *testing.T) {
	t.Parallel()
	for _, each := range []int{1, 3, 6} { // every 2 ms or somewhat more
		g := newGoverned()
		g.arrive() // one always waits
		g.pressed = true
		second := func() (came, handed float64) {
			began := g.at
			for g.at.Sub(began) < time.Second {
				for range each {
					g.arrive()
					g.leave(1, g.at.Add(-longWait))
				}
				came += float64(each)
				handed += float64(g.handOut(2 * time.Millisecond))
			}
			took := g.at.Sub(began).Seconds()
			return came / took, handed / took
		}
		second()
		came, handed := second()
		if want := max(floorRate, perCore-came); handed < want*0.75 || handed > want*1.1 {
			t.Errorf("%.0f a second were handed out while %.0f came, want about %.0f", handed, came, want)
		}
	}
}

func TestWhatCameBeforeACalmTakesNoPlace(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	for range 10_000 { // one at a time, for minutes
		g.arrive()
		g.leave(1, g.at)
		g.at = g.at.Add(2 * calmAfter)
		g.admit()
	}
	g.arrive() // one always waits
	g.handOut(judgeEvery)
	g.pressed = true
	g.handOut(2 * judgeEvery)
	if n := g.handOut(100 * time.Millisecond); n < perCore/10*3/4 {
		t.Errorf("%d pushes were handed out in 100 ms although hardly any come", n)
	}
}

func TestTheLimitEndsSoonAfterTheLastPushIsStored(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	const many = 10 * manyWaiting
	began := g.at
	for range many {
		g.arrive()
	}
	g.handOut(time.Second)
	g.leave(many, began)
	g.handOut(calmAfter)
	if n := g.handOut(100 * time.Millisecond); n != 2000 {
		t.Errorf("%d pushes were handed out in 100 ms after the burst", n)
	}
}

func TestABacklogIsNoCalmWhileBytesAreLate(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	began := g.at
	g.arrive()
	g.leave(1, began)
	g.send()
	g.handOut(time.Second) // nothing waits, but nothing could have come
	if n := g.handOut(time.Second); n > floorRate*11/10 {
		t.Errorf("%d pushes were handed out in a second", n)
	}
}

func TestLateBytesAreNoPressureWhenManyCameWithoutAPush(t *testing.T) {
	t.Parallel()
	g := newGoverned()
	began := g.at
	g.arrive()
	g.leave(1, began)
	late := func() {
		g.send()
		g.handOut(2 * longEcho)
		g.receive()
	}
	for range quietAfter - 1 {
		late()
		if !g.limits() {
			t.Fatal("there was no limit while the network was hardly looked at")
		}
	}
	late()
	g.handOut(calmAfter)
	g.send()
	g.handOut(2 * longEcho)
	if g.limits() {
		t.Error("a backlog is limited although nobody pushes")
	}
	g.arrive()
	g.handOut(judgeEvery + 1)
	if !g.limits() {
		t.Error("there is no limit when a push comes and bytes are late")
	}
}

func TestBytesAreSentWhilePushesWait(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	g := newGovernor(func() time.Time { // first asked for when a byte is sent
		signal(asked)
		return time.Now()
	}, 1)
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx) }()
	g.arrive()
	receive(t, asked)
	g.leave(1, time.Now())
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
