package load

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// shortFor is how long both sides of a short call talk: the agent's first turn, to its end.
	shortFor = 2 * time.Second
	// shortQuiet passes before it is hung up.
	shortQuiet = 600 * time.Millisecond
	// shortCallsAtOnce bounds them when the gateway cannot keep up with the rate.
	shortCallsAtOnce = 300
	// restWithin is how long the gateway may take to be at rest again.
	restWithin = 2 * time.Minute
	restEvery  = time.Second
)

// SoakOptions say how many short calls are made.
type SoakOptions struct {
	Gateway *Gateway // configured to use Peers, for 300 calls at once
	Peers   *Peers
	APIKey  string  // of the CRM
	Calls   int     // one after another, or several at once as Rate has it
	Rate    float64 // calls that begin in a second, at most
	// Collect is how long the gateway may take to collect its garbage before and after, so that what is kept is known; an
	// idle Go program does so every two minutes. 0: it is not waited for.
	Collect time.Duration
}

// Soak is what came of it.
type Soak struct {
	Machine Machine `json:"machine"`
	Calls   int     `json:"calls"`
	Failed  int     `json:"failed"` // that did not come about, or did not end
	Seconds float64 `json:"seconds"`
	StreamFrames
	Effort Effort  `json:"effort"`
	Before Process `json:"before"`
	After  Process `json:"after"`
}

// MeasureSoak makes short calls and looks at the gateway before and after, when it has as many goroutines as before or two
// minutes later.
func MeasureSoak(ctx context.Context, o SoakOptions) (s Soak, err error) {
	s = Soak{Machine: machine(), Calls: o.Calls}
	crm := newCaller(o.Gateway, o.Peers, o.APIKey)
	defer crm.close()
	if err := crm.warmUp(ctx); err != nil {
		return s, err
	}
	crm.close()
	s.Before = o.Gateway.collected(ctx, o.Collect)
	watch := o.Gateway.stopwatch()
	failures := make([]error, o.Calls)
	work := errgroup.Group{}
	work.SetLimit(shortCallsAtOnce)
	for i := range o.Calls {
		if err := sleep(ctx, time.Until(watch.began.Add(time.Duration(float64(i)/o.Rate*float64(time.Second))))); err != nil {
			break
		}
		work.Go(func() error {
			failures[i] = crm.shortCall(ctx)
			return nil
		})
	}
	_ = work.Wait() // it has no errors
	s.Seconds = time.Since(watch.began).Seconds()
	s.Effort, _ = watch.read()
	for _, failed := range failures {
		if failed != nil {
			s.Failed++
			err = failed
		}
	}
	if s.Failed == o.Calls {
		return s, err
	}
	crm.close()
	s.After = o.Gateway.leanProcess(ctx)
	for until := time.Now().Add(restWithin); s.After.Goroutines > s.Before.Goroutines && time.Now().Before(until); s.After = o.Gateway.leanProcess(ctx) {
		if err := sleep(ctx, restEvery); err != nil {
			return s, err
		}
	}
	s.After = o.Gateway.collected(ctx, o.Collect)
	for _, c := range o.Peers.all() {
		select {
		case <-c.over:
			s.count(c)
		default:
		}
	}
	return s, ctx.Err()
}

// collected is what the gateway holds once it has collected its garbage; Live stays 0 when it does not within a while.
func (g *Gateway) collected(ctx context.Context, within time.Duration) Process {
	last, err := g.Metric(ctx, metricCollected)
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if err == nil {
		err = g.await(waiting, restEvery, func() (bool, error) {
			at, err := g.Metric(waiting, metricCollected)
			return err == nil && at > last, err
		})
	}
	p := g.leanProcess(ctx)
	if err == nil {
		live, _ := g.Metric(ctx, metricLive) // 0 is said to be unknown
		p.Live = int64(live)
	}
	return p
}

// shortCall makes a call and ends it when the agent has had his first turn.
func (c *caller) shortCall(ctx context.Context) error {
	call, err := c.call(ctx)
	if err != nil {
		return err
	}
	if err := c.await(ctx, call.talking); err != nil {
		return err
	}
	if err := sleep(ctx, shortFor); err != nil {
		return err
	}
	call.silent.Store(true)
	if err := sleep(ctx, shortQuiet); err != nil {
		return err
	}
	call.hangUp()
	if err := c.await(ctx, call.closed); err != nil {
		return err
	}
	return c.await(ctx, call.over)
}

// Print writes the result as a table.
func (s Soak) Print(out io.Writer) error {
	t := newTable(out)
	t.row("machine", s.Machine.String())
	t.row("short calls", fmt.Sprintf("%d in %.0f s, %d failed", s.Calls, s.Seconds, s.Failed))
	t.row("frames", s.String())
	t.row("effort", s.Effort.String())
	t.row("gateway before", s.Before.String())
	t.row("gateway after", s.After.String())
	return t.flush()
}
